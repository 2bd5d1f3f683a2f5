#!/usr/bin/python3
"""Every way in which a client spells where a message goes, or where a device's queue is: Python,
az, Node, C, C# and Java each have their own, and ids may hold what URLs escape."""

import sys
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from amqp_client import DATA, AmqpService, Described, encode, message  # noqa: E402
from amqp_device import AmqpDevices  # noqa: E402
from driver import Driver, DriverError  # noqa: E402
from harness import Settings  # noqa: E402

HERE = Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's modules
QUEUE_DEPTH_MAX = 50
IDS = ("Device-1", "percent%", "percent%41", "hash#1", "plus+1", "query?a=b,c",
       "a-:.+%_#*?!(),=@;$'z")


def raw(device):
    return device


def javascript(device):
    """encodeURIComponent"""
    return urllib.parse.quote(device, safe="-_.!~*'()")


def dotnet(device):
    """WebUtility.UrlEncode"""
    return urllib.parse.quote_plus(device, safe="-_.!*()")


# Who, the target address, the id's spelling, the end of `to`.
SENDERS = (
    ("python", "amqps://{host}/messages/devicebound", raw, "devicebound"),
    ("node", "/messages/devicebound", javascript, "devicebound"),
    ("c", "amqps://{host}/messages/deviceBound", raw, "deviceBound"),
    ("csharp", "amqps://{host}:5671/messages/deviceBound", dotnet, "deviceBound"),
    ("java", "/messages/devicebound", raw, "devicebound"),
)
# Who, and the source address of a device's own receiver.
DEVICES = (
    ("node and java", "/devices/{raw}/messages/devicebound"),
    ("c", "amqps://{host}/devices/{raw}/messages/devicebound"),
    ("csharp", "amqps://{host}:5671/devices/{dotnet}/messages/deviceBound"),
    ("no slash", "devices/{raw}/messages/deviceBound"),
)


class Address(harness.TestCase):
    cells = 0

    @classmethod
    def tearDownClass(cls):
        harness.report_cells(cls.cells)

    def setUp(self):
        super().setUp()
        self.hub = self.start_hub()

    def send(self, target, device, to, message_id):
        with AmqpService(self.hub) as service:
            opened = service.open_sender(target.format(host=Settings.hostname))
            self.assertIsNone(opened.condition, opened)
            outcome = service.send_and_wait(message(device, b"", message_id, to=to))
            self.assertIsNone(outcome.condition, outcome)

    def queued(self, device):
        path = urllib.parse.quote(device, safe="")
        return self.hub.rest("GET", f"/devices/{path}")[2]["cloudToDeviceMessageCount"]

    def test_each_spelling_reaches_each_id_and_its_queue_is_found_by_each(self):
        for device in IDS:
            identity = self.hub.create_device(device)
            sent = []
            for who, target, spell, end in SENDERS:
                with self.subTest(sender=who, device=device):
                    to = f"/devices/{spell(device)}/messages/{end}"
                    self.send(target, device, to, who)
                    sent.append((who, to))
                    self.assertEqual(self.queued(device), len(sent))
                Address.cells += 1
            for who, address in DEVICES:
                with self.subTest(receiver=who, device=device):
                    self.check_queue(identity, address.format(
                        host=Settings.hostname, raw=device, dotnet=dotnet(device)), sent)
                Address.cells += 1

    def check_queue(self, identity, address, sent):
        """All are there, with `to` as the sender wrote it; and stay, for the next spelling."""
        with AmqpDevices(self.hub, identity) as devices:
            opened = devices.add(identity["deviceId"], address=address)
            self.assertIsNone(opened.condition, opened)
            got = [devices.receive(identity["deviceId"]) for _ in sent]
            self.assertEqual([(each.id, each.properties["to"]) for each in got], sent)

    def test_an_id_that_means_two_devices_goes_to_the_decoded_one(self):
        for device in ("twin%41", "twinA"):
            self.hub.create_device(device)
        self.send("/messages/devicebound", "", "/devices/twin%41/messages/devicebound", "decoded")
        self.send("/messages/devicebound", "", "/devices/twin%2541/messages/devicebound", "escaped")
        self.assertEqual([self.queued("twinA"), self.queued("twin%41")], [1, 1])
        Address.cells += 2

    def test_what_names_no_device_is_refused(self):
        self.hub.create_device("Device-1")
        with AmqpService(self.hub) as service:
            service.open_sender()
            for to in ("", "/", "/devices", "/devices//messages/devicebound", "Device-1",
                       "/devices/Device-1/messages/events", "/messages/devicebound"):
                with self.subTest(to=to):
                    outcome = service.send_and_wait(message("", b"", "m", to=to))
                    self.assertIn(outcome.condition, ("amqp:not-allowed",
                                                      "com.microsoft:argument-error"))
                Address.cells += 1
            outcome = service.send_and_wait(encode(Described(DATA, b"no properties")))
            self.assertEqual(outcome.condition, "amqp:not-allowed")
            for device in ("nobody", "device-1"):
                outcome = service.send_and_wait(message(device, b"", "m"))
                self.assertEqual(outcome.condition, "amqp:not-found")
                Address.cells += 1
        self.assertEqual(self.queued("Device-1"), 0)

    def test_unknown_addresses_are_refused(self):
        for address in ("/messages/deviceboundx", "/nowhere", "amqps://hub.localhost"):
            with self.subTest(address=address), AmqpService(self.hub) as service:
                self.assertEqual(service.open_sender(address).condition, "amqp:not-found")
            Address.cells += 1

    def test_other_amqp_libraries_hear_what_is_refused(self):
        senders = {"uamqp": ("uamqp_sender.py", {"transport": "amqp"}),
                   "uamqp-ws": ("uamqp_sender.py", {"transport": "amqp-ws"}),
                   "proton": ("proton_sender.py", {})}
        for name, (script, transport) in senders.items():
            with self.subTest(sender=name):
                self.refusals(name, Driver([PYTHON, HERE / script], env=self.hub.environment()),
                              transport)
            Address.cells += 3

    def refusals(self, name, driver, transport):
        self.addCleanup(driver.kill)
        driver.ask("open", connection=self.hub.connection_string(), **transport)
        device = f"full-{name}"
        self.hub.create_device(device)

        def send(to, body=""):
            driver.ask("send", to=f"/devices/{to}/messages/devicebound",
                       message={"properties": [], "body": body}, **transport)
        for _ in range(QUEUE_DEPTH_MAX):
            send(device)
        for to, body in ((device, ""), ("nobody", ""), (device, "AAAA" * 22000)):
            with self.assertRaises(DriverError):
                send(to, body)
        self.assertEqual(self.queued(device), QUEUE_DEPTH_MAX)
        driver.ask("close")
        driver.close()


if __name__ == "__main__":
    harness.main()
