#!/usr/bin/python3
"""What clients were told survives SIGKILL of the hub, every time.

Each round sends a burst without waiting, kills the hub the moment some of it is acknowledged (the
rest is then anywhere between the socket and the disk), starts the hub again on the same data and
lets the device call. Everything acknowledged must arrive; what was not may. In every other round
the device is there from the start, completes over AMQP and is told so of some: those must never
come again.
"""

import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from amqp_client import ACCEPTED, AmqpService, message  # noqa: E402
from amqp_device import AmqpDevices  # noqa: E402
from mqtt_client import MqttDevice  # noqa: E402

DEVICE = "Device-1"
BURST = 8


class Kill(harness.TestCase):
    def test_an_acknowledged_message_survives_every_kill(self):
        options = harness.Settings.options
        seed = options.seed if options.seed is not None else random.randrange(2**32)
        chance = random.Random(seed)
        print(f"{options.rounds} rounds, --seed {seed}", flush=True)
        hub = self.start_hub()
        identity = hub.create_device(DEVICE)
        acknowledged, lost, survivors = 0, [], 0
        self.ended, self.ending, self.returned = set(), set(), []
        for number in range(options.rounds):
            if number % 2:
                safe = self.send_complete_and_kill(hub, number, identity, chance)
            else:
                safe = self.send_and_kill(hub, number, chance.randint(1, BURST))
            hub.start()
            arrived = self.drain(hub, identity["key"],
                                 [name for name in safe if name not in self.ended | self.ending])
            lost += [name for name in safe if name not in self.ended.union(self.ending, arrived)]
            self.returned += [name for name in arrived if name in self.ended]
            acknowledged += len(safe)
            survivors += not lost
        print(f"{survivors} of {options.rounds} kills lost nothing; {acknowledged} acknowledged "
              f"messages, {len(lost)} lost; {len(self.ended)} acknowledged completions, "
              f"{len(self.returned)} came again", flush=True)
        self.assertEqual(lost, [])
        self.assertEqual(self.returned, [])
        self.assertGreaterEqual(acknowledged, options.rounds)
        self.assertGreaterEqual(len(self.ended), options.rounds // 4)

    def send_and_kill(self, hub, number, acknowledged_wanted):
        """The ids that the hub has accepted; it may or may not have the others."""
        with AmqpService(hub) as service:
            names = self.send_burst(service, number, acknowledged_wanted)
            hub.kill()
            self.read_what_was_on_its_way(service)
            return self.accepted(service, names)

    def send_complete_and_kill(self, hub, number, identity, chance):
        """As above, while the device completes."""
        with AmqpService(hub) as service, AmqpDevices(hub, identity) as device:
            self.assertIsNone(device.add(DEVICE, settle_second=True).condition)
            names = self.send_burst(service, number, acknowledged_wanted=BURST)
            settled = {}
            for _ in range(chance.randint(1, BURST)):
                delivery = device.receive(DEVICE)
                if delivery.id in self.ended:
                    self.returned.append(delivery.id)
                self.ending.add(delivery.id)
                settled[device.channels[delivery.channel], delivery.number] = delivery.id
                device.settle(delivery, ACCEPTED, settled=False)
            told_wanted = chance.randint(0, len(settled))
            while len(self.told(device, settled)) < told_wanted:
                device.read()
            hub.kill()
            for client in (service, device):
                self.read_what_was_on_its_way(client)
            self.ended.update(self.told(device, settled))
            self.ending -= self.ended
            return self.accepted(service, names)

    def send_burst(self, service, number, acknowledged_wanted):
        """The ids by delivery, once so many are accepted."""
        self.assertEqual(service.cbs_status, 200)
        service.open_sender()
        names = {}
        for index in range(BURST):
            name = f"round-{number}-message-{index}"
            names[service.send(message(DEVICE, b"x" * 1000, name))] = name
        while len(self.accepted(service, names)) < acknowledged_wanted:
            service.read()
        return names

    def told(self, device, settled):
        """The ids whose completion the hub has acknowledged."""
        for key in settled:
            if key in device.settled:
                self.assertEqual(device.settled[key].code, ACCEPTED)
        return [name for key, name in settled.items() if key in device.settled]

    def accepted(self, service, names):
        for delivery, outcome in service.outcomes.items():
            if delivery in names:
                self.assertIsNone(outcome.condition, f"{names[delivery]} was refused")
        return [name for delivery, name in names.items() if delivery in service.outcomes]

    @staticmethod
    def read_what_was_on_its_way(service):
        """An acknowledgement already in the socket when the hub died counts as well."""
        try:
            while True:
                service.read()
        except OSError:
            return

    def drain(self, hub, key, expected):
        """The ids that the device gets until it has all that it must; in order, within bounds."""
        arrived = []
        with MqttDevice(hub) as device:
            self.assertEqual(device.connect(DEVICE, key), 0)
            device.subscribe(DEVICE)
            missing = set(expected)
            while missing:
                try:
                    received = device.receive()
                except TimeoutError:
                    break  # a lost message: reported by the caller
                device.acknowledge(received)
                if received.id not in arrived:
                    arrived.append(received.id)
                missing.discard(received.id)
            device.ping()
        ordered = [name for name in arrived if name in expected]
        self.assertEqual(ordered, [name for name in expected if name in arrived], "out of order")
        return arrived


def options(parser):
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int)


if __name__ == "__main__":
    harness.main(options)
