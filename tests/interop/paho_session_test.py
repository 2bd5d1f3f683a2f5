#!/usr/bin/python3
"""MQTT's session rules, seen by Debian's paho over TCP and over WebSocket:

    paho_session_test.py --transport tcp|websockets

paho keeps to the letter of MQTT and shows what an SDK hides: Session Present, DUP, packet ids.
"""

import sys
import time
import unittest
from pathlib import Path

import paho.mqtt.client as mqtt

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from amqp_client import AmqpService, message  # noqa: E402
from harness import SECONDS, Settings, sas_token  # noqa: E402
from mqtt_client import Message  # noqa: E402

DEVICE = "Device-1"
PORTS = {"tcp": 8883, "websockets": 443}
REFUSED = 0x80
LOOP_SECONDS = 1.0


class PahoDevice:
    """One connection. paho 1 acknowledges behind the callback; `hold` keeps that for later."""

    def __init__(self, hub, key, clean=False, hold=False, device=DEVICE):
        host = Settings.hostname
        self.hold, self.connected, self.acknowledged = hold, None, {}
        self.messages, self.ended = [], None
        self.client = mqtt.Client(client_id=device, clean_session=clean, protocol=mqtt.MQTTv311,
                                  transport=Settings.options.transport)
        self.client.ws_set_options(path="/$iothub/websocket")
        self.client.username_pw_set(f"{host}/{device}/?api-version=2021-04-12",
                                    sas_token(f"{host}/devices/{device}", key))
        self.client.tls_set(ca_certs=hub.ca)
        self._puback = self.client._send_puback  # pylint: disable=protected-access
        self.client._send_puback = self._maybe_acknowledge  # pylint: disable=protected-access
        self.client.on_connect = self._on_connect
        self.client.on_message = self._on_message
        self.client.on_subscribe = lambda _client, _data, mid, granted: \
            self.acknowledged.update({mid: granted})
        self.client.on_unsubscribe = lambda _client, _data, mid: \
            self.acknowledged.update({mid: True})
        self.client.connect(host, PORTS[Settings.options.transport])
        self.loop(lambda: self.connected)
        self.code, self.session_present = self.connected

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.drop()

    def _on_connect(self, _client, _data, flags, code):
        self.connected = (code, bool(flags["session present"]))

    def _on_message(self, _client, _data, got):
        self.messages.append(Message(got.topic, got.payload, got.mid or None, bool(got.dup)))

    def _maybe_acknowledge(self, mid):
        return mqtt.MQTT_ERR_SUCCESS if self.hold else self._puback(mid)

    def loop(self, done):
        """Runs paho until then; ConnectionError when the hub closes."""
        deadline = time.monotonic() + SECONDS
        while not done():
            if time.monotonic() > deadline:
                raise TimeoutError(f"not in {SECONDS} s")
            code = self.client.loop(LOOP_SECONDS)
            if code != mqtt.MQTT_ERR_SUCCESS:
                raise ConnectionError(mqtt.error_string(code))

    def subscribe(self, *filters, qos=1):
        """The granted QoS of each filter, all in one SUBSCRIBE."""
        filters = filters or (f"devices/{DEVICE}/messages/devicebound/#",)
        _, mid = self.client.subscribe([(name, qos) for name in filters])
        self.loop(lambda: mid in self.acknowledged)
        return list(self.acknowledged[mid])

    def unsubscribe(self, name=f"devices/{DEVICE}/messages/devicebound/#"):
        _, mid = self.client.unsubscribe(name)
        self.loop(lambda: mid in self.acknowledged)

    def receive(self, count=1):
        """That many messages; a further one would show in the next call or in no_message()."""
        self.loop(lambda: len(self.messages) >= count)
        taken, self.messages = self.messages[:count], self.messages[count:]
        return taken

    def acknowledge(self, got):
        self._puback(got.packet_id)

    def no_message(self):
        """Nothing came before the answer to a request made now."""
        self.unsubscribe("devices/nobody/messages/devicebound/#")
        return not self.messages

    def drop(self):
        """The connection ends without a DISCONNECT."""
        if self.client.socket():
            self.client._sock_close()  # pylint: disable=protected-access

    def disconnect(self):
        self.client.disconnect()
        while self.client.loop(LOOP_SECONDS) == mqtt.MQTT_ERR_SUCCESS:
            pass


