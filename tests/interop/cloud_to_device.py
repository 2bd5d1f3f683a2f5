"""What a user does with cloud-to-device messages, once for every pair of a device's transport and a
service's: the rows of matrix_test.py.
"""

import base64
import time

from driver import DriverError
from harness import SECONDS

MESSAGE_BYTES_MAX = 64 * 1024
QUEUE_DEPTH_MAX = 50
BATCH_RECORDS_MAX = 64
UNSETTLING = ("mqtt", "mqtt-ws")  # have neither abandon nor reject
EXPIRY_SECONDS = 1


def encode(raw):
    return base64.b64encode(raw).decode()


class Feedback:
    """What the sender was told, by message id, and what it should have been told."""

    def __init__(self, test, service):
        self.test, self.service = test, service
        self.expected, self.told = {}, {}
        test.services.ask("feedback", client=service)

    def expect(self, message_id, status):
        """None: nothing at all."""
        self.expected[message_id] = status

    def collect(self):
        batch = self.test.services.event("feedback", client=self.service)
        self.test.assertEqual(batch["contentType"],
                              "application/vnd.microsoft.iothub.feedback.json")
        for record in batch["records"]:
            self.test.assertEqual(record["description"], record["statusCode"])
            self.told.setdefault(record["originalMessageId"], []).append(record)
        return batch

    def check(self):
        """Fills up a batch, so that nobody waits for the clock, and reads all before it."""
        last = self._fill_batch()
        while last not in self.told:
            self.collect()
        for message_id, status in self.expected.items():
            told = [record["statusCode"] for record in self.told.get(message_id, [])]
            self.test.assertEqual(told, [status] if status else [], message_id)
        strangers = {message_id for message_id in self.told
                     if message_id not in self.expected and not message_id.startswith("filler-")}
        self.test.assertEqual(strangers, set(), "feedback that nobody asked for")

    def _fill_batch(self):
        """The id of the first filler, whose record is behind every other one's."""
        rest, name = BATCH_RECORDS_MAX, None
        while rest > 0:
            device = f"filler-{self.service}-{rest}"
            self.test.hub.create_device(device)
            count = min(rest, QUEUE_DEPTH_MAX)
            self.test.services.ask("send", client=self.service, device=device, count=count,
                                   message={"messageId": device, "ack": "full"})
            purged = self.test.hub.rest("DELETE", f"/devices/{device}/commands")
            self.test.assertEqual(purged[2]["totalMessagesPurged"], count)
            name = name or f"{device}-1"
            rest -= count
        return name


class Cell:
    """One operation: a device of its own, and the words to say what happens to it."""

    def __init__(self, test, transport, service, name, feedback):
        self.test, self.transport, self.service = test, transport, service
        self.feedback = feedback
        self.id = f"{name}-{transport}-{service}"
        self.test.hub.create_device(self.id)
        self.open_clients = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for client in list(self.open_clients):
            self.close(client)

    # -- the service

    def send(self, name, body=b"", device=None, **fields):
        """The full message id; `name` need only differ within the cell."""
        message_id = f"{self.id}-{name}"
        self.test.services.ask("send", client=self.service, device=device or self.id,
                               message={"messageId": message_id, "body": encode(body), **fields})
        return message_id

    def send_many(self, name, count, device=None):
        self.test.services.ask("send", client=self.service, device=device or self.id, count=count,
                               message={"messageId": f"{self.id}-{name}"})
        return [f"{self.id}-{name}-{index}" for index in range(1, count + 1)]

    def refuse(self, error, **fields):
        with self.test.assertRaises(DriverError) as caught:
            self.send("refused", **fields)
        self.test.assertEqual(caught.exception.name, error)

    def queued(self, device=None):
        status, _, identity = self.test.hub.rest("GET", f"/devices/{device or self.id}")
        self.test.assertEqual(status, 200)
        return identity["cloudToDeviceMessageCount"]

    def wait_queued(self, count):
        """For what the device did without being told that the hub has heard it."""
        deadline = time.monotonic() + SECONDS
        while (now := self.queued()) != count:
            self.test.assertLess(time.monotonic(), deadline, f"{now} are queued, not {count}")

    # -- the device

    def open(self, device=None, then="hold", driver=None, **options):
        device = device or self.id
        driver = driver or self.test.devices
        identity = self.test.hub.rest("GET", f"/devices/{device}")[2]
        identity["key"] = identity["authentication"]["symmetricKey"]["primaryKey"]
        driver.ask("open", client=device, transport=self.transport,
                   connection=self.test.hub.device_connection_string(identity), then=then,
                   **options)
        if driver is self.test.devices:
            self.open_clients.append(device)

    def close(self, device=None):
        device = device or self.id
        self.open_clients.remove(device)
        self.test.devices.ask("close", client=device)

    def receive(self, message_id, device=None, driver=None):
        """The next message of the device, which must be this one."""
        event = (driver or self.test.devices).event("message", client=device or self.id)
        self.test.assertEqual(event["messageId"], message_id)
        return event

    def settle(self, event, how):
        self.test.devices.ask("settle", client=event["client"], message=event["number"], how=how)

    @property
    def can_refuse(self):
        """Whether the transport has abandon and reject; where it has not, the SDK says so."""
        return self.transport not in UNSETTLING


