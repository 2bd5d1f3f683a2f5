#!/usr/bin/python3
"""Wherever memory runs out, a hub loses nothing that it acknowledged, and says why it ended.

One short life (support/hub_life.py) is lived again and again; each time another one of its
allocations fails, chosen by the seed: all of them would take days.
"""

import random
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from hub_life import Life  # noqa: E402


class NthAllocation(harness.TestCase):
    def test_an_allocation_that_fails(self):
        options = harness.Settings.options
        seed = options.seed if options.seed is not None else random.randrange(2**32)
        chance = random.Random(seed)
        count = self.folder / "count"
        whole = self.life("whole", {"SICK_MEMORY_COUNT": str(count)})
        self.assertEqual(whole.exit_code, 0, whole.output)
        last = int(count.read_text(encoding="utf-8"))
        print(f"{options.lives} of {last} allocations, --seed {seed}", flush=True)
        ends = Counter()
        for number in sorted(chance.sample(range(1, last + 1), options.lives)):
            with self.subTest(allocation=number):
                life = self.life(f"life-{number}", {"SICK_MEMORY_AT": str(number)})
                ends[self.end_of(life)] += 1
                life.check()
        print(dict(ends), flush=True)

    def life(self, name, variables):
        folder = self.folder / name
        folder.mkdir()
        library = harness.program("tests/libsick_memory.so")
        life = Life(self, folder, {"LD_PRELOAD": library, **variables})
        self.addCleanup(self._stop_hub, life.hub)
        life.live()
        return life

    def end_of(self, life):
        if life.exit_code == 0:
            return "went on"
        self.assertGreater(life.exit_code, 0, f"ended by a signal:\n{life.output}")
        if not life.output:
            return "did not begin"  # the loader and the libraries' own beginnings come first
        return "said out of memory" if "out of memory" in life.output else "ended otherwise"


def options(parser):
    parser.add_argument("--lives", type=int, default=12)
    parser.add_argument("--seed", type=int)


if __name__ == "__main__":
    harness.main(options)
