#!/usr/bin/python3
"""What the sender was told is safe survives SIGKILL of the hub, every time.

Each round sends a burst without waiting, kills the hub the moment some of it is acknowledged (the
rest is then anywhere between the socket and the disk), starts the hub again on the same data and
lets the device call. Everything acknowledged must arrive; what was not may.
"""

import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from amqp_client import AmqpService, message  # noqa: E402
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
        key = hub.create_device(DEVICE)["key"]
        acknowledged, lost, survivors = 0, [], 0
        for number in range(options.rounds):
            safe, _ = self.send_and_kill(hub, number, acknowledged_wanted=chance.randint(1, BURST))
            hub.start()
            arrived = self.drain(hub, key, safe)
            lost += [name for name in safe if name not in arrived]
            acknowledged += len(safe)
            survivors += not lost
        print(f"{survivors} of {options.rounds} kills lost nothing; {acknowledged} acknowledged "
              f"messages, {len(lost)} lost", flush=True)
        self.assertEqual(lost, [])
        self.assertGreaterEqual(acknowledged, options.rounds)

    def send_and_kill(self, hub, number, acknowledged_wanted):
        """(ids the hub has accepted, ids it may or may not have)."""
        with AmqpService(hub) as service:
            self.assertEqual(service.cbs_status, 200)
            service.open_sender()
            names = {}
            for index in range(BURST):
                name = f"round-{number}-message-{index}"
                names[service.send(message(DEVICE, b"x" * 1000, name))] = name
            while len(self.accepted(service, names)) < acknowledged_wanted:
                service.read()
            hub.kill()
            self.read_what_was_on_its_way(service)
            safe = self.accepted(service, names)
            return safe, [name for name in names.values() if name not in safe]

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
