#!/usr/bin/python3
"""Devices that all come back at once after the hub was killed, and two clients that throw each
other out without end. All are served in the end, another device at once, and memory stays bounded.

    hostile_storm_test.py --devices 10000    the figures of docs/reliability.md
"""

import base64
import itertools
import selectors
import socket
import ssl
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from amqp_client import AmqpService, message  # noqa: E402
from harness import Settings, sas_token  # noqa: E402
from mqtt_client import MqttDevice, connect_packet, packet, text  # noqa: E402
from strangers import (  # noqa: E402
    CONNECTION_BYTES_MAX, HUB, KIB, MIB, SLACK_BYTES, Memory, Witness)
from strangers import options as memory_options  # noqa: E402

BULK = 100
# Handshakes under way. A fleet has a processor for each, here one does the work of all: begun by
# the thousand they would not end within the time that the hub gives them.
AT_ONCE = 400
DEVICES_OF_AN_ADDRESS = 500
KEY = base64.b64encode(b"the same key for all of them....").decode()
ALL_BACK_SECONDS = 900
SERVE_SECONDS = 1
WAITING = 20        # devices that a message waits for
TAKEOVERS, ACKNOWLEDGED_AT = 200, 100
# Of the hub's log of connections, docs/connection-events.md: 4,096 events, below 4 MB together.
EVENTS_BYTES = 4 * MIB
CONNACK, SUBACK, PUBLISH = 0x20, 0x90, 0x30


class Returning:
    """One device on a socket that waits for nothing: TCP, TLS, CONNECT, SUBSCRIBE, its message."""

    def __init__(self, hub, tls, number):
        self.hub, self.tls, self.number = hub, tls, number
        self.name = f"storm-{number}"
        self.address = f"127.0.2.{number // DEVICES_OF_AN_ADDRESS + 1}"
        self.tries = 0
        self.subscribed = False
        self.payload = None

    def begin(self):
        self.tries += 1
        self.said = b""
        self.shaken = False
        raw = socket.socket()
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw.setblocking(False)
        raw.bind((self.address, 0))
        raw.connect_ex((HUB, self.hub.ports["mqtt"]))
        self.socket = self.tls.wrap_socket(raw, server_hostname=Settings.hostname,
                                           do_handshake_on_connect=False)

    def advance(self):
        """The events to wait for, none when it is where it wants to be. OSError: thrown back."""
        try:
            if not self.shaken:
                self.socket.do_handshake()
                self.shaken = True
                self.say_hello()
            while True:
                chunk = self.socket.recv(4096)
                if not chunk:
                    raise ConnectionError("the hub closed")
                self.said += chunk
                self.hear()
        except ssl.SSLWantWriteError:
            return selectors.EVENT_WRITE
        except ssl.SSLWantReadError:
            return selectors.EVENT_READ

    def say_hello(self):
        host = Settings.hostname
        token = sas_token(f"{host}/devices/{self.name}", KEY)
        topic = f"devices/{self.name}/messages/devicebound/#"
        self.socket.send(
            connect_packet(self.name, f"{host}/{self.name}/?api-version=2021-04-12", token,
                           clean=True, keep_alive=0)
            + packet(0x82, struct.pack(">H", 1) + text(topic) + b"\x01"))

    def hear(self):
        """Its packets are all below 128 bytes."""
        while len(self.said) >= 2 and len(self.said) >= 2 + self.said[1]:
            body, kind = self.said[2:2 + self.said[1]], self.said[0] & 0xF0
            self.said = self.said[2 + self.said[1]:]
            if kind == CONNACK and body[1] != 0:
                raise AssertionError(f"{self.name} is refused: {body[1]}")
            if kind == SUBACK:
                self.subscribed = True
            if kind == PUBLISH:
                self.payload = body[-len(self.name):].decode()


