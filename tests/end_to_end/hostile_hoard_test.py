#!/usr/bin/python3
"""Clients that prove who they are and then take and never give back: messages, links, sessions,
answers, subscriptions. For each there is a bound, a refusal that names it, and a device that is
served meanwhile."""

import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from amqp_client import (  # noqa: E402
    ATTACH, BEGIN, CLOSE, DETACH, END, FLOW, RECEIVER, SENDER, SOURCE, TARGET, TRANSFER,
    AmqpService, Described, UInt, message)
from amqp_device import AmqpDevices, Receivers  # noqa: E402
from https_device import HttpsDevice  # noqa: E402
from mqtt_client import MqttDevice, packet, text  # noqa: E402
from strangers import KIB, MIB, SLACK_BYTES, Memory, Witness, options  # noqa: E402

DEVICE = "hoarder"
QUEUE_DEPTH = 50
LINKS, STRANGERS_LINKS, CHANNELS, STRANGERS_SESSIONS = 8192, 16, 1024, 4
BATCH = 64  # of links attached at once
LINK_BYTES_MAX = 2 * KIB      # docs/reliability.md: the engine's link, the node behind it
SESSION_BYTES_MAX = 2 * KIB
DEVICES, UNDER_WAY = 40, 200
MESSAGE_BYTES = 60_000
# Of each: the store's newest and what it flushes, one read from it, one encoded, one being written
# and three in an output that grows.
COPIES = 8
ASSEMBLY_BYTES = 8 * MIB      # unfinished deliveries of one connection
OUTPUT_BYTES = 256 * KIB      # unread by a peer before it is no longer heard
TOLD_WITHOUT_END = 1_000_000  # more than sockets and the hub hold together
LIMIT = "amqp:resource-limit-exceeded"


