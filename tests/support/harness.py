"""What every test of the whole program stands on: a hub process, clients around it, a private net.

A test file ends in `harness.main()`. That re-executes it inside a network and mount namespace of
its own, where the standard ports (the only ones Microsoft's clients know) are free, `hub.localhost`
is in the hosts file, and nothing outside is disturbed. Where a machine forbids namespaces the test
takes the machine's own ports instead, one test at a time, under the name `localhost`.

Every wait here is for an event and has a deadline; nothing sleeps. A process started here ends with
the test, however that ends: the kernel kills it when its parent dies.
"""

import argparse
import base64
import ctypes
import fcntl
import hashlib
import hmac
import http.client
import json
import os
import re
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SECONDS = 60  # for anything that should take one; sanitizers and two busy cores need the rest
ORPHAN_SECONDS = 5  # a child's own child may hold the output open for longer than it lives
HOSTS = "127.0.0.1 localhost hub.localhost\n::1 localhost hub.localhost\n"
NAMESPACE_MARK = "TEST_NAMESPACE_OF_RESTANTE"
PORTS_LOCK = "restante-test-ports.lock"
SANITIZER_REPORT = re.compile(r"Sanitizer|runtime error:|event=assertion_failed")


class Settings:
    """Set once by main()."""
    build = ROOT / "build" / "release"
    hostname = "hub.localhost"
    options = argparse.Namespace()


def program(name):
    path = Settings.build / name
    if not path.exists():
        raise AssertionError(f"{path} is not built")
    return str(path)


def end_with_parent():
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


