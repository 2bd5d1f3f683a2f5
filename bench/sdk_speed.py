#!/usr/bin/python3
"""How fast one device takes and completes messages: our SDK, paho-mqtt C++, and Microsoft's for
Node, in turn, A B C A B C, on the same hub as the same device.

    backlog   the messages wait in the device's queue when it connects
    live      the device waits, and the messages are sent meanwhile

Tables of medians and ratios are printed, or JSON of all. Asserted is that every message was
received and that none waits any longer.

    sdk_speed.py --build build/release --messages 5000 --rounds 5
"""

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from peers import Restante
from peers.base import HOST, ROOT, Process
import harness
from harness import program, run

DEVICE = "fleet-00001"  # the first of bench/fleet
NODE_MODULES = ROOT / "tests/interop/node_modules"
DEVICES = {"restante": "our SDK", "paho": "paho-mqtt C++", "node": "azure-iot-device-mqtt"}
MEASURES = {"messages_per_second": ("messages/s", 0), "cpu_microseconds": ("CPU us a message", 1),
            "peak_rss_kib": ("peak RSS, KiB", 0)}
SECONDS = 360  # for one run; the devices themselves give up after 300
ROW = "{:<20}{:>18}{:>18}{:>24}".format


def fleet(hub, verb, options):
    """One device's messages, sent by one connection."""
    environment = hub.environment(IOTHUB_CONNECTION_STRING=hub.connection_string())
    run([program("bench/fleet"), verb, "--count", 1, "--each", options.messages,
         "--bytes", options.bytes, "--connections", 1, "--in-flight", 512,
         "--deadline", SECONDS], environment, SECONDS)


def commands(hub, options):
    """By device: the command and the environment."""
    key = hub.rest("GET", f"/devices/{DEVICE}")[2]["authentication"]["symmetricKey"]["primaryKey"]
    ours = hub.environment(IOTHUB_DEVICE_CONNECTION_STRING=(
        f"HostName={HOST};DeviceId={DEVICE};SharedAccessKey={key}"))
    # Microsoft's SDK for Node knows no port but 8883, so the hub has that one.
    node = {**ours, "NODE_PATH": str(NODE_MODULES)}
    paho = hub.environment(
        DEVICE=DEVICE, MQTT_ADDRESS=f"ssl://{HOST}:{hub.ports['mqtt']}",
        MQTT_USER=f"{HOST}/{DEVICE}/?api-version=2021-04-12",
        MQTT_PASSWORD=harness.sas_token(f"{HOST}/devices/{DEVICE}", key))
    found = {"restante": ([program("bench/restante_device"), options.messages], ours),
             "node": ([shutil.which("node"), ROOT / "bench/sdk/node_device.js", options.messages],
                      node)}
    if (options.build / "bench/paho_device").exists():  # built where paho is installed
        found["paho"] = ([program("bench/paho_device"), options.messages], paho)
    return found


def measure(hub, mode, command, options):
    """One run of one device, as it says itself."""
    if mode == "backlog":
        fleet(hub, "send", options)
    process = Process(*command)
    try:
        process.wait_line("^subscribed")
        if mode == "live":
            fleet(hub, "send", options)
        if process.wait(SECONDS) != 0:
            raise AssertionError(process.output)
    finally:
        process.kill()
    left = hub.rest("GET", f"/devices/{DEVICE}")[2]["cloudToDeviceMessageCount"]
    if left:
        raise AssertionError(f"{left} messages still wait behind {process.command[0]}")
    measured = json.loads(process.lines[-1])
    measured["cpu_microseconds"] = 1e6 * measured["cpu_seconds"] / (measured["messages"] - 1)
    return measured


def measure_all(hub, options):
    """{mode: {device: [run, ...]}}"""
    fleet(hub, "create", options)
    devices = commands(hub, options)
    results = {mode: {name: [] for name in devices} for mode in ("backlog", "live")}
    for mode, runs in results.items():
        for _ in range(options.rounds):
            for name, command in devices.items():
                runs[name].append(measure(hub, mode, command, options))
    return results


def report(results, options):
    for mode, runs in results.items():
        print(f"\n{mode}: {options.messages} messages of {options.bytes} bytes, "
              f"medians of {options.rounds}")
        print(ROW("", *(DEVICES[name] for name in runs)))
        for measured, (label, digits) in MEASURES.items():
            medians = [statistics.median(one[measured] for one in of) for of in runs.values()]
            print(ROW(label, *(f"{median:.{digits}f}" for median in medians)))
            print(ROW("    of ours", *(f"{median / medians[0]:.2f}" for median in medians)))


class OnStandardPorts(Restante):
    """For clients that know no others, inside a network of the run's own."""

    def prepare(self):
        super().prepare()
        self.hub.ports = {"mqtt": 8883, "amqp": 5671, "https": 443}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=harness.Settings.build)
    parser.add_argument("--messages", type=int, default=5000, help="of each run, at most 10000")
    parser.add_argument("--bytes", type=int, default=200, help="of a body")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="every run, instead of tables")
    options = parser.parse_args()
    harness.Settings.build = options.build.resolve()
    if not NODE_MODULES.is_dir():
        parser.error(f"{NODE_MODULES} is missing: `npm ci` beside it, or `make test`, brings it")
    harness.enter_private_network()
    with tempfile.TemporaryDirectory(prefix="restante-bench-") as folder:
        with OnStandardPorts(folder) as peer:
            results = measure_all(peer.hub, options)
    if options.json:
        print(json.dumps(results, indent=2))
    else:
        report(results, options)


if __name__ == "__main__":
    sys.exit(main())
