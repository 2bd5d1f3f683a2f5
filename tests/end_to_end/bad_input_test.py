#!/usr/bin/python3
"""Whatever is wrong with what a client sends: the answer the service gives, the reason in the log,
and a hub that serves the next client as if nothing had been."""

import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from amqp_client import AmqpService, message  # noqa: E402
from harness import Settings, sas_token  # noqa: E402
from mqtt_client import MqttDevice, connect_packet, packet, text  # noqa: E402

DEVICE = "Device-1"
OTHER_KEY = "bm90IHRoZSBrZXkgb2YgdGhpcyBkZXZpY2U="
NOT_AUTHORIZED, UNACCEPTABLE_LEVEL = 5, 1
MESSAGE_BYTES_MAX = 64 * 1024
QUEUE_DEPTH_MAX = 50


class BadInput(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.hub = self.start_hub()
        self.key = self.hub.create_device(DEVICE)["key"]
        self.mark = self.hub.process.mark()

    def tearDown(self):
        """Whatever was done: the hub is alive and a message still travels."""
        name = "afterwards"
        self.hub.create_device(name)
        key = self.hub.rest("GET", f"/devices/{name}")[2]["authentication"]["symmetricKey"]
        with AmqpService(self.hub) as service, MqttDevice(self.hub) as device:
            service.open_sender()
            self.assertIsNone(service.send_and_wait(message(name, b"still here", "m")).condition)
            self.assertEqual(device.connect(name, key["primaryKey"]), 0)
            device.subscribe(name)
            self.assertEqual(device.receive().payload, b"still here")
        super().tearDown()

    def reason(self, words):
        """The log says why, in words, since the test began."""
        self.hub.process.wait_line(rf"reason=.*(?:{words})", since=self.mark)

    def connect(self, key=None, device=DEVICE, **changes):
        with MqttDevice(self.hub) as client:
            code = client.connect(device, key or self.key, **changes)
            if code != 0:
                self.assertEqual(client.read_to_end(), b"", "more after a refusal")
            return code

    def raw(self, *parts):
        """What the hub says to bytes that are no CONNECT, until it closes."""
        with MqttDevice(self.hub) as client:
            for part in parts:
                client.send(part)
            return client.read_to_end()


class BadDevice(BadInput):
    def test_a_wrong_key(self):
        self.assertEqual(self.connect(OTHER_KEY), NOT_AUTHORIZED)
        self.reason("not by a key of this device")

    def test_an_unknown_device(self):
        self.assertEqual(self.connect(device="nobody"), NOT_AUTHORIZED)
        self.reason("no device of this id")

    def test_a_device_id_in_the_wrong_case(self):
        self.assertEqual(self.connect(device=DEVICE.upper()), NOT_AUTHORIZED)

    def test_a_disabled_device(self):
        disabled = self.hub.create_device("disabled", status="disabled")
        self.assertEqual(self.connect(disabled["key"], "disabled"), NOT_AUTHORIZED)
        self.reason("disabled")

    def test_an_expired_token(self):
        token = sas_token(f"{Settings.hostname}/devices/{DEVICE}", self.key, seconds_left=-5)
        self.assertEqual(self.connect(password=token), NOT_AUTHORIZED)
        self.reason("expired")

    def test_a_token_for_another_device(self):
        self.hub.create_device("other")
        token = sas_token(f"{Settings.hostname}/devices/other", self.key)
        self.assertEqual(self.connect(password=token), NOT_AUTHORIZED)
        self.reason("audience|signature")

    def test_a_password_that_is_no_token(self):
        for password in ("secret", "SharedAccessSignature ", "SharedAccessSignature sr=&sig=&se="):
            with self.subTest(password):
                self.assertEqual(self.connect(password=password), NOT_AUTHORIZED)

    def test_a_client_id_that_is_not_the_user_names(self):
        with MqttDevice(self.hub) as client:
            host = Settings.hostname
            client.send(connect_packet("someone", f"{host}/{DEVICE}/?api-version=2021-04-12",
                                       sas_token(f"{host}/devices/{DEVICE}", self.key)))
            self.assertEqual(client.read(), (0x20, bytes([0, NOT_AUTHORIZED])))
        self.reason("client id")

    def test_another_protocol_level(self):
        self.assertEqual(self.connect(level=3), UNACCEPTABLE_LEVEL)
        mqtt5_unsupported = b"\x20\x03\x00\x84\x00"  # in MQTT 5's own words
        self.assertEqual(self.raw(connect_packet(DEVICE, "user", "password", level=5)),
                         mqtt5_unsupported)

    def test_malformed_connects(self):
        good = connect_packet(DEVICE, "user", "password")
        body = good[2:]
        malformed = {
            "another packet first": b"\xc0\x00",
            "reserved packet type": b"\x00\x00",
            "reserved flag of CONNECT": bytes([0x11]) + good[1:],
            "another protocol's name": packet(0x10, text("MQXX") + body[6:]),
            "reserved connect flag": packet(0x10, body[:7] + bytes([body[7] | 1]) + body[8:]),
            "cut short": packet(0x10, body[:-3]),
            "a longer string than the packet": packet(0x10, body[:10] + b"\xff\xff" + body[12:]),
            "bytes behind the end": packet(0x10, body + b"more"),
            "a length of five bytes": b"\x10\xff\xff\xff\xff\x01",
            "not UTF-8": packet(0x10, body[:10] + struct.pack(">H", 2) + b"\xc3\x28"),
            "no TLS record's idea of MQTT": b"GET / HTTP/1.1\r\n\r\n",
        }
        for name, raw in malformed.items():
            with self.subTest(name):
                mark = self.hub.process.mark()
                said = self.raw(raw)
                self.assertIn(said[:1], (b"", b"\x20"), said)
                self.hub.process.wait_line(r"reason=\S", since=mark)

    def test_an_oversized_packet(self):
        """Refused at its length: the hub waits for no body of that size."""
        self.assertEqual(self.raw(b"\x10\xff\xff\xff\x7f"), b"")
        self.reason(r"limit of \d+|at most \d+|maximum")

    def test_an_oversized_packet_of_a_device_that_is_connected(self):
        with MqttDevice(self.hub) as client:
            self.assertEqual(client.connect(DEVICE, self.key), 0)
            client.send(b"\x30\xff\xff\xff\x7f")
            self.assertEqual(client.read_to_end(), b"")

    def test_a_connection_that_ends_in_the_middle(self):
        for count in (1, 5, 30):
            with MqttDevice(self.hub) as client:
                client.send(connect_packet(DEVICE, "user", "password")[:count])

    def test_a_peer_that_speaks_no_tls(self):
        for name in ("mqtt", "amqp", "https"):
            with self.subTest(name):
                import socket
                with socket.create_connection((Settings.hostname, self.hub.ports[name]),
                                              harness.SECONDS) as raw:
                    raw.sendall(b"GET / HTTP/1.0\r\n\r\n")
                    while raw.recv(4096):
                        pass

    def test_a_second_connection_takes_the_device_over(self):
        with MqttDevice(self.hub) as first, MqttDevice(self.hub) as second:
            self.assertEqual(first.connect(DEVICE, self.key), 0)
            self.assertEqual(second.connect(DEVICE, self.key), 0)
            self.assertEqual(first.read_to_end(), b"")
            second.ping()


class BadService(BadInput):
    def sender(self, token=None):
        service = AmqpService(self.hub, token)
        self.addCleanup(service.close)
        return service

    def refused(self, raw, condition, words, code):
        """The outcome of sending `raw`: its condition, its code and text, and the log's reason."""
        service = self.sender()
        service.open_sender()
        outcome = service.send_and_wait(raw)
        self.assertEqual(outcome.condition, condition)
        self.assertRegex(outcome.description, words)
        if code:
            self.assertIn(str(code), outcome.description)
        good = service.send_and_wait(message(DEVICE, b"the link still works", "good"))
        self.assertIsNone(good.condition, good)
        self.reason(words)

    def test_a_message_for_an_unknown_device(self):
        self.refused(message("nobody", b"x", "m"), "amqp:not-found", "nobody", 404001)

    def test_a_message_without_a_target(self):
        self.refused(message(DEVICE, b"x", "m", to=""), "amqp:not-allowed",
                     "Amqp Message.Properties.To must contain the device identifier", 400003)

    def test_a_message_that_is_too_large(self):
        self.refused(message(DEVICE, b"x" * (MESSAGE_BYTES_MAX + 1), "m"),
                     "amqp:link:message-size-exceeded", r"65.?536|64|(?i:size|large)", 413001)

    def test_properties_count_for_the_size(self):
        self.refused(message(DEVICE, b"x" * (MESSAGE_BYTES_MAX - 10), "m", {"name": "0123456789"}),
                     "amqp:link:message-size-exceeded", "(?i:size|large)|65.?536|64", 413001)

    def test_the_largest_message_is_accepted(self):
        service = self.sender()
        service.open_sender()
        outcome = service.send_and_wait(message(DEVICE, b"x" * 65000, "m"))
        self.assertIsNone(outcome.condition, outcome)

    def test_the_51st_message(self):
        service = self.sender()
        service.open_sender()
        for index in range(QUEUE_DEPTH_MAX):
            self.assertIsNone(service.send_and_wait(message(DEVICE, b"x", f"m{index}")).condition)
        outcome = service.send_and_wait(message(DEVICE, b"x", "one too many"))
        self.assertEqual(outcome.condition, "amqp:resource-limit-exceeded")
        self.assertEqual(outcome.description,
                         "C2D messages enqueued for the device exceeded the queue limit of 50,  see"
                         " more at http://aka.ms/iothub403004")
        self.reason("queue limit of 50")
        identity = self.hub.rest("GET", f"/devices/{DEVICE}")[2]
        self.assertEqual(identity["cloudToDeviceMessageCount"], QUEUE_DEPTH_MAX)

    def test_a_wrong_key_and_an_expired_token(self):
        owner = self.hub.service_token
        tokens = {"signature": owner(key=OTHER_KEY), "expired": owner(seconds_left=-5),
                  "policy": owner(policy="nobody"), "SharedAccessSignature|signature": "nonsense"}
        for words, token in tokens.items():
            with self.subTest(words):
                self.assertEqual(self.sender(token).cbs_status, 401)
                self.reason(words)

    def test_a_policy_without_the_right(self):
        claims = harness.service_claims(self.hub.connection_string("--policy", "registryRead"))
        service = self.sender(sas_token(**claims))
        outcome = service.open_sender()
        self.assertEqual(outcome.condition, "amqp:unauthorized-access")
        self.reason("ServiceConnect")

    def test_an_address_that_is_none(self):
        outcome = self.sender().open_sender("/messages/nowhere")
        self.assertEqual(outcome.condition, "amqp:not-found")

    def test_bytes_that_are_no_amqp(self):
        for raw in (b"GET / HTTP/1.1\r\nHost: hub\r\n\r\n", b"AMQP\x00\x02\x00\x00",
                    b"AMQP\x00\x01\x00\x00\xff\xff\xff\xff\x02\x00\x00\x00",
                    b"AMQP\x00\x01\x00\x00\x00\x00\x00\x09\x02\x00\x00\x00\x00",
                    b"AMQP\x00\x01\x00\x00" + b"\x00" * 64):
            with self.subTest(raw), self.hub.connect("amqp") as tls:
                tls.sendall(raw)
                while tls.recv(4096):
                    pass


class BadRest(BadInput):
    def refused(self, answer, status, name):
        got, headers, body = answer
        self.assertEqual(got, status, body)
        self.assertEqual(headers.get("iothub-errorcode"), name)
        self.assertRegex(body["Message"], rf"^ErrorCode:{name};.")
        return body["Message"].split(";", 1)[1]

    def test_a_wrong_key(self):
        token = self.hub.service_token(key=OTHER_KEY)
        text_said = self.refused(self.hub.rest("GET", f"/devices/{DEVICE}", token=token), 401,
                                 "IotHubUnauthorizedAccess")
        self.assertEqual(text_said, "Unauthorized")
        self.reason("signature")

    def test_no_token(self):
        self.refused(self.hub.rest("GET", "/devices", token=" "), 401, "IotHubUnauthorizedAccess")

    def test_a_policy_that_may_only_read(self):
        claims = harness.service_claims(self.hub.connection_string("--policy", "registryRead"))
        token = sas_token(**claims)
        self.assertEqual(self.hub.rest("GET", f"/devices/{DEVICE}", token=token)[0], 200)
        self.refused(self.hub.rest("PUT", "/devices/new", {"deviceId": "new"}, token), 401,
                     "IotHubUnauthorizedAccess")

    def test_an_unknown_device(self):
        for method in ("GET", "DELETE"):
            with self.subTest(method):
                headers = {"If-Match": "*"} if method == "DELETE" else None
                said = self.refused(self.hub.rest(method, "/devices/nobody", headers=headers), 404,
                                    "DeviceNotFound")
                self.assertEqual(said, "nobody")

    def test_a_device_that_exists_already(self):
        said = self.refused(self.hub.rest("PUT", f"/devices/{DEVICE}", {"deviceId": DEVICE}), 409,
                            "DeviceAlreadyExists")
        self.assertEqual(said, f"A device with ID '{DEVICE}' is already registered.")

    def test_bodies_that_are_no_identity(self):
        for body in ("text", [], {"deviceId": "other"}, {"deviceId": DEVICE, "status": "on"}, {}):
            with self.subTest(body):
                status, _, _ = self.hub.rest("PUT", "/devices/new", body)
                self.assertEqual(status, 400)


class BadWebSocket(BadInput):
    def answer(self, protocol, behind=b"", **fields):
        """What the hub says to an opening handshake and the bytes behind it, until it closes."""
        headers = {"Host": Settings.hostname, "Upgrade": "websocket", "Connection": "Upgrade",
                   "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
                   "Sec-WebSocket-Protocol": protocol, **fields}
        lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
        request = f"GET /$iothub/websocket HTTP/1.1\r\n{''.join(lines)}\r\n"
        with self.hub.connect("https") as connection:
            connection.sendall(request.encode() + behind)
            said = b""
            while part := connection.recv(4096):
                said += part
        return said

    def test_a_subprotocol_nobody_speaks(self):
        said = self.answer("mqttv5", Connection="Upgrade, close")
        self.assertTrue(said.startswith(b"HTTP/1.1 400 "), said)
        self.assertIn(b"offers mqttv5; this hub speaks mqtt, AMQPWSB10", said)
        self.reason("offers mqttv5")

    def test_frames_that_break_the_standard(self):
        for frame, code, words in ((b"\x82\x01x", 1002, "unmasked"),
                                   (b"\x81\x81\0\0\0\0x", 1003, "text message"),
                                   (b"\xc2\x81\0\0\0\0x", 1002, "reserved bit")):
            with self.subTest(words):
                said = self.answer("mqtt", frame)
                self.assertTrue(said.startswith(b"HTTP/1.1 101 "), said)
                self.assertTrue(said.endswith(b"\x88\x02" + struct.pack(">H", code)), said)
                self.reason(words)

    def test_mqtt_that_breaks_the_standard(self):
        said = self.answer("mqtt", b"\x82\x82\0\0\0\0\xc0\x00")  # PINGREQ before CONNECT
        self.assertTrue(said.endswith(b"\x88\x02" + struct.pack(">H", 1000)), said)
        self.reason("before CONNECT")


if __name__ == "__main__":
    harness.main()
