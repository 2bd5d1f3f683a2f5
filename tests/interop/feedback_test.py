#!/usr/bin/python3
"""What senders hear: over HTTPS, over AMQP on the wire, and with Microsoft's Node service SDK over
both of its transports, and with our own SDK."""

import json
import sys
import urllib.parse
from datetime import datetime, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from amqp_client import ACCEPTED, AmqpService, Symbol, Timestamp, message  # noqa: E402
from amqp_device import RELEASED, FeedbackReceiver  # noqa: E402
from driver import Driver  # noqa: E402
from harness import Settings, program, sas_token, service_claims  # noqa: E402
from mqtt_client import MqttDevice  # noqa: E402

HERE = Path(__file__).resolve().parent
DEVICE = "Device-1"
PATH = "/messages/serviceBound/feedback"
CONTENT_TYPE = "application/vnd.microsoft.iothub.feedback.json"
LOCK_SECONDS, DELIVERIES_MAX = 5, 2
BATCH_RECORDS_MAX, QUEUE_DEPTH_MAX = 64, 50
CLOCK_SECONDS = 120  # between what the test and what the hub takes for now


class FeedbackTest(harness.TestCase):
    maxDiff = None
    cells = 0

    @classmethod
    def tearDownClass(cls):
        harness.report_cells(cls.cells)

    def setUp(self):
        super().setUp()
        self.hub = self.start_hub(arguments=[
            "--cloudToDevice.feedback.lockDurationAsIso8601", f"PT{LOCK_SECONDS}S",
            "--cloudToDevice.feedback.maxDeliveryCount", str(DELIVERIES_MAX)])
        self.identity = self.hub.create_device(DEVICE)
        self.service = AmqpService(self.hub)
        self.addCleanup(self.service.close)
        self.service.open_sender()
        FeedbackTest.cells += 1

    def send(self, message_id, ack="full", device=DEVICE):
        raw = message(device, b"", message_id, {"iothub-ack": ack})
        self.assertIsNone(self.service.send_and_wait(raw).condition)

    def purge(self, count, device):
        """That many records at once."""
        self.hub.create_device(device)
        for index in range(count):
            self.send(f"{device}-{index}", device=device)
        status, _, body = self.hub.rest("DELETE", f"/devices/{device}/commands")
        self.assertEqual((status, body["totalMessagesPurged"]), (200, count))

    def complete_one(self, message_id="m1"):
        self.send(message_id)
        with MqttDevice(self.hub) as device:
            self.assertEqual(device.connect(DEVICE, self.identity["key"]), 0)
            device.subscribe(DEVICE)
            device.acknowledge(device.receive())
            device.ping()

    def get(self):
        """(ETag without quotes, records); None when there is no batch."""
        status, headers, records = self.hub.rest("GET", PATH)
        if status == 204:
            return None
        self.assertEqual(status, 200)
        self.assertRegex(headers["etag"], r'^"[^"]+"$')
        return headers["etag"].strip('"'), records

    def settle(self, token, how="complete"):
        quoted = urllib.parse.quote(token, safe="")
        if how == "complete":
            return self.hub.rest("DELETE", f"{PATH}/{quoted}")
        return self.hub.rest("POST", f"{PATH}/{quoted}/abandon")

    def receiver(self, **options):
        receiver = FeedbackReceiver(self.hub, **options)
        self.addCleanup(receiver.close)
        return receiver

    def take(self, receiver):
        """The records of the next batch, which is completed."""
        got = receiver.receive()
        receiver.complete(got)
        return json.loads(got.body)

    # -- HTTPS

    def test_https_without_feedback_answers_204(self):
        self.assertIsNone(self.get())

    def test_https_gives_a_batch_locks_it_and_completes_it(self):
        self.complete_one()
        token, records = self.get()
        self.check_record(records, "m1", "Success")
        self.assertIsNone(self.get(), "a locked batch is given again")
        self.assertEqual(self.settle(token)[0], 204)
        status, headers, body = self.settle(token)
        self.assertEqual((status, headers["iothub-errorcode"]), (412, "DeviceMessageLockLost"))
        self.assertIn("DeviceMessageLockLost", body["Message"])
        self.assertIsNone(self.get())

    def check_record(self, records, message_id, status):
        self.assertEqual(len(records), 1)
        record = dict(records[0])
        time = datetime.fromisoformat(record.pop("enqueuedTimeUtc"))
        self.assertLess(abs((datetime.now(timezone.utc) - time).total_seconds()), CLOCK_SECONDS)
        self.assertEqual(record, {
            "originalMessageId": message_id, "statusCode": status, "description": status,
            "deviceId": DEVICE, "deviceGenerationId": self.identity["generationId"]})

    def test_https_abandon_gives_it_again_until_the_maximum(self):
        self.complete_one()
        tokens = []
        for _ in range(DELIVERIES_MAX):
            token, records = self.get()
            self.check_record(records, "m1", "Success")
            self.assertEqual(self.settle(token, "abandon")[0], 204)
            self.assertEqual(self.settle(token, "abandon")[0], 412, "the lock is spent")
            tokens.append(token)
        self.assertEqual(len(set(tokens)), DELIVERIES_MAX)
        self.assertIsNone(self.get(), "abandoned more often than feedback.maxDeliveryCount")

    def test_a_lock_that_ends_gives_the_batch_to_the_next(self):
        self.complete_one()
        token, records = self.get()
        got = self.receiver().receive()  # waits for the lock's end
        self.assertEqual(json.loads(got.body), records)
        self.assertEqual(self.settle(token)[0], 412)

    def test_https_needs_the_right_of_a_service(self):
        claims = service_claims(self.hub.connection_string("--policy", "device"))
        status, headers, _ = self.hub.rest("GET", PATH, token=sas_token(**claims))
        self.assertEqual((status, headers["iothub-errorcode"]), (401, "IotHubUnauthorizedAccess"))

    # -- what becomes a record

    def test_a_message_without_id_has_a_record_without_one(self):
        self.send(None)
        self.assertEqual(self.hub.rest("DELETE", f"/devices/{DEVICE}/commands")[0], 200)
        _, records = self.get()
        self.assertEqual([record["statusCode"] for record in records], ["Purged"])
        self.assertIn(records[0].get("originalMessageId"), (None, ""))

    def test_sixty_four_records_are_a_batch_and_the_rest_follows_by_the_clock(self):
        self.purge(1, "opener")
        receiver = self.receiver()
        self.assertEqual(len(self.take(receiver)), 1)
        self.purge(QUEUE_DEPTH_MAX, "one")
        self.purge(QUEUE_DEPTH_MAX, "two")
        first = self.take(receiver)
        self.assertEqual([record["originalMessageId"] for record in first],
                         [f"one-{index}" for index in range(QUEUE_DEPTH_MAX)]
                         + [f"two-{index}" for index in range(BATCH_RECORDS_MAX - QUEUE_DEPTH_MAX)])
        rest = self.take(receiver)  # within 15 s
        self.assertEqual(len(rest), 2 * QUEUE_DEPTH_MAX - BATCH_RECORDS_MAX)

    def test_a_deleted_device_takes_its_feedback_along(self):
        self.purge(1, "opener")  # from here on records wait for their batch
        receiver = self.receiver()
        self.take(receiver)
        self.purge(1, "deleted")
        self.assertEqual(self.hub.rest("DELETE", "/devices/deleted",
                                       headers={"If-Match": "*"})[0], 204)
        self.purge(QUEUE_DEPTH_MAX, "one")
        self.purge(BATCH_RECORDS_MAX - QUEUE_DEPTH_MAX, "two")
        devices = {record["deviceId"] for record in self.take(receiver)}
        self.assertEqual(devices, {"one", "two"})

    def test_feedback_outlives_the_hub(self):
        self.complete_one()
        token, records = self.get()  # seen by somebody, so on disk
        self.service.close()
        self.hub.restart_killed()
        again, same = self.get()  # its lock ended with the hub
        self.assertEqual(same, records)
        self.assertEqual(self.settle(token)[0], 412)
        self.assertEqual(self.settle(again)[0], 204)

    # -- AMQP

    def test_amqp_carries_what_each_sdk_looks_for(self):
        self.complete_one()
        got = self.receiver().receive()
        self.check_record(json.loads(got.body), "m1", "Success")
        self.assertEqual(len(got.tag), 16)
        properties = got.properties
        self.assertEqual(properties["user_id"], Settings.hostname.split(".")[0].encode())
        self.assertEqual(properties["content_type"], CONTENT_TYPE)
        self.assertIs(type(properties["content_type"]), Symbol)
        self.assertIs(type(got.annotations["iothub-enqueuedtime"]), Timestamp)

    def test_amqp_takes_every_address_that_sdks_use(self):
        host = Settings.hostname
        for address in ("/messages/serviceBound/feedback", "/messages/servicebound/feedback",
                        f"amqps://{host}/messages/servicebound/feedback",
                        f"amqps://{host}:5671/messages/serviceBound/feedback",
                        "messages/servicebound/feedback"):
            with self.subTest(address=address):
                self.assertIsNone(self.receiver(address=address).opened.condition)
            FeedbackTest.cells += 1

    def test_amqp_gives_a_batch_to_one_of_two_and_again_when_it_is_released(self):
        one, two = self.receiver(credit=0), self.receiver(credit=0)
        self.complete_one()
        one.grant(one.handle, 1)
        got = one.receive()
        two.grant(two.handle, 1)
        one.abandon(got)
        again = two.receive()
        self.assertEqual(again.body, got.body)
        self.assertNotEqual(again.tag, got.tag)

    def test_amqp_answers_accepted_to_whoever_waits_for_it(self):
        self.complete_one()
        receiver = self.receiver(settle_second=True)
        for state in (RELEASED, ACCEPTED):
            got = receiver.receive()
            receiver.settle(got, state, settled=False)
            self.assertEqual(receiver.answer(got).code, ACCEPTED)  # C# knows no other success
        self.assertIsNone(self.get())

    def test_amqp_returns_a_batch_when_the_connection_ends(self):
        self.complete_one()
        with FeedbackReceiver(self.hub) as lost:
            body = lost.receive().body
        self.assertEqual(self.receiver().receive().body, body)

    # -- Node

    def test_node_abandons_and_completes_over_each_transport(self):
        driver = Driver(["node", HERE / "service.js"], env=self.hub.environment())
        self.addCleanup(driver.kill)
        for transport in ("amqp", "amqp-ws"):
            with self.subTest(transport=transport):
                driver.ask("open", client=transport, transport=transport,
                           connection=self.hub.connection_string())
                driver.ask("feedback", client=transport, abandonFirst=True)
                self.purge(BATCH_RECORDS_MAX // 2, f"{transport}-one")
                self.purge(BATCH_RECORDS_MAX // 2, f"{transport}-two")
                first = driver.event("feedback", client=transport)
                second = driver.event("feedback", client=transport)
                self.assertEqual((first["how"], second["how"]), ("abandon", "complete"))
                self.assertEqual(second["records"], first["records"])
                driver.ask("close", client=transport)
            FeedbackTest.cells += 1

    # -- the C++ SDK

    def test_our_example_completes_what_it_prints_over_each_transport(self):
        for transport, closed in (("tcp", "https"), ("ws", "amqp")):
            with self.subTest(transport=transport):
                example = self.example("1", TRANSPORT=transport,
                                       **{f"RESTANTE_{closed.upper()}_PORT": "1"})
                self.complete_one(f"over-{transport}")
                self.assertEqual(example.wait(), 0, example.output)
                self.assertIn(f"Received feedback: Success for over-{transport} of {DEVICE}",
                              example.output)
                self.assertIsNone(self.get(), "it is not completed")
            FeedbackTest.cells += 1

    def test_our_example_goes_on_when_the_hub_was_killed_and_started_again(self):
        example = self.example("2")
        self.complete_one("before")
        example.wait_line("Success for before")
        # Killed before that, the hub may have completed the batch and not said so.
        example.wait_line("Completed the batch")
        self.service.close()
        self.hub.restart_killed()
        self.service = AmqpService(self.hub)
        self.addCleanup(self.service.close)
        self.service.open_sender()
        self.complete_one("after")
        self.assertEqual(example.wait(), 0, example.output)
        self.assertIn("Success for after", example.output)

    def example(self, *arguments, **environment):
        return self.start([program("examples/receive_feedback"), *arguments],
                          env=self.hub.environment(
                              IOTHUB_CONNECTION_STRING=self.hub.connection_string(),
                              **environment))


if __name__ == "__main__":
    harness.main()
