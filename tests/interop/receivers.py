"""The devices of roundtrip_test.py. Each has expect(message): the next message of the device must
be this one (a samples.Sample as received), in the way this client shows it."""

import base64

from amqp_client import Symbol, Timestamp, UByte, ULong
from amqp_device import AmqpDevices
from https_device import HttpsDevice
from mqtt_client import MqttDevice
from samples import fields, iso, topic


class NodeDevice:
    """azure-iot-device. What it shows differs from what it got; all such differences are here:

    MQTT   iothub-ack is a property like any other; ContentType and the rest are there
    AMQP   user-id is not read; the expiry is a number, of milliseconds
    HTTPS  reads id, correlation id, to, expiry and iothub-app-*, nothing else; keeps that prefix,
           lower-cases names, decodes no escape, and takes the body for UTF-8
    """

    def __init__(self, test, identity, transport):
        self.test, self.transport = test, transport
        self.client = identity["deviceId"]
        self.driver = test.node_devices
        self.driver.ask("open", client=self.client, transport=transport, then="complete",
                        connection=test.hub.device_connection_string(identity), once=True)

    def expect(self, message):
        event = self.driver.event("message", client=self.client)
        shown = {"body": message.body, "messageId": message.message_id,
                 "correlationId": message.correlation_id, "to": message.to,
                 "userId": message.user_id, "contentType": message.content_type,
                 "contentEncoding": message.content_encoding,
                 "ack": message.ack, "expiryTimeUtc": message.expiry and iso(message.expiry),
                 "properties": [list(pair) for pair in message.properties]}
        getattr(self, self.transport.split("-", maxsplit=1)[0])(shown, message)
        got = {name: event.get(name) for name in shown}
        got["body"] = base64.b64decode(got["body"])
        self.test.assertEqual(got, shown)

    @staticmethod
    def mqtt(shown, message):
        shown["ack"] = None
        if message.ack:
            shown["properties"].insert(0, ["iothub-ack", message.ack])

    @staticmethod
    def amqp(shown, message):
        shown["userId"] = None
        shown["expiryTimeUtc"] = message.expiry

    @staticmethod
    def http(shown, message):
        for name in ("userId", "contentType", "contentEncoding", "ack"):
            shown[name] = None
        shown["properties"] = [[name.lower(), value] for name, value in fields(message)[0]
                               if name.startswith("iothub-app-")]
        shown["body"] = message.body.decode(errors="replace").encode()

    def close(self):
        self.driver.ask("close", client=self.client)


class RawMqtt:
    def __init__(self, test, identity):
        self.test, self.id = test, identity["deviceId"]
        self.device = MqttDevice(test.hub)
        test.addCleanup(self.device.close)
        test.assertEqual(self.device.connect(self.id, identity["key"]), 0)
        test.assertEqual(self.device.subscribe(self.id), 1)

    def expect(self, message):
        got = self.device.receive()
        self.device.acknowledge(got)
        self.test.assertEqual(got.topic, topic(self.id, message))
        self.test.assertEqual(got.payload, message.body)
        self.test.assertFalse(got.duplicate)

    def close(self):
        self.device.disconnect()


class RawAmqp:
    def __init__(self, test, identity):
        self.test, self.id = test, identity["deviceId"]
        self.device = AmqpDevices(test.hub, identity)
        test.addCleanup(self.device.close)
        test.assertEqual(self.device.cbs_status, 200)
        test.assertIsNone(self.device.add(self.id).condition)
        self.sequence = 0

    def expect(self, message):
        got = self.device.receive(self.id)
        self.device.complete(got)
        wanted = {"message_id": message.message_id, "correlation_id": message.correlation_id,
                  "to": message.to, "user_id": message.user_id and message.user_id.encode(),
                  "content_type": message.content_type and Symbol(message.content_type),
                  "content_encoding": message.content_encoding and Symbol(message.content_encoding),
                  "absolute_expiry_time": message.expiry and Timestamp(message.expiry)}
        self.same(got.properties, {name: value for name, value in wanted.items()
                                   if value is not None})
        properties = ([("iothub-ack", message.ack)] if message.ack else []) + message.properties
        self.test.assertEqual(list(got.application_properties.items()), properties)
        self.same(got.application_properties, dict(properties))
        self.test.assertEqual(got.body, message.body)
        self.check_annotations(got)

    def same(self, got, wanted):
        """Equal in value and in AMQP type."""
        self.test.assertEqual(got, wanted)
        self.test.assertEqual({name: type(value) for name, value in got.items()},
                              {name: type(value) for name, value in wanted.items()})

    def check_annotations(self, got):
        notes = got.annotations
        self.test.assertEqual(
            {str(name): type(value) for name, value in notes.items()},
            {"iothub-enqueuedtime": Timestamp, "iothub-deliverycount": UByte,
             "x-opt-sequence-number": ULong, "x-opt-lock-token": str})
        self.test.assertEqual({type(name) for name in notes}, {Symbol})
        self.test.assertEqual(notes["iothub-deliverycount"], 0)
        self.test.assertGreater(notes["x-opt-sequence-number"], self.sequence)
        self.sequence = notes["x-opt-sequence-number"]
        self.test.assertEqual(len(got.tag), 16)
        self.test.assertEqual(got.lock_token, notes["x-opt-lock-token"].lower())

    def close(self):
        self.device.close()


class RawHttp:
    """Field names are compared in their case: C# and C look for exactly these."""

    OF_THE_HUB = ("ETag", "Content-Type", "iothub-sequencenumber", "iothub-enqueuedtime",
                  "iothub-deliverycount")

    def __init__(self, test, identity):
        self.test = test
        self.device = HttpsDevice(test.hub, identity)
        test.addCleanup(self.device.close)

    def expect(self, message):
        got = self.device.receive()
        self.test.assertEqual(got.status, 200)
        written, escaped = fields(message)
        if escaped:
            written = [*written, ("restante-percent-encoded", ", ".join(escaped))]
        ours = [(name, value) for name, value in got.headers
                if name.lower().startswith(("iothub-", "content", "restante-"))
                and name not in (*self.OF_THE_HUB, "Content-Length")]
        # The order of application properties counts, that of the others does not.
        self.test.assertEqual([pair for pair in ours if pair[0].startswith("iothub-app-")],
                              [pair for pair in written if pair[0].startswith("iothub-app-")])
        self.test.assertEqual(sorted(ours), sorted(written))
        self.test.assertEqual(got.body, message.body)
        self.test.assertEqual(got.header("iothub-deliverycount"), "0")
        self.test.assertRegex(got.header("iothub-sequencenumber"), r"^\d+$")
        self.test.assertRegex(got.header("ETag"), r'^"[^"]+"$')
        self.test.assertEqual(self.device.complete(got.lock_token).status, 204)

    def close(self):
        self.device.close()


RECEIVERS = {
    **{f"node-{transport}": (lambda test, identity, transport=transport:
                             NodeDevice(test, identity, transport))
       for transport in ("mqtt", "mqtt-ws", "amqp", "amqp-ws", "http")},
    "raw-mqtt": RawMqtt,
    "raw-amqp": RawAmqp,
    "raw-http": RawHttp,
}
