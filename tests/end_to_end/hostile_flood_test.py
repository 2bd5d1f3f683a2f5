#!/usr/bin/python3
"""Many connections that stop at one stage, and as many that come and go. What each may take of the
hub's memory is a bound that docs/reliability.md counts up, and another address is served meanwhile.

    hostile_flood_test.py --build build/release --connections 1000    the figures of that page
"""

import socket
import struct
import sys
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from amqp_client import (  # noqa: E402
    APPLICATION_PROPERTIES, PROPERTIES, RECEIVER, SENDER, TRANSFER, VALUE, Described, UInt, encode)
from amqp_device import Receivers, device_token  # noqa: E402
from harness import Settings  # noqa: E402
from mqtt_client import MqttDevice, connect_packet  # noqa: E402
from strangers import (  # noqa: E402
    CONNECTION_BYTES_MAX, KIB, MIB, SLACK_BYTES, From, Memory, Witness, client_hello)
from strangers import options as memory_options  # noqa: E402
from websocket_stream import WebSocketStream  # noqa: E402

STRANGERS_OF_AN_ADDRESS = 500  # 512 are let in
DROPPED_AT_ONCE = 50
AMQP_HEADER = b"AMQP\x00\x01\x00\x00"
MQTT_UNACCEPTED = 16 * KIB
AMQP_FRAME, AMQP_MESSAGE, AMQP_LINKS, TOKEN_REQUESTS = 64 * KIB, 16 * KIB, 16, 512 * KIB
HTTP_HEAD, HTTP_BODY = 16 * KIB, 1 * MIB
GROWTH = 2  # a buffer that grows has twice what is in it


