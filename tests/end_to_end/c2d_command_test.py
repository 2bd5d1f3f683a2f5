#!/usr/bin/python3
"""`restante c2d`: a message from the command line to a device, and from the device's side."""

import base64
import datetime
import json
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from command import FAILED, NOT_FOUND, REFUSED, USAGE, CommandCase  # noqa: E402

ANNOTATIONS = ("enqueuedTimeUtc", "sequenceNumber", "deliveryCount")


class CloudToDevice(CommandCase):
    def setUp(self):
        super().setUp()
        self.identity = self.hub.create_device("d")

    def send(self, *words, given=""):
        return self.restante("c2d", "send", "d", *words, given=given)[0].strip()

    def receive(self, *words):
        return self.json("c2d", "receive", "d", *words)

    def as_device(self):
        self.environment["IOTHUB_CONNECTION_STRING"] = self.hub.device_connection_string(
            self.identity)

    def test_a_message_arrives_as_it_was_sent(self):
        said = self.send("grüß dich", "--message-id", "m 1", "--correlation-id", "c",
                         "--content-type", "text/plain", "--content-encoding", "utf-8",
                         "--ack", "full", "--expiry", "+3600s",
                         "-p", "level=hö=h", "--property", "empty=", "-p", "Level=low")
        self.assertEqual(said, "m 1")
        message = self.receive()
        self.assertEqual((message["deviceId"], message["data"]), ("d", "grüß dich"))
        system = message["properties"]["system"]
        expiry = datetime.datetime.fromisoformat(system.pop("expiryTimeUtc")[:19] + "+00:00")
        left = expiry - datetime.datetime.now(datetime.timezone.utc)
        self.assertTrue(3600 - harness.SECONDS <= left.total_seconds() <= 3600, left)
        self.assertEqual([system.pop(name) for name in ANNOTATIONS][1:], ["1", "0"])
        self.assertEqual(system, {"messageId": "m 1", "correlationId": "c", "ack": "full",
                                  "contentType": "text/plain", "contentEncoding": "utf-8",
                                  "to": "/devices/d/messages/devicebound"})
        self.assertEqual(message["properties"]["app"],
                         {"level": "hö=h", "empty": "", "Level": "low"})

    def test_bodies_of_any_bytes_come_from_the_input(self):
        body = bytes(range(256))
        done = subprocess.run(
            [harness.program("restante"), "c2d", "send", "d", "-"], input=body,
            env=self.environment, capture_output=True, timeout=harness.SECONDS, check=True)
        message = self.receive("--complete")
        self.assertEqual(message["dataBase64"], base64.b64encode(body).decode())
        self.assertEqual(message["properties"]["system"]["messageId"],
                         done.stdout.decode().strip())
        self.send("")
        self.assertEqual(self.receive("--complete")["data"], "")

    def test_a_time_by_which_it_is_of_no_use(self):
        self.send("late", "--expiry", "+0")
        self.send("in time", "--expiry", (datetime.datetime.now(datetime.timezone.utc) + datetime
                                          .timedelta(hours=1)).isoformat())
        self.assertEqual(self.receive("--complete")["data"], "in time")
        for text in ("tomorrow", "+x", "+5m", "+99999999999999999999", ""):
            with self.subTest(text):
                words = ("c2d", "send", "d", "x", f"--expiry={text}")
                self.assertIn("expiry", self.restante(*words, code=USAGE)[1])

    def settle_each_way(self, *login):
        for text in ("completed", "rejected", "abandoned"):
            self.send(text, "--ack", "full")
        if login:
            self.as_device()
        tokens = {}
        for _ in range(3):
            message = self.receive()
            tokens[message["data"]] = message["etag"]
        self.restante("c2d", "complete", "d", tokens["completed"])
        self.restante("c2d", "reject", "d", tokens["rejected"])
        self.restante("c2d", "abandon", "d", tokens["abandoned"])
        again = self.receive("--complete")
        self.assertEqual((again["data"], again["properties"]["system"]["deliveryCount"]),
                         ("abandoned", "1"))
        self.assertIn("receive it again",
                      self.restante("c2d", "complete", "d", tokens["completed"], code=FAILED)[1])
        self.assertIn("no message waits",
                      self.restante("c2d", "receive", "d", code=NOT_FOUND)[1])

    def test_each_way_to_settle_by_the_policy(self):
        self.settle_each_way()

    def test_each_way_to_settle_by_the_device_itself(self):
        self.settle_each_way("device")

    def test_settled_once_printed(self):
        for text in ("a", "b"):
            self.send(text)
        self.assertEqual(self.receive("--abandon")["data"], "a")
        self.assertEqual(self.receive("--reject")["data"], "a")
        table = self.restante("c2d", "receive", "d", "--complete", "-o", "table")[0]
        self.assertRegex(table, r"(?m)^data +b$")
        self.restante("c2d", "receive", "d", code=NOT_FOUND)

    def test_purge(self):
        for text in ("a", "b"):
            self.send(text)
        self.assertEqual(self.restante("c2d", "purge", "d")[0], "2 messages removed\n")
        self.restante("c2d", "receive", "d", code=NOT_FOUND)
        self.restante("c2d", "purge", "none", code=NOT_FOUND)

    def test_feedback(self):
        ids = [self.send(text, "--ack", "full") for text in ("completed", "rejected", "purged")]
        self.receive("--complete")
        self.receive("--reject")
        self.restante("c2d", "purge", "d")
        wanted = dict(zip(ids, ("Success", "Rejected", "Purged")))
        records = []
        while len(records) < len(wanted):  # in one batch or in several, as the hub's clock has it
            records += self.json_lines("feedback", "--timeout", harness.SECONDS, "-o", "jsonl")
        self.assertEqual({each["originalMessageId"]: each["statusCode"] for each in records},
                         wanted)
        self.assertIn("no feedback came",
                      self.restante("feedback", "--timeout", 1, code=NOT_FOUND)[1])

    def test_feedback_as_it_comes(self):
        follower = self.start([harness.program("restante"), "feedback", "--follow"],
                              self.environment)
        for _ in range(2):
            message_id = self.send("x", "--ack", "positive")
            self.receive("--complete")
            follower.wait_line(rf"^\S+Z d {message_id} Success$")
        follower.signal(signal.SIGINT)
        self.assertEqual(follower.wait(), 0)
        self.assertNotRegex(follower.output, harness.SANITIZER_REPORT)

    def test_what_was_not_printed_is_not_settled(self):
        self.send("kept")
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run(
                [harness.program("restante"), "c2d", "receive", "d", "--complete",
                 "--lock-timeout", "1"], env=self.environment, stdout=full,
                stderr=subprocess.PIPE, text=True, timeout=harness.SECONDS, check=False)
        self.assertEqual(done.returncode, FAILED, done.stderr)
        self.assertIn("stays with the hub", done.stderr)
        self.assertEqual(self.receive("--timeout", harness.SECONDS, "--complete")["data"], "kept")

    def test_waiting_for_a_message(self):
        receiver = self.start([harness.program("restante"), "c2d", "receive", "d", "--timeout",
                               harness.SECONDS, "-o", "jsonl"], self.environment)
        self.send("at last")
        self.assertEqual(receiver.wait(), 0)
        self.assertEqual(json.loads(receiver.output)["data"], "at last")

    def test_wrong_words_are_told_what_is_right(self):
        for words, said in ((("send", "d"), "TEXT"), (("send",), "DEVICE"),
                            (("send", "d", "x", "-p", "novalue"), "NAME=VALUE"),
                            (("send", "d", "x", "-p", "=v"), "NAME=VALUE"),
                            (("send", "d", "x", "-p", "messageId=m"), "--message-id"),
                            (("send", "d", "x", "--ack", "maybe"), "full"),
                            (("receive", "d", "--complete", "--reject"), "exclude"),
                            (("complete", "d"), "LOCK-TOKEN"), (("recieve", "d"), "receive?")):
            with self.subTest(words):
                self.assertIn(said, self.restante("c2d", *words, code=USAGE)[1])
        self.assertIn("DeviceNotFound",
                      self.restante("c2d", "send", "none", "x", code=NOT_FOUND)[1])
        self.assertIn("that the device is there",
                      self.restante("c2d", "receive", "none", code=REFUSED)[1])
        self.as_device()
        self.assertIn("of the device d", self.restante("c2d", "receive", "e", code=USAGE)[1])
        self.environment["IOTHUB_CONNECTION_STRING"] = self.hub.connection_string(
            "--policy", "registryRead")
        self.assertIn("rights", self.restante("c2d", "receive", "d", code=REFUSED)[1])


if __name__ == "__main__":
    harness.main()
