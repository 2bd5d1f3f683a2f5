#!/usr/bin/python3
"""Whichever call on its disk fails, a hub loses nothing that it acknowledged, and says what failed.

One short life (support/hub_life.py) is lived again and again; each time the next of its calls on
the data folder fails once, until there is no such call. The hub may end with a message or go on: it
must not hang, and a start on the mended disk must find all that was acknowledged.
"""

import errno
import re
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from hub_life import Life  # noqa: E402
from sick_disk import SickDisk  # noqa: E402

CALLS_MAX = 1000  # far more than a life makes
# RocksDB opens this file to ask about direct I/O, and takes every failure for the answer.
MISREAD_FILE, MISREAD = "/CURRENT", "Direct I/O is not supported"
REASONS = {errno.EIO: "Input/output error", errno.ENOSPC: "No space left on device"}


class NthCall(harness.TestCase):
    def test_an_input_output_error(self):
        self.fail_each(errno.EIO)

    def test_a_full_disk(self):
        self.fail_each(errno.ENOSPC)

    def fail_each(self, error):
        every = harness.Settings.options.every
        ends, silent = Counter(), Counter()
        for number in range(harness.Settings.options.first, CALLS_MAX, every):
            folder = self.folder / f"life-{number}"
            folder.mkdir()
            disk = SickDisk(folder)
            life = Life(self, disk.root,
                        disk.variables(("any", number, error), journal=False))
            self.addCleanup(self._stop_hub, life.hub)
            life.live()
            failed = disk.failed_calls()
            if not failed:
                self.assertEqual(life.exit_code, 0, life.output)
                break
            with self.subTest(call=number, failed=failed[0]):
                end = self.end_of(life, error, failed[0])
                ends[end] += 1
                if end == "went on":
                    silent[re.sub(r"\d+", "N", failed[0].replace(f"{disk.root}/", ""))] += 1
                life.check()
        print(f"{errno.errorcode[error]}: {dict(ends)}; not mentioned: {dict(silent)}", flush=True)
        self.assertFalse(failed, "a life makes fewer calls than that")
        self.assertGreater(sum(ends.values()), 0)

    def end_of(self, life, error, failed):
        """How the hub took it."""
        said = REASONS[error] in life.output or (
            failed.endswith(MISREAD_FILE) and MISREAD in life.output)
        if life.exit_code == 0:
            return "went on and said it" if said else "went on"
        self.assertGreater(life.exit_code, 0, f"ended by a signal:\n{life.output}")
        self.assertTrue(said, f"ended without naming the cause:\n{life.output}")
        return "ended and said why"


def options(parser):
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--every", type=int, default=1)


if __name__ == "__main__":
    harness.main(options)
