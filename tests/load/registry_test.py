#!/usr/bin/python3
"""Many identities through `restante device import`: all of them there after a SIGKILL, each as it
was written, all of them in an export.

What must be true is asserted; what it took is printed, one line a step.

    registry_test.py --build build/release --identities 1000000
"""

import http.client
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from memory import memory_mib  # noqa: E402

COLUMNS = "{:<44}{:>12}{:>14}{:>14}{:>12}"
READS = 500


class Registry(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.count = harness.Settings.options.identities

    def test_a_million_identities_or_as_many_as_asked_for(self):
        print("\n" + COLUMNS.format("step", "seconds", "per second", "resident MiB",
                                    "disk MiB"), flush=True)
        hub = harness.Hub(self.folder, arguments=["--log-level", "warning"])
        self.addCleanup(self._stop_hub, hub)
        self.timed(hub, "start, empty", hub.start)
        empty = memory_mib(hub.process.pid)["VmRSS"]
        file = self.folder / "identities.txt"
        with file.open("w", encoding="ascii") as lines:
            lines.writelines(f'{{"id":"device-{i:07}"}}\n' for i in range(self.count))

        said = self.timed(hub, f"import of {self.count}", self.command, hub, "import", file,
                          count=self.count)
        self.assertEqual(said, f"{self.count} identities imported\n")
        hub.kill()
        self.timed(hub, "killed and started", hub.start)
        self.assertEqual(hub.rest("GET", "/statistics/devices")[2]["totalDeviceCount"], self.count)
        resident = memory_mib(hub.process.pid)["VmRSS"]
        print(f"    {(resident - empty) * 2**20 / self.count:.0f} bytes resident an identity")

        backend = Backend(hub)
        self.addCleanup(backend.close)
        self.read_some(backend)
        self.ask_some(backend)
        exported = self.folder / "exported.txt"
        self.timed(hub, "export", self.command, hub, "export", exported, count=self.count)
        with exported.open(encoding="utf-8") as lines:
            ids = [json.loads(line)["id"] for line in lines]
        self.assertEqual(len(ids), self.count)
        self.assertEqual(ids, [f"device-{i:07}" for i in range(self.count)])

    def command(self, hub, verb, file):
        environment = hub.environment(IOTHUB_CONNECTION_STRING=hub.connection_string())
        with subprocess.Popen(
                [harness.program("restante"), "device", verb, file], env=environment, text=True,
                stdout=subprocess.PIPE, preexec_fn=harness.end_with_parent) as process:
            output = process.stdout.read()
            self.assertEqual(process.wait(harness.Settings.options.deadline), 0)
            return output

    def timed(self, hub, step, work, *arguments, count=None):
        begin = time.monotonic()
        result = work(*arguments)
        seconds = time.monotonic() - begin
        disk = sum(file.stat().st_size for file in hub.data.rglob("*") if file.is_file())
        print(COLUMNS.format(step, f"{seconds:.2f}", f"{count / seconds:.0f}" if count else "",
                             f"{memory_mib(hub.process.pid)['VmRSS']:.1f}",
                             f"{disk / 2**20:.1f}"), flush=True)
        return result

    def read_some(self, backend):
        took = []
        for number in range(0, self.count, max(1, self.count // READS)):
            name = f"device-{number:07}"
            seconds, status, device = backend.call("GET", f"/devices/{name}")
            took.append(seconds)
            self.assertEqual((status, device["deviceId"]), (200, name))
        print(f"    {statistics.median(took) * 1000:.2f} ms a point read, median of {len(took)}")

    def ask_some(self, backend):
        last = f"device-{self.count - 1:07}"
        for query, rows in (("SELECT * FROM devices", min(self.count, 100)),
                            (f"SELECT * FROM devices WHERE deviceId = '{last}'", 1),
                            (f"SELECT * FROM devices WHERE ENDSWITH(deviceId, '{last}')", 1),
                            ("SELECT COUNT() AS n FROM devices", 1)):
            took = []
            for _ in range(5):
                seconds, status, page = backend.call("POST", "/devices/query", {"query": query})
                took.append(seconds)
                self.assertEqual((status, len(page)), (200, rows))
            print(f"    {statistics.median(took) * 1000:.2f} ms, median of 5: {query}", flush=True)


class Backend:
    """One connection to the REST API that stays, and one token."""

    def __init__(self, hub):
        self.token = hub.service_token()
        self.connection = http.client.HTTPSConnection(
            harness.Settings.hostname, hub.ports["https"], timeout=harness.SECONDS,
            context=hub.tls())

    def call(self, method, path, body=None):
        """(seconds, status, decoded body)"""
        begin = time.monotonic()
        self.connection.request(
            method, f"{path}?api-version=2021-04-12", None if body is None else json.dumps(body),
            {"Authorization": self.token, "Content-Type": "application/json"})
        answer = self.connection.getresponse()
        text = answer.read()
        return time.monotonic() - begin, answer.status, json.loads(text)

    def close(self):
        self.connection.close()


def options(parser):
    parser.add_argument("--identities", type=int, default=2000)
    parser.add_argument("--deadline", type=int, default=1800, help="seconds for each step")


if __name__ == "__main__":
    harness.main(options)
