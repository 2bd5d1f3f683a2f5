#!/usr/bin/python3
"""Every property from one sender to every kind of device:

    roundtrip_test.py --sender node-amqp|node-amqp-ws|https|uamqp|uamqp-ws|proton|raw
                      [--receiver NAME ...]

Receivers named raw-* compare what is on the wire; the others what an unmodified SDK shows of it.
"""

import http.client
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from amqp_client import (  # noqa: E402
    APPLICATION_PROPERTIES, DATA, PROPERTIES, AmqpService, Described, Symbol, Timestamp, ULong,
    encode)
from driver import Driver  # noqa: E402
from harness import SECONDS, Settings  # noqa: E402
from receivers import RECEIVERS  # noqa: E402
from samples import fields, samples  # noqa: E402

HERE = Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's modules


class NodeSender:
    def __init__(self, test, transport):
        self.driver = test.start_driver("node", HERE / "service.js")
        self.driver.ask("open", client="s", transport=transport,
                        connection=test.hub.connection_string())

    def send(self, device, sample):
        self.driver.ask("send", client="s", device=device, message=sample.as_json())


class PythonSender:
    def __init__(self, test, script, **options):
        self.options = options
        self.driver = test.start_driver(PYTHON, HERE / script)
        self.driver.ask("open", connection=test.hub.connection_string(), **options)

    def send(self, device, sample):
        self.driver.ask("send", to=f"/devices/{device}/messages/devicebound",
                        message=sample.as_json(), **self.options)


class HttpsSender:
    """POST, as Azure IoT Explorer does it; one connection for all."""

    def __init__(self, test, _):
        self.connection = http.client.HTTPSConnection(
            Settings.hostname, 443, timeout=SECONDS, context=test.hub.tls())
        test.addCleanup(self.connection.close)
        self.token = test.hub.service_token()

    def send(self, device, sample):
        written, escaped = fields(sample.received("https", device))
        path = f"/devices/{device}/messages/deviceBound?api-version=2021-04-12"
        self.connection.putrequest("POST", path, skip_accept_encoding=True)
        for name, value in [("Authorization", self.token), *written,
                            ("Content-Length", str(len(sample.body)))]:
            self.connection.putheader(name, value)
        if escaped:
            self.connection.putheader("restante-percent-encoded", ", ".join(escaped))
        self.connection.endheaders(sample.body)
        response = self.connection.getresponse()
        said = response.read()
        if response.status != 204:
            raise AssertionError(f"POST {sample.name}: {response.status} {said!r}")


class RawSender:
    def __init__(self, test, _):
        self.service = AmqpService(test.hub)
        test.addCleanup(self.service.close)
        self.service.open_sender()

    def send(self, device, sample):
        symbol = lambda value: None if value is None else Symbol(value)  # noqa: E731
        identifier = lambda value: ULong(value) if isinstance(value, int) else value  # noqa: E731
        properties = [identifier(sample.message_id), sample.user_id and sample.user_id.encode(),
                      f"/devices/{device}/messages/devicebound", None, None,
                      identifier(sample.correlation_id), symbol(sample.content_type),
                      symbol(sample.content_encoding),
                      None if sample.expiry is None else Timestamp(sample.expiry)]
        application = dict(sample.properties)
        if sample.ack:
            application = {"iothub-ack": sample.ack, **application}
        outcome = self.service.send_and_wait(b"".join(encode(section) for section in (
            Described(PROPERTIES, properties), Described(APPLICATION_PROPERTIES, application),
            Described(DATA, sample.body))))
        if outcome.condition:
            raise AssertionError(f"{sample.name}: {outcome}")


SENDERS = {
    "node-amqp": lambda test: NodeSender(test, "amqp"),
    "node-amqp-ws": lambda test: NodeSender(test, "amqp-ws"),
    "https": lambda test: HttpsSender(test, None),
    "uamqp": lambda test: PythonSender(test, "uamqp_sender.py", transport="amqp"),
    "uamqp-ws": lambda test: PythonSender(test, "uamqp_sender.py", transport="amqp-ws"),
    "proton": lambda test: PythonSender(test, "proton_sender.py"),
    "raw": lambda test: RawSender(test, None),
}


class RoundTrip(harness.TestCase):
    maxDiff = None

    def start_driver(self, *command):
        driver = Driver(command, env=self.hub.environment())
        self.addCleanup(driver.kill)
        return driver

    def test_every_property_to_every_device(self):
        self.hub = self.start_hub()
        self.node_devices = self.start_driver("node", HERE / "device.js")
        name = Settings.options.sender
        sender = SENDERS[name](self)
        sent = [sample for sample in samples() if not sample.senders or name in sample.senders]
        cells = 0
        for receiver_name in Settings.options.receiver or RECEIVERS:
            device = f"device-{receiver_name}"
            identity = self.hub.create_device(device)
            arrived = []
            for sample in sent:
                with self.subTest(sender=name, sample=sample.name, step="send"):
                    sender.send(device, sample)
                    arrived.append(sample)
            with self.subTest(sender=name, receiver=receiver_name):
                receiver = RECEIVERS[receiver_name](self, identity)
                for sample in arrived:
                    with self.subTest(sender=name, receiver=receiver_name, sample=sample.name):
                        receiver.expect(sample.received(name, device))
                    cells += 1
                receiver.close()
        harness.report_cells(cells)


def options(parser):
    parser.add_argument("--sender", choices=SENDERS, required=True)
    parser.add_argument("--receiver", choices=RECEIVERS, action="append")


if __name__ == "__main__":
    harness.main(options)
