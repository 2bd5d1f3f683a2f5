"""What every peer of a comparison has in common.

A peer lives in a folder of its own: configuration, data, certificate and log are there, and nothing
of the machine's (/etc, /var, the package's service) is read or written. Its processes are children
of ours: they are ended by their ids, and by the kernel when we die.

    with Mosquitto(folder) as peer:
        run([load_program, *peer.load_arguments()])
        print(peer.rss_bytes(), peer.cpu_seconds(), peer.durability)
"""

import os
import re
import resource
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))
# pylint: disable=wrong-import-position
import certificates  # noqa: E402
from harness import SECONDS, Process, clean_environment  # noqa: E402

HOST = "localhost"
ADDRESS = "127.0.0.1"
DESCRIPTORS = 262_144  # a connection is one, and a machine is to be filled with them
ATTEMPT_SECONDS = 0.02  # between two looks at what tells nobody when it happens
STOP_SECONDS = 30


def raise_descriptor_limit():
    """For the children. Whoever may, raises the hard limit too; others get what there is."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        wanted = max(DESCRIPTORS, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
    except (ValueError, PermissionError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def descriptors():
    """As many as a child can have, and not more than it needs."""
    raise_descriptor_limit()
    return min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], DESCRIPTORS)


def free_ports(count):
    """Different ones, all free a moment ago."""
    sockets = [socket.create_server((ADDRESS, 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def version_of(command, pattern):
    """What a program says of itself. Some do not know the question and end with an error."""
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    return re.search(pattern, said.stdout + said.stderr)[1]


def descendants(pid):
    """The process of that id and all below it."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [int(child) for task in tasks
                    for child in (task / "children").read_text(encoding="ascii").split()]
    except (FileNotFoundError, ProcessLookupError):
        return []  # it ended meanwhile
    return [pid, *(each for child in children for each in descendants(child))]


def gone(pid):
    """Whether it has ended, be its end awaited or not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"


def wait_until(condition, seconds):
    """Whether it came true in time. For what tells nobody that it has happened."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        select.select([], [], [], ATTEMPT_SECONDS)
    return True


def wait_gone(pids, seconds):
    return wait_until(lambda: all(map(gone, pids)), seconds)


def accepts(port):
    with socket.socket() as attempt:
        return attempt.connect_ex((ADDRESS, port)) == 0


def cpu_seconds_of(pid):
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    user_and_system = stat.rpartition(")")[2].split()[11:13]
    return sum(map(int, user_and_system)) / os.sysconf("SC_CLK_TCK")


class Peer:
    """One broker. A subclass says how it is configured and started, in prepare() and commands()."""
    name = ""
    durability = ""  # what its acknowledgement of a durable send promises
    disk_calls = "fsync,fdatasync"  # the system calls it waits for, as strace names them
    device_filter = "devices/{}/messages/devicebound/#"  # of its MQTT subscription, QoS 1
    device_source = None  # of its AMQP link, where devices can speak AMQP
    sender = ()  # what the load program's senders speak

    def __init__(self, folder):
        self.folder = Path(folder).resolve() / self.name
        self.ports = {}
        self.ca_file = None
        self.processes = []

    @property
    def version(self):
        raise NotImplementedError

    def prepare(self):
        """Chooses the ports and writes the configuration."""
        raise NotImplementedError

    def commands(self):
        """(command, environment) of each process, in the order of their start, the broker last. The
        next is asked for once the one before runs."""
        raise NotImplementedError

    def ready(self):
        """Waits until clients are served."""
        def decided():
            return all(map(accepts, self.ports.values())) or \
                any(gone(process.pid) for process in self.processes)
        wait_until(decided, SECONDS)
        if not all(map(accepts, self.ports.values())):
            raise AssertionError(f"{self.name} does not accept on {self.ports}:\n"
                                 f"{self.log_text()}")

    def start(self):
        raise_descriptor_limit()
        self.folder.mkdir(parents=True, exist_ok=True)  # a hub's data may be there already
        self.make_certificate()
        self.prepare()
        try:
            for command, environment in self.commands():
                self.processes.append(
                    Process(command, {**clean_environment(), **environment}, self.folder))
            self.ready()
        except BaseException:
            self.kill()
            raise
        return self

    def stop(self):
        """SIGTERM to the broker, and SIGKILL when that takes long: its data is not needed again."""
        family = self.pids()
        if self.processes:
            self.processes[-1].signal(signal.SIGTERM)
            wait_gone([self.processes[-1].pid], STOP_SECONDS)
        self.kill(family)

    def kill(self, family=()):
        """SIGKILL. What the broker itself had started ends with it; its end is awaited."""
        family = {*family, *self.pids()}
        for process in reversed(self.processes):
            process.kill()
        self.processes = []
        if not wait_gone(family, STOP_SECONDS):
            raise AssertionError(f"{self.name} left processes behind: {family}")

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def make_certificate(self):
        """ECDSA P-256, of an authority of this run."""
        certificates.make_authority(self.folder, "ca")
        certificates.sign(self.folder, "ca", "server", HOST, "-addext",
                          f"subjectAltName=DNS:{HOST},IP:{ADDRESS}")
        self.ca_file = self.folder / "ca.pem"

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def log_text(self):
        logs = [path.read_text(encoding="utf-8", errors="replace")
                for path in sorted(self.folder.rglob("*.log"))]
        return "\n".join([*logs, *(process.output for process in self.processes)])

    def pids(self):
        """Every process that counts."""
        return [pid for process in self.processes for pid in descendants(process.pid)]

    def rss_bytes(self):
        total = 0
        for pid in self.pids():
            status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
            total += 1024 * int(re.search(r"(?m)^VmRSS:\s+(\d+) kB", status)[1])
        return total

    def cpu_seconds(self):
        """User and system, since the start."""
        return sum(cpu_seconds_of(pid) for pid in self.pids())

    def load_arguments(self):
        """How the load program finds it."""
        words = ["--host", HOST, "--ca", self.ca_file,
                 "--device-filter", self.device_filter, *self.sender]
        for protocol in ("mqtt", "amqp", "nats"):
            if protocol in self.ports:
                words += [f"--{protocol}-port", self.ports[protocol]]
        return words

    def storm_arguments(self, protocol="mqtt"):
        """How a storm of devices finds it."""
        address = self.device_filter if protocol == "mqtt" else self.device_source
        return ["--speak", protocol, "--host", HOST, "--port", self.ports[protocol],
                "--ca", self.ca_file, "--address", address]

    def certificate_files(self):
        """Its certificate and key, the same kind for all."""
        return self.folder / "server.pem", self.folder / "server.key.pem"
