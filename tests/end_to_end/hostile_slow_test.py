#!/usr/bin/python3
"""Peers that never finish what they began: one for each stage of each protocol, some silent, some
with a byte every now and then. The hub ends each by the deadline of its stage, says why, and serves
others meanwhile."""

import selectors
import ssl
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from amqp_client import BEGIN, OPEN, SASL_INIT, Described, Symbol, UInt, encode  # noqa: E402
from amqp_device import Receivers  # noqa: E402
from harness import Settings, sas_token  # noqa: E402
from mqtt_client import MqttDevice, connect_packet, packet, text  # noqa: E402
from strangers import (  # noqa: E402
    CONNECTION_BYTES_MAX, HUB, SLACK_BYTES, From, Memory, Witness, client_hello, options)
from websocket_stream import WebSocketStream, masked_frame  # noqa: E402

DEVICE = "slow"
KEEP_ALIVE_SECONDS = 2
ENDED_SECONDS = 400  # the longest deadline, of an HTTP body, is 120 s
DRIP_SECONDS = 1     # between two bytes of one that sends some
LONG = 100_000       # bytes announced, never sent
AMQP_HEADER, SASL_HEADER = b"AMQP\x00\x01\x00\x00", b"AMQP\x03\x01\x00\x00"
HANDSHAKE = "the TLS handshake was not complete after 10000 ms"
NO_CONNECT = "no CONNECT within 60s"
NO_PROOF = "no proof of identity within the start timeout"
SILENT = "no packet for 3s"
HALF_HEAD, HALF_BODY = "the headers did not arrive in time", "the body did not arrive in time"
UPGRADE = (f"GET /$iothub/websocket HTTP/1.1\r\nHost: {Settings.hostname}\r\nUpgrade: websocket\r\n"
           "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n").encode()


def frame(performative, fields, kind=0):
    body = encode(Described(performative, fields))
    return struct.pack(">IBBH", len(body) + 8, 2, kind, 0) + body


class Slow:
    """One connection: what it has said, what it says further byte by byte (or piece by piece), and
    why the hub ends it."""

    def __init__(self, name, stream, why, drip=()):
        self.name, self.why, self.drip = name, why, iter(drip)
        self.socket = getattr(stream, "socket", stream)
        self.port = self.socket.getsockname()[1]
        self.said = b""
        self.socket.setblocking(False)

    def ended(self):
        try:
            while chunk := self.socket.recv(65536):
                self.said += chunk
        except (ssl.SSLWantReadError, BlockingIOError):
            return False
        except OSError:
            pass
        return True

    def say_more(self):
        piece = next(self.drip, b"")
        try:
            self.socket.send(piece)
        except OSError:  # it will be seen to have ended
            self.drip = iter(())


def single_bytes(raw):
    return (raw[at:at + 1] for at in range(len(raw)))


