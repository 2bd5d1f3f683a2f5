#!/usr/bin/python3
"""Ten thousand devices, fifty messages each: queued, held over a SIGKILL, drained, none lost.

What must be true is asserted: each message accepted once, received once, in order within its
device, and none left or delivered again. What it took is printed, one line a state of the hub.

    fleet_test.py --build build/release --devices 10000
"""

import json
import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from memory import memory_mib  # noqa: E402

COLUMNS = "{:<34}{:>9}{:>12}{:>14}{:>12}{:>12}"


class Fleet(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.options = harness.Settings.options

    def test_a_wrong_message_is_noticed(self):
        """The judge itself: another body than the due one, and messages that stay."""
        hub = self.new_hub().start()
        for verb, code, bytes_each in ("create", 0, 64), ("send", 0, 64), ("drain", 1, 65):
            output = harness.run([harness.program("bench/fleet"), verb, "--count", 5,
                                  "--bytes", bytes_each, *self.transports()],
                                 self.environment(hub), code=code)
        counted = json.loads(output.splitlines()[-1])
        self.assertEqual((counted["received"], counted["errors"]), (0, 10))
        self.assertIn("another body", counted["told_errors"][0])
        self.assertIn("still wait", counted["told_errors"][-1])

    def test_every_message_arrives_once_and_in_order(self):
        print("\n" + COLUMNS.format("state of the hub", "seconds", "per second", "resident MiB",
                                    "of it heap", "disk MiB"), flush=True)
        devices, each = self.options.devices, self.options.each
        hub = self.start_timed(self.new_hub(), "idle, no devices")

        created, seconds = self.fleet(hub, "create")
        self.row(hub, f"{devices} devices created", seconds, devices)
        self.assertEqual(created["created"], devices)

        sent, seconds = self.fleet(hub, "send")
        self.row(hub, f"{devices * each} messages queued", seconds, devices * each)
        self.assertEqual(sent["accepted"], devices * each)

        hub.kill()
        self.start_timed(hub, "killed and started, all queued")

        drained, _ = self.fleet(hub, "drain")
        self.row(hub, "drained", drained["drain_seconds"], devices * each)
        for name in sorted(drained):
            if name.startswith("received_"):
                print(f"    {name.removeprefix('received_'):<10}{drained[name]:>9} messages")
        self.assertEqual(drained["received"], devices * each)
        self.assertEqual(drained["devices"], devices)
        # One that polls has asked until nothing came and does not call a second time.
        polling = drained.get("received_https", 0) // each
        self.assertEqual(drained.get("called_again", 0) + polling, devices)
        self.assertEqual(drained["found_empty"], devices)

        hub.stop()
        self.start_timed(hub, "stopped and started, empty")
        self.report_complaints(hub)

    def new_hub(self):
        hub = harness.Hub(self.folder, arguments=["--log-level", "warning"])
        self.addCleanup(self._stop_hub, hub)
        return hub

    def start_timed(self, hub, state):
        begin = time.monotonic()
        hub.start()
        self.row(hub, state, time.monotonic() - begin)
        return hub

    def fleet(self, hub, verb):
        """What it counted, and how long it took. Any error is a failure that names the first."""
        options = self.options
        command = [harness.program("bench/fleet"), verb, "--count", options.devices,
                   "--each", options.each, "--bytes", options.bytes,
                   "--concurrent", options.concurrent, "--deadline", options.deadline,
                   *self.transports()]
        output = harness.run(command, self.environment(hub),
                             seconds=options.deadline + harness.SECONDS)
        counted = json.loads(output.splitlines()[-1])
        return counted, counted["all_seconds"]

    def transports(self):
        return ["--transports", self.options.transports] if self.options.transports else []

    @staticmethod
    def environment(hub):
        return hub.environment(IOTHUB_CONNECTION_STRING=hub.connection_string())

    def row(self, hub, state, seconds, count=None):
        memory = memory_mib(hub.process.pid)
        rate = f"{count / seconds:.0f}" if count else ""
        disk = sum(file.stat().st_size for file in hub.data.rglob("*") if file.is_file())
        print(COLUMNS.format(state, f"{seconds:.2f}", rate, f"{memory['VmRSS']:.1f}",
                             f"{memory['RssAnon']:.1f}", f"{disk / 2**20:.1f}"), flush=True)

    def report_complaints(self, hub):
        """The hub has nothing to warn of when every client behaves."""
        complaints = {}
        for line in hub.log_text().splitlines():
            event = re.search(r"level=(?:warning|error) event=(\w+)", line)
            if event:
                complaints[event[1]] = complaints.get(event[1], 0) + 1
        self.assertEqual(complaints, {})


def options(parser):
    parser.add_argument("--devices", type=int, default=100)
    parser.add_argument("--each", type=int, default=50)
    parser.add_argument("--bytes", type=int, default=256)
    parser.add_argument("--concurrent", type=int, default=500)
    parser.add_argument("--transports", help="of the devices, in turn: mqtt,mqtt-ws,amqp-ws,...")
    parser.add_argument("--deadline", type=int, default=900, help="seconds for each step")


if __name__ == "__main__":
    harness.main(options)
