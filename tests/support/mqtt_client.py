"""A small MQTT 3.1.1 device that says exactly what a test wants said, right or wrong."""

import struct
import urllib.parse
from dataclasses import dataclass

from harness import Settings, sas_token

CONNACK, PUBLISH, PUBACK, SUBACK, PINGRESP = 0x20, 0x30, 0x40, 0x90, 0xD0


def text(value):
    raw = value.encode()
    return struct.pack(">H", len(raw)) + raw


def packet(first_byte, body):
    length, size = b"", len(body)
    while True:
        size, low = divmod(size, 128)
        length += bytes([low | (0x80 if size else 0)])
        if not size:
            return bytes([first_byte]) + length + body


def connect_packet(device, username, password, level=4, clean=False, keep_alive=60):
    flags = 0xC0 | (0x02 if clean else 0)
    return packet(0x10, text("MQTT") + struct.pack(">BBH", level, flags, keep_alive)
                  + text(device) + text(username) + text(password))


@dataclass
class Message:
    topic: str
    payload: bytes
    packet_id: int | None
    duplicate: bool

    @property
    def properties(self):
        """The bag behind devicebound/, decoded; a system property by its name, as in "$.mid"."""
        bag = self.topic.split("/messages/devicebound/", 1)[1]
        pairs = [part.partition("=") for part in bag.split("&")]
        return {urllib.parse.unquote(name): urllib.parse.unquote(value) for name, _, value in pairs}

    @property
    def id(self):
        return self.properties.get("$.mid")


class MqttDevice:
    """One connection. Reads raise ConnectionError when the hub closes, TimeoutError if it hangs."""

    def __init__(self, hub, stream=None):
        self.socket = stream or hub.connect("mqtt")  # `stream` in the place of the port
        self.buffer = b""
        self.overtaken = []  # messages that came before an answer; receive() gives them first

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, raw):
        self.socket.sendall(raw)

    def _take(self, count):
        while len(self.buffer) < count:
            chunk = self.socket.recv(65536)
            if not chunk:
                raise ConnectionError("the hub closed the connection")
            self.buffer += chunk
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def read(self):
        """(first byte, body) of the next packet."""
        first, size, shift = self._take(1)[0], 0, 0
        while True:
            byte = self._take(1)[0]
            size |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return first, self._take(size)

    def expect(self, kind):
        """The body of the next packet that is no message: a stored session's messages may come
        before any answer, the SUBACK among them (MQTT 3.1.1, section 3.8.4)."""
        while True:
            first, body = self.read()
            if first & 0xF0 == PUBLISH:
                self.overtaken.append((first, body))
            elif first & 0xF0 == kind:
                return body
            else:
                raise AssertionError(f"expected packet {kind:#x}, got {first:#x} {body!r}")

    def connect(self, device, key, password=None, **changes):
        """The CONNACK return code."""
        host = Settings.hostname
        token = sas_token(f"{host}/devices/{device}", key) if password is None else password
        self.send(connect_packet(device, f"{host}/{device}/?api-version=2021-04-12", token,
                                 **changes))
        return self.expect(CONNACK)[1]

    def subscribe(self, device, qos=1):
        """The granted QoS."""
        topic = f"devices/{device}/messages/devicebound/#"
        self.send(packet(0x82, struct.pack(">H", 1) + text(topic) + bytes([qos])))
        return self.expect(SUBACK)[2]

    def receive(self):
        first, body = self.overtaken.pop(0) if self.overtaken else self.read()
        if first & 0xF0 != PUBLISH:
            raise AssertionError(f"expected a PUBLISH, got {first:#x} {body!r}")
        size = struct.unpack_from(">H", body)[0]
        topic, rest = body[2:2 + size].decode(), body[2 + size:]
        packet_id = None
        if first & 0x06:
            packet_id = struct.unpack_from(">H", rest)[0]
            rest = rest[2:]
        return Message(topic, rest, packet_id, bool(first & 0x08))

    def acknowledge(self, message):
        self.send(packet(PUBACK, struct.pack(">H", message.packet_id)))

    def ping(self):
        """Returns once all that was sent before has been read by the hub."""
        self.send(b"\xc0\x00")
        self.expect(PINGRESP)

    def disconnect(self):
        self.send(b"\xe0\x00")
        self.close()

    def read_to_end(self):
        """What the hub still says until it closes."""
        said = self.buffer
        while True:
            try:
                chunk = self.socket.recv(65536)
            except (ConnectionResetError, OSError) as problem:
                if isinstance(problem, TimeoutError):
                    raise
                return said
            if not chunk:
                return said
            said += chunk
