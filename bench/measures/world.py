"""What every measure stands on: programs, peers, how often and how long, and the results."""

import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "bench")]
# pylint: disable=wrong-import-position
from harness import clean_environment, end_with_parent, program  # noqa: E402
from peers import PEERS  # noqa: E402
from peers.base import descriptors  # noqa: E402

NEEDED = {"rabbitmq": "/usr/lib/rabbitmq/bin/rabbitmq-server", "mosquitto": "/usr/sbin/mosquitto",
          "nats": "/usr/sbin/nats-server"}
TOOL_SECONDS = 900  # for one run of a program; none should take a tenth of it


SPARE_DESCRIPTORS = 1_000  # of a broker, for what is no connection


class Scale:
    """How much of everything: the whole, or just enough to show that it works."""

    def __init__(self, quick):
        self.repeats = 1 if quick else 3
        self.seconds = 1 if quick else 3
        # A queue holds 10,000: enough of them for what a fast broker takes in that time.
        self.devices = 100 if quick else 1_000
        self.many_devices = 200 if quick else 1_000_000
        self.backlog = 5 if quick else 50
        self.held = 20 if quick else 10_000
        self.crowd = 40 if quick else descriptors() - SPARE_DESCRIPTORS
        self.storm = 40 if quick else 2_000
        self.live_devices = 10 if quick else 100
        self.growing_devices = (100, 200) if quick else (1_000, 10_000, 100_000, 1_000_000)
        self.deep_devices = 100 if quick else 200
        self.growing_backlogs = (0, 5) if quick else (0, 50, 500, 5_000)


class World:
    """`folder` is scratch, on the disk to be measured."""

    def __init__(self, folder, quick, peers):
        self.folder = Path(folder)
        self.quick = quick
        self.scale = Scale(quick)
        self.peers = [PEERS[name] for name in peers]
        self.results = {}
        self._folders = 0

    def with_restante(self, *subjects):
        """Those, where Restante is among the peers: the machine's limits, and what it alone is
        measured for. One who asks for another peer asks for that."""
        return subjects if PEERS["restante"] in self.peers else ()

    def new_folder(self):
        self._folders += 1
        path = self.folder / str(self._folders)
        path.mkdir()
        return path

    def tool(self, name, *words, stdin=subprocess.DEVNULL):
        """A program of bench/, started; its result is JSON."""
        return subprocess.Popen([program(f"bench/{name}"), *map(str, words)], stdin=stdin,
                                stdout=subprocess.PIPE, text=True, env=clean_environment(),
                                preexec_fn=end_with_parent)

    def run(self, name, *words):
        """Runs a program of bench/ to its end: what it counted."""
        process = self.tool(name, *words)
        output, _ = process.communicate(timeout=TOOL_SECONDS)
        if process.returncode != 0:
            raise AssertionError(f"{name} {' '.join(map(str, words))}: exit code "
                                 f"{process.returncode}: {output}")
        return json.loads(output.splitlines()[-1])

    def in_turn(self, subjects, measure, repeats=None):
        """A B C A B C: {name: {figure: median}} of what measure(subject) returned each time. What
        changes slowly, a disk, a neighbour, thus hits all alike."""
        seen = {}
        for _ in range(repeats or self.scale.repeats):
            for subject in subjects:
                name = subject if isinstance(subject, str) else subject.name
                for figure, value in measure(subject).items():
                    seen.setdefault(name, {}).setdefault(figure, []).append(value)
        return {name: {figure: statistics.median(values) for figure, values in figures.items()}
                for name, figures in seen.items()}

    def record(self, title, rows):
        """Keeps and says a result: {row: {column: number}}."""
        self.results[title] = rows
        print(f"\n{title}", flush=True)
        for name, figures in rows.items():
            told = "  ".join(f"{figure}={value:,.6g}" for figure, value in figures.items())
            print(f"    {name:<39} {told}", flush=True)

    def drop(self, folder):
        shutil.rmtree(folder, ignore_errors=True)


def installed(name):
    """Whether Debian's package of that peer is there; Restante always is."""
    needed = NEEDED.get(name.partition("-")[0])
    return needed is None or os.access(needed, os.X_OK)
