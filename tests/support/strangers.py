"""Peers that mean no good, from addresses of this machine, and what the hub may not lose to them:
the device it serves meanwhile, and the memory it had."""

import re
import socket
import ssl
from pathlib import Path

from amqp_client import AmqpService, message
from harness import SECONDS, Settings
from mqtt_client import MqttDevice

HUB = "127.0.0.1"
KIB = 1024
MIB = 1024 * KIB
# What a connection takes that has sent nothing yet: TLS with one record each way, the objects of
# connection and session, a read of the loop's. docs/reliability.md tells the sources.
CONNECTION_BYTES_MAX = 96 * KIB
SLACK_BYTES = 8 * MIB  # of the allocator's, and what the good clients take


def client_hello():
    said = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), said,
                                                   server_hostname=Settings.hostname)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        return said.read()
    raise AssertionError("a handshake without a server")


class From:
    """The hub as a client at one of this machine's addresses reaches it."""

    def __init__(self, hub, address):
        self.hub, self.address = hub, address
        self.tls = None

    def connect_bare(self, door):
        return socket.create_connection((HUB, self.hub.ports[door]), SECONDS, (self.address, 0))

    def connect(self, door):
        bare = self.connect_bare(door)
        bare.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.tls = self.tls or self.hub.tls()
        try:
            return self.tls.wrap_socket(bare, server_hostname=Settings.hostname)
        except OSError:
            bare.close()
            raise

    def connect_saying(self, door, words):
        connection = self.connect(door)
        connection.sendall(words)
        return connection

    def mqtt_device(self):
        return MqttDevice(self.hub, self.connect("mqtt"))

    def amqp_service(self):
        return AmqpService(self.hub, stream=self.connect("amqp"))


class Witness:
    """A back end and a device of good will, each on a connection that stands all the while."""

    def __init__(self, hub, device="witness"):
        self.device = device
        self.served = 0
        key = hub.create_device(device)["key"]
        self.service, self.client = AmqpService(hub), MqttDevice(hub)
        self.service.open_sender()
        if self.client.connect(device, key, clean=True, keep_alive=0) != 0:
            raise AssertionError("the witness is not let in")
        self.client.subscribe(device)

    def serve(self):
        """A message on its whole way."""
        self.served += 1
        body = f"message {self.served}".encode()
        outcome = self.service.send_and_wait(message(self.device, body, str(self.served)))
        received = self.client.receive()
        if outcome.condition is not None or received.payload != body:
            raise AssertionError(f"message {self.served}: {outcome}, {received}")
        self.client.acknowledge(received)
        self.client.ping()

    def close(self):
        self.service.close()
        self.client.close()


def options(parser):
    parser.add_argument("--sanitized", action="store_true",
                        help="hold no bound of memory: the sanitizer's own is many times as much")


class Memory:
    """The resident memory of a process: what it has and what it had at most, over a beginning."""

    def __init__(self, process):
        self.status = Path(f"/proc/{process.pid}/status")
        Path(f"/proc/{process.pid}/clear_refs").write_text("5", encoding="ascii")  # the peak
        self.begin = self._read("VmRSS")

    def _read(self, name):
        text = self.status.read_text(encoding="ascii")
        return int(re.search(rf"{name}:\s+(\d+) kB", text)[1]) * KIB

    def check(self, test, bytes_max):
        """`bytes_max` more at most were resident since the beginning; docs/reliability.md counts
        them up."""
        if not Settings.options.sanitized:
            test.assertLess(self.peak(), bytes_max, "bytes resident, more than before")

    def growth(self):
        return self._read("VmRSS") - self.begin

    def peak(self):
        return self._read("VmHWM") - self.begin