class Process:
    """A child whose lines (stdout and stderr together) can be waited for."""

    def __init__(self, command, env=None, cwd=None, stdin=subprocess.DEVNULL):
        self.command = [str(word) for word in command]
        self.lines = []
        self._grew = threading.Condition()
        self._ended = False
        self._process = subprocess.Popen(
            self.command, stdin=stdin, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env=env, cwd=cwd, text=True, errors="replace",
            preexec_fn=end_with_parent)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        with self._process.stdout as output:
            for line in output:
                with self._grew:
                    self.lines.append(line.rstrip("\n"))
                    self._grew.notify_all()
        with self._grew:
            self._ended = True
            self._grew.notify_all()

    @property
    def pid(self):
        return self._process.pid

    @property
    def output(self):
        with self._grew:
            return "\n".join(self.lines)

    def mark(self):
        """Where the output stands now; wait_line(..., since=mark) looks only behind it."""
        with self._grew:
            return len(self.lines)

    def wait_line(self, pattern, since=0, seconds=SECONDS):
        """The match of the first line that `pattern` is found in; fails at the deadline."""
        matches = []

        def found():
            for line in self.lines[since:]:
                match = re.search(pattern, line)
                if match:
                    matches.append(match)
                    return True
            return self._ended
        with self._grew:
            self._grew.wait_for(found, seconds)
        if not matches:
            raise AssertionError(f"{Path(self.command[0]).name} did not say {pattern!r}; it said:\n"
                                 f"{self.output}")
        return matches[0]

    def type(self, text):
        """For one that was started with a pipe as its input."""
        self._process.stdin.write(text)
        self._process.stdin.flush()

    def signal(self, number):
        self._process.send_signal(number)

    def wait(self, seconds=SECONDS):
        """The exit code, the output complete."""
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{' '.join(self.command)} did not end in {seconds} s; it said:\n"
                                 f"{self.output}") from None
        self._reader.join(ORPHAN_SECONDS)
        return code

    def kill(self):
        """SIGKILL, and its end awaited."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(SECONDS)
        self._reader.join(ORPHAN_SECONDS)


def run(command, env=None, seconds=SECONDS, code=0, cwd=None):
    """Runs to the end and returns the output; fails on another exit code, or on no end in time."""
    process = Process(command, env, cwd)
    got = process.wait(seconds)
    if got != code:
        raise AssertionError(f"{' '.join(process.command)}: exit code {got}, expected {code}:\n"
                             f"{process.output}")
    return process.output


class Hub:
    """`restante serve` on a data folder of its own; may be killed and started again on it."""

    def __init__(self, folder, mqtt=8883, amqp=5671, https=443, arguments=()):
        self.data = Path(folder) / "data"
        self.ports = {"mqtt": mqtt, "amqp": amqp, "https": https}
        self.arguments = list(arguments)
        self.variables = {}  # more of them, for the hub's environment
        self.process = None
        self.log = []  # of earlier processes

    def command(self):
        words = [program("restante"), "serve", "--data-dir", self.data,
                 "--hostname", Settings.hostname]
        for name, port in self.ports.items():
            words += [f"--{name}-port", port]
        return [*words, *self.arguments]

    def start(self):
        self.process = Process(self.command(), env={**clean_environment(), **self.variables})
        self.process.wait_line(r"(?:^|\s)ready(?:\s|$)")
        self.ports = {name: port for name, port in self.read_ports().items() if name in self.ports}
        return self

    def read_ports(self):
        return json.loads((self.data / "ports.json").read_text(encoding="utf-8"))

    def kill(self):
        """SIGKILL: no farewell, no clean-up. What was acknowledged must be on disk."""
        self.process.kill()
        self._keep_log()

    def stop(self):
        """SIGTERM; the hub must end with exit 0 and must not have complained to a sanitizer."""
        self.process.signal(signal.SIGTERM)
        code = self.process.wait()
        self._keep_log()
        if code != 0:
            raise AssertionError(f"the hub ended with {code}:\n{self.log_text()}")

    def _keep_log(self):
        self.log += self.process.lines
        self.process = None
        report = next((line for line in self.log if SANITIZER_REPORT.search(line)), None)
        if report:
            raise AssertionError(f"{report}\n{self.log_text()}")

    def log_text(self):
        return "\n".join([*self.log, *(self.process.lines if self.process else [])])

    def restart_killed(self):
        self.kill()
        return self.start()

    @property
    def ca(self):
        return str(self.data / "ca.pem")

    def connection_string(self, *arguments):
        return run([program("restante"), "connection-string", "--data-dir", self.data, *arguments],
                   env=self.environment()).strip()

    def environment(self, **more):
        """What a client needs to find this hub and to trust it, on any of the stacks."""
        return {**clean_environment(),
                "SSL_CERT_FILE": self.ca, "NODE_EXTRA_CA_CERTS": self.ca,
                "REQUESTS_CA_BUNDLE": self.ca, "RESTANTE_CA_FILE": self.ca,
                "RESTANTE_MQTT_PORT": str(self.ports["mqtt"]),
                "RESTANTE_AMQP_PORT": str(self.ports["amqp"]),
                "RESTANTE_HTTPS_PORT": str(self.ports["https"]), **more}

    def create_device(self, device, **fields):
        """The identity that the REST API made, as a dict; its primary key under "key"."""
        status, _, body = self.rest("PUT", f"/devices/{urllib.parse.quote(device, safe='')}",
                                    {"deviceId": device, **fields})
        if status != 200:
            raise AssertionError(f"PUT /devices/{device}: {status} {body}")
        return {**body, "key": body["authentication"]["symmetricKey"]["primaryKey"]}

    def device_connection_string(self, identity):
        return (f"HostName={Settings.hostname};DeviceId={identity['deviceId']};"
                f"SharedAccessKey={identity['key']}")

    def service_token(self, **changes):
        return sas_token(**{**service_claims(self.connection_string()), **changes})

    def rest(self, method, path, body=None, token=None, headers=None):
        """(status, headers, decoded body) of one call with the owner's token, or `token`."""
        connection = http.client.HTTPSConnection(
            Settings.hostname, self.ports["https"], timeout=SECONDS, context=self.tls())
        content = None if body is None else json.dumps(body)
        separator = "&" if "?" in path else "?"
        all_headers = {"Authorization": token or self.service_token(),
                       "Content-Type": "application/json", **(headers or {})}
        try:
            connection.request(method, f"{path}{separator}api-version=2021-04-12", content,
                               {name: text for name, text in all_headers.items() if text})
            response = connection.getresponse()
            text = response.read().decode()
            lower = {name.lower(): value for name, value in response.getheaders()}
            return response.status, lower, json.loads(text) if text else None
        finally:
            connection.close()

    def tls(self, certificate=None):
        context = ssl.create_default_context(cafile=self.ca)
        if certificate:
            context.load_cert_chain(*certificate)
        return context

    def connect(self, name, certificate=None):
        """A TLS socket to the port of that name. `certificate` is shown: its file, its key's."""
        raw = socket.create_connection((Settings.hostname, self.ports[name]), SECONDS)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self.tls(certificate).wrap_socket(raw, server_hostname=Settings.hostname)


