#!/usr/bin/python3
"""What clients were told is safe survives a power cut, every time.

The hub's disk forgets what was not synced (support/sick_disk.py). Each round sends to two devices
while one completes what it gets, the other's queue is purged and devices come and go; the hub is
killed after some answer or before some call on its disk, and the disk loses what it may. Now and
then the start after that is cut short too, or the hub dies once before the power does, or a call
on the disk fails, and if it was a sync takes with it what it should have made safe: the hub may
end, or refuse until it has found a way on, but not lie. Then the hub starts, and all that it still
has is fetched and held against what the clients were told.
"""

import errno
import random
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from amqp_client import AmqpService, message  # noqa: E402
from https_device import HttpsDevice  # noqa: E402
from ledger import Ledger, Lost, or_lost  # noqa: E402
from sick_disk import SickDisk  # noqa: E402

COMPLETING, PURGED = "Completing", "Purged"
BURST = 12
BODY_BYTES = (10, 700, 9000)  # within a sector, over some, over some pages
CALLS_OF_A_FIRST_START = 190  # on the disk, about
# About, too: of a start, and of a start and what clients do then.
CALLS = {"any": (90, 160), "sync": (12, 45), "write": (45, 80)}
ENDED_BY_SIGKILL = -9


class Refused(Exception):
    """The hub said that it cannot."""


class Case(harness.TestCase):
    def use(self, disk):
        self.disk, self.hub, self.cut, self.story = disk, harness.Hub(disk.root), None, ""
        self.addCleanup(self._stop_hub, self.hub)

    def start(self, fault=None):
        self.hub.variables = self.disk.variables(fault)
        try:
            self.hub.start()
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.story}; last cut: {self.cut}") from None

    def start_or_die(self, fault):
        """Whether it became ready; if not the fault was its end."""
        try:
            self.start(fault)
            return True
        except AssertionError as error:
            if not self.disk.failed_calls():
                raise
            self.assertIn("did not say", str(error))
            self.hub.process.wait()
            return False