class Flood(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.count = Settings.options.connections

    def start(self, name="hub"):
        """A hub without a past, whose memory has no holes that would hide what a flood takes."""
        self.hub = harness.Hub(self.folder / name, arguments=["--log-level", "error"])
        self.addCleanup(self._stop_hub, self.hub)
        self.hub.start()
        self.doors = [From(self.hub, f"127.0.1.{number + 1}")
                      for number in range(self.count // STRANGERS_OF_AN_ADDRESS + 1)]
        self.witness = Witness(self.hub)

    def stop(self):
        self.witness.close()
        self.hub.stop()

    def flood(self, name, stage, bytes_max):
        """`stage` makes a connection of a door; `bytes_max` each may take beyond what any does."""
        self.start(name)
        memory = Memory(self.hub.process)
        with ExitStack() as all_of_them:
            for number in range(self.count):
                door = self.doors[number // STRANGERS_OF_AN_ADDRESS]
                all_of_them.callback(stage(door, number).close)
                if number % DROPPED_AT_ONCE == 0:
                    self.witness.serve()
            self.witness.serve()
            each = memory.growth() / self.count / KIB
            memory.check(self, self.count * (CONNECTION_BYTES_MAX + bytes_max) + SLACK_BYTES)
        self.await_room()
        self.stop()
        print(f"    {name:<44}{each:>8.1f} KiB each, {(CONNECTION_BYTES_MAX + bytes_max) // KIB} "
              "at most", flush=True)

    def await_room(self):
        """After the flood its addresses are served as before."""
        for door in self.doors:
            with MqttDevice(self.hub, door.connect("mqtt")) as client:
                self.assertEqual(client.connect("witness", "", password="none"), 5)

    # -- the stages --------------------------------------------------------------------------------

    @staticmethod
    def half_handshake(door, _):
        bare = door.connect_bare("mqtt")
        hello = client_hello()
        bare.sendall(hello[:len(hello) // 2])
        return bare

    @staticmethod
    def half_connect(door, _):
        """All that a stranger's packet may have but its last byte."""
        whole = connect_packet("d", "u", "p" * (MQTT_UNACCEPTED - 64))
        return door.connect_saying("mqtt", whole[:-1])

    @staticmethod
    def half_frame(door, _):
        return door.connect_saying("amqp", AMQP_HEADER + struct.pack(">IBBH", AMQP_FRAME, 2, 0, 0)
                                   + b"x" * (AMQP_FRAME - 9))

    def half_messages(self, door, _):
        """As many links as a stranger may have, an unfinished message on each."""
        client = Receivers(self.hub, token="", stream=door.connect("amqp"))
        for handle in range(AMQP_LINKS):
            client.attach(f"cbs-{handle}", handle, SENDER, "$cbs")
            client.write(TRANSFER, [UInt(handle), UInt(handle), struct.pack(">I", handle), UInt(0),
                                    False, True], b"x" * (AMQP_MESSAGE - 256))
        return self.heard(client)

    def unread_answers(self, door, _):
        """Token requests whose answers find no credit, with long ids that come back in them."""
        client = Receivers(self.hub, token="", stream=door.connect("amqp"))
        client.attach("cbs-sender", 0, SENDER, "$cbs")
        client.attach("cbs-receiver", 1, RECEIVER, "$cbs")
        request = b"".join(encode(section) for section in (
            Described(PROPERTIES, ["m" * 7000, None, "$cbs", None, "r" * 7000]),
            Described(APPLICATION_PROPERTIES, {"operation": "put-token", "name": "n"}),
            Described(VALUE, "no token")))
        for number in range((TOKEN_REQUESTS - 16 * KIB) // len(request)):
            client.write(TRANSFER, [UInt(0), UInt(number), struct.pack(">I", number), UInt(0), True,
                                    False], request)
        return self.heard(client)

    @staticmethod
    def heard(client):
        """Returns once the hub has read all that was sent: it answers the begin behind it."""
        client.begin(1)
        return client

    @staticmethod
    def half_head(door, _):
        return door.connect_saying("https", b"GET / HTTP/1.1\r\nX: " + b"x" * (HTTP_HEAD - 64))

    @staticmethod
    def half_body(door, _):
        return door.connect_saying(
            "https", b"PUT /devices/d HTTP/1.1\r\nHost: h\r\n"
                     b"Content-Length: %d\r\n\r\n" % HTTP_BODY + b"x" * (HTTP_BODY - 1))

    def connected(self, door, number):
        client = MqttDevice(self.hub, door.connect("mqtt"))
        name = f"device-{number}"
        self.assertEqual(client.connect(name, self.hub.create_device(name)["key"]), 0)
        client.subscribe(name)
        return client

    def linked(self, door, number):
        name = f"device-{number}"
        identity = self.hub.create_device(name)
        client = Receivers(self.hub, token=device_token(identity), stream=door.connect("amqp"))
        outcome = client.attach_receiver(name, f"/devices/{name}/messages/devicebound")
        self.assertIsNone(outcome.condition)
        return client

    def test_each_stage_has_its_bound(self):
        print(flush=True)
        self.flood("TCP only", lambda door, _: door.connect_bare("mqtt"), 0)
        self.flood("half a handshake", self.half_handshake, 0)
        self.flood("TLS only", lambda door, _: door.connect("mqtt"), 0)
        self.flood("half a CONNECT of 16 KB", self.half_connect, GROWTH * MQTT_UNACCEPTED)
        self.flood("half an AMQP frame of 64 KB", self.half_frame, GROWTH * AMQP_FRAME)
        self.flood("16 half messages of 16 KB", self.half_messages,
                   GROWTH * AMQP_LINKS * AMQP_MESSAGE)
        self.flood("512 KB of token answers, unread", self.unread_answers,
                   GROWTH * TOKEN_REQUESTS)
        self.flood("half an HTTP header of 16 KB", self.half_head, GROWTH * HTTP_HEAD)
        self.flood("half an HTTP body of 1 MB", self.half_body, GROWTH * HTTP_BODY)
        self.flood("an open WebSocket", lambda door, _: WebSocketStream(door, "mqtt"), 0)
        self.flood("a device, connected and subscribed", self.connected, 0)
        self.flood("a device with an AMQP link", self.linked, 0)

    def test_those_that_come_and_go_leave_nothing(self):
        """Ten times as many; some with half a handshake, some with nonsense, some with a reset."""
        self.start()
        hello = client_hello()
        words = (b"", hello[:len(hello) // 2], b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff")
        memory = Memory(self.hub.process)
        for turn in range(10 * self.count // DROPPED_AT_ONCE):
            with ExitStack() as flood:
                for number in range(DROPPED_AT_ONCE):
                    door = ("mqtt", "amqp", "https")[number % 3]
                    bare = flood.enter_context(self.doors[0].connect_bare(door))
                    bare.sendall(words[number % len(words)])
                    if turn % 2:
                        bare.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                        struct.pack("ii", 1, 0))
            self.witness.serve()
        memory.check(self, DROPPED_AT_ONCE * CONNECTION_BYTES_MAX + SLACK_BYTES)
        self.await_room()
        self.stop()


def options(parser):
    parser.add_argument("--connections", type=int, default=30, help="at each stage")
    memory_options(parser)


if __name__ == "__main__":
    harness.main(options)
