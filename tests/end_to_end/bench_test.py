#!/usr/bin/python3
"""`restante bench`: measures a hub with devices of its own, and leaves none of them behind."""

import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from command import (  # noqa: E402
    FAILED, REFUSED, UNREACHABLE, USAGE, CommandCase)


class Bench(CommandCase):
    def devices(self):
        return [device["deviceId"] for device in self.json("device", "list", "-o", "json")]

    def test_every_message_is_counted_and_timed(self):
        self.hub.create_device("bench-mine")
        result = self.json("bench", "--messages", 200, "--devices", 3, "--in-flight", 7,
                           "--size", 10, "-o", "json")
        self.assertEqual(
            [result[name] for name in ("messages", "devices", "inFlight", "bodyBytes")],
            [200, 3, 7, 10])
        self.assertGreater(result["messagesPerSecond"], 0)
        latency = result["latencyMicroseconds"]
        self.assertLess(0, latency["p50"])
        self.assertLessEqual(latency["p50"], latency["p99"])
        self.assertLessEqual(latency["p99"], latency["max"])
        self.assertLessEqual(latency["max"], (result["milliseconds"] + 1) * 1000)
        self.assertEqual(self.devices(), ["bench-mine"])

    def test_it_is_a_table_for_people(self):
        table = self.restante("bench", "--messages", 5, "--devices", 1)[0]
        self.assertRegex(table, r"(?m)^MESSAGES +5$")
        self.assertRegex(table, r"(?m)^LATENCY P99 US +\d+$")

    def test_an_interrupted_one_says_how_far_it_came_and_tidies_up(self):
        running = self.start([harness.program("restante"), "bench", "--messages", "1000000",
                              "--prefix", "mine-"], self.environment)
        until = time.monotonic() + harness.SECONDS
        while len(self.devices()) < 10:
            self.assertLess(time.monotonic(), until, running.output)
        running.signal(signal.SIGINT)
        self.assertEqual(running.wait(), FAILED)
        self.assertIn("of 1000000 messages had come", running.output)
        self.assertNotRegex(running.output, harness.SANITIZER_REPORT)
        self.assertEqual(self.devices(), [])

    def test_what_prevents_it_is_named(self):
        for words in (["--in-flight", 51], ["--devices", 0], ["--size", 70000], ["more"]):
            self.restante("bench", *words, code=USAGE)
        sender = self.hub.connection_string("--policy", "service")
        self.environment["IOTHUB_CONNECTION_STRING"] = sender
        self.assertIn("rights", self.restante("bench", code=REFUSED)[1])
        self.environment["IOTHUB_CONNECTION_STRING"] = self.hub.connection_string()
        self.hub.stop()
        self.assertIn("refused", self.restante("bench", code=UNREACHABLE)[1])


if __name__ == "__main__":
    harness.main()
