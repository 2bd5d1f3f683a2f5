"""NATS with JetStream, as it would be set up for many devices that are often away.

Its MQTT keeps every QoS 1 message in one stream, $MQTT_msgs (subjects `$MQTT.msgs.>`, interest
retention), and a durable consumer for each device's QoS 1 subscription. So a sender that speaks
NATS reaches devices on MQTT durably by publishing to

    $MQTT.msgs.devices.device-N.messages.devicebound.x      with a reply subject: the PubAck

The stream keeps what a consumer waits for and nothing else: a device must have subscribed before.
What a sender publishes to `devices.device-N.messages.devicebound.x` is in the stream
DEVICES, which create_stream() makes, for consumers that speak NATS; a device on MQTT that is there
gets it as QoS 0.
"""

import json
import socket
import ssl
import subprocess
import uuid

from .base import ADDRESS, HOST, SECONDS, Peer, free_ports, version_of

PROGRAM = "/usr/sbin/nats-server"
STREAM = "DEVICES"
SUBJECTS = "devices.*.messages.devicebound.>"

# timeout: of a handshake; the default of 2 s is short when thousands come at once.
# max_ack_pending: messages on their way to one device. 65,535 over all consumers of a device are
#   the most; a filter that ends in # takes two consumers, one that ends in + takes one.
CONFIGURATION = """\
server_name: restante-bench
host: "{address}"
port: {nats}
max_connections: 262144
max_pending: 256MB
write_deadline: "60s"
authorization {{ timeout: 60 }}
tls {{
  cert_file: "{folder}/server.pem"
  key_file: "{folder}/server.key.pem"
  timeout: 60
}}
jetstream {{
  store_dir: "{folder}/data"
  max_memory_store: 1GB
  max_file_store: 200GB
}}
mqtt {{
  host: "{address}"
  port: {mqtt}
  max_ack_pending: 30000
  tls {{
    cert_file: "{folder}/server.pem"
    key_file: "{folder}/server.key.pem"
    timeout: 60
  }}
}}
log_file: "{folder}/nats.log"
debug: false
trace: false
"""


class Client:
    """Just enough of the NATS protocol for a request, or a durable publish, and its answer."""

    def __init__(self, port, ca_file):
        self.inbox = f"_INBOX.{uuid.uuid4().hex}"
        plain = socket.create_connection((ADDRESS, port), SECONDS)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        info = b""
        while not info.endswith(b"\n"):  # byte by byte: what follows is TLS
            info += plain.recv(1)
        context = ssl.create_default_context(cafile=str(ca_file))
        self.socket = context.wrap_socket(plain, server_hostname=HOST)
        self.lines = self.socket.makefile("rb")
        options = {"verbose": False, "pedantic": False, "lang": "python", "version": "1"}
        self._send(f"CONNECT {json.dumps(options)}\r\nSUB {self.inbox} 1\r\nPING\r\n")
        self._until(b"PONG")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.lines.close()
        self.socket.close()

    def _send(self, text, payload=b""):
        self.socket.sendall(text.encode() + payload)

    def _until(self, verb):
        """The words of the next line that begins so."""
        while True:
            words = self.lines.readline().split()
            if not words or words[0] == b"-ERR":
                raise AssertionError(f"NATS ended it: {b' '.join(words).decode()}")
            if words[0] == b"PING":
                self._send("PONG\r\n")
            elif words[0] == verb:
                return words

    def request(self, subject, payload):
        """The answer, decoded; JetStream answers in JSON."""
        self._send(f"PUB {subject} {self.inbox} {len(payload)}\r\n", payload + b"\r\n")
        words = self._until(b"MSG")
        answer = json.loads(self.lines.read(int(words[-1]) + 2))
        if "error" in answer:
            raise AssertionError(f"{subject}: {answer['error']}")
        return answer


class Nats(Peer):
    name = "nats"
    disk_calls = "pwrite64"
    device_filter = "devices/{}/messages/devicebound/+"
    sender = ("--sender", "nats", "--nats-prefix", "$MQTT.msgs.")
    durability = ("in the kernel's page cache: PubAck follows the write, without a sync; 2.9 syncs "
                  "every 2 minutes and has no setting for it")

    @property
    def version(self):
        return version_of([PROGRAM, "--version"], r"v(\d\S*)")

    def prepare(self):
        self.ports = dict(zip(["mqtt", "nats"], free_ports(2)))
        (self.folder / "data").mkdir()
        self.write("nats.conf", CONFIGURATION.format(
            folder=self.folder, address=ADDRESS, **self.ports))

    def commands(self):
        return [([PROGRAM, "-c", self.folder / "nats.conf"], {})]

    def client(self):
        return Client(self.ports["nats"], self.ca_file)

    def create_stream(self, name=STREAM, subjects=SUBJECTS):
        """One file-backed stream for the queues of all devices; its messages stay until removed."""
        configuration = {"name": name, "subjects": [subjects], "storage": "file",
                         "retention": "limits", "discard": "old", "num_replicas": 1,
                         "max_consumers": -1, "max_msgs": -1, "max_bytes": -1, "max_age": 0}
        with self.client() as client:
            return client.request(f"$JS.API.STREAM.CREATE.{name}",
                                  json.dumps(configuration).encode())


class NatsSynced(Nats):
    """All it writes is synchronous: the folder carries the file system's attribute S, which files
    made in it inherit and which makes each write(2) to them what it is with O_DSYNC. The kernel's
    tracepoints, for 200 PubAcks: 200 pwrite64 and 200 ext4_sync_file, without the attribute 0. Such
    a write took as long as pwrite and fdatasync, 0.26 ms where that was measured."""
    name = "nats-synced"
    durability = ("on disk: PubAck follows a write to a file of attribute S (chattr +S), which the "
                  "file system syncs; 2.9 has no such setting of its own")

    def prepare(self):
        super().prepare()
        subprocess.run(["chattr", "+S", self.folder / "data"], check=True, timeout=SECONDS)
