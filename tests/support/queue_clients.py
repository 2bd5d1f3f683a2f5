"""Devices that take messages from their queues, alike over each transport; and those who send.

A session's `receive` gives an Arrival, or None when the transport polls and nothing came. What is
said by `complete`, `reject` and `abandon` has been heard once `barrier` returns.
"""

import http.client
import json
import socket
import struct
from dataclasses import dataclass

from amqp_client import ACCEPTED, CLOSE, AmqpService, message
from amqp_device import REJECTED, Receivers, device_token
from harness import SECONDS, Settings
from https_device import API_VERSION, HttpsDevice
from mqtt_client import MqttDevice
from websocket_stream import WebSocketStream

CBS_RECEIVER, CBS_CREDIT = 1, 10  # its handle in amqp_client.py
TRANSPORTS = ("mqtt", "mqtt-ws", "amqp", "amqp-ws", "https")


class Refused(Exception):
    """The hub does not let this device in."""


@dataclass
class Arrival:
    id: str
    body: bytes
    handle: object  # the transport's own


def reset(stream):
    """Ends a connection without a farewell: the peer gets a RST, and what was under way is lost."""
    raw = stream.socket if isinstance(stream, WebSocketStream) else stream
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raw.close()


class MqttQueue:
    refuses = False     # has neither reject nor abandon
    keeps_locks = False  # they end with the connection

    def __init__(self, hub, identity, websocket, clean):
        self.id = identity["deviceId"]
        self.device = MqttDevice(hub, WebSocketStream(hub, "mqtt") if websocket else None)
        if self.device.connect(self.id, identity["key"], clean=clean) != 0:
            self.device.close()
            raise Refused(self.id)
        self.device.subscribe(self.id)

    def receive(self):
        got = self.device.receive()
        return Arrival(got.id, got.payload, got)

    def complete(self, arrival):
        self.device.acknowledge(arrival.handle)

    def barrier(self):
        self.device.ping()

    def leave(self):
        self.device.disconnect()

    def drop(self):
        reset(self.device.socket)

    def wait_put_out(self):
        self.device.read_to_end()


class AmqpQueue:
    refuses = True
    keeps_locks = False

    def __init__(self, hub, identity, websocket):
        self.identity, self.id = identity, identity["deviceId"]
        self.answers = 1  # of $cbs
        self.connection = Receivers(hub, device_token(identity),
                                    stream=WebSocketStream(hub, "AMQPWSB10") if websocket else None)
        if self.connection.cbs_status != 200 or self.connection.attach_receiver(
                self.id, f"/devices/{self.id}/messages/devicebound").condition:
            self.connection.close()
            raise Refused(self.id)

    def receive(self):
        got = self.connection.receive(self.id)
        return Arrival(got.id, got.body, got)

    def complete(self, arrival):
        self.connection.complete(arrival.handle)

    def complete_answered(self, arrival):
        """Returns once the hub has said that it holds."""
        self.connection.settle(arrival.handle, ACCEPTED, settled=False)
        state = self.connection.answer(arrival.handle)
        if state.code != ACCEPTED:
            raise AssertionError(f"the hub settles {arrival.id} with {state}")

    def reject(self, arrival):
        self.connection.settle(arrival.handle, REJECTED)

    def abandon(self, arrival):
        self.connection.abandon(arrival.handle)

    def barrier(self):
        self.connection.grant(CBS_RECEIVER, CBS_CREDIT, delivery_count=self.answers)
        self.answers += 1
        if self.connection.put_token(device_token(self.identity)) != 200:
            raise AssertionError(f"{self.id}: its token is refused")

    def leave(self):
        self.connection.write(CLOSE, [])
        self.connection.close()

    def drop(self):
        reset(self.connection.socket)

    def wait_put_out(self):
        """The hub says why and closes once it was answered."""
        self.connection.read_until(lambda code, *_: code == CLOSE)
        self.leave()


class HttpsQueue:
    refuses = True
    keeps_locks = True  # a token is good on any connection

    def __init__(self, hub, identity):
        self.id = identity["deviceId"]
        self.device = HttpsDevice(hub, identity)

    def receive(self):
        got = self.device.receive()
        if got.status in (200, 204):
            return Arrival(got.header("iothub-messageid"), got.body,
                           got.lock_token) if got.status == 200 else None
        self.device.close()
        raise Refused(f"{self.id}: {got.status} {got.body!r}")

    def complete(self, arrival):
        self._check(arrival, self.device.complete(arrival.handle))

    def reject(self, arrival):
        self._check(arrival, self.device.reject(arrival.handle))

    def abandon(self, arrival):
        self._check(arrival, self.device.abandon(arrival.handle))

    @staticmethod
    def _check(arrival, answer):
        if answer.status != 204:
            raise AssertionError(f"{arrival.id}: {answer.status} {answer.body!r}")

    def barrier(self):
        """Each call has been answered."""

    def leave(self):
        self.device.close()

    def drop(self):
        """The next call makes a connection of its own."""
        if self.device.connection.sock:
            reset(self.device.connection.sock)
        self.device.connection.close()


def open_queue(hub, identity, transport, clean=True):
    if transport == "https":
        return HttpsQueue(hub, identity)
    protocol, _, websocket = transport.partition("-")
    if protocol == "mqtt":
        return MqttQueue(hub, identity, bool(websocket), clean)
    return AmqpQueue(hub, identity, bool(websocket))


class AmqpSender:
    def __init__(self, hub, token, websocket):
        self.service = AmqpService(
            hub, token, stream=WebSocketStream(hub, "AMQPWSB10") if websocket else None)
        outcome = self.service.open_sender()
        if outcome.condition:
            raise AssertionError(f"no link to send on: {outcome}")

    def begin(self, device, body, name, ack):
        """Hands it over; the result is for `accepted`."""
        return self.service.send(message(device, body, name, {"iothub-ack": ack}))

    def accepted(self, begun):
        return self.service.outcome(begun).condition is None

    def drop(self):
        reset(self.service.socket)


class Backend:
    """The REST API, on a connection that stays until it is dropped."""

    def __init__(self, hub, token):
        self.token = token
        self.connection = http.client.HTTPSConnection(
            Settings.hostname, hub.ports["https"], timeout=SECONDS, context=hub.tls())

    def call(self, method, path, body=None, headers=None):
        """(status, headers with names in small letters, decoded body)"""
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body)
        self.connection.request(method, f"{path}?api-version={API_VERSION}", content,
                                {"Authorization": self.token, "Content-Type": "application/json",
                                 **(headers or {})})
        response = self.connection.getresponse()
        text = response.read()
        said = {name.lower(): value for name, value in response.getheaders()}
        return response.status, said, json.loads(text) if text else None

    # -- as a sender

    def begin(self, device, body, name, ack):
        return self.call("POST", f"/devices/{device}/messages/deviceBound", body,
                         {"iothub-messageid": name, "iothub-ack": ack})[0]

    @staticmethod
    def accepted(status):
        return status == 204

    def drop(self):
        if self.connection.sock:
            reset(self.connection.sock)
        self.connection.close()
