"""AMQP devices on one connection, as raw as amqp_client.py: each device a token and a link."""

import uuid
from dataclasses import dataclass

from amqp_client import (
    ACCEPTED, APPLICATION_PROPERTIES, ATTACH, DATA, DETACH, DISPOSITION, PROPERTIES, RECEIVER,
    REJECTED, SENDER, SOURCE, TARGET, TRANSFER, AmqpService, Described, Outcome, UByte,
    UInt, read_sections)
from harness import Settings, sas_token

RELEASED, MODIFIED, ANNOTATIONS = 0x26, 0x27, 0x72
FIRST_LINK_HANDLE = 3  # behind those of amqp_client.py
LINK_CREDIT = 100
PROPERTY_NAMES = ("message_id", "user_id", "to", "subject", "reply_to", "correlation_id",
                  "content_type", "content_encoding", "absolute_expiry_time", "creation_time")


@dataclass
class Delivery:
    device: str
    channel: int
    number: int
    tag: bytes
    payload: bytes

    @property
    def properties(self):
        """Those that are there, by name, as the types of amqp_client.py."""
        fields = read_sections(self.payload).get(PROPERTIES, [])
        return {name: value for name, value in zip(PROPERTY_NAMES, fields) if value is not None}

    @property
    def id(self):
        return self.properties.get("message_id")

    @property
    def application_properties(self):
        return read_sections(self.payload).get(APPLICATION_PROPERTIES, {})

    @property
    def annotations(self):
        return read_sections(self.payload).get(ANNOTATIONS, {})

    @property
    def body(self):
        return read_sections(self.payload)[DATA]

    @property
    def lock_token(self):
        """The delivery tag read as .NET reads it."""
        return str(uuid.UUID(bytes_le=self.tag))


class Receivers(AmqpService):
    """One connection with receiving links, each called by what it receives for."""

    def __init__(self, hub, token=None, **options):
        self.links = {}       # by the hub's channel and handle: device and our channel
        self.handles = {}     # ours, by device
        self.deliveries = {}  # not taken yet, by device
        self.partial = {}     # by the hub's channel and handle
        self.settled = {}     # what the hub said of deliveries that we left unsettled
        super().__init__(hub, token, **options)

    def attach_receiver(self, device, address, credit=LINK_CREDIT, settle_second=False, channel=0,
                        name=None):
        """The Outcome says why not."""
        handle = FIRST_LINK_HANDLE + len(self.handles)
        name = name or f"receiver-{handle}"
        self.write(ATTACH, [name, UInt(handle), RECEIVER, None, UByte(1) if settle_second else None,
                            Described(SOURCE, [address]), Described(TARGET, [])], channel=channel)
        here = self.channels[channel]
        _, fields, _ = self.read_until(lambda code, fields, _: self.read_channel == here
                                       and code == ATTACH and fields[0] == name)
        if fields[5] is None or not fields[5].value or fields[5].value[0] is None:
            _, fields, _ = self.read_until(lambda code, *_: code == DETACH)
            return Outcome(*fields[2].value[:2])
        self.links[here, fields[1]] = (device, channel)
        self.handles[device] = handle
        self.deliveries.setdefault(device, [])
        if credit:
            self.grant(handle, credit, channel=channel)
        return Outcome(None)

    def remove(self, device):
        self.write(DETACH, [UInt(self.handles[device]), True])
        self.read_until(lambda code, *_: code == DETACH)

    def _note(self, code, fields):
        super()._note(code, fields)
        if code == DISPOSITION and fields[0] is SENDER:
            for number in range(fields[1], (fields[1] if fields[2] is None else fields[2]) + 1):
                self.settled[self.read_channel, number] = fields[4]

    def read(self):
        code, fields, payload = super().read()
        link = (self.read_channel, fields[0])
        if code == TRANSFER and link in self.links:
            delivery = self.partial.setdefault(
                link, Delivery(*self.links[link], fields[1], fields[2], b""))
            delivery.payload += payload
            if not fields[5]:
                self.deliveries[delivery.device].append(self.partial.pop(link))
        return code, fields, payload

    def receive(self, device):
        while not self.deliveries[device]:
            self.read()
        return self.deliveries[device].pop(0)

    def settle(self, delivery, state, last=None, settled=True, fields=()):
        """`state` is ACCEPTED, RELEASED, REJECTED or MODIFIED, `last` the end of a range."""
        self.write(DISPOSITION, [RECEIVER, UInt(delivery.number), UInt((last or delivery).number),
                                 settled, Described(state, list(fields))],
                   channel=delivery.channel)

    def complete(self, delivery):
        self.settle(delivery, ACCEPTED)

    def abandon(self, delivery):
        self.settle(delivery, RELEASED)

    def reject(self, delivery):
        self.settle(delivery, REJECTED)

    def answer(self, delivery):
        """The state by which the hub settles what was left unsettled."""
        key = (self.channels[delivery.channel], delivery.number)
        while key not in self.settled:
            self.read()
        return self.settled[key]


class AmqpDevices(Receivers):
    """One connection; add() as many devices as wanted."""

    def __init__(self, hub, identity):
        super().__init__(hub, token=device_token(identity))

    def authorize(self, identity):
        return self.put_token(device_token(identity))

    def add(self, device, address=None, **options):
        """Attaches to the device's queue."""
        return self.attach_receiver(
            device, address or f"/devices/{device}/messages/devicebound", **options)


class FeedbackReceiver(Receivers):
    """A back end that listens to what became of its messages."""

    def __init__(self, hub, address="/messages/serviceBound/feedback", **options):
        super().__init__(hub)
        self.opened = self.attach_receiver("feedback", address, **options)
        self.handle = self.handles.get("feedback")

    def receive(self, device="feedback"):
        return super().receive(device)


def device_token(identity):
    return sas_token(f"{Settings.hostname}/devices/{identity['deviceId']}", identity["key"])
