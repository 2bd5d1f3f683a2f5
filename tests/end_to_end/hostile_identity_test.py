#!/usr/bin/python3
"""Who a client says it is, written in every wrong way, and what a proved device may not touch over
MQTT. The proof itself, a token of the device, is right each time; hostile_token_test.py has the
wrong ones."""

import struct
import sys
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from doors import (  # noqa: E402
    API_VERSION, Attempt, HttpsDoor, MqttDoor, PlainDoor, exchange, mqtt_stream, request,
    status_of)
from harness import Settings, sas_token  # noqa: E402
from hostile_case import HostileCase  # noqa: E402
from mqtt_client import CONNACK, SUBACK, MqttDevice, connect_packet, packet, text  # noqa: E402

DEVICE, OTHER = "dev", "other"
# Ids that a careless reader would take for the device's own, or for more than one device.
ODD_IDS = (OTHER, "", "DEV", "dev ", " dev", "dev\t", "dev/", "/dev", "dev//", "dev/..",
           "dev/../other", "dev/.", "dev%2f..%2fother", "dev%252f..%252fother", "dev%00",
           "dev\0", "dev\0other", "dev\r\nX: y", "dev\x7f", "dev\u200b", "d\u0435v",
           "\uff44ev", "+", "#", "dev/+", "dev/#", "$iothub", "dev/modules/m", "dev/m",
           "dev/m/n", "dev;other", "dev,other", "dev@sas.hub", "dev?x=y", "a" * 129)
TOPICS = (f"devices/{OTHER}/messages/devicebound/#", "devices/+/messages/devicebound/#",
          "devices/#", "#", "+/+/messages/devicebound/#", "$SYS/#",
          f"devices/{DEVICE}/../{OTHER}/messages/devicebound/#",
          f"/devices/{DEVICE}/messages/devicebound/#", "devices/DEV/messages/devicebound/#",
          f"devices/{DEVICE}/modules/m/#", f"$share/g/devices/{DEVICE}/messages/devicebound/#",
          f"devices/{DEVICE}%2f..%2f{OTHER}/messages/devicebound/#", "$iothub/methods/POST/+",
          "$iothub/#")
PUBLISHED = (f"devices/{OTHER}/messages/events/", f"devices/{DEVICE}/../{OTHER}/messages/events/",
             "devices/DEV/messages/events/", f"devices/{DEVICE}/messages/devicebound/",
             f"devices/{OTHER}/messages/devicebound/", "$SYS/x", "messages/devicebound",
             f"devices/{DEVICE}\u0435/messages/events/", f"/devices/{DEVICE}/messages/events/")


class Identities(HostileCase):
    def setUp(self):
        super().setUp()
        self.key = self.create(DEVICE)["key"]
        self.create(OTHER)
        self.token = sas_token(f"{Settings.hostname}/devices/{DEVICE}", self.key)

    def user(self, device):
        return f"{Settings.hostname}/{device}/?api-version={API_VERSION}"

    def try_mqtt(self, client_id, user, websocket):
        stream = mqtt_stream(self.hub, websocket)
        with MqttDevice(self.hub, stream) as client:
            client.send(connect_packet(client_id, user, self.token))
            try:
                code = client.expect(CONNACK)[1]
            except ConnectionError:
                return Attempt(False, stream.said, None)
            if code != 0:
                client.read_to_end()
            return Attempt(code == 0, stream.said, code)

    def test_mqtt_names(self):
        for websocket in (False, True):
            door = MqttDoor(websocket)
            for odd in ODD_IDS:
                for client_id, user in ((odd, self.user(odd)), (DEVICE, self.user(odd)),
                                        (odd, self.user(DEVICE))):
                    with self.subTest(door=door.name, client_id=client_id, user=user):
                        tried = self.refused(
                            lambda c=client_id, u=user: self.try_mqtt(c, u, websocket), ".",
                            lambda: door.attempt(self.hub, DEVICE, self.token), self.token)
                        # 2 is the standard's answer to a session with no name [MQTT-3.1.3-8].
                        self.assertIn(tried.told, (None, 5) if client_id else (2,))

    def test_mqtt_user_names_of_another_shape(self):
        host = Settings.hostname
        for user in ("", "/", DEVICE, host, f"{host}/", f"//{DEVICE}/x/", f"{host}\0/{DEVICE}/",
                     f"{host}/{DEVICE}/{OTHER}/?api-version={API_VERSION}", "\0",
                     f"{host}/{OTHER}/{DEVICE}/?api-version={API_VERSION}"):
            with self.subTest(user=user):
                self.refused(lambda u=user: self.try_mqtt(DEVICE, u, websocket=False), ".",
                             lambda: MqttDoor().attempt(self.hub, DEVICE, self.token), self.token)

    def test_amqp_plain_names(self):
        for websocket in (False, True):
            door = PlainDoor(websocket)
            for user in (*(f"{odd}@sas.hub" for odd in ODD_IDS), DEVICE, "@sas.hub",
                         f"{DEVICE}@sas.root.hub", "\0", f"{DEVICE}\0{OTHER}@sas.hub"):
                with self.subTest(door=door.name, user=user):
                    self.refused(lambda u=user: door.attempt(self.hub, DEVICE, self.token, u), ".",
                                 lambda: door.attempt(self.hub, DEVICE, self.token), self.token)

    def test_https_paths(self):
        def spellings(odd):
            yield "".join(f"%{byte:02x}" for byte in odd.encode())
            yield odd.replace("%", "%25").replace(" ", "%20")
        for odd in ODD_IDS:
            for spelled in dict.fromkeys(spellings(odd)):
                for target in (f"/devices/{spelled}/messages/devicebound",
                               f"/devices/{DEVICE}/../{spelled}/messages/devicebound"):
                    def attempt(t=target):
                        said = exchange(self.hub, request(
                            "GET", f"{t}?api-version={API_VERSION}", self.token))
                        return Attempt(status_of(said) < 300, said, status_of(said))
                    with self.subTest(target=target):
                        tried = self.refused(attempt, ".", lambda: HttpsDoor().attempt(
                            self.hub, DEVICE, self.token), self.token)
                        self.assertIn(tried.told, (400, 401, 404))


