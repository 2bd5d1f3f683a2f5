#!/usr/bin/python3
"""A device that polls over HTTPS, in the dialect of each client: Node, C#, Java, C and az spell
lock times, settlements and rejections differently."""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from amqp_client import AmqpService, message  # noqa: E402
from harness import SECONDS, Settings, sas_token  # noqa: E402
from https_device import HttpsDevice  # noqa: E402

DEVICES = ("Device-1", "a-:.+%_#*?!(),=@;$'z")
MESSAGE_BYTES_MAX = 64 * 1024
QUEUE_DEPTH_MAX = 50


class Dialect:
    """Node's; the others differ from it."""
    name = "node"

    def receive(self, device):
        return device.receive(headers={"iothub-to": device.path})

    def match(self, token):
        return {"If-Match": token}

    def complete(self, device, token):
        return device.settle("DELETE", token, headers=self.match(token))

    def reject(self, device, token):
        return device.settle("DELETE", token, query="&reject", headers=self.match(token))

    def abandon(self, device, token):
        return device.settle("POST", token, "/abandon", headers=self.match(token))


class CSharp(Dialect):
    name = "csharp"

    def receive(self, device):
        return device.receive(query="&iothub-messagelocktimeout=60",
                              headers={"iothub-to": device.path, "iothub-operation": "c2d"})

    def match(self, token):
        return {"If-Match": f'"{token}"'}

    def abandon(self, device, token):
        return device.settle("POST", token, "/abandon", headers={"IfMatch": f'"{token}"'})


class Java(Dialect):
    name = "java"

    def receive(self, device):
        return device.receive(headers={"iothub-messagelocktimeout": "180",
                                       "iothub-to": device.path})

    def match(self, token):
        return {"if-match": token}

    def reject(self, device, token):
        return device.settle("DELETE", token, query="&%3Freject=true", headers=self.match(token))

    def abandon(self, device, token):
        return device.settle("POST", token, "/abandon", headers=self.match(token), body=b"\0")


class C(Dialect):
    name = "c"

    def receive(self, device):
        return device.receive(headers={"Accept": "application/json", "Connection": "Keep-Alive"})

    def match(self, token):
        return {"If-Match": f'"{token}"'}


class Az(Dialect):
    name = "az"

    def receive(self, device):
        return device.receive(headers={"IotHub-MessageLockTimeout": "30"})

    def match(self, token):
        return {}

    def reject(self, device, token):
        return device.settle("DELETE", token, query="&reject=")


