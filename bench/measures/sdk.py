"""One device's own cost: our SDK beside paho-mqtt C++ and Microsoft's for Node."""

import json
import statistics
import subprocess
import sys

import harness

from .world import ROOT, TOOL_SECONDS

COLUMNS = {"messages_per_second": "messages a second", "cpu_microseconds": "CPU us a message",
           "peak_rss_kib": "peak KiB"}


def measure(world):
    messages, rounds = (20, 1) if world.quick else (5_000, 5)
    said = subprocess.run(
        [sys.executable, ROOT / "bench" / "sdk_speed.py", "--build", harness.Settings.build,
         "--messages", str(messages), "--rounds", str(rounds), "--json"],
        stdout=subprocess.PIPE, text=True, check=True, timeout=TOOL_SECONDS).stdout
    rows = {f"{name}, {mode}": {column: statistics.median(run[key] for run in runs)
                                for key, column in COLUMNS.items()}
            for mode, devices in json.loads(said).items() for name, runs in devices.items()}
    world.record("SDK", rows)
