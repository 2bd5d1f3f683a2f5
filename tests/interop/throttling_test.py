#!/usr/bin/python3
"""A hub with the limits of a tier, met by Microsoft's service SDK, by a device that polls and by
one that connects: each hears it in its protocol's own words."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from amqp_client import DETACH, UInt  # noqa: E402
from amqp_device import FIRST_LINK_HANDLE, AmqpDevices  # noqa: E402
from https_device import HttpsDevice  # noqa: E402
from mqtt_client import MqttDevice  # noqa: E402

HERE = Path(__file__).resolve().parent
DEVICE = "Device-1"
TRIES_MAX = 20_000  # a bucket fills while it is emptied; this many are never let through


class Throttling(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.hub = self.start_hub(arguments=["--throttling.profile", "F1",
                                             "--cloudToDevice.maxQueueDepth", "10000"])
        self.identity = self.hub.create_device(DEVICE)

    def logged(self, operation):
        self.hub.process.wait_line(f"event=throttled operation={operation} ")

    def test_the_service_sdk_is_told_by_the_class_of_the_error(self):
        output = harness.run(["node", HERE / "throttling.js", DEVICE], env=self.hub.environment(
            IOTHUB_CONNECTION_STRING=self.hub.connection_string()))
        said = json.loads(next(line for line in output.splitlines() if line.startswith("{")))
        for operation, name, at_least in (("query", "Query", 20), ("registry", "CRUD", 99),
                                          ("send", "CloudToDeviceSend", 100)):
            with self.subTest(operation):
                self.assertGreaterEqual(said[operation]["done"], at_least)
                self.assertEqual(said[operation].get("error"), "ThrottlingError", said[operation])
                self.logged(name)

    def test_a_bulk_is_done_whole_or_not_at_all(self):
        bulk = [{"id": f"b{number}", "importMode": "create"} for number in range(99)]
        self.assertEqual(self.hub.rest("POST", "/devices", bulk)[0], 200)
        status, _, body = self.hub.rest("POST", "/devices", [
            {"id": f"c{number}", "importMode": "create"} for number in range(99)])
        self.assertEqual(status, 429, body)
        self.assertRegex(body["Message"], r"ErrorCode:ThrottlingException;.* Wait \d+ seconds")
        self.hub.stop()
        self.hub.arguments = []
        self.hub.start()
        known = {device["deviceId"] for device in self.hub.rest("GET", "/devices")[2]}
        self.assertEqual(known, {DEVICE, *(entry["id"] for entry in bulk)})

    def test_a_device_that_polls_too_often_is_told_when_to_come_back(self):
        device = HttpsDevice(self.hub, self.identity)
        self.addCleanup(device.close)
        polls = 0
        while (answer := device.receive()).status == 204 and polls < TRIES_MAX:
            polls += 1
        self.assertGreaterEqual(polls, 1000)
        self.assertEqual(answer.status, 429)
        self.assertRegex(answer.body, rb"ErrorCode:ThrottlingException;.* Wait \d+ seconds")
        self.logged("CloudToDeviceReceive")

    def attach_until_refused(self, amqp):
        """How often it went well. On a standing connection it uses the bucket up quickly."""
        attached = 0
        while (outcome := amqp.add(DEVICE, credit=0)).condition is None and attached < TRIES_MAX:
            attached += 1
            amqp.remove(DEVICE)
            amqp.handles.clear()
        self.assertEqual(outcome.condition, "com.microsoft:device-container-throttled")
        amqp.write(DETACH, [UInt(FIRST_LINK_HANDLE), True])
        return attached

    def test_devices_that_connect_too_often_are_refused_in_both_protocols(self):
        with AmqpDevices(self.hub, self.identity) as amqp:
            attached, code = 0, 0
            while code == 0 and attached < TRIES_MAX:
                attached += self.attach_until_refused(amqp)
                with MqttDevice(self.hub) as device:
                    code = device.connect(DEVICE, self.identity["key"])
            self.assertGreaterEqual(attached, 100)
            self.assertEqual(code, 3)
        self.logged("DeviceConnect")


if __name__ == "__main__":
    harness.main()
