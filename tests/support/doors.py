"""Each way into the hub, tried with a device's or a service's token; what the hub said is kept."""

import urllib.parse
from dataclasses import dataclass

from amqp_client import SaslRefused
from amqp_device import Receivers
from harness import Settings
from mqtt_client import CONNACK, MqttDevice, connect_packet
from websocket_stream import WebSocketStream

API_VERSION = "2021-04-12"


@dataclass
class Attempt:
    served: bool
    said: bytes      # whatever came back
    told: object = None  # the protocol's own word: a return code, a status, a condition


class Recorded:
    """A stream that keeps what it reads."""

    def __init__(self, stream):
        self.stream = stream
        self.said = b""

    def recv(self, count):
        chunk = self.stream.recv(count)
        self.said += chunk
        return chunk

    def sendall(self, raw):
        self.stream.sendall(raw)

    def close(self):
        self.stream.close()


def mqtt_stream(hub, websocket):
    return Recorded(WebSocketStream(hub, "mqtt") if websocket else hub.connect("mqtt"))


def amqp_stream(hub, websocket):
    return Recorded(WebSocketStream(hub, "AMQPWSB10") if websocket else hub.connect("amqp"))


def exchange(hub, raw):
    """All the hub says to these bytes, until it closes."""
    return exchange_on(hub.connect("https"), raw)


def exchange_on(connection, raw):
    with connection:
        connection.sendall(raw)
        said = b""
        while chunk := connection.recv(65536):
            said += chunk
        return said


def request(method, path, token, headers=(), body=b""):
    """The bytes of one HTTPS request that is the last on its connection."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {Settings.hostname}", "Connection: close",
             *([f"Authorization: {token}"] if token else []), *headers,
             *([f"Content-Length: {len(body)}"] if body else []), "", ""]
    return "\r\n".join(lines).encode() + body


def status_of(said):
    return int(said.split(b" ", 2)[1]) if said.startswith(b"HTTP/1.1 ") else None


class MqttDoor:
    def __init__(self, websocket=False):
        self.name = "mqtt_ws" if websocket else "mqtt"
        self.websocket = websocket

    def attempt(self, hub, device, token, user=None):
        stream = mqtt_stream(hub, self.websocket)
        with MqttDevice(hub, stream) as client:
            user = user or f"{Settings.hostname}/{device}/?api-version={API_VERSION}"
            client.send(connect_packet(device, user, token))
            try:
                code = client.expect(CONNACK)[1]
            except ConnectionError:
                code = None
            if code != 0:
                client.read_to_end()
        return Attempt(code == 0, stream.said, code)


class CbsDoor:
    """A token on $cbs, then a link: also when the token was refused."""

    def __init__(self, websocket=False, service=False):
        self.name = ("amqp_ws" if websocket else "amqp") + ("_service" if service else "")
        self.websocket = websocket
        self.service = service

    def attempt(self, hub, device, token):
        stream = amqp_stream(hub, self.websocket)
        with Receivers(hub, token="", stream=stream) as client:
            client.attach_cbs()
            status = client.put_token(token)
            outcome = client.open_sender() if self.service else client.attach_receiver(
                device, f"/devices/{device}/messages/devicebound")
        return Attempt(outcome.condition is None, stream.said, (status, outcome.condition))


class PlainDoor:
    def __init__(self, websocket=False, policy=None):
        self.name = ("plain_ws" if websocket else "plain") + ("_service" if policy else "")
        self.websocket = websocket
        self.policy = policy

    def attempt(self, hub, device, token, user=None):
        user = user or (f"{self.policy}@sas.root.hub" if self.policy else f"{device}@sas.hub")
        stream = amqp_stream(hub, self.websocket)
        try:
            with Receivers(hub, stream=stream, plain=(user, token)) as client:
                outcome = client.open_sender() if self.policy else client.attach_receiver(
                    device, f"/devices/{device}/messages/devicebound")
        except SaslRefused as refused:
            return Attempt(False, stream.said, refused.args[0])
        return Attempt(outcome.condition is None, stream.said, (0, outcome.condition))


class HttpsDoor:
    """Served is whatever is answered with a success."""

    def __init__(self, name="https", method="GET", path="/devices/{}/messages/devicebound",
                 body=b""):
        self.name, self.method, self.path, self.body = name, method, path, body

    def attempt(self, hub, device, token):
        path = self.path.format(urllib.parse.quote(device, safe=""))
        said = exchange(hub, request(self.method, f"{path}?api-version={API_VERSION}", token,
                                     body=self.body))
        status = status_of(said)
        return Attempt(status is None or status < 300, said, status)