class PowerLoss(Case):
    def test_what_clients_were_told_survives_every_power_cut(self):
        options = harness.Settings.options
        seed = options.seed if options.seed is not None else random.randrange(2**32)
        print(f"{options.rounds} rounds, --seed {seed}", flush=True)
        self.use(SickDisk(self.folder))
        self.start()
        self.identities = {name: self.hub.create_device(name) for name in (COMPLETING, PURGED)}
        self.token = self.hub.service_token()
        self.hub.stop()
        self.ledger, self.devices = Ledger(), {}
        self.counts = Counter()
        for number in range(options.rounds):
            self.chance = random.Random(f"{seed}-{number}")
            self.story = f"round {number} of --seed {seed}"
            self.round(number)
            problems = [*self.ledger.lost, *self.ledger.returned]
            self.assertFalse(problems, f"{self.story}: lost {self.ledger.lost}, came again "
                             f"{self.ledger.returned}; {self.cut}")
        print(", ".join(f"{count} {what}" for what, count in sorted(self.counts.items())),
              flush=True)
        self.assertGreater(self.counts["messages accepted"], 0)
        self.assertGreater(self.counts["completions and purges told"], 0)

    def round(self, number):
        end = self.chance.choices(("death", "answer", "failure"), (60, 20, 20))[0]
        self.sick = end == "failure"
        faults = {"death": self.death(at_work=True), "answer": None, "failure": self.failure()}
        self.story += f", {end} by {faults[end]}"
        if self.start_or_die(faults[end]):
            try:
                self.work(number, self.chance.randint(1, BURST) if end == "answer" else BURST)
            except Lost:
                if not self.sick:
                    self.assertEqual(self.hub.process.wait(), ENDED_BY_SIGKILL)
        self.hub.kill()
        self.sick = False
        self.counts["failed calls"] += end == "failure" and bool(self.disk.failed_calls())
        if self.chance.random() < 0.25:  # a kill alone; the next start reads what is not yet safe
            self.start_or_die(self.death(at_work=False))
            self.hub.kill()
        self.power_cut()
        if self.chance.random() < 0.25:
            self.start_or_die(self.death(at_work=False))
            self.hub.kill()
            self.power_cut()
        self.start()
        self.check()
        self.hub.stop()
        self.power_cut()  # a farewell makes nothing safe that was not

    def death(self, at_work):
        """By SIGKILL before some call on the disk, one before a sync as often as any."""
        kind = self.chance.choice(("any", "sync", "sync"))
        start, whole = CALLS[kind]
        first, last = (start, whole) if at_work else (1, start)
        return kind, self.chance.randint(first, last), 0

    def failure(self):
        kind = self.chance.choice(("sync", "sync", "write"))
        error = self.chance.choice((errno.EIO, errno.ENOSPC))
        return kind, self.chance.randint(*CALLS[kind]), error

    def power_cut(self):
        self.cut = self.disk.cut(self.chance)
        self.counts["power cuts"] += 1
        self.counts["cuts that took something"] += bool(
            self.cut.names_undone or set(self.cut.files.values()) - {"all"})
        self.counts["names undone"] += len(self.cut.names_undone)
        for how in self.cut.files.values():
            self.counts[f"files kept: {how}"] += 1

    # -- what clients do ------------------------------------------------------------------------

    def work(self, number, stop_after):
        service = or_lost(AmqpService, self.hub, self.token)
        device = HttpsDevice(self.hub, self.identities[COMPLETING])
        numbers = {}
        try:
            or_lost(service.open_sender)
            for index in range(BURST):
                self.send(service, numbers, f"{number}-{index}")
                try:
                    self.chance.choice((self.complete, self.complete, self.purge, self.registry,
                                        lambda *_: None))(device, f"{number}-{index}")
                except Refused:
                    pass
            while len(numbers.keys() & service.outcomes.keys()) < stop_after:
                or_lost(service.read)
            if self.sick:
                self.outlive(service, numbers, number)
            self.hub.process.kill()
            while True:  # what was on its way counts as well
                or_lost(service.read)
        finally:
            service.close()
            device.close()
            self.note_accepted(service, numbers)

    def send(self, service, numbers, name):
        to = self.chance.choice((COMPLETING, PURGED))
        self.ledger.sent(name, to)
        body = self.chance.randbytes(self.chance.choice(BODY_BYTES))
        numbers[or_lost(service.send, message(to, body, name))] = name
        self.note_accepted(service, numbers)

    def outlive(self, service, numbers, number):
        """Sends until the hub accepts again, which it does by itself."""
        deadline, index = time.monotonic() + harness.SECONDS, BURST
        accepted = False
        while not accepted:
            self.assertLess(time.monotonic(), deadline, "the hub does not go on")
            name = f"{number}-{index}"
            self.send(service, numbers, name)
            outcome = or_lost(service.outcome, max(numbers))
            accepted, index = outcome.condition is None, index + 1
        self.counts["rounds in which the hub went on"] += 1

    def demand(self, answer, expected):
        """A hub with a sick disk may say that it cannot."""
        if self.sick and answer != expected:
            raise Refused(str(answer))
        self.assertEqual(answer, expected)

    def note_accepted(self, service, numbers):
        """The purge that follows ends what is accepted by then."""
        for delivery in numbers.keys() & service.outcomes.keys():
            name, condition = numbers[delivery], service.outcomes[delivery].condition
            if not self.sick:
                self.assertIsNone(condition, f"{name} was refused")
            if condition is None and name not in self.ledger.accepted:
                self.ledger.accepted.add(name)
                self.counts["messages accepted"] += 1

    def complete(self, device, _name):
        answer = or_lost(device.receive)
        if answer.status == 204:
            return
        self.demand(answer.status, 200)
        name = answer.header("iothub-messageid")
        self.ledger.ending.add(name)
        self.demand(or_lost(device.complete, answer.lock_token).status, 204)
        self.ledger.end([name])
        self.counts["completions and purges told"] += 1

    def purge(self, _device, _name):
        names = self.ledger.purge_begins(PURGED)
        self.demand(self.rest("DELETE", f"/devices/{PURGED}/commands")[0], 200)
        self.ledger.end(names)
        self.counts["completions and purges told"] += len(names)

    def registry(self, _device, name):
        """A device is made, or the last one removed: None while nobody knows if it is there."""
        there = [known for known, is_there in self.devices.items() if is_there]
        if there and self.chance.random() < 0.5:
            self.devices[there[-1]] = None
            self.demand(self.rest("DELETE", f"/devices/{there[-1]}", any_tag=True)[0], 204)
            self.devices[there[-1]] = False
        else:
            self.devices[name] = None
            self.demand(self.rest("PUT", f"/devices/{name}", {"deviceId": name})[0], 200)
            self.devices[name] = True
        self.counts["registry changes told"] += 1

    def rest(self, method, path, body=None, any_tag=False):
        return or_lost(self.hub.rest, method, path, body, self.token,
                       {"If-Match": "*"} if any_tag else None)

    # -- what is left of it ---------------------------------------------------------------------

    def check(self):
        self.ledger.close([name for device in (COMPLETING, PURGED) for name in self.fetch(device)])
        for name, expected in self.devices.items():
            status, _, _ = self.rest("GET", f"/devices/{name}")
            if expected is not None:
                self.assertEqual(status, 200 if expected else 404, f"device {name}; {self.cut}")
            self.devices[name] = status == 200
        self.devices = {name: True for name, there in list(self.devices.items())[-5:] if there}

    def fetch(self, device):
        """The ids of all messages that wait; each of them is completed."""
        client, names = HttpsDevice(self.hub, self.identities[device]), []
        while (answer := client.receive()).status == 200:
            names.append(answer.header("iothub-messageid"))
            self.assertEqual(client.complete(answer.lock_token).status, 204)
        self.assertEqual(answer.status, 204)
        client.close()
        return names


