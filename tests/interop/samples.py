"""Messages with everything a property may hold, how each protocol carries them, and what a client
shows of them: the expectations of roundtrip_test.py, written from the references alone.
"""

import base64
import time
import urllib.parse
import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone

ID_CHARACTERS = "-:.+%_#*?!(),=@;$'"
NAME_CHARACTERS = "!#$%&'*+-.^_`|~"
NEEDS_ENCODING = "/ = & + # % ? \" ' $ ~ * ! ( ) , ; : @ < > [ ] { } | \\ ^ ` %41 %zz"
TOKEN = set("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
AMQP_TYPED = ("uamqp", "uamqp-ws", "proton", "raw")  # senders that have AMQP's types


@dataclass(frozen=True)
class Sample:
    """As it is sent. `senders`: those that can say it; None is all of them."""
    name: str
    message_id: object = None
    correlation_id: object = None
    user_id: str | None = None
    content_type: str | None = None
    content_encoding: str | None = None
    ack: str | None = None
    expiry: int | None = None  # milliseconds since 1970
    properties: list = field(default_factory=list)
    body: bytes = b"body"
    senders: tuple | None = None
    to: str | None = None  # set where it is known

    def received(self, sender, device):
        """As a device is to get it, every value a text."""
        return replace(
            self, to=f"/devices/{device}/messages/devicebound",
            message_id=text(self.message_id), correlation_id=text(self.correlation_id),
            # azure-iothub has the property but never sends it.
            user_id=None if sender.startswith("node") else self.user_id,
            properties=[(name, text(value)) for name, value in self.properties])

    def as_json(self):
        """For driver.js and serve.py."""
        fields = {"messageId": jsonable(self.message_id),
                  "correlationId": jsonable(self.correlation_id), "userId": self.user_id,
                  "contentType": self.content_type, "contentEncoding": self.content_encoding,
                  "ack": self.ack, "expiryTimeUtc": self.expiry}
        return {**{name: value for name, value in fields.items() if value is not None},
                "properties": [[name, jsonable(value)] for name, value in self.properties],
                "body": base64.b64encode(self.body).decode()}


def text(value):
    """What the hub makes of a typed value: the C# spelling of booleans, canonical uuids."""
    return value.decode() if isinstance(value, bytes) else None if value is None else str(value)


def jsonable(value):
    if isinstance(value, uuid.UUID):
        return {"uuid": str(value)}
    if isinstance(value, bytes):
        return {"binary": base64.b64encode(value).decode()}
    if isinstance(value, int) and not isinstance(value, bool) and value > 2**53:
        return {"ulong": str(value)}
    return value


def samples():
    in_an_hour = round(time.time() * 1000) + 3_600_000
    return [
        Sample("every-system-property", "message-1", "correlation-1", "operator",
               "application/json", "utf-8", "full", in_an_hour,
               [("prop1", "test property-2"), ("two", "2")],
               b'{"c2d test message"}'),
        Sample("nothing-but-a-body"),
        Sample("nothing-at-all", body=b""),
        Sample("only-a-property", properties=[("name", "value")], body=b""),
        Sample("empty-value", "empty", properties=[("before", "b"), ("empty", ""), ("after", "a")]),
        Sample("order", "order", properties=[(name, name.upper()) for name in
                                             ("zulu", "alpha", "mike", "Bravo", "x-1", "yankee")]),
        Sample("many", "many", properties=[(f"name-{(index * 7) % 40:02}", str(index))
                                           for index in range(40)]),
        Sample("values-that-need-encoding", "encoding",
               properties=[("value", NEEDS_ENCODING), ("slash", "/"), ("pair", "a=b&c=d"),
                           ("percent", "100 %"), ("plus", "1+1")]),
        Sample("names-that-need-encoding", "names",
               properties=[(NAME_CHARACTERS, "token"), ("a b", "space"), ("a/b", "slash"),
                           ("a=b?", "equals"), ("%41", "percent")]),
        Sample("outer-space", "space", properties=[("leading", " x"), ("trailing", "x "),
                                                   ("lines", "a\r\nb\tc")]),
        Sample("unicode", "unicode", content_type="text/plain; charset=UTF-8",
               properties=[("latin", "Grüße"), ("kanji", "日本語"), ("truck", "\U0001f69a"),
                           ("größe", "name"), ("rtl", "\u05e9\u05dc\u05d5\u05dd")],
               body="Grüße, 日本語".encode()),
        Sample("names-by-case", "case", properties=[("name", "lower"), ("Name", "upper")]),
        Sample("characters-of-an-id", f"id{ID_CHARACTERS}", f"cid{ID_CHARACTERS}"),
        Sample("longest-id", "i" * 128, "c" * 128),
        Sample("uuid-as-text", "4b6c4ea9-57b4-4a7f-9a3c-1f2e3d4c5b6a",
               "00112233-4455-1677-8899-aabbccddeeff"),
        Sample("uuid", uuid.UUID("4b6c4ea9-57b4-4a7f-9a3c-1f2e3d4c5b6a"),
               uuid.UUID("00112233-4455-6677-8899-aabbccddeeff"), senders=AMQP_TYPED),
        Sample("ulong", 2**64 - 1, 2**53 + 1, senders=("proton", "raw")),
        Sample("binary-id", b"binary-id", b"binary-cid", senders=AMQP_TYPED),
        Sample("typed-values", "typed", senders=AMQP_TYPED,
               properties=[("yes", True), ("no", False), ("small", 42), ("negative", -1),
                           ("real", 1.5), ("text", "42"), ("bytes", b"bytes")]),
        Sample("every-byte", "bytes", content_type="application/octet-stream",
               body=bytes(range(256)) * 4),
        Sample("ack-none", "ack", ack="none"),
        Sample("ack-positive", "ack", ack="positive"),
        Sample("ack-negative", "ack", ack="negative"),
    ]


def iso(milliseconds):
    seconds, rest = divmod(milliseconds, 1000)
    return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%dT%H:%M:%S}.{rest:03}0000Z"


