"""A small AMQP 1.0 service client: sends device-bound messages and tells each one's outcome.

Written against the OASIS text alone, so that it shares no mistake with the hub's engine. It starts
as Microsoft's Node SDK does: no SASL, then a token over $cbs.
"""

import struct
import uuid
from collections import Counter
from dataclasses import dataclass, field

from harness import Settings, service_claims, sas_token

OPEN, BEGIN, ATTACH, FLOW, TRANSFER, DISPOSITION, DETACH, END, CLOSE = range(0x10, 0x19)
ERROR, ACCEPTED, REJECTED, SOURCE, TARGET = 0x1D, 0x24, 0x25, 0x28, 0x29
PROPERTIES, APPLICATION_PROPERTIES, DATA, VALUE = 0x73, 0x74, 0x75, 0x77
SASL_INIT = 0x41
FRAME_BYTES = 16384  # of the frames sent; any peer takes at least 512
SENDER, RECEIVER = False, True  # roles


class Symbol(str):
    """An AMQP symbol."""


class UInt(int):
    """An AMQP uint; a bare int goes as long."""


class ULong(int):
    """An AMQP ulong."""


class UByte(int):
    """An AMQP ubyte."""


class Timestamp(int):
    """An AMQP timestamp: milliseconds since 1970."""


@dataclass
class Described:
    code: int
    value: object = field(default_factory=list)


def encode(value):
    if value is None:
        return b"\x40"
    if isinstance(value, bool):
        return b"\x41" if value else b"\x42"
    if isinstance(value, Described):
        return b"\x00\x53" + bytes([value.code]) + encode(value.value)
    if isinstance(value, UInt):
        return b"\x70" + struct.pack(">I", value)
    if isinstance(value, UByte):
        return b"\x50" + bytes([value])
    if isinstance(value, ULong):
        return b"\x80" + struct.pack(">Q", value)
    if isinstance(value, Timestamp):
        return b"\x83" + struct.pack(">q", value)
    if isinstance(value, float):
        return b"\x82" + struct.pack(">d", value)
    if isinstance(value, uuid.UUID):
        return b"\x98" + value.bytes
    if isinstance(value, int):
        return b"\x81" + struct.pack(">q", value)
    if isinstance(value, Symbol):
        return b"\xb3" + struct.pack(">I", len(value)) + value.encode("ascii")
    if isinstance(value, str):
        raw = value.encode()
        return b"\xb1" + struct.pack(">I", len(raw)) + raw
    if isinstance(value, bytes):
        return b"\xb0" + struct.pack(">I", len(value)) + value
    code, items = (0xD1, [part for pair in value.items() for part in pair]) \
        if isinstance(value, dict) else (0xD0, value)
    body = b"".join(encode(item) for item in items)
    return bytes([code]) + struct.pack(">II", len(body) + 4, len(items)) + body


FIXED = {0x50: ">B", 0x51: ">b", 0x52: ">B", 0x53: ">B", 0x54: ">b", 0x55: ">b", 0x56: ">?",
         0x60: ">H", 0x61: ">h", 0x70: ">I", 0x71: ">i", 0x72: ">f", 0x73: ">I", 0x80: ">Q",
         0x81: ">q", 0x82: ">d", 0x83: ">q"}
CONSTANT = {0x40: None, 0x41: True, 0x42: False, 0x43: UInt(0), 0x44: ULong(0)}
TYPES = {0x50: UByte, 0x52: UInt, 0x53: ULong, 0x70: UInt, 0x80: ULong, 0x83: Timestamp}


class Reader:
    def __init__(self, raw):
        self.raw, self.at = raw, 0

    def take(self, count):
        if self.at + count > len(self.raw):
            raise AssertionError(f"the hub sent a short value: {self.raw!r}")
        self.at += count
        return self.raw[self.at - count:self.at]

    def value(self):
        code = self.take(1)[0]
        if code == 0:
            return Described(self.value(), self.value())
        return self.value_of(code)

    def value_of(self, code):
        if code in CONSTANT:
            return CONSTANT[code]
        if code == 0x45:
            return []
        if code in FIXED:
            number = struct.unpack(FIXED[code], self.take(struct.calcsize(FIXED[code])))[0]
            return TYPES.get(code, type(number))(number)
        if code == 0x98:
            return uuid.UUID(bytes=self.take(16))
        wide = code & 0x10
        size = struct.unpack(">I", self.take(4))[0] if wide else self.take(1)[0]
        body = Reader(self.take(size))
        kind = code & 0xEF
        if kind == 0xA0:
            return body.raw
        if kind in (0xA1, 0xA3):
            return (Symbol if kind == 0xA3 else str)(body.raw.decode())
        count = struct.unpack(">I", body.take(4))[0] if wide else body.take(1)[0]
        if kind == 0xE0:
            item = body.take(1)[0]
            return [body.value_of(item) for _ in range(count)]
        items = [body.value() for _ in range(count)]
        if kind == 0xC1:
            return dict(zip(items[::2], items[1::2]))
        if kind != 0xC0:
            raise AssertionError(f"the hub sent unknown constructor {code:#x}")
        return items

    def rest(self):
        return self.raw[self.at:]