class FirstStart(Case):
    """Nothing was told before the hub is ready, and then its keys and certificates were."""

    def test_a_first_start_may_be_cut_short_anywhere(self):
        options = harness.Settings.options
        seed = options.seed if options.seed is not None else random.randrange(2**32)
        print(f"{options.first_starts} first starts, --seed {seed}", flush=True)
        ready = 0
        for number in range(options.first_starts):
            chance = random.Random(f"{seed}-first-{number}")
            folder = self.folder / f"hub-{number}"
            folder.mkdir()
            self.use(SickDisk(folder))
            self.story = f"first start {number} of --seed {seed}"
            ready += self.first_start(chance, cut_short=number % 4 > 0)
        print(f"{ready} became ready", flush=True)
        self.assertGreater(ready, 0)

    def first_start(self, chance, cut_short):
        death = ("any", chance.randint(1, CALLS_OF_A_FIRST_START), 0)
        told = None
        if self.start_or_die(death if cut_short else None):
            try:
                told = (or_lost(self.hub.create_device, COMPLETING), self.hub.connection_string(),
                        (self.hub.data / "ca.pem").read_bytes())
            except Lost:
                self.assertEqual(self.hub.process.wait(), ENDED_BY_SIGKILL)
        self.hub.kill()
        self.cut = self.disk.cut(chance)
        self.start()
        if told:
            status, _, body = self.hub.rest("GET", f"/devices/{COMPLETING}")
            self.assertEqual(status, 200, self.cut)
            self.assertEqual(body["authentication"], told[0]["authentication"])
            self.assertEqual(self.hub.connection_string(), told[1])
            self.assertEqual((self.hub.data / "ca.pem").read_bytes(), told[2])
        self.hub.stop()
        return told is not None


def options(parser):
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--first-starts", type=int, default=10)
    parser.add_argument("--seed", type=int)


if __name__ == "__main__":
    harness.main(options)