class PahoSession(harness.TestCase):
    @classmethod
    def tearDownClass(cls):
        harness.report_cells(len(unittest.defaultTestLoader.getTestCaseNames(cls)))

    def setUp(self):
        super().setUp()
        self.hub = self.start_hub()
        self.key = self.hub.create_device(DEVICE)["key"]
        self.service = AmqpService(self.hub)
        self.addCleanup(self.service.close)
        self.service.open_sender()

    def device(self, **options):
        device = PahoDevice(self.hub, self.key, **options)
        self.addCleanup(device.drop)
        self.assertEqual(device.code, 0)
        return device

    def send(self, *ids):
        for message_id in ids:
            raw = message(DEVICE, message_id.encode(), message_id)
            self.assertIsNone(self.service.send_and_wait(raw).condition)

    def queued(self):
        return self.hub.rest("GET", f"/devices/{DEVICE}")[2]["cloudToDeviceMessageCount"]

    def wait_queued(self, count):
        deadline = time.monotonic() + SECONDS
        while (now := self.queued()) != count:
            self.assertLess(time.monotonic(), deadline, f"{now} are queued, not {count}")

    def assert_ids(self, messages, *ids):
        self.assertEqual([got.id for got in messages], list(ids))

    def in_flight(self, *ids):
        """The deliveries of a connection that then breaks without one acknowledgement."""
        device = self.device(hold=True)
        device.subscribe()
        self.send(*ids)
        got = device.receive(len(ids))
        self.assert_ids(got, *ids)
        self.assertFalse(any(each.duplicate for each in got))
        self.assertEqual(len({each.packet_id for each in got}), len(ids))
        mark = self.hub.process.mark()
        device.drop()
        # Until the hub has noticed, what is sent next would be in flight on this connection too.
        self.hub.process.wait_line(f"event=device_detached device={DEVICE} ", since=mark)
        return got

    # -- a stored session

    def test_a_first_connection_finds_no_session(self):
        self.assertFalse(self.device().session_present)

    def test_a_stored_session_goes_on_without_subscribing_again(self):
        first = self.device()
        self.assertEqual(first.subscribe(), [1])
        first.disconnect()
        self.send("meanwhile")
        second = self.device()
        self.assertTrue(second.session_present)
        self.assert_ids(second.receive(), "meanwhile")
        self.send("live")
        self.assert_ids(second.receive(), "live")
        self.wait_queued(0)

    def test_a_stored_session_outlives_the_hub(self):
        first = self.device()
        first.subscribe()
        self.send("before")
        self.assert_ids(first.receive(), "before")
        self.wait_queued(0)
        self.service.close()
        self.hub.restart_killed()
        with AmqpService(self.hub) as service:
            service.open_sender()
            self.assertIsNone(service.send_and_wait(message(DEVICE, b"", "after")).condition)
        second = self.device()
        self.assertTrue(second.session_present)
        self.assert_ids(second.receive(), "after")

    def test_a_clean_session_drops_the_stored_one_and_no_message(self):
        first = self.device()
        first.subscribe()
        first.disconnect()
        self.send("waits")
        clean = self.device(clean=True)
        self.assertFalse(clean.session_present)
        self.assertTrue(clean.no_message())
        clean.disconnect()
        last = self.device()
        self.assertFalse(last.session_present, "the clean session left something")
        self.assertTrue(last.no_message())
        last.subscribe()
        self.assert_ids(last.receive(), "waits")

    def test_a_clean_session_leaves_none(self):
        clean = self.device(clean=True)
        clean.subscribe()
        clean.disconnect()
        self.assertFalse(self.device().session_present)

    # -- what a broken connection leaves unacknowledged

    def test_unacknowledged_messages_come_again_first_and_in_order(self):
        before = self.in_flight("1", "2", "3", "4", "5")
        self.send("6")
        device = self.device()
        self.assertTrue(device.session_present)
        again = device.receive(6)
        self.assert_ids(again, "1", "2", "3", "4", "5", "6")
        self.assertEqual([got.duplicate for got in again], [True] * 5 + [False])
        self.assertEqual([got.packet_id for got in again[:5]], [got.packet_id for got in before])
        self.assertEqual([got.topic for got in again[:5]], [got.topic for got in before])
        self.wait_queued(0)

    def test_what_was_acknowledged_does_not_come_again(self):
        device = self.device(hold=True)
        device.subscribe()
        self.send("1", "2", "3", "4")
        got = device.receive(4)
        device.acknowledge(got[3])  # out of order, as a slow application does
        device.acknowledge(got[1])
        self.wait_queued(2)
        device.drop()
        again = self.device()
        self.assert_ids(again.receive(2), "1", "3")
        self.assertTrue(again.no_message())
        self.wait_queued(0)

    def test_a_clean_session_gets_them_when_it_subscribes(self):
        self.in_flight("1", "2")
        clean = self.device(clean=True)
        self.assertTrue(clean.no_message())
        clean.subscribe()
        self.assert_ids(clean.receive(2), "1", "2")
        self.wait_queued(0)

    def test_a_newer_connection_takes_over(self):
        older = self.device(hold=True)
        older.subscribe()
        self.send("1")
        first = older.receive()[0]
        newer = self.device()
        with self.assertRaises(ConnectionError):
            older.loop(lambda: False)
        second = newer.receive()[0]
        self.assertEqual((second.id, second.packet_id, second.duplicate),
                         (first.id, first.packet_id, True))

    # -- subscriptions

    def test_nothing_comes_before_the_subscription(self):
        self.send("early")
        device = self.device()
        self.assertTrue(device.no_message())
        device.subscribe()
        self.assert_ids(device.receive(), "early")

    def test_qos_0_is_granted_and_completes_by_itself(self):
        device = self.device()
        self.assertEqual(device.subscribe(qos=0), [0])
        self.send("m")
        got = device.receive()[0]
        self.assertIsNone(got.packet_id)
        self.wait_queued(0)

    def test_qos_2_is_granted_as_1(self):
        device = self.device()
        self.assertEqual(device.subscribe(qos=2), [1])
        self.send("m")
        self.assertIsNotNone(device.receive()[0].packet_id)

    def test_unsubscribing_stops(self):
        device = self.device()
        device.subscribe()
        self.send("before")
        device.receive()
        device.unsubscribe()
        self.send("after")
        self.assertTrue(device.no_message())
        self.assertEqual(self.queued(), 1)
        device.disconnect()
        self.assertFalse(self.device().session_present, "the subscription is still stored")
        device = self.device()
        device.subscribe()
        self.assert_ids(device.receive(), "after")

    def test_two_filters_for_the_same_bring_one_message(self):
        device = self.device()
        base = f"devices/{DEVICE}/messages/devicebound"
        self.assertEqual(device.subscribe(f"{base}/#", base), [1, 1])
        self.send("m")
        self.assert_ids(device.receive(), "m")
        self.assertTrue(device.no_message())
        device.unsubscribe(base)
        self.send("n")
        self.assert_ids(device.receive(), "n")

    def test_filters_of_others_are_refused_one_by_one(self):
        device = self.device()
        granted = device.subscribe("devices/other/messages/devicebound/#", "#",
                                   f"devices/{DEVICE}/messages/devicebound/#")
        self.assertEqual(granted, [REFUSED, REFUSED, 1])
        self.send("m")
        self.assert_ids(device.receive(), "m")


def options(parser):
    parser.add_argument("--transport", choices=PORTS, required=True)


if __name__ == "__main__":
    harness.main(options)
