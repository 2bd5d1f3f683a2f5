#!/usr/bin/python3
"""Devices over AMQP on the wire: several on one connection, as Java's multiplexing client and the
pools of C# and C have them, and the rules of links that no SDK shows."""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from amqp_client import ACCEPTED, REJECTED, AmqpService, message  # noqa: E402
from amqp_device import MODIFIED, RELEASED, AmqpDevices  # noqa: E402
from harness import SECONDS  # noqa: E402

DEVICES = ("Device-1", "Device-2", "Device-3")


class Multiplexing(harness.TestCase):
    cells = 0

    @classmethod
    def tearDownClass(cls):
        harness.report_cells(cls.cells)

    def setUp(self):
        super().setUp()
        Multiplexing.cells += 1
        self.hub = self.start_hub()
        self.identities = {device: self.hub.create_device(device) for device in DEVICES}
        self.service = AmqpService(self.hub)
        self.addCleanup(self.service.close)
        self.service.open_sender()

    def send(self, device, *ids):
        for message_id in ids:
            outcome = self.service.send_and_wait(message(device, b"", message_id))
            self.assertIsNone(outcome.condition)

    def connect(self, *devices, **options):
        """One connection for all of them."""
        connection = AmqpDevices(self.hub, self.identities[devices[0]])
        self.addCleanup(connection.close)
        self.assertEqual(connection.cbs_status, 200)
        for device in devices[1:]:
            self.assertEqual(connection.authorize(self.identities[device]), 200)
        for device in devices:
            self.assertIsNone(connection.add(device, **options).condition)
        return connection

    def wait_queued(self, device, count):
        deadline = time.monotonic() + SECONDS
        while (now := self.hub.rest("GET", f"/devices/{device}")[2]["cloudToDeviceMessageCount"]) \
                != count:
            self.assertLess(time.monotonic(), deadline, f"{now} are queued, not {count}")

    def barrier(self, connection, device=DEVICES[0]):
        """What the hub had to send when it heard this has come."""
        self.assertEqual(connection.authorize(self.identities[device]), 200)

    # -- several devices

    def test_each_device_sees_its_own_messages_only(self):
        for device in DEVICES:
            self.send(device, f"{device}-waits")
        connection = self.connect(*DEVICES)
        for index in range(5):
            for device in DEVICES:
                self.send(device, f"{device}-{index}")
        for device in reversed(DEVICES):
            for name in ("waits", *range(5)):
                got = connection.receive(device)
                self.assertEqual(got.id, f"{device}-{name}")
                self.assertEqual(got.properties["to"], f"/devices/{device}/messages/devicebound")
                connection.complete(got)
            self.wait_queued(device, 0)

    def test_a_device_without_a_token_is_refused(self):
        connection = self.connect(DEVICES[0])
        self.assertEqual(connection.add(DEVICES[1]).condition, "amqp:unauthorized-access")
        self.send(DEVICES[0], "m")
        self.assertEqual(connection.receive(DEVICES[0]).id, "m", "the other device is disturbed")

    def test_a_wrong_token_is_refused_and_disturbs_nobody(self):
        connection = self.connect(DEVICES[0])
        wrong = {**self.identities[DEVICES[1]], "key": self.identities[DEVICES[2]]["key"]}
        self.assertEqual(connection.authorize(wrong), 401)
        self.send(DEVICES[0], "m")
        self.assertEqual(connection.receive(DEVICES[0]).id, "m")

    def test_a_device_that_leaves_returns_its_messages_and_no_others(self):
        connection = self.connect(*DEVICES[:2])
        for device in DEVICES[:2]:
            self.send(device, f"{device}-m")
        kept = connection.receive(DEVICES[1])
        connection.receive(DEVICES[0])
        connection.remove(DEVICES[0])
        other = self.connect(DEVICES[0])
        self.assertEqual(other.receive(DEVICES[0]).id, f"{DEVICES[0]}-m")
        connection.complete(kept)
        self.wait_queued(DEVICES[1], 0)

    def test_a_lost_connection_returns_the_messages_of_all_in_order(self):
        connection = self.connect(*DEVICES)
        for device in DEVICES:
            self.send(device, "1", "2", "3")
            for _ in range(3):
                connection.receive(device)
        connection.close()
        for device in DEVICES:
            self.send(device, "4")
        again = self.connect(*DEVICES)
        for device in DEVICES:
            got = [again.receive(device) for _ in range(4)]
            self.assertEqual([each.id for each in got], ["1", "2", "3", "4"])
            self.assertEqual([each.annotations["iothub-deliverycount"] for each in got], [0] * 4)

    def test_a_deleted_device_loses_its_link_and_no_other_does(self):
        connection = self.connect(*DEVICES[:2])
        deleted = self.hub.rest("DELETE", f"/devices/{DEVICES[0]}", headers={"If-Match": "*"})
        self.assertEqual(deleted[0], 204)
        self.send(DEVICES[1], "m")
        self.assertEqual(connection.receive(DEVICES[1]).id, "m")

    def test_sessions_may_name_their_links_alike(self):
        """C#'s pool: a session for each device, and the same link names in all of them."""
        connection = self.connect(DEVICES[0])
        for channel, device in enumerate(DEVICES[1:], 1):
            self.assertEqual(connection.authorize(self.identities[device]), 200)
            connection.begin(channel)
            opened = connection.add(device, channel=channel, name="TelemetryReceiverLink")
            self.assertIsNone(opened.condition)
        for device in DEVICES:
            self.send(device, f"{device}-1", f"{device}-2")
        for device in DEVICES:
            got = [connection.receive(device) for _ in range(2)]
            self.assertEqual([each.id for each in got], [f"{device}-1", f"{device}-2"])
            connection.complete(got[1])
            connection.abandon(got[0])
            self.assertEqual(connection.receive(device).id, f"{device}-1")
            self.wait_queued(device, 1)

    # -- the rules of a link

    def test_no_message_comes_without_credit(self):
        self.send(DEVICES[0], *"12345")
        connection = self.connect(DEVICES[0], credit=0)
        self.barrier(connection)
        self.assertEqual(connection.deliveries[DEVICES[0]], [])
        connection.grant(connection.handles[DEVICES[0]], 3)
        got = [connection.receive(DEVICES[0]) for _ in range(3)]
        self.barrier(connection)
        self.assertEqual(connection.deliveries[DEVICES[0]], [])
        connection.grant(connection.handles[DEVICES[0]], 10, delivery_count=3)
        got += [connection.receive(DEVICES[0]) for _ in range(2)]
        self.assertEqual([each.id for each in got], list("12345"))

    def test_an_unsettled_outcome_is_answered(self):
        connection = self.connect(DEVICES[0], settle_second=True)
        for state in (RELEASED, REJECTED, ACCEPTED):
            self.send(DEVICES[0], "m")
            got = connection.receive(DEVICES[0])
            connection.settle(got, state, settled=False)
            self.assertEqual(connection.answer(got).code, ACCEPTED)
            if state == RELEASED:
                got = connection.receive(DEVICES[0])
                self.assertEqual(got.annotations["iothub-deliverycount"], 1)
                connection.complete(got)
            self.wait_queued(DEVICES[0], 0)
            Multiplexing.cells += 1

    def test_a_settled_outcome_is_not_answered(self):
        """uAMQP would take the answer for that to a send of its own."""
        connection = self.connect(DEVICES[0])
        self.send(DEVICES[0], "m")
        connection.complete(connection.receive(DEVICES[0]))
        self.barrier(connection)
        self.assertEqual(connection.settled, {})

    def test_modified_is_an_abandon_or_a_reject(self):
        connection = self.connect(DEVICES[0])
        self.send(DEVICES[0], "m")
        connection.settle(connection.receive(DEVICES[0]), MODIFIED)
        again = connection.receive(DEVICES[0])
        self.assertEqual(again.annotations["iothub-deliverycount"], 1)
        connection.settle(again, MODIFIED, fields=[True, True])  # undeliverable here
        self.wait_queued(DEVICES[0], 0)

    def test_one_disposition_settles_a_range(self):
        connection = self.connect(DEVICES[0])
        self.send(DEVICES[0], *"123456")
        got = [connection.receive(DEVICES[0]) for _ in range(6)]
        connection.settle(got[0], ACCEPTED, last=got[3])
        self.wait_queued(DEVICES[0], 2)
        connection.close()
        again = self.connect(DEVICES[0])
        self.assertEqual([again.receive(DEVICES[0]).id for _ in range(2)], ["5", "6"])

    def test_an_abandoned_message_keeps_its_place(self):
        self.send(DEVICES[0], "1", "2", "3")
        connection = self.connect(DEVICES[0], credit=1)
        connection.abandon(connection.receive(DEVICES[0]))
        connection.grant(connection.handles[DEVICES[0]], 3, delivery_count=1)
        self.assertEqual([connection.receive(DEVICES[0]).id for _ in range(3)], ["1", "2", "3"])


if __name__ == "__main__":
    harness.main()
