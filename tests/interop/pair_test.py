#!/usr/bin/python3
"""One sender and one receiver, unmodified, and a hub between them:

    pair_test.py --sender node|cpp|uamqp|node_ws|cpp_ws|uamqp_ws
                 --receiver node|cpp|paho|node_ws|paho_ws

A name that ends in _ws is the client of that name inside a WebSocket, on the HTTPS port.

The message of the README's demo travels to a device that is connected, to one that connects later,
and to one that connects after the hub was killed by SIGKILL and started again.
"""

import json
import sys
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from harness import Settings, program, run  # noqa: E402

HERE = Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's modules
DEVICE = "Device-1"
BODY = '{"c2d test message"}'
TO = f"/devices/{DEVICE}/messages/devicebound"
PROPERTIES = {"prop1": "test property-2", "testProperty": "Test message"}

SENDERS = {
    "node": lambda: ["node", HERE / "service_send.js", DEVICE],
    "cpp": lambda: [program("examples/send_c2d_message")],
    "cpp_ws": lambda: [program("examples/send_c2d_message_over_websocket")],
    "uamqp": lambda: [PYTHON, HERE / "uamqp_send.py", DEVICE],
}
RECEIVERS = {
    "node": lambda: ["node", HERE / "device_receive.js", "1"],
    "cpp": lambda: [program("examples/receive_messages"), "1"],
    "paho": lambda: [PYTHON, HERE / "paho_device.py", "1"],
}
WEBSOCKET = "_ws"


def client_of(kind):
    """The kind's program, and what tells it to use a WebSocket."""
    if kind.endswith(WEBSOCKET) and kind not in SENDERS:
        return kind.removesuffix(WEBSOCKET), {"TRANSPORT": "ws"}
    return kind, {}


class Pair(harness.TestCase):
    def setUp(self):
        super().setUp()
        ports = {}  # a client in a WebSocket finds nothing on the port of its protocol
        if Settings.options.sender.endswith(WEBSOCKET):
            ports["amqp"] = 0
        if Settings.options.receiver.endswith(WEBSOCKET):
            ports["mqtt"] = 0
        self.hub = self.start_hub(**ports)
        self.device = self.hub.device_connection_string(self.hub.create_device(DEVICE))

    def send(self):
        sender, environment = client_of(Settings.options.sender)
        output = run(SENDERS[sender](), env=self.hub.environment(
            IOTHUB_CONNECTION_STRING=self.hub.connection_string(), **environment))
        if sender == "node":
            self.assertEqual(json.loads(output.splitlines()[-1]), {"sent": "message1"})

    def start_device(self):
        receiver, environment = client_of(Settings.options.receiver)
        return self.start(RECEIVERS[receiver](), env=self.hub.environment(
            IOTHUB_DEVICE_CONNECTION_STRING=self.device, **environment))

    def check_received(self, device):
        self.assertEqual(device.wait(), 0, device.output)
        check = {"node": self.check_node, "cpp": self.check_cpp, "paho": self.check_paho}
        check[client_of(Settings.options.receiver)[0]](device.output)
        identity = self.hub.rest("GET", f"/devices/{DEVICE}")[2]
        self.assertEqual(identity["cloudToDeviceMessageCount"], 0, "it is not completed")

    def check_node(self, output):
        messages = [json.loads(line) for line in output.splitlines() if '"data"' in line]
        self.assertEqual(len(messages), 1, output)
        message = messages[0]
        self.assertEqual(message["data"], BODY)
        self.assertEqual(message["messageId"], "message1")
        self.assertEqual(message["to"].lower(), TO.lower())
        properties = {name: value for name, value in message["properties"].items()
                      if name != "iothub-ack"}
        self.assertEqual(properties, PROPERTIES)

    def check_cpp(self, output):
        for words in (BODY, "message1", *PROPERTIES, *PROPERTIES.values(),
                      "Total calls received: 1"):
            self.assertIn(words, output)

    def check_paho(self, output):
        topic, payload = output.splitlines()[-1].split(" ", 1)
        self.assertEqual(payload, BODY)
        bag = dict(urllib.parse.parse_qsl(topic.split("/devicebound/", 1)[1]))
        self.assertEqual(bag["$.mid"], "message1")
        self.assertEqual(bag["$.to"].lower(), TO.lower())
        self.assertEqual({name: bag[name] for name in PROPERTIES}, PROPERTIES)

    def test_to_a_device_that_waits(self):
        device = self.start_device()
        if client_of(Settings.options.receiver)[0] in ("node", "paho"):
            device.wait_line("connected")
        self.send()
        self.check_received(device)

    def test_to_a_device_that_connects_later(self):
        self.send()
        self.check_received(self.start_device())

    def test_to_a_device_that_connects_after_the_hub_was_killed(self):
        self.send()
        self.hub.restart_killed()
        self.check_received(self.start_device())


def options(parser):
    parser.add_argument("--sender", choices=[*SENDERS, "node_ws", "uamqp_ws"], required=True)
    parser.add_argument("--receiver", choices=[*RECEIVERS, "node_ws", "paho_ws"], required=True)


if __name__ == "__main__":
    harness.main(options)
