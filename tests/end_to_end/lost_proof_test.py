#!/usr/bin/python3
"""A device that is disabled, deleted or given other keys loses its AMQP links at once, also those
on which no message would ever come: its token would have held for an hour."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from amqp_client import CLOSE, DETACH  # noqa: E402
from amqp_device import Receivers, device_token  # noqa: E402

ANY = {"If-Match": "*"}


class LostProof(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.hub = self.start_hub()
        self.device = self.hub.create_device("d")
        self.other = self.hub.create_device("other")

    def connect(self, identity):
        client = Receivers(self.hub, device_token(identity))
        self.addCleanup(client.close)
        self.assertEqual(client.cbs_status, 200)
        return client

    def telemetry_of(self, client, device):
        self.assertIsNone(client.open_sender(f"/devices/{device}/messages/events").condition)

    def twin_of(self, client, device):
        self.assertIsNone(client.attach_receiver(device, f"/devices/{device}/twin").condition)

    def change(self, method, body=None):
        status, _, answer = self.hub.rest(method, "/devices/d", body, headers=ANY)
        self.assertIn(status, (200, 204), answer)

    def disable(self):
        self.change("PUT", {"deviceId": "d", "status": "disabled",
                            "authentication": self.device["authentication"]})

    def expect_ended(self, client, condition, kind=DETACH):
        _, fields, _ = client.read_until(lambda code, *_: code == kind)
        self.assertEqual(fields[2 if kind == DETACH else 0].value[0], condition)

    def test_a_disabled_device_loses_its_telemetry_link_and_its_connection(self):
        client = self.connect(self.device)
        self.telemetry_of(client, "d")
        self.disable()
        self.expect_ended(client, "amqp:not-found")
        self.expect_ended(client, "amqp:not-found", CLOSE)
        self.hub.process.wait_line("event=link_ended protocol=amqp .*who=d reason=.*disabled")

    def test_a_deleted_device_loses_its_twin_link(self):
        client = self.connect(self.device)
        self.twin_of(client, "d")
        self.change("DELETE")
        self.expect_ended(client, "amqp:not-found")

    def test_new_keys_end_what_the_old_ones_opened_and_no_other_device_on_the_connection(self):
        client = self.connect(self.device)
        self.assertEqual(client.put_token(device_token(self.other)), 200)
        self.twin_of(client, "d")
        self.telemetry_of(client, "other")
        self.change("PUT", {"deviceId": "d"})
        self.expect_ended(client, "amqp:unauthorized-access")
        self.assertIsNone(client.send_and_wait(b"").condition)

    def test_a_service_that_acts_for_devices_loses_the_link_of_the_one_that_ended(self):
        client = Receivers(self.hub)
        self.addCleanup(client.close)
        self.twin_of(client, "d")
        self.telemetry_of(client, "other")
        self.disable()
        self.expect_ended(client, "amqp:not-found")
        self.assertIsNone(client.send_and_wait(b"").condition)


if __name__ == "__main__":
    harness.main()