def clean_environment():
    """The caller's environment without what would tell a client or the hub something else."""
    return {name: value for name, value in os.environ.items()
            if not name.startswith(("RESTANTE_", "IOTHUB_"))}


def parse_connection_string(text):
    return dict(part.split("=", 1) for part in text.split(";"))


def service_claims(connection_string):
    parts = parse_connection_string(connection_string)
    return {"resource": parts["HostName"], "key": parts["SharedAccessKey"],
            "policy": parts["SharedAccessKeyName"]}


def sas_token(resource, key, policy=None, seconds_left=3600):
    expiry = int(time.time()) + seconds_left
    resource = urllib.parse.quote(resource, safe="")
    digest = hmac.new(base64.b64decode(key), f"{resource}\n{expiry}".encode(), hashlib.sha256)
    signature = urllib.parse.quote(base64.b64encode(digest.digest()), safe="")
    token = f"SharedAccessSignature sr={resource}&sig={signature}&se={expiry}"
    return token + (f"&skn={policy}" if policy else "")


class TestCase(unittest.TestCase):
    """A folder for each test; what was started is stopped, and a failure shows the hub's log."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="restante-test-")
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def start_hub(self, **options):
        hub = Hub(self.folder, **options)
        self.addCleanup(self._stop_hub, hub)
        return hub.start()

    def _stop_hub(self, hub):
        try:
            if hub.process:
                hub.stop()
        finally:
            if self._failed():
                print(f"--- log of the hub in {self.id()}\n{hub.log_text()}\n---", file=sys.stderr)

    def _failed(self):
        result = self._outcome.result
        return any(test is self for test, _ in [*result.failures, *result.errors]) or \
            not self._outcome.success

    def start(self, command, env=None, **options):
        """A client that runs beside the test, ended with it."""
        process = Process(command, env, **options)
        self.addCleanup(process.kill)
        return process


def bring_up_loopback():
    get_flags, set_flags, up_and_running = 0x8913, 0x8914, 0x1 | 0x40
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sH22x", b"lo", 0)
        flags = struct.unpack("16sH22x", fcntl.ioctl(control, get_flags, request))[1]
        fcntl.ioctl(control, set_flags, struct.pack("16sH22x", b"lo", flags | up_and_running))


def enter_private_network():
    """Returns inside the namespace, by way of another execution of this program."""
    if os.environ.get(NAMESPACE_MARK):
        bring_up_loopback()
        with tempfile.NamedTemporaryFile("w", prefix="restante-hosts-") as hosts:
            hosts.write(HOSTS)
            hosts.flush()
            subprocess.run(["mount", "--bind", hosts.name, "/etc/hosts"], check=True)
        return
    for options in (["--net", "--mount"], ["--user", "--map-root-user", "--net", "--mount"]):
        enter = ["unshare", *options]
        if subprocess.run([*enter, "true"], capture_output=True, check=False).returncode == 0:
            os.execvpe(enter[0], [*enter, sys.executable, *sys.argv],
                       {**os.environ, NAMESPACE_MARK: "1"})
    print("no namespaces here: taking this machine's own ports, as localhost", file=sys.stderr)
    Settings.hostname = "localhost"
    lock = open(Path(tempfile.gettempdir()) / PORTS_LOCK, "w", encoding="utf-8")
    fcntl.flock(lock, fcntl.LOCK_EX)  # until this process ends
    Settings.ports_lock = lock


def report_cells(count):
    """The line by which tools/test.py counts combinations of clients and operations."""
    print(f"\ninterop matrix: {count} cells", flush=True)


def main(options=None):
    """Runs the tests of the calling file. `options` adds arguments to the parser."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=Path, default=Settings.build, help="the build folder")
    if options:
        options(parser)
    Settings.options, rest = parser.parse_known_args()
    Settings.build = Settings.options.build.resolve()
    enter_private_network()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    unittest.main(module="__main__", argv=[sys.argv[0], *rest], verbosity=2, warnings="ignore")
