#!/usr/bin/python3
"""One device transport of Microsoft's Node SDK against the service SDK over each of its own:

    matrix_test.py --device mqtt|mqtt-ws|amqp|amqp-ws|http [--service amqp|amqp-ws ...]

Every operation of cloud_to_device.py is one cell for each service transport.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from cloud_to_device import Cell, Feedback, operations  # noqa: E402
from driver import Driver  # noqa: E402
from harness import Settings  # noqa: E402

HERE = Path(__file__).resolve().parent
DEVICES = ("mqtt", "mqtt-ws", "amqp", "amqp-ws", "http")
SERVICES = ("amqp", "amqp-ws")
DELIVERIES_MAX = 3
LOCK_SECONDS = 5  # the shortest; HTTPS has no other sign of a device that is gone


class Matrix(harness.TestCase):
    maxDiff = None

    def setUp(self):
        super().setUp()
        arguments = ["--cloudToDevice.maxDeliveryCount", str(DELIVERIES_MAX)]
        if Settings.options.device == "http":
            arguments += ["--cloudToDevice.lockDurationAsIso8601", f"PT{LOCK_SECONDS}S"]
        self.hub = self.start_hub(arguments=arguments)
        self.devices = self.start_driver("device.js")
        self.services = self.start_driver("service.js")

    def start_driver(self, script):
        driver = Driver(["node", HERE / script], env=self.hub.environment())
        self.addCleanup(driver.kill)
        return driver

    def test_every_operation_over_every_service_transport(self):
        cells, device = 0, Settings.options.device
        for service in Settings.options.service or SERVICES:
            self.services.ask("open", client=service, transport=service,
                              connection=self.hub.connection_string())
            feedback = Feedback(self, service)
            for operation in operations(device):
                name = operation.__name__
                with self.subTest(device=device, service=service, operation=name):
                    with Cell(self, device, service, name, feedback) as cell:
                        operation(cell)
                cells += 1
            with self.subTest(device=device, service=service, operation="feedback"):
                feedback.check()
            cells += 1
            self.services.ask("close", client=service)
        harness.report_cells(cells)


def options(parser):
    parser.add_argument("--device", choices=DEVICES, required=True)
    parser.add_argument("--service", choices=SERVICES, action="append")


if __name__ == "__main__":
    harness.main(options)