def receive_what_waited(cell):
    first, second = cell.send("first", b"one"), cell.send("second", b"two")
    cell.test.assertEqual(cell.queued(), 2)
    cell.open()
    for message_id, body in ((first, b"one"), (second, b"two")):
        event = cell.receive(message_id)
        cell.test.assertEqual(base64.b64decode(event["body"]), body)
        cell.test.assertEqual(event["to"], f"/devices/{cell.id}/messages/devicebound")
        cell.settle(event, "complete")
    cell.wait_queued(0)


def receive_live(cell):
    cell.open(then="complete")
    cell.receive(cell.send("opener"))  # from here on the device is known to listen
    for index in range(3):
        cell.receive(cell.send(f"live-{index}"))


def complete(cell):
    message_id = cell.send("completed", ack="full")
    cell.feedback.expect(message_id, "Success")
    cell.open()
    cell.settle(cell.receive(message_id), "complete")
    cell.wait_queued(0)
    cell.close()
    cell.open(then="complete")
    cell.receive(cell.send("next"))  # and not the one before


def abandon(cell):
    message_id = cell.send("abandoned", ack="full")
    cell.open()
    event = cell.receive(message_id)
    if not cell.can_refuse:
        with cell.test.assertRaises(DriverError) as caught:
            cell.settle(event, "abandon")
        cell.test.assertEqual(caught.exception.name, "NotImplementedError")
        cell.feedback.expect(message_id, "Success")
        return
    cell.settle(event, "abandon")
    event = cell.receive(message_id)
    if cell.transport.startswith("amqp"):
        cell.test.assertEqual(event["deliveryCount"], 1)
    cell.settle(event, "complete")
    cell.feedback.expect(message_id, "Success")
    cell.wait_queued(0)


def abandon_too_often(cell):
    message_id = cell.send("abandoned", ack="full")
    cell.feedback.expect(message_id, "DeliveryCountExceeded")
    cell.open()
    for count in range(3):
        event = cell.receive(message_id)
        if cell.transport.startswith("amqp"):
            cell.test.assertEqual(event["deliveryCount"], count)
        cell.settle(event, "abandon")
    cell.wait_queued(0)
    cell.settle(cell.receive(cell.send("next")), "complete")


def reject(cell):
    message_id = cell.send("rejected", ack="full")
    cell.open()
    event = cell.receive(message_id)
    if not cell.can_refuse:
        with cell.test.assertRaises(DriverError) as caught:
            cell.settle(event, "reject")
        cell.test.assertEqual(caught.exception.name, "NotImplementedError")
        cell.feedback.expect(message_id, "Success")
        return
    cell.settle(event, "reject")
    cell.feedback.expect(message_id, "Rejected")
    cell.wait_queued(0)
    cell.settle(cell.receive(cell.send("next")), "complete")


def redelivery_after_a_crash(cell):
    first = cell.send("first", ack="full")
    # Over HTTPS the second may have been fetched when the crash came, and is then locked longer.
    later = [] if cell.transport == "http" else [cell.send("second")]
    crashing = cell.test.start_driver("device.js")
    cell.open(then="crash", driver=crashing)
    cell.receive(first, driver=crashing)
    crashing.wait()
    cell.test.assertEqual(cell.queued(), 1 + len(later))
    cell.open(then="complete")
    for message_id in [first, *later]:
        cell.receive(message_id)
    cell.wait_queued(0)
    cell.feedback.expect(first, "Success")


def expiry_in_the_past(cell):
    expired = cell.send("expired", ack="full", expiryTimeUtc=round(time.time() * 1000) - 1000)
    cell.feedback.expect(expired, "Expired")
    cell.open(then="complete")
    cell.receive(cell.send("next"))


