#!/usr/bin/python3
"""Why is that device not there? The hub tells who connected, who left, who took over, who was cut.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from amqp_device import AmqpDevices  # noqa: E402
from harness import Settings, sas_token, service_claims  # noqa: E402
from mqtt_client import CONNACK, MqttDevice, connect_packet  # noqa: E402

PATH = "/restante/connectionEvents"


class ConnectionEvents(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.hub = self.start_hub()
        self.identity = self.hub.create_device("d")
        self.hub.create_device("other")

    def events(self, query=""):
        status, _, body = self.hub.rest("GET", PATH + query)
        self.assertEqual(status, 200, body)
        return body

    def connect(self, sdk):
        client = MqttDevice(self.hub)
        self.addCleanup(client.close)
        client.send(connect_packet(
            "d", f"{Settings.hostname}/d/?api-version=2021-04-12&DeviceClientType={sdk}",
            sas_token(f"{Settings.hostname}/devices/d", self.identity["key"])))
        self.assertEqual(client.expect(CONNACK)[1], 0)
        return client

    def test_a_flap_explains_itself(self):
        self.assertEqual(self.events(), [])
        first = self.connect("boiler%2F1.0")
        second = self.connect("laptop%2F2.0")
        first.read_to_end()
        self.hub.rest("PUT", "/devices/d", {"deviceId": "d", "status": "disabled"},
                      headers={"If-Match": "*"})
        second.read_to_end()
        events = self.events("?deviceId=d")
        self.assertEqual([event["event"] for event in events],
                         ["connected", "replaced", "connected", "ended"])
        self.assertEqual([event["number"] for event in events], [1, 2, 3, 4])
        replaced, ended = events[1], events[3]
        self.assertTrue(replaced["peer"].endswith(" boiler/1.0"), replaced)
        self.assertRegex(replaced["reason"], "^replaced by .* laptop/2.0$")
        self.assertEqual(replaced["connectedSinceUtc"], events[0]["timeUtc"])
        self.assertEqual((replaced["protocol"], replaced["moduleId"]), ("mqtt", None))
        self.assertIn("disabled", ended["reason"])
        self.assertEqual(self.events("?deviceId=other"), [])
        self.assertEqual(self.events(), events)

    def test_a_device_that_leaves_is_told_too(self):
        with AmqpDevices(self.hub, self.identity) as device:
            device.add("d", credit=0)
        self.hub.process.wait_line("event=device_detached device=d protocol=amqp")
        events = self.events()
        self.assertEqual([(event["event"], event["protocol"]) for event in events],
                         [("connected", "amqp"), ("disconnected", "amqp")])

    def test_it_is_for_those_who_may_read_the_registry(self):
        token = sas_token(**service_claims(self.hub.connection_string("--policy", "service")))
        self.assertEqual(self.hub.rest("GET", PATH, token=token)[0], 401)
        self.assertEqual(self.hub.rest("GET", PATH + "?deviceId=a%20b")[0], 400)


if __name__ == "__main__":
    harness.main()
