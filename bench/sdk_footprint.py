#!/usr/bin/python3
"""What one device that waits for messages takes: our SDK beside Microsoft's for Node, in one run.

Both hold one MQTT connection to the same hub with the same keep-alive, rest for a while, are
measured, and then prove that they were listening. Ours is examples/receive_messages.cpp, stripped,
with all inside that Debian has a static library of. A table is printed; nothing is asserted but
that the devices work.

    sdk_footprint.py --build build/release --idle-seconds 60
"""

import json
import os
import re
import shutil
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from harness import program, run  # noqa: E402
from package import SECONDS, install, pkg_config  # noqa: E402

KEEP_ALIVE_SECONDS = 60  # our default
INTEROP = ROOT / "tests" / "interop"
NODE_PACKAGES = ("azure-iot-device", "azure-iot-device-mqtt")
MEMORY = {"Rss": "resident (RSS)", "Pss": "its share of it (PSS)", "Private_Dirty": "private dirty"}


def build_static(folder):
    """The example, stripped, with the SDK, OpenSSL and the C++ library inside."""
    install(folder / "installed", "sdk")
    flags = [re.sub("^-l(ssl|crypto)$", r"-l:lib\1.a", flag)
             for flag in pkg_config(folder / "installed", "device", static=True)]
    built = folder / "receive_messages"
    run(["g++", "-std=c++20", "-O2", "-s", ROOT / "examples/receive_messages.cpp", "-o", built,
         *flags, "-static-libstdc++", "-static-libgcc"], seconds=SECONDS)
    os.sync()  # pages of a file that is not on disk yet would count as dirty
    return built


def resolve(name, folder):
    """The package of that name that code in `folder` gets, as Node looks for it."""
    for place in (folder, *folder.parents):
        if place.name != "node_modules" and (place / "node_modules" / name).is_dir():
            return place / "node_modules" / name
        if place == INTEROP:
            return None  # an optional one is not there
    raise ValueError(f"{folder} is not in {INTEROP}")


def needed_packages():
    """The folders that the Node device cannot do without."""
    found, waiting = set(), [(name, INTEROP) for name in NODE_PACKAGES]
    while waiting:
        folder = resolve(*waiting.pop())
        if folder and folder not in found:
            found.add(folder)
            needs = json.loads((folder / "package.json").read_text(encoding="utf-8"))
            waiting += [(name, folder) for name in needs.get("dependencies", {})]
    return found


def bytes_of(folder):
    """Of the files of one package, without the packages inside it."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and
               "node_modules" not in path.relative_to(folder).parts)


class Footprint(harness.TestCase):
    def measure(self, process):
        """By name, in bytes."""
        proc = Path("/proc") / str(process.pid)
        rollup = (proc / "smaps_rollup").read_text(encoding="utf-8")
        measured = {label: 1024 * int(re.search(rf"(?m)^{name}: +(\d+) kB", rollup)[1])
                    for name, label in MEMORY.items()}
        program_file = (proc / "exe").resolve()
        mapped = {Path(line.split(maxsplit=5)[5])
                  for line in (proc / "maps").read_text(encoding="utf-8").splitlines()
                  if ".so" in line}
        measured["program"] = program_file.stat().st_size
        measured["shared libraries"] = sum(path.stat().st_size for path in mapped)
        measured["threads"] = len(list((proc / "task").iterdir()))
        return measured

    def begin(self, hub, name, command, **environment):
        device = hub.device_connection_string(hub.create_device(name))
        return self.start(command, env=hub.environment(IOTHUB_DEVICE_CONNECTION_STRING=device,
                                                       **environment))

    def send(self, hub, name, text):
        run([program("restante"), "c2d", "send", name, text],
            env=hub.environment(IOTHUB_CONNECTION_STRING=hub.connection_string()))

    def test_one_idle_device(self):
        hub = self.start_hub()
        devices = {
            "ours": self.begin(hub, "ours", [build_static(self.folder), "2"]),
            "node": self.begin(
                hub, "node",
                [shutil.which("node"), ROOT / "bench/idle_device.js", KEEP_ALIVE_SECONDS],
                NODE_PATH=str(INTEROP / "node_modules"))}
        for name, process in devices.items():
            self.send(hub, name, "first")  # once it has come, the subscription stands
            process.wait_line("first")
        time.sleep(harness.Settings.options.idle_seconds)
        measured = {name: self.measure(process) for name, process in devices.items()}
        measured["ours"]["packages"] = 0
        measured["node"]["packages"] = sum(map(bytes_of, needed_packages()))
        for name, process in devices.items():
            self.send(hub, name, "second")
            process.wait_line("second")
            self.assertEqual(process.wait(), 0, process.output)
        self.report(measured)

    def report(self, measured):
        row = "{:<24}{:>16}{:>24}".format
        columns = [measured["ours"], measured["node"]]
        print("\n" + row("one idle device, MiB", "receive_messages", "azure-iot-device-mqtt"))
        for label in (*MEMORY.values(), "program", "packages", "shared libraries"):
            print(row(label, *(f"{column[label] / 2**20:.1f}" for column in columns)))
        print(row("threads", *(column["threads"] for column in columns)))
        node = run([shutil.which("node"), "--version"]).strip()
        print(f"Node {node}, keep-alive {KEEP_ALIVE_SECONDS} s, "
              f"idle for {harness.Settings.options.idle_seconds:.0f} s", flush=True)


def options(parser):
    parser.add_argument("--idle-seconds", type=float, default=60)


if __name__ == "__main__":
    harness.main(options)
