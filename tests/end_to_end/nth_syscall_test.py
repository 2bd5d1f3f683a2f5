#!/usr/bin/python3
"""Whichever call on its disk fails, a hub loses nothing that it acknowledged, and says what failed.

One short life (start, make a device, send three messages, receive and complete one, stop) is lived
again and again; each time the next of its calls on the data folder fails once, until there is no
such call. The hub may end with a message or go on: it must not hang, and a start on the mended disk
must find all that was acknowledged.
"""

import errno
import re
import signal
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from amqp_client import AmqpService, message  # noqa: E402
from https_device import HttpsDevice  # noqa: E402
from ledger import Ledger, Lost, or_lost  # noqa: E402
from sick_disk import SickDisk  # noqa: E402

DEVICE = "Device-1"
MESSAGES = 3
CALLS_MAX = 1000  # far more than a life makes
# RocksDB opens this file to ask about direct I/O, and takes every failure for the answer.
MISREAD_FILE, MISREAD = "/CURRENT", "Direct I/O is not supported"
REASONS = {errno.EIO: "Input/output error", errno.ENOSPC: "No space left on device"}


class Refused(Exception):
    """The hub answered that it cannot."""


class Life:
    """One hub on a folder of its own, and what its clients were told."""

    def __init__(self, test, folder, fault):
        folder.mkdir()
        self.test, self.disk, self.ledger = test, SickDisk(folder), Ledger()
        self.hub = harness.Hub(self.disk.root)
        self.hub.variables = self.disk.variables(fault, journal=False)
        self.device = None     # its identity, once that was acknowledged
        self.attempted = False
        self.exit_code = None
        self.output = ""

    def live(self):
        """To the end of the process, whatever it is."""
        try:
            self.hub.start()
            self.work()
        except (Lost, Refused):
            pass
        except AssertionError as error:
            if "did not say" not in str(error):
                raise
        process = self.hub.process
        process.signal(signal.SIGTERM)
        self.exit_code = process.wait()
        self.output = process.output
        self.hub.process = None

    def work(self):
        token = self.hub.service_token()
        self.attempted = True
        status, _, body = or_lost(self.hub.rest, "PUT", f"/devices/{DEVICE}", {"deviceId": DEVICE},
                                  token)
        self.demand(status == 200, status)
        self.device = {**body, "key": body["authentication"]["symmetricKey"]["primaryKey"]}
        with or_lost(AmqpService, self.hub, token) as service:
            or_lost(service.open_sender)
            for index in range(MESSAGES):
                name = f"message-{index}"
                self.ledger.sent(name, DEVICE)
                outcome = or_lost(service.send_and_wait, message(DEVICE, b"x" * 100, name))
                self.demand(outcome.condition is None, outcome)
                self.ledger.accepted.add(name)
        self.complete_one()

    def complete_one(self):
        client = HttpsDevice(self.hub, self.device)
        try:
            answer = or_lost(client.receive)
            self.demand(answer.status == 200, answer.status)
            name = answer.header("iothub-messageid")
            self.ledger.ending.add(name)
            status = or_lost(client.complete, answer.lock_token).status
            self.demand(status == 204, status)
            self.ledger.end([name])
        finally:
            client.close()

    @staticmethod
    def demand(condition, answer):
        if not condition:
            raise Refused(str(answer))

    def check(self):
        """On the mended disk. The device that nobody was told of may be there or not."""
        self.hub.variables = {}
        self.hub.start()
        if self.device:
            client, arrived = HttpsDevice(self.hub, self.device), []
            while (answer := client.receive()).status == 200:
                arrived.append(answer.header("iothub-messageid"))
                client.complete(answer.lock_token)
            self.test.assertEqual(answer.status, 204)
            client.close()
            self.ledger.close(arrived)
        self.hub.stop()
        self.test.assertEqual((self.ledger.lost, self.ledger.returned), ([], []))


class NthCall(harness.TestCase):
    def test_an_input_output_error(self):
        self.fail_each(errno.EIO)

    def test_a_full_disk(self):
        self.fail_each(errno.ENOSPC)

    def fail_each(self, error):
        every = harness.Settings.options.every
        ends, silent = Counter(), Counter()
        for number in range(harness.Settings.options.first, CALLS_MAX, every):
            life = Life(self, self.folder / f"life-{number}", ("any", number, error))
            self.addCleanup(self._stop_hub, life.hub)
            life.live()
            failed = life.disk.failed_calls()
            if not failed:
                self.assertEqual(life.exit_code, 0, life.output)
                break
            with self.subTest(call=number, failed=failed[0]):
                end = self.end_of(life, error, failed[0])
                ends[end] += 1
                if end == "went on":
                    silent[re.sub(r"\d+", "N", failed[0].replace(f"{life.disk.root}/", ""))] += 1
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
