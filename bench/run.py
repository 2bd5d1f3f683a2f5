#!/usr/bin/python3
"""Restante beside its peers and the machine's limits: `make bench`.

    run.py                        all of it, with the tables of docs/performance.md written anew
    run.py --only send live       some of it, written nowhere
    run.py --quick                just enough of each to see that it works; of the peers those that
                                  are installed
    run.py --peers nats           another broker alone

Each figure is the median of three; the peers take turns, A B C A B C, so that a machine that slows
down slows down all of them. A quiet machine is the caller's to provide.
"""

import argparse
import importlib
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tests" / "support")]
# pylint: disable=wrong-import-position
import aims  # noqa: E402
import harness  # noqa: E402
import report  # noqa: E402
from measures.world import PEERS, World, installed  # noqa: E402

MEASURES = ("limits", "send", "live", "drain", "idle", "storm", "cold_start", "growth", "sdk")


def arguments():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--build", type=Path, default=ROOT / "build" / "release")
    options.add_argument("--only", nargs="+", choices=MEASURES, default=MEASURES, metavar="MEASURE",
                         help=", ".join(MEASURES))
    options.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS), metavar="PEER",
                         help=", ".join(PEERS))
    options.add_argument("--quick", action="store_true")
    return options.parse_args()


def machine():
    """What the figures were taken on."""
    cpus = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = next((line.partition(":")[2].strip() for line in cpus.splitlines()
                  if line.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} cores of {model}, Linux {platform.release()}"


def main():
    options = arguments()
    harness.Settings.build = options.build
    harness.Settings.hostname = "localhost"
    peers = [name for name in options.peers if installed(name)]
    missing = [name for name in options.peers if name not in peers]
    if missing and not options.quick:
        sys.exit(f"bench: not installed: {', '.join(missing)}; tools/packages.sh bench does that")
    if not peers:
        print(f"bench: not installed: {', '.join(missing)}")
        return
    begin = time.monotonic()
    print(f"bench: {machine()}; {', '.join(peers)}", flush=True)
    with tempfile.TemporaryDirectory(prefix="restante-bench-", dir=options.build) as folder:
        world = World(folder, options.quick, peers)
        for name in options.only:
            importlib.import_module(f"measures.{name}").measure(world)
    print(f"\nbench: {time.monotonic() - begin:.0f} s", flush=True)
    if options.quick:
        return
    results = options.build / "bench" / "results.json"
    results.write_text(json.dumps(world.results, indent=2), encoding="utf-8")
    if options.only == MEASURES and peers == list(PEERS):
        came_of_it = aims.rows(world.results)
        print(f"\n{report.table(came_of_it)}")
        report.write({**world.results, "aims": came_of_it})


if __name__ == "__main__":
    main()