def read_sections(payload):
    """An encoded message as {section's code: value}. The hub sends no section twice."""
    reader, sections = Reader(payload), {}
    while reader.at < len(payload):
        section = reader.value()
        if section.code in sections:
            raise AssertionError(f"the hub sent section {section.code:#x} twice")
        sections[section.code] = section.value
    return sections


class SaslRefused(ConnectionError):
    """The hub's outcome of the SASL exchange."""


@dataclass
class Outcome:
    """What became of a delivery. `condition` is None when it was accepted."""
    condition: str | None
    description: str | None = None


def message(device, body, message_id, properties=None, to=None):
    """The encoded sections of a device-bound message."""
    return b"".join(encode(section) for section in (
        Described(PROPERTIES, [message_id, None,
                               f"/devices/{device}/messages/devicebound" if to is None else to]),
        Described(APPLICATION_PROPERTIES, properties or {}),
        Described(DATA, body)))


class AmqpService:
    """One connection with a $cbs exchange done and a sending link to /messages/devicebound."""

    def __init__(self, hub, token=None, stream=None, plain=None):
        """`stream` in the place of the port, `plain` a user and a password for SASL PLAIN. An empty
        `token` puts none."""
        self.socket = stream or hub.connect("amqp")
        self.buffer = b""
        self.sending_handle = None  # as the hub calls it
        self.credit = 0
        self.next_delivery = 0       # on the session
        self.next_link_delivery = 0  # on the sending link
        self.outcomes = {}
        self.remote_frame_bytes = 512
        self.connection_error = None
        self.read_channel = None  # of the frame read last, as the hub calls it
        self.channels = {}        # the hub's number of a session, by ours
        self.transfers_read = Counter()  # by the hub's number of their session
        self.cbs_handle = None  # as the hub calls it
        if plain:
            self._authenticate(*plain)
        self._open()
        if plain or token == "":
            return
        claims = service_claims(hub.connection_string()) if token is None else None
        self.attach_cbs()
        self.cbs_status = self.put_token(sas_token(**claims) if claims else token)

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _take(self, count):
        while len(self.buffer) < count:
            chunk = self.socket.recv(65536)
            if not chunk:
                raise ConnectionError(f"the hub closed the connection: {self.connection_error}")
            self.buffer += chunk
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def write(self, performative, fields, payload=b"", channel=0):
        body = encode(Described(performative, fields)) + payload
        self.socket.sendall(struct.pack(">IBBH", len(body) + 8, 2, 0, channel) + body)

    def read(self):
        """(performative, fields padded with None, payload) of the next frame that is not empty."""
        while True:
            size, offset, _, self.read_channel = struct.unpack(">IBBH", self._take(8))
            reader = Reader(self._take(size - 8)[offset * 4 - 8:])
            if not reader.raw:
                continue
            frame = reader.value()
            fields = frame.value + [None] * (16 - len(frame.value))
            if frame.code == CLOSE:
                self.connection_error = fields[0]
            self._note(frame.code, fields)
            return frame.code, fields, reader.rest()

    def read_until(self, wanted):
        while True:
            frame = self.read()
            if wanted(*frame):
                return frame

    def _note(self, code, fields):
        if code == TRANSFER:
            self.transfers_read[self.read_channel] += 1
        elif code == FLOW and self.read_channel == self.channels.get(0) and \
                fields[4] is not None and fields[4] == self.sending_handle:
            self.credit = (fields[5] or 0) + fields[6] - self.next_link_delivery
        elif code == DISPOSITION and fields[0] is RECEIVER:
            state = fields[4]
            outcome = Outcome(None)
            if state is not None and state.code == REJECTED:
                error = state.value[0].value if state.value and state.value[0] else [None, None]
                outcome = Outcome(error[0], error[1] if len(error) > 1 else None)
            elif state is None or state.code != ACCEPTED:
                outcome = Outcome(f"state {state}")
            for delivery in range(fields[1], (fields[1] if fields[2] is None else fields[2]) + 1):
                self.outcomes[delivery] = outcome

    def _authenticate(self, user, password, mechanism="PLAIN"):
        self.socket.sendall(b"AMQP\x03\x01\x00\x00")
        if self._take(8) != b"AMQP\x03\x01\x00\x00":
            raise AssertionError("the hub does not begin with SASL")
        self.read_sasl()  # the mechanisms
        response = b"\0" + user.encode() + b"\0" + password.encode()
        body = encode(Described(SASL_INIT, [Symbol(mechanism), response]))
        self.socket.sendall(struct.pack(">IBBH", len(body) + 8, 2, 1, 0) + body)
        code = self.read_sasl()[0]
        if code != 0:
            raise SaslRefused(code)

    def read_sasl(self):
        size, offset, _, _ = struct.unpack(">IBBH", self._take(8))
        return Reader(self._take(size - 8)[offset * 4 - 8:]).value().value

    def _open(self):
        self.socket.sendall(b"AMQP\x00\x01\x00\x00")
        if self._take(8) != b"AMQP\x00\x01\x00\x00":
            raise AssertionError("the hub does not begin as AMQP 1.0.0 without SASL")
        self.write(OPEN, ["restante-test", Settings.hostname])
        _, fields, _ = self.read_until(lambda code, *_: code == OPEN)
        self.remote_frame_bytes = fields[2]
        self.begin(0)

    def begin(self, channel):
        self.write(BEGIN, [None, UInt(0), UInt(2048), UInt(2048)], channel=channel)
        self.read_until(lambda code, fields, _: code == BEGIN and fields[0] == channel)
        self.channels[channel] = self.read_channel

    def attach(self, name, handle, role, address):
        """The fields of the hub's attach. Both termini must be echoed."""
        source = Described(SOURCE, [address if role is RECEIVER else None])
        target = Described(TARGET, [address if role is SENDER else None])
        self.write(ATTACH, [name, UInt(handle), role, None, None, source, target, None, None,
                            UInt(0) if role is SENDER else None])
        _, fields, _ = self.read_until(lambda code, fields, _: code == ATTACH and fields[0] == name)
        return fields

    def attach_cbs(self):
        attach = self.attach("cbs-sender", 0, SENDER, "$cbs")
        self.read_until(lambda code, fields, _: code == FLOW and fields[4] == attach[1])
        self.cbs_handle = self.attach("cbs-receiver", 1, RECEIVER, "$cbs")[1]
        self.grant(1, 10)

    def grant(self, handle, credit, delivery_count=0, channel=0):
        read = self.transfers_read[self.channels[channel]]
        sent = 0 if channel else self.next_delivery  # all that is sent goes through session 0
        self.write(FLOW, [UInt(read), UInt(2048), UInt(sent), UInt(2048), UInt(handle),
                          UInt(delivery_count), UInt(credit)], channel=channel)

    def put_token(self, token):
        """The status code of the answer."""
        request = b"".join(encode(section) for section in (
            Described(PROPERTIES, ["cbs-1", None, "$cbs", None, "cbs"]),
            Described(APPLICATION_PROPERTIES, {
                "operation": "put-token", "type": "servicebus.windows.net:sastoken",
                "name": Settings.hostname}),
            Described(VALUE, token)))
        self._transfer(0, request)
        _, _, payload = self.read_until(
            lambda code, fields, _: code == TRANSFER and fields[0] == self.cbs_handle)
        return read_sections(payload)[APPLICATION_PROPERTIES]["status-code"]

    def open_sender(self, address="/messages/devicebound"):
        self.sending_handle = None
        attach = self.attach("sender", 2, SENDER, address)
        if attach[6] is None or attach[6].value[:1] in ([], [None]):
            _, fields, _ = self.read_until(lambda code, *_: code == DETACH)
            error = fields[2].value
            return Outcome(error[0], error[1])
        self.sending_handle = attach[1]
        while self.credit == 0:
            self.read()
        return Outcome(None)

    def _transfer(self, handle, raw):
        delivery = self.next_delivery
        self.next_delivery += 1
        room = min(self.remote_frame_bytes or FRAME_BYTES, FRAME_BYTES) - 256
        parts = [raw[at:at + room] for at in range(0, len(raw), room)] or [b""]
        for index, part in enumerate(parts):
            first, more = index == 0, index + 1 < len(parts)
            self.write(TRANSFER, [UInt(handle), UInt(delivery) if first else None,
                                  struct.pack(">I", delivery) if first else None,
                                  UInt(0) if first else None, False if first else None, more], part)
        return delivery

    def send(self, raw):
        """The delivery's number, at once; outcome() waits for what becomes of it."""
        while self.credit == 0:
            self.read()
        self.credit -= 1
        self.next_link_delivery += 1
        return self._transfer(2, raw)

    def outcome(self, delivery):
        while delivery not in self.outcomes:
            self.read()
        return self.outcomes[delivery]

    def send_and_wait(self, raw):
        return self.outcome(self.send(raw))