def topic(device, message):
    """The one MQTT topic a received message has (device.md 3.5)."""
    system = [("$.exp", message.expiry and iso(message.expiry)), ("$.cid", message.correlation_id),
              ("$.mid", message.message_id), ("$.to", message.to), ("$.uid", message.user_id),
              ("$.ct", message.content_type), ("$.ce", message.content_encoding),
              ("iothub-ack", message.ack)]
    pairs = [pair for pair in system if pair[1] is not None] + message.properties
    bag = "&".join("=".join(urllib.parse.quote(part, safe="-_.~") for part in pair)
                   for pair in pairs)
    return f"devices/{device}/messages/devicebound/{bag}"


def fits_field(value):
    return all(" " <= c <= "~" for c in value) and value == value.strip(" ")


def escape_value(value):
    inner = urllib.parse.quote(value, safe="".join(chr(c) for c in range(33, 127) if c != 37) + " ")
    if inner.startswith(" "):
        inner = "%20" + inner[1:]
    return inner[:-1] + "%20" if inner.endswith(" ") else inner


def fields(message):
    """The HTTP fields, and the names of those that are percent-encoded (decision 0007)."""
    system = [("iothub-messageid", message.message_id),
              ("iothub-correlationid", message.correlation_id), ("iothub-to", message.to),
              ("iothub-userid", message.user_id), ("ContentType", message.content_type),
              ("ContentEncoding", message.content_encoding), ("iothub-ack", message.ack),
              ("iothub-expiry", message.expiry and iso(message.expiry))]
    written = [pair for pair in system if pair[1] is not None]
    escaped, taken = [], set()
    for name, value in message.properties:
        shown, fits = name, fits_field(value)
        if not set(name) <= TOKEN or urllib.parse.unquote(name) != name:
            fits = False
        if not fits:
            shown = urllib.parse.quote(name, safe="".join(TOKEN - {"%"}))
        if shown.lower() in taken:  # fields know no case
            shown, fits = "".join(f"%{byte:02X}" for byte in name.encode()), False
        taken.add(shown.lower())
        shown = f"iothub-app-{shown}"
        written.append((shown, value if fits else escape_value(value)))
        if not fits:
            escaped.append(shown)
    return written, escaped