class HttpsDialect(harness.TestCase):
    cells = 0

    @classmethod
    def tearDownClass(cls):
        harness.report_cells(cls.cells)

    def setUp(self):
        super().setUp()
        self.hub = self.start_hub()
        self.service = AmqpService(self.hub)
        self.addCleanup(self.service.close)
        self.service.open_sender()

    def device(self, name=DEVICES[0]):
        self.id = name
        self.identity = self.hub.create_device(name)
        device = HttpsDevice(self.hub, self.identity)
        self.addCleanup(device.close)
        return device

    def send(self, *ids, body=b"body"):
        for message_id in ids:
            outcome = self.service.send_and_wait(message(self.id, body, message_id))
            self.assertIsNone(outcome.condition, outcome)

    def test_each_client_receives_abandons_rejects_and_completes(self):
        for name in DEVICES:
            device = self.device(name)
            for dialect in (Dialect(), CSharp(), Java(), C(), Az()):
                with self.subTest(device=name, dialect=dialect.name):
                    self.settle_all(device, dialect)
                HttpsDialect.cells += 4

    def settle_all(self, device, dialect):
        self.assertEqual(dialect.receive(device).status, 204)
        self.send("m")
        for count in range(2):
            got = self.take(device, dialect)
            self.assertEqual(got.header("iothub-messageid"), "m")
            self.assertEqual(got.header("iothub-deliverycount"), str(count))
            self.assertEqual(dialect.abandon(device, got.lock_token).status, 204)
        token = self.take(device, dialect).lock_token
        self.assertEqual(dialect.reject(device, token).status, 204)
        self.send("n")
        got = self.take(device, dialect)
        self.assertEqual(got.header("iothub-messageid"), "n", "a rejected message is back")
        self.assertEqual(dialect.complete(device, got.lock_token).status, 204)
        for lost in (dialect.complete, dialect.abandon, dialect.reject):
            answer = lost(device, got.lock_token)
            self.assertEqual(answer.status, 412)
            self.assertEqual(answer.header("iothub-errorcode"), "DeviceMessageLockLost")
        self.assertEqual(dialect.receive(device).status, 204)

    def take(self, device, dialect):
        got = dialect.receive(device)
        self.assertEqual(got.status, 200)
        return got

    def test_locked_messages_are_passed_over_and_come_back_uncounted(self):
        device = self.device()
        self.send("1", "2")
        for option in ({"headers": {"iothub-messagelocktimeout": "1"}},
                       {"headers": {"IotHub-MessageLockTimeout": "1"}},
                       {"query": "&iothub-messagelocktimeout=1"}):
            first, second = device.receive(**option), device.receive()
            self.assertEqual([got.header("iothub-messageid") for got in (first, second)],
                             ["1", "2"])
            deadline = time.monotonic() + SECONDS
            while (again := device.receive()).status == 204:
                self.assertLess(time.monotonic(), deadline, "the lock does not end")
            self.assertEqual(again.header("iothub-messageid"), "1")
            self.assertEqual(again.header("iothub-deliverycount"), "0")
            self.assertEqual(device.complete(first.lock_token).status, 412)
            for got in (again, second):
                self.assertEqual(device.abandon(got.lock_token).status, 204)
            self.assertEqual([self.reset(device) for _ in range(2)], ["1", "2"])
            HttpsDialect.cells += 1

    def reset(self, device):
        """Replaces the oldest message by one of the same id."""
        got = device.receive()
        self.assertEqual(device.complete(got.lock_token).status, 204)
        self.send(got.header("iothub-messageid"))
        return got.header("iothub-messageid")

    def test_the_path_knows_no_case(self):
        device = self.device()
        self.send("m")
        device.path = device.path.replace("devicebound", "deviceBound")
        self.assertEqual(device.receive().status, 200)
        HttpsDialect.cells += 1

    def test_the_largest_message_arrives_whole(self):
        device = self.device()
        to = f"/devices/{self.id}/messages/devicebound"
        body = bytes(index * 7 % 256 for index in range(MESSAGE_BYTES_MAX - len(to) - len("m")))
        self.send("m", body=body)
        got = device.receive()
        self.assertTrue(got.body == body)
        self.assertEqual(got.header("Content-Length"), str(len(body)))
        HttpsDialect.cells += 1

    def test_a_service_posts_as_azure_iot_explorer_does(self):
        device = self.device()
        service = HttpsDevice(self.hub, self.identity)
        self.addCleanup(service.close)
        service.path = service.path.replace("devicebound", "deviceBound")
        service.token = self.hub.service_token()

        def post(body, **headers):
            answer = service.request("POST", body=body, headers={
                "iothub-to": device.path, "ContentType": "text/plain", **headers})
            return answer.status, answer.header("iothub-errorcode")
        room = MESSAGE_BYTES_MAX - len(device.path) - len("text/plain")
        self.assertEqual(post(b"x" * (room + 1)), (413, "MessageTooLarge"))
        self.assertEqual(post(b"x" * room), (204, None))
        for _ in range(QUEUE_DEPTH_MAX - 1):
            self.assertEqual(post(b""), (204, None))
        self.assertEqual(post(b""), (403, "DeviceMaximumQueueDepthExceeded"))
        self.assertEqual(len(device.receive().body), room)
        service.path = service.path.replace(self.id, "nobody")
        self.assertEqual(post(b""), (404, "DeviceNotFound"))
        service.token = device.token
        self.assertEqual(post(b""), (401, "IotHubUnauthorizedAccess"))
        HttpsDialect.cells += 5

    def test_whose_queue_it_is_not_is_refused(self):
        device = self.device()
        other = self.hub.create_device("other")
        device.token = sas_token(f"{Settings.hostname}/devices/other", other["key"])
        self.assertEqual(device.receive().status, 401)
        HttpsDialect.cells += 1


if __name__ == "__main__":
    harness.main()