class Hoarders(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.hub = self.start_hub(arguments=["--log-level", "warning"])
        self.identity = self.hub.create_device(DEVICE)
        self.witness = Witness(self.hub)
        self.addCleanup(self.witness.close)
        self.witness.serve()
        self.memory = Memory(self.hub.process)

    def fill_queue(self):
        with AmqpService(self.hub) as service:
            service.open_sender()
            for number in range(QUEUE_DEPTH):
                body = b"x" * MESSAGE_BYTES
                self.assertIsNone(
                    service.send_and_wait(message(DEVICE, body, str(number))).condition)
            outcome = service.send_and_wait(message(DEVICE, b"", "one too many"))
        self.assertEqual(outcome.condition, LIMIT)
        self.assertIn("queue limit of 50", outcome.description)

    def amqp_devices(self):
        client = AmqpDevices(self.hub, self.identity)
        self.addCleanup(client.close)
        return client

    def stranger(self):
        client = Receivers(self.hub, token="")
        self.addCleanup(client.close)
        return client

    def check_memory(self, bytes_max):
        self.witness.serve()
        print(f"{self.memory.peak() // KIB} KiB more at most ... ", end="", flush=True)
        self.memory.check(self, bytes_max + SLACK_BYTES)

    # -- messages ----------------------------------------------------------------------------------

    def test_deliveries_that_are_never_settled_over_amqp(self):
        self.fill_queue()
        first = self.amqp_devices()
        first.add(DEVICE, credit=10 * QUEUE_DEPTH)
        ids = [first.receive(DEVICE).id for _ in range(QUEUE_DEPTH)]
        self.assertEqual(ids, [str(number) for number in range(QUEUE_DEPTH)])
        self.check_memory(COPIES * QUEUE_DEPTH * MESSAGE_BYTES)
        first.close()
        second = self.amqp_devices()
        second.add(DEVICE, credit=QUEUE_DEPTH)
        for number in range(QUEUE_DEPTH):
            delivery = second.receive(DEVICE)
            self.assertEqual(delivery.id, str(number))
            second.complete(delivery)

    def test_many_full_queues_on_a_connection_that_nobody_reads(self):
        """Forty devices with 3 MB each that all want all of theirs; 200 messages are under way."""
        identities = [self.hub.create_device(f"{DEVICE}-{number}") for number in range(DEVICES)]
        with AmqpService(self.hub) as service:
            service.open_sender()
            body = b"x" * MESSAGE_BYTES
            for identity in identities:
                sent = [service.send(message(identity["deviceId"], body, str(number)))
                        for number in range(QUEUE_DEPTH)]
                self.assertEqual({service.outcome(number).condition for number in sent}, {None})
        claims = harness.service_claims(self.hub.connection_string("--policy", "device"))
        client = Receivers(self.hub, token=harness.sas_token(**claims))
        self.addCleanup(client.close)
        for identity in identities:
            name = identity["deviceId"]
            client.attach_receiver(name, f"/devices/{name}/messages/devicebound", credit=0)
        self.memory = Memory(self.hub.process)
        for identity in identities:
            client.grant(client.handles[identity["deviceId"]], QUEUE_DEPTH)
        for _ in range(10):
            self.witness.serve()
        self.check_memory(UNDER_WAY * MESSAGE_BYTES * COPIES)
        for identity in identities:
            ids = [client.receive(identity["deviceId"]).id for _ in range(QUEUE_DEPTH)]
            self.assertEqual(ids, [str(number) for number in range(QUEUE_DEPTH)])
        self.check_memory(UNDER_WAY * MESSAGE_BYTES * COPIES)

    def test_messages_that_are_never_settled_over_https(self):
        self.fill_queue()
        device = HttpsDevice(self.hub, self.identity)
        self.addCleanup(device.close)
        tokens = {device.receive().lock_token for _ in range(QUEUE_DEPTH)}
        self.assertEqual(len(tokens), QUEUE_DEPTH)
        for _ in range(10 * QUEUE_DEPTH):
            self.assertEqual(device.receive().status, 204)
        self.check_memory(COPIES * QUEUE_DEPTH * MESSAGE_BYTES)
        for token in tokens:
            self.assertEqual(device.complete(token).status, 204)

    def test_messages_that_never_end(self):
        """On as many links as it takes: 8 MB of a connection's deliveries may be unfinished."""
        client = self.amqp_devices()
        piece = b"x" * MESSAGE_BYTES
        links = ASSEMBLY_BYTES // MESSAGE_BYTES + 1
        for number in range(links):
            client.attach(f"events-{number}", 100 + number, SENDER,
                          f"/devices/{DEVICE}/messages/events")
            client.write(TRANSFER, [UInt(100 + number), UInt(100 + number),
                                    struct.pack(">I", number), UInt(0), False, True], piece)
        _, fields, _ = client.read_until(lambda code, *_: code == DETACH)
        self.refused(fields[2], "8388608 bytes of unfinished deliveries")
        self.check_memory(2 * ASSEMBLY_BYTES)

    # -- links and sessions ------------------------------------------------------------------------

    def refused(self, error, words):
        self.assertEqual(error.value[0], LIMIT)
        self.assertIn(words, error.value[1])

    def attach_without_end(self, client, count, address):
        """Reads what a batch was answered before the next, or the hub would stop to listen."""
        client.begin(1)
        for number in range(count):
            name = f"link-{number}"
            client.write(ATTACH, [name, UInt(number), RECEIVER, None, None,
                                  Described(SOURCE, [address]), Described(TARGET, [])], channel=1)
            if (number + 1) % BATCH and number + 1 < count:
                continue
            code, fields, _ = client.read_until(
                lambda code, fields, *_, name=name: code in (END, CLOSE)
                or code == ATTACH and fields[0] == name)
            if code != ATTACH:
                return fields[0]
        return self.fail(f"{count} links were attached")

    def test_links_of_a_stranger(self):
        error = self.attach_without_end(self.stranger(), STRANGERS_LINKS + 1, "$cbs")
        self.refused(error, "more than 16 links before a proof of identity")
        self.check_memory(STRANGERS_LINKS * LINK_BYTES_MAX)

    def test_links_of_a_device(self):
        """The two to $cbs are among those that a connection may have."""
        client = self.amqp_devices()
        error = self.attach_without_end(client, LINKS - 1, f"/devices/{DEVICE}/methods/devicebound")
        self.refused(error, "more than 8192 links on one connection")
        self.check_memory(LINKS * LINK_BYTES_MAX)
        client.add(DEVICE)

    def test_sessions_of_a_stranger(self):
        client = self.stranger()
        for channel in range(1, STRANGERS_SESSIONS + 1):
            client.write(BEGIN, [None, UInt(0), UInt(1), UInt(1)], channel=channel)
        _, fields, _ = client.read_until(lambda code, *_: code == CLOSE)
        self.refused(fields[0], "more than 4 sessions before a proof of identity")

    def test_sessions_of_a_device(self):
        client = self.amqp_devices()
        for channel in range(1, CHANNELS):
            client.begin(channel)
        self.check_memory(CHANNELS * SESSION_BYTES_MAX)
        client.write(BEGIN, [None, UInt(0), UInt(1), UInt(1)], channel=CHANNELS)
        _, fields, _ = client.read_until(lambda code, *_: code == CLOSE)
        self.assertEqual(fields[0].value[:2], ["amqp:connection:framing-error",
                                               f"a channel above channel-max, {CHANNELS - 1}"])

    def test_links_and_sessions_that_come_and_go(self):
        client = self.amqp_devices()
        address = f"/devices/{DEVICE}/messages/devicebound"
        for turn in range(300):
            for number in range(10):
                client.write(BEGIN, [None, UInt(0), UInt(1), UInt(1)], channel=1)
                for handle in range(3):
                    client.write(ATTACH, [f"{turn}-{number}-{handle}", UInt(handle), RECEIVER, None,
                                          None, Described(SOURCE, [address]),
                                          Described(TARGET, [])], channel=1)
                client.write(DETACH, [UInt(0), True], channel=1)
                client.write(END, [], channel=1)
            client.begin(2 + turn)
        self.check_memory(300 * SESSION_BYTES_MAX)
        client.add(DEVICE)

    # -- tokens, subscriptions, answers ------------------------------------------------------------

    def test_tokens_whose_answers_nobody_reads(self):
        client = self.stranger()
        client.attach("cbs-sender", 0, SENDER, "$cbs")
        client.attach("cbs-receiver", 1, RECEIVER, "$cbs")
        for number in range(1025):
            client.write(TRANSFER, [UInt(0), UInt(number), struct.pack(">I", number), UInt(0), True,
                                    False], message(DEVICE, b"", "id"))
        _, fields, _ = client.read_until(lambda code, *_: code == CLOSE)
        self.refused(fields[0], "more than 1024 token requests or 524288 bytes of them")
        self.hub.process.wait_line("event=refused protocol=amqp .*1024 token requests")
        self.check_memory(2 * 512 * KIB)

    def test_subscriptions_without_end(self):
        """Each changes the stored session, so that each is a commit."""
        device = MqttDevice(self.hub)
        self.addCleanup(device.close)
        self.assertEqual(device.connect(DEVICE, self.identity["key"]), 0)
        topic = f"devices/{DEVICE}/messages/devicebound/#"
        both = b"".join(packet(0x82, struct.pack(">H", 1) + text(topic) + bytes([qos]))
                        for qos in (0, 1))
        try:
            for _ in range(100):
                device.send(both * 1000)
        except OSError:
            pass  # it has been closed by then
        self.hub.process.wait_line(
            "event=connection_ended .*more than 64 SUBSCRIBE and UNSUBSCRIBE packets")
        self.check_memory(OUTPUT_BYTES)

    def test_answers_that_nobody_reads(self):
        """A flow asks for an echo each time, a ping for its answer."""
        client, device = self.amqp_devices(), MqttDevice(self.hub)
        self.addCleanup(device.close)
        self.assertEqual(device.connect(DEVICE, self.identity["key"]), 0)
        for peer in (client.socket, device.socket):
            peer.settimeout(2)  # until the hub no longer listens
        echo = [UInt(0), UInt(2048), UInt(0), UInt(2048), None, None, None, None, None, True]
        with self.assertRaises(TimeoutError):
            for _ in range(TOLD_WITHOUT_END):
                client.write(FLOW, echo)
        with self.assertRaises(TimeoutError):
            for _ in range(TOLD_WITHOUT_END):
                device.send(b"\xc0\x00" * 10_000)
        self.check_memory(2 * (2 * OUTPUT_BYTES))


if __name__ == "__main__":
    harness.main(options)