class ProvedDevice(HostileCase):
    """What it may not reach on a connection that is its own."""

    def setUp(self):
        super().setUp()
        self.key = self.create(DEVICE)["key"]
        self.other_key = self.create(OTHER)["key"]

    @contextmanager
    def connected(self):
        mark = self.hub.process.mark()
        with MqttDevice(self.hub) as client:
            self.assertEqual(client.connect(DEVICE, self.key), 0)
            yield client
        # Or the next connection would take this one's place, and the log tell of that too.
        self.hub.process.wait_line(f"event=device_detached device={DEVICE} ", since=mark)

    def served(self):
        with self.connected() as client:
            return Attempt(client.subscribe(DEVICE) == 1, b"")

    def test_a_filter_beyond_its_own_messages(self):
        for topic in TOPICS:
            def attempt(t=topic):
                with self.connected() as client:
                    client.send(packet(0x82, struct.pack(">H", 1) + text(t) + b"\1"))
                    code = client.expect(SUBACK)[2]
                    client.ping()
                return Attempt(code != 0x80, b"", code)
            with self.subTest(topic=topic):
                self.refused(attempt, ".", self.served, told=0x80)

    def test_a_topic_that_is_not_its_own(self):
        for topic in PUBLISHED:
            def attempt(t=topic):
                with self.connected() as client:
                    client.send(packet(0x32, text(t) + struct.pack(">H", 1) + b"x"))
                    return Attempt(False, client.read_to_end())
            with self.subTest(topic=topic):
                self.assertEqual(self.refused(attempt, ".", self.served).said, b"")

    def test_a_second_connect_as_itself_or_as_another(self):
        for device, key in ((DEVICE, self.key), (OTHER, self.other_key)):
            def attempt(d=device, k=key):
                with self.connected() as client:
                    token = sas_token(f"{Settings.hostname}/devices/{d}", k)
                    client.send(connect_packet(
                        d, f"{Settings.hostname}/{d}/?api-version={API_VERSION}", token))
                    return Attempt(False, client.read_to_end())
            with self.subTest(device=device):
                # It is closed without an answer [MQTT-3.1.0-2].
                self.assertEqual(self.refused(attempt, ".", self.served).said, b"")

    def test_packets_before_connect(self):
        for name, raw in (("subscribe", packet(0x82, b"\0\1" + text(
                f"devices/{DEVICE}/messages/devicebound/#") + b"\1")),
                          ("publish", packet(0x32, text(f"devices/{DEVICE}/messages/events/")
                                             + b"\0\1x")),
                          ("ping", b"\xc0\0"), ("connack", b"\x20\x02\0\0")):
            def attempt(r=raw):
                with MqttDevice(self.hub) as client:
                    client.send(r)
                    return Attempt(False, client.read_to_end())
            with self.subTest(name):
                self.assertEqual(self.refused(attempt, ".", self.served).said, b"")


if __name__ == "__main__":
    harness.main()
