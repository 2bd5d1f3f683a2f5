#!/usr/bin/python3
"""`restante simulate`: devices on the command line that print what they receive, and end when told.
"""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from command import (  # noqa: E402
    DONE, FAILED, NOT_FOUND, REFUSED, UNREACHABLE, USAGE, CommandCase)


class Simulate(CommandCase):
    def setUp(self):
        super().setUp()
        for name in ("a", "b"):
            self.hub.create_device(name)

    def begin(self, *words):
        return self.start([harness.program("restante"), "simulate", *map(str, words)],
                          self.environment)

    def send(self, device, text, *words):
        self.restante("c2d", "send", device, text, *words)

    def waiting(self, device):
        return self.json("device", "show", device)["cloudToDeviceMessageCount"]

    def test_devices_print_what_comes_until_they_are_interrupted(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                devices = self.begin("a", "b")
                for name in ("a", "b"):
                    devices.wait_line(f"^restante: {name}: connected$")
                self.send("a", "to a", "--message-id", "m 1", "-p", "level=high", "--ack", "full")
                self.send("b", "zwei\nZeilen \x1b[2J")
                line = devices.wait_line("^a: to a .*")[0]
                for words in ('messageId="m 1"', "level=high", "ack=full"):
                    self.assertIn(words, line)
                devices.wait_line(r"^b: zwei\\nZeilen \\x1b\[2J ")
                devices.signal(number)
                self.assertEqual(devices.wait(), DONE)
                self.assertEqual([self.waiting(name) for name in ("a", "b")], [0, 0])
                self.assertNotRegex(devices.output, harness.SANITIZER_REPORT)

    def test_as_json_it_is_what_c2d_receive_prints(self):
        self.send("a", "x", "--message-id", "m", "--content-type", "text/plain", "-p", "k=v")
        received = self.json("c2d", "receive", "a", "--abandon")
        said = self.restante("simulate", "a", "--messages", 1, "-o", "jsonl")[0]
        printed = json.loads(said)
        del received["etag"]
        # What a device on MQTT does not hear.
        for name in ("enqueuedTimeUtc", "sequenceNumber", "deliveryCount", "to"):
            del received["properties"]["system"][name]
        self.assertEqual(printed, received)

    def test_no_message_more_than_was_asked_for(self):
        for number in range(5):
            self.send("a", f"number {number}")
        said = self.restante("simulate", "a", "--messages", 2)[0]
        self.assertEqual([line[:11] for line in said.splitlines()], ["a: number 0", "a: number 1"])
        self.assertEqual(self.waiting("a"), 3)
        said = self.restante("simulate", "a", "b", "--messages", 3)[0]
        self.assertEqual([line[:11] for line in said.splitlines()],
                         [f"a: number {number}" for number in (2, 3, 4)])

    def test_for_a_time(self):
        self.assertEqual(self.restante("simulate", "a", "--duration", 1)[0], "")
        said = self.restante("simulate", "a", "--duration", 1, "--messages", 1, code=NOT_FOUND)[1]
        self.assertIn("0 of 1 messages came in 1 s", said)

    def test_a_device_that_is_not_there(self):
        said = self.restante("simulate", "a", "none", code=NOT_FOUND)[1]
        self.assertIn("`restante device create none` or --create", said)
        self.restante("simulate", "none", "--create", "--duration", 1)
        self.assertEqual(self.json("device", "show", "none")["status"], "enabled")

    def test_devices_that_cannot_connect(self):
        self.restante("device", "create", "off", "--status", "disabled")
        self.restante("simulate", "off", code=REFUSED)
        self.restante("device", "create", "x", "--auth", "x509-ca")
        self.assertIn("certificate", self.restante("simulate", "x", code=FAILED)[1])
        self.environment["RESTANTE_MQTT_PORT"] = "9"
        self.assertIn("refused", self.restante("simulate", "a", code=UNREACHABLE)[1])
        self.assertIn("ID", self.restante("simulate", code=USAGE)[1])

    def test_an_interruption_need_not_wait_for_a_hub_that_is_silent(self):
        with socket.create_server((harness.Settings.hostname, 0)) as silent:
            silent.settimeout(harness.SECONDS)
            self.environment["RESTANTE_MQTT_PORT"] = str(silent.getsockname()[1])
            devices = self.begin("a")
            connection, _ = silent.accept()
            with connection:
                devices.signal(signal.SIGINT)
                # Before the client's own time-out, which is a failure.
                self.assertEqual(devices.wait(), DONE)

    def test_a_hundred_devices(self):
        names = [f"d{number:02}" for number in range(100)]
        devices = self.begin("--create", *names)
        devices.wait_line("all devices are waiting")
        for name in names:
            status, _, body = self.hub.rest(
                "POST", f"/devices/{name}/messages/devicebound", {"to": name})
            self.assertEqual(status, 204, body)
        for name in names:
            devices.wait_line(f"^{name}: .*{name}")
        devices.signal(signal.SIGTERM)
        self.assertEqual(devices.wait(), DONE)
        self.assertNotRegex(devices.output, harness.SANITIZER_REPORT)
        self.restante("simulate", *names, "one-more", code=USAGE)

    def test_what_cannot_be_printed_stays_with_the_hub(self):
        self.send("a", "kept")
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run(
                [harness.program("restante"), "simulate", "a"], env=self.environment, stdout=full,
                stderr=subprocess.PIPE, text=True, timeout=harness.SECONDS, check=False)
        self.assertEqual(done.returncode, FAILED, done.stderr)
        self.assertIn("stays with the hub", done.stderr)
        self.assertIn("a: kept", self.restante("simulate", "a", "--messages", 1)[0])

    def test_a_hub_that_comes_back(self):
        devices = self.begin("a")
        devices.wait_line("waiting for messages")
        mark = devices.mark()
        self.hub.restart_killed()
        devices.wait_line("a: disconnected", since=mark)
        devices.wait_line("a: connected", since=mark)
        self.send("a", "after")
        devices.wait_line("^a: after")
        devices.signal(signal.SIGINT)
        self.assertEqual(devices.wait(), DONE)


if __name__ == "__main__":
    harness.main()