class Storm(harness.TestCase):
    def create_devices(self, count):
        for begin in range(0, count, BULK):
            entries = [{"id": f"storm-{number}", "importMode": "create", "authentication": {
                "type": "sas", "symmetricKey": {"primaryKey": KEY, "secondaryKey": KEY}}}
                for number in range(begin, min(begin + BULK, count))]
            status, _, body = self.hub.rest("POST", "/devices", entries)
            self.assertEqual((status, body["isSuccessful"]), (200, True), body)

    def come_back(self, count):
        """All of them; whoever is thrown back tries again. (devices, seconds)"""
        tls, began = self.hub.tls(), time.monotonic()
        devices = [Returning(self.hub, tls, number) for number in range(count)]
        waiting, missing = iter(devices), count
        selector = selectors.DefaultSelector()
        for device in itertools.islice(waiting, AT_ONCE):
            self.begin(selector, device)
        serve_at = began
        while missing:
            self.assertLess(time.monotonic() - began, ALL_BACK_SECONDS, f"{missing} are not back")
            for key, _ in selector.select(max(0, serve_at - time.monotonic())):
                if self.advance(selector, key.data):
                    missing -= 1
                    for device in itertools.islice(waiting, 1):
                        self.begin(selector, device)
            if time.monotonic() >= serve_at:
                self.witness.serve()
                serve_at = time.monotonic() + SERVE_SECONDS
        self.selector = selector
        return devices, time.monotonic() - began

    def begin(self, selector, device):
        device.begin()
        self.addCleanup(lambda: device.socket.close())
        selector.register(device.socket, selectors.EVENT_WRITE, device)

    @staticmethod
    def advance(selector, device):
        """Whether it has become subscribed by this."""
        before = device.subscribed
        try:
            events = device.advance()
            if selector.get_key(device.socket).events != events:
                selector.modify(device.socket, events, device)
        except OSError:
            selector.unregister(device.socket)
            device.socket.close()
            device.begin()
            selector.register(device.socket, selectors.EVENT_WRITE, device)
        return device.subscribed and not before

    def await_messages(self, devices):
        end = time.monotonic() + harness.SECONDS
        while any(device.payload is None for device in devices):
            self.assertLess(time.monotonic(), end, "messages are missing")
            for key, _ in self.selector.select(SERVE_SECONDS):
                self.advance(self.selector, key.data)
        self.assertEqual([device.payload for device in devices],
                         [device.name for device in devices])

    def test_all_come_back_at_once_after_the_hub_was_killed(self):
        count = Settings.options.devices
        self.hub = self.start_hub(arguments=["--log-level", "error"])
        self.create_devices(count)
        with AmqpService(self.hub) as service:
            service.open_sender()
            for number in range(WAITING):
                name = f"storm-{number}"
                self.assertIsNone(service.send_and_wait(
                    message(name, name.encode(), str(number))).condition)
        self.hub.restart_killed()
        self.witness = Witness(self.hub)
        self.addCleanup(self.witness.close)
        memory = Memory(self.hub.process)
        devices, seconds = self.come_back(count)
        self.await_messages(devices[:WAITING])
        statistics = self.hub.rest("GET", "/statistics/service")[2]
        self.assertEqual(statistics["connectedDeviceCount"], count + 1)
        thrown_back = sum(device.tries for device in devices) - count
        print(f"\n{count} devices have connected and subscribed, {seconds:.1f} s, "
              f"{thrown_back} tries thrown back; {memory.peak() / MIB:.0f} MiB more at most, "
              f"{memory.growth() / count / KIB:.1f} KiB a device; "
              f"{self.witness.served} messages served meanwhile", flush=True)
        memory.check(self, count * CONNECTION_BYTES_MAX + SLACK_BYTES)
        self.selector.close()


class Takeover(harness.TestCase):
    def test_two_clients_that_fight_for_one_device(self):
        """Each comes back as soon as it is thrown out. The message for their device arrives, and
        once it is acknowledged it never comes again, whoever is in."""
        hub = self.start_hub(arguments=["--log-level", "error"])
        key = hub.create_device("fought-for")["key"]
        witness = Witness(hub)
        self.addCleanup(witness.close)
        witness.serve()
        with AmqpService(hub) as service:
            service.open_sender()
            self.assertIsNone(service.send_and_wait(message("fought-for", b"it", "m")).condition)
        memory, inside = Memory(hub.process), None
        for turn in range(TAKEOVERS):
            newer = MqttDevice(hub)
            self.addCleanup(newer.close)
            self.assertEqual(newer.connect("fought-for", key, clean=True), 0)
            if inside:
                said = inside.read_to_end()
                if turn > ACKNOWLEDGED_AT:
                    self.assertEqual((said, inside.overtaken), (b"", []))
            inside = newer
            inside.subscribe("fought-for")
            if turn == ACKNOWLEDGED_AT:
                inside.acknowledge(inside.receive())
            inside.ping()
            witness.serve()
        statistics = hub.rest("GET", "/statistics/service")[2]
        self.assertEqual(statistics["connectedDeviceCount"], 2)
        memory.check(self, 2 * CONNECTION_BYTES_MAX + EVENTS_BYTES + SLACK_BYTES)


def options(parser):
    parser.add_argument("--devices", type=int, default=200, help="that come back at once")
    memory_options(parser)


if __name__ == "__main__":
    harness.main(options)
