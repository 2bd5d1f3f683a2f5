#!/usr/bin/python3
"""Devices over AMQP in ways that no other test has: by SASL PLAIN, and with all the features a
device SDK opens beside its messages."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from amqp_client import AmqpService, message  # noqa: E402
from harness import run  # noqa: E402

HERE = Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"
DEVICE = "Device-1"
HUB_NAME = "hub"  # which the hub does not compare: it has many names


class AmqpDevice(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.hub = self.start_hub()
        identity = self.hub.create_device(DEVICE)
        self.environment = self.hub.environment(
            IOTHUB_DEVICE_CONNECTION_STRING=self.hub.device_connection_string(identity))
        self.service = AmqpService(self.hub)
        self.addCleanup(self.service.close)
        self.service.open_sender()

    def send(self, *bodies):
        for body in bodies:
            self.assertIsNone(self.service.send_and_wait(
                message(DEVICE, body.encode(), body)).condition)

    def queued(self):
        return self.hub.rest("GET", f"/devices/{DEVICE}")[2]["cloudToDeviceMessageCount"]

    def test_a_device_proves_itself_by_sasl_plain_and_settles_as_it_likes(self):
        self.send("one", "two", "three")
        output = run([PYTHON, HERE / "proton_device.py", f"{DEVICE}@sas.{HUB_NAME}", "release",
                      "accept", "reject", "accept"], env=self.environment)
        # Proton may grant credit before it settles: the next message then precedes this one.
        self.assertEqual(sorted(output.splitlines()), ["one 0", "one 1", "three 0", "two 0"])
        self.assertEqual(self.queued(), 0)

    def test_a_device_that_proves_nothing_by_sasl_plain_is_named_in_the_log(self):
        other = self.hub.create_device("Device-2")
        output = run([PYTHON, HERE / "proton_device.py", f"{DEVICE}@{HUB_NAME}", "accept"], code=1,
                     env={**self.environment, "IOTHUB_DEVICE_CONNECTION_STRING":
                          self.hub.device_connection_string(other)})
        self.assertIn("Authentication failed", output)
        self.hub.process.wait_line(f"event=refused protocol=amqp .*who={DEVICE} .*not by a key")

    def test_what_the_hub_does_not_have_holds_up_no_message(self):
        self.send("message")
        output = run(["node", HERE / "device_features.js"], env=self.environment)
        self.assertEqual([json.loads(line) for line in output.splitlines()],
                         [{"telemetry": 200}, {"twin": "Error"}, {"data": "message"}])
        self.assertEqual(self.queued(), 0)
        self.assertEqual(self.hub.log_text().count("event=telemetry_discarded"), 1)


if __name__ == "__main__":
    harness.main()
