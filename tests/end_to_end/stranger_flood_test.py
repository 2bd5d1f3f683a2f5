#!/usr/bin/python3
"""Connections that prove nothing: those of one address shut out that address alone, and whoever has
proved who it is takes no place of theirs."""

import sys
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from amqp_client import AmqpService, message  # noqa: E402
from harness import SECONDS, Settings, sas_token  # noqa: E402
from mqtt_client import MqttDevice, connect_packet  # noqa: E402
from strangers import From  # noqa: E402
from websocket_stream import WebSocketStream  # noqa: E402

HERE, ELSEWHERE = "127.0.0.1", "127.0.0.2"
SETTING = "--unproved-connections-per-address-max"
DEVICE = "Device-1"
DOORS = ("mqtt", "amqp", "https")


def strangers(hub, address):
    """One connection of each kind that waits for nothing. The first shares its port with the third,
    whose TLS stands: so the hub has counted all of them."""
    there = From(hub, address)
    half_connect = connect_packet(DEVICE, "user", "password")[:-5]
    return [there.connect_bare("mqtt"),
            there.connect("amqp"),
            there.connect_saying("mqtt", half_connect),
            there.connect_saying("amqp", b"AMQP\x00"),
            there.connect_saying("https", b"GET /devices HTTP/1.1\r\nHost: "),
            WebSocketStream(there, "mqtt")]


class StrangerFlood(harness.TestCase):
    def start_with(self, strangers_max):
        self.hub = self.start_hub(arguments=[SETTING, strangers_max])
        self.key = self.hub.create_device(DEVICE)["key"]
        self.mark = self.hub.process.mark()

    def expect_refused(self, door):
        with self.assertRaises(OSError):
            From(self.hub, HERE).connect(door).close()

    def serve(self, address):
        """A message on its whole way, between clients at this address."""
        there = From(self.hub, address)
        with there.amqp_service() as service, there.mqtt_device() as device:
            service.open_sender()
            self.assertIsNone(service.send_and_wait(message(DEVICE, b"held", "m")).condition)
            self.assertEqual(device.connect(DEVICE, self.key, clean=True), 0)
            device.subscribe(DEVICE)
            received = device.receive()
            self.assertEqual(received.payload, b"held")
            device.acknowledge(received)
            device.ping()

    def wait_served(self, address):
        """Served once the hub has noticed who has left."""
        end = time.monotonic() + SECONDS
        while not self.is_let_in(address):
            self.assertLess(time.monotonic(), end, "nobody is let in after the flood")
        self.serve(address)

    def is_let_in(self, address):
        try:
            From(self.hub, address).connect("mqtt").close()
            return True
        except OSError:
            return False

    def test_a_flood_shuts_out_its_own_address_alone(self):
        self.start_with(strangers_max=6)
        with ExitStack() as flood:
            for stranger in strangers(self.hub, HERE):
                flood.callback(stranger.close)
            for door in DOORS:
                self.expect_refused(door)
            self.serve(ELSEWHERE)
            self.hub.process.wait_line(
                rf'event=connection_refused port=\d+ peer={HERE}:\d+ reason="6 connections of this '
                r'address .* raise unproved-connections-per-address-max"', since=self.mark)
        self.wait_served(HERE)
        self.assertEqual(self.hub.log_text().count("event=connection_refused"), 1)

    def test_who_has_proved_itself_takes_no_place(self):
        self.start_with(strangers_max=1)
        here = From(self.hub, HERE)
        with ExitStack() as clients:
            device = clients.enter_context(here.mqtt_device())
            self.assertEqual(device.connect(DEVICE, self.key), 0)
            service = clients.enter_context(here.amqp_service())
            plain = ("service@sas.root.hub", self.hub.service_token(
                **harness.service_claims(self.hub.connection_string("--policy", "service"))))
            clients.enter_context(AmqpService(self.hub, stream=here.connect("amqp"), plain=plain))
            self.hold_https(clients, here)
            key = self.hub.create_device("other")["key"]
            other = clients.enter_context(MqttDevice(self.hub, WebSocketStream(here, "mqtt")))
            self.assertEqual(other.connect("other", key), 0)

            clients.enter_context(here.connect("mqtt"))
            for door in DOORS:
                self.expect_refused(door)
            service.open_sender()
            self.assertIsNone(service.send_and_wait(message(DEVICE, b"held", "m")).condition)
            device.ping()
            other.ping()

    def hold_https(self, clients, here):
        token = sas_token(f"{Settings.hostname}/devices/{DEVICE}", self.key)
        connection = clients.enter_context(here.connect("https"))
        connection.sendall(
            f"GET /devices/{DEVICE}/messages/devicebound?api-version=2021-04-12 HTTP/1.1\r\n"
            f"Host: {Settings.hostname}\r\nAuthorization: {token}\r\n\r\n".encode())
        said = b""
        while not said.endswith(b"\r\n\r\n"):
            said += connection.recv(65536)
        self.assertTrue(said.startswith(b"HTTP/1.1 204 "), said)


if __name__ == "__main__":
    harness.main()