class SlowPeers(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.hub = self.start_hub(arguments=["--log-level", "debug"])
        self.there = From(self.hub, HUB)
        self.key = self.hub.create_device(DEVICE)["key"]
        self.witness = Witness(self.hub)
        self.addCleanup(self.witness.close)

    def saying(self, door, words):
        return self.there.connect_saying(door, words)

    def websocket(self, protocol):
        return WebSocketStream(self.there, protocol)

    # -- one of each kind --------------------------------------------------------------------------

    def before_tls(self):
        hello = client_hello()
        bare = self.there.connect_bare
        for door in ("mqtt", "amqp", "https"):
            yield Slow(f"TCP only, {door}", bare(door), "event=silent_connection")
            half = bare(door)
            half.sendall(hello[:len(hello) // 2])
            yield Slow(f"half a handshake, {door}", half, HANDSHAKE)
            yield Slow(f"a handshake byte by byte, {door}", bare(door), HANDSHAKE,
                       single_bytes(hello))

    def mqtt(self):
        connect = connect_packet(DEVICE, "user", "password" * 100)
        yield Slow("no CONNECT", self.there.connect("mqtt"), NO_CONNECT)
        yield Slow("half a CONNECT", self.saying("mqtt", connect[:20]), NO_CONNECT)
        yield Slow("a CONNECT byte by byte", self.there.connect("mqtt"), NO_CONNECT,
                   single_bytes(connect))
        publish = packet(0x30, text(f"devices/{DEVICE}/messages/events/") + b"x" * LONG)
        yield Slow("half a PUBLISH", self.connected_saying(f"{DEVICE}-1", publish[:30]), SILENT)
        yield Slow("a PUBLISH byte by byte", self.connected_saying(f"{DEVICE}-2", b""), SILENT,
                   single_bytes(publish))

    def connected_saying(self, name, words):
        client = MqttDevice(self.hub, self.there.connect("mqtt"))
        key = self.hub.create_device(name)["key"]
        self.assertEqual(client.connect(name, key, keep_alive=KEEP_ALIVE_SECONDS), 0)
        client.send(words)
        return client

    def amqp(self):
        sasl = frame(SASL_INIT, [Symbol("PLAIN"), b"\0user\0" + b"x" * 10_000], 1)
        opening = frame(OPEN, ["slow", Settings.hostname])
        begin = frame(BEGIN, [None, UInt(0), UInt(2048), UInt(2048)])
        anonymous = SASL_HEADER + frame(SASL_INIT, [Symbol("ANONYMOUS")], 1)
        stages = {
            "no protocol header": b"", "half a protocol header": b"AMQP",
            "no SASL": SASL_HEADER, "half a SASL frame": SASL_HEADER + sasl[:20],
            "no header after SASL": anonymous, "no open": AMQP_HEADER,
            "half an open": AMQP_HEADER + opening[:20], "no begin": AMQP_HEADER + opening,
            "half a begin": AMQP_HEADER + opening + begin[:10],
            "half an attach": AMQP_HEADER + opening + begin + b"\0\0\x01\0\x02\0\0\0\0\x53\x12"}
        for name, words in stages.items():
            yield Slow(f"AMQP, {name}", self.saying("amqp", words), NO_PROOF)
        yield Slow("AMQP byte by byte", self.there.connect("amqp"), NO_PROOF,
                   single_bytes(SASL_HEADER + sasl))
        no_token = Receivers(self.hub, token="", stream=self.there.connect("amqp"))
        no_token.attach_cbs()
        yield Slow("AMQP, no token", no_token, NO_PROOF)

    def http(self):
        line = f"GET /devices HTTP/1.1\r\nHost: {Settings.hostname}\r\n".encode()
        token = sas_token(f"{Settings.hostname}/devices/{DEVICE}", self.key)
        body = (f"POST /devices/{DEVICE}/messages/events?api-version=2021-04-12 HTTP/1.1\r\n"
                f"Host: {Settings.hostname}\r\nAuthorization: {token}\r\n").encode()
        length, chunked = b"Content-Length: 1000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"
        yield Slow("half a header", self.saying("https", line[:30]), HALF_HEAD)
        yield Slow("a request byte by byte", self.there.connect("https"), HALF_HEAD,
                   single_bytes(line))
        yield Slow("header by header", self.saying("https", line), HALF_HEAD,
                   (f"X-{number}: y\r\n".encode() for number in range(LONG)))
        yield Slow("half a body", self.saying("https", body + length + b"x" * 10), HALF_BODY)
        yield Slow("a body byte by byte", self.saying("https", body + length), HALF_BODY,
                   single_bytes(b"x" * 1000))
        yield Slow("chunk by chunk", self.saying("https", body + chunked), HALF_BODY,
                   (b"1\r\nx\r\n" for _ in range(LONG)))

    def websockets(self):
        yield Slow("half an upgrade", self.saying("https", UPGRADE), HALF_HEAD)
        yield Slow("no frame", self.websocket("mqtt"), NO_CONNECT)
        frames = masked_frame(0x82, connect_packet(DEVICE, "user", "password" * 100))
        yield Slow("a frame byte by byte", self.websocket("mqtt"), NO_CONNECT, single_bytes(frames))
        yield Slow("pings alone", self.websocket("mqtt"), NO_CONNECT,
                   (masked_frame(0x89, b"ping") for _ in range(LONG)))
        yield Slow("fragments of nothing", self.websocket("mqtt"), NO_CONNECT,
                   (masked_frame(0x00 if at else 0x02, b"") for at in range(LONG)))
        half = self.websocket("AMQPWSB10")
        half.sendall(b"AMQP")
        yield Slow("AMQP in a WebSocket, half a protocol header", half, NO_PROOF)

    # -- all of them -------------------------------------------------------------------------------

    def test_each_is_ended_by_the_deadline_of_its_stage(self):
        memory = Memory(self.hub.process)
        peers = [*self.before_tls(), *self.mqtt(), *self.amqp(), *self.http(), *self.websockets()]
        for peer in peers:
            self.addCleanup(peer.socket.close)
        self.await_end_of(peers)
        for peer in peers:
            with self.subTest(peer.name):
                self.hub.process.wait_line(
                    rf"(?=.*peer={HUB}:{peer.port}\b).*{peer.why}")
                if peer.why in (HALF_HEAD, HALF_BODY):
                    self.assertTrue(peer.said.startswith(b"HTTP/1.1 408 "), peer.said)
                    self.assertTrue(peer.said.endswith(peer.why.encode()), peer.said)
        memory.check(self, len(peers) * CONNECTION_BYTES_MAX + SLACK_BYTES)
        print(f"\n{len(peers)} slow peers, {self.witness.served} messages served meanwhile, "
              f"{memory.peak() // 1024} KiB more at most", flush=True)

    def await_end_of(self, peers):
        end = time.monotonic() + ENDED_SECONDS
        selector = selectors.DefaultSelector()
        self.addCleanup(selector.close)
        for peer in peers:
            selector.register(peer.socket, selectors.EVENT_READ, peer)
        drip = time.monotonic()
        while selector.get_map():
            left = [key.data.name for key in selector.get_map().values()]
            self.assertLess(time.monotonic(), end, f"not ended by the hub: {left}")
            for key, _ in selector.select(max(0, drip - time.monotonic())):
                if key.data.ended():
                    selector.unregister(key.fileobj)
            if time.monotonic() >= drip:
                drip += DRIP_SECONDS
                for key in selector.get_map().values():
                    key.data.say_more()
                self.witness.serve()


if __name__ == "__main__":
    harness.main(options)
