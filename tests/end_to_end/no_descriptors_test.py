#!/usr/bin/python3
"""A hub that may open no more files serves whom it has, and whoever comes once it may again."""

import os
import resource
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from amqp_client import AmqpService, message  # noqa: E402
from mqtt_client import MqttDevice  # noqa: E402

STRANGERS = 8


class NoDescriptors(harness.TestCase):
    def test_a_hub_without_descriptors_serves_whom_it_has(self):
        hub = self.start_hub()
        identity = hub.create_device("d")
        with MqttDevice(hub) as device, AmqpService(hub) as service:
            device.connect("d", identity["key"])
            device.subscribe("d")
            service.open_sender()
            taken = len(os.listdir(f"/proc/{hub.process.pid}/fd"))
            usual = resource.prlimit(hub.process.pid, resource.RLIMIT_NOFILE)
            resource.prlimit(hub.process.pid, resource.RLIMIT_NOFILE, (taken, usual[1]))
            mark = hub.process.mark()
            # More than one: a connection of before may give its descriptor back meanwhile.
            strangers = [socket.create_connection((harness.Settings.hostname, hub.ports["https"]))
                         for _ in range(STRANGERS)]
            hub.process.wait_line("Too many open files", since=mark)
            self.assertIsNone(service.send_and_wait(message("d", b"x", "meanwhile")).condition)
            self.assertEqual(device.receive().id, "meanwhile")
            resource.prlimit(hub.process.pid, resource.RLIMIT_NOFILE, usual)
            for stranger in strangers:
                stranger.close()
            self.assertIsNone(self.send(hub, "afterwards"))
            self.assertEqual(device.receive().id, "afterwards")

    @staticmethod
    def send(hub, name):
        """By a new connection. Why not, or None."""
        with AmqpService(hub) as service:
            service.open_sender()
            return service.send_and_wait(message("d", b"x", name)).condition


if __name__ == "__main__":
    harness.main()