def expiry_while_waiting(cell):
    soon = round((time.time() + EXPIRY_SECONDS) * 1000)
    expired = cell.send("expired", ack="negative", expiryTimeUtc=soon)
    cell.feedback.expect(expired, "Expired")
    cell.wait_queued(0)
    cell.test.assertGreaterEqual(time.time() * 1000, soon)
    cell.open(then="complete")
    cell.receive(cell.send("next"))


def _acknowledged(cell, ack, completed, dead_lettered):
    message_id = cell.send("completed", ack=ack)
    cell.feedback.expect(message_id, completed)
    cell.open()
    cell.settle(cell.receive(message_id), "complete")
    cell.wait_queued(0)
    if cell.can_refuse:
        rejected = cell.send("rejected", ack=ack)
        cell.settle(cell.receive(rejected), "reject")
        cell.feedback.expect(rejected, dead_lettered and "Rejected")
    else:
        expired = cell.send("expired", ack=ack, expiryTimeUtc=round(time.time() * 1000) - 1000)
        cell.feedback.expect(expired, dead_lettered and "Expired")
    cell.wait_queued(0)


def ack_none(cell):
    _acknowledged(cell, "none", None, None)


def ack_positive(cell):
    _acknowledged(cell, "positive", "Success", None)


def ack_negative(cell):
    _acknowledged(cell, "negative", None, True)


def ack_full(cell):
    _acknowledged(cell, "full", "Success", True)


def purge(cell):
    for ack, status in (("full", "Purged"), ("negative", "Purged"), ("positive", None),
                        ("none", None)):
        cell.feedback.expect(cell.send(f"purged-{ack}", ack=ack), status)
    status, _, body = cell.test.hub.rest("DELETE", f"/devices/{cell.id}/commands")
    cell.test.assertEqual((status, body), (200, {"totalMessagesPurged": 4, "deviceId": cell.id,
                                                 "moduleId": None}))
    cell.test.assertEqual(cell.queued(), 0)
    cell.open(then="complete")
    cell.receive(cell.send("next"))


def backlog_of_a_device_that_was_away(cell):
    cell.open(then="complete")
    cell.receive(cell.send("opener"))
    cell.close()
    sent = cell.send_many("backlog", QUEUE_DEPTH_MAX)
    cell.refuse("DeviceMaximumQueueDepthExceededError")  # the 51st
    cell.test.assertEqual(cell.queued(), QUEUE_DEPTH_MAX)
    cell.open(then="complete", once=True)
    for message_id in sent:
        cell.receive(message_id)
    cell.wait_queued(0)


def largest_message(cell):
    to = f"/devices/{cell.id}/messages/devicebound"
    room = MESSAGE_BYTES_MAX - len(to) - len(f"{cell.id}-largest") - len("name") - len("value")
    body = b"".join(b"%08d" % index for index in range(room // 8 + 1))[:room]
    properties = [["name", "value"]]
    cell.test.assertEqual(len(f"{cell.id}-largest"), len(f"{cell.id}-refused"))
    cell.refuse("MessageTooLargeError", body=body + b"!", properties=properties)
    message_id = cell.send("largest", body, properties=properties)
    cell.open(then="complete")
    event = cell.receive(message_id)
    cell.test.assertTrue(base64.b64decode(event["body"]) == body, "the body is another one")
    cell.wait_queued(0)


def two_devices_at_once(cell):
    devices = [cell.id, f"{cell.id}-other"]
    cell.test.hub.create_device(devices[1])
    polls = cell.transport == "http"  # and keeps an order only among what waits
    if not polls:
        for device in devices:
            cell.open(device, then="complete")
    sent = {device: [] for device in devices}
    for index in range(10):
        for device in devices:
            sent[device].append(cell.send(f"{devices.index(device)}-{index}", device=device))
    if polls:
        for device in devices:
            cell.open(device, then="complete", once=True)
    for device in devices:
        for message_id in sent[device]:
            cell.receive(message_id, device)


OPERATIONS = (
    receive_what_waited, receive_live, complete, abandon, abandon_too_often, reject,
    redelivery_after_a_crash, expiry_in_the_past, expiry_while_waiting, ack_none, ack_positive,
    ack_negative, ack_full, purge, backlog_of_a_device_that_was_away, largest_message,
    two_devices_at_once)


def operations(transport):
    """Those that the transport has. abandon and reject show of every one whether it has them."""
    return [operation for operation in OPERATIONS
            if transport not in UNSETTLING or operation is not abandon_too_often]
