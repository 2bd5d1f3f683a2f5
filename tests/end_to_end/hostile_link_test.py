#!/usr/bin/python3
"""What a device that has proved itself may not reach over AMQP and HTTPS: another device, in each
spelling of an address, and anything at all before its proof."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from amqp_device import Receivers  # noqa: E402
from doors import (  # noqa: E402
    Attempt, CbsDoor, HttpsDoor, amqp_stream, exchange, request, status_of)
from harness import Settings, sas_token  # noqa: E402
from hostile_case import HostileCase  # noqa: E402

DEVICE, OTHER = "dev", "other"
NODE = "messages/devicebound"
ADDRESSES = (f"/devices/{OTHER}/{NODE}", f"devices/{OTHER}/{NODE}/", f"/DEVICES/{OTHER}/{NODE}",
             f"amqps://{{}}/devices/{OTHER}/{NODE}", f"/devices/%6fther/{NODE}",
             f"/devices/{DEVICE}/../{OTHER}/{NODE}", f"/devices/{DEVICE}%2f..%2f{OTHER}/{NODE}",
             f"/devices/{DEVICE}%252f..%252f{OTHER}/{NODE}", f"//devices/{OTHER}/{NODE}",
             f"/devices/{DEVICE.upper()}/{NODE}", f"/devices/{DEVICE}%00/{NODE}",
             f"/devices/+/{NODE}", f"/devices/#/{NODE}", f"/devices/d\u0435v/{NODE}",
             f"/devices/{DEVICE}/modules/m/{NODE}", f"/{NODE}", "/messages/serviceBound/feedback")
REFUSED = "no token of this|device's token does not|no such|audience|not allowed|put no token"


class Links(HostileCase):
    def setUp(self):
        super().setUp()
        self.key = self.create(DEVICE)["key"]
        self.create(OTHER)
        self.token = sas_token(f"{Settings.hostname}/devices/{DEVICE}", self.key)

    def link(self, address, token):
        stream = amqp_stream(self.hub, websocket=False)
        with Receivers(self.hub, token="", stream=stream) as client:
            if token:
                client.attach_cbs()
                self.assertEqual(client.put_token(token), 200)
            outcome = client.attach_receiver("it", address.format(Settings.hostname))
        return Attempt(outcome.condition is None, stream.said, outcome.condition)

    def test_a_link_to_another_device_or_before_a_token(self):
        for address in ADDRESSES:
            for token in ("", self.token):
                with self.subTest(address=address, proved=bool(token)):
                    tried = self.refused(
                        lambda a=address, t=token: self.link(a, t), REFUSED,
                        lambda: CbsDoor().attempt(self.hub, DEVICE, self.token), token)
                    self.assertIn(tried.told, ("amqp:unauthorized-access", "amqp:not-found"))

    def test_a_request_that_two_readers_could_read_differently(self):
        path = f"/devices/{DEVICE}/{NODE}"
        good = request("GET", path, self.token)
        hidden = f"DELETE /devices/{DEVICE}/commands HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        line, rest = good.split(b"\r\n", 1)
        raws = {
            "two authorizations": line + b"\r\nAuthorization: x\r\n" + rest,
            "a folded authorization": good.replace(b"Authorization: ", b"Authorization:\r\n "),
            "two hosts": line + b"\r\nHost: other\r\n" + rest,
            "another host's target": good.replace(b"GET /", b"GET https://other/"),
            "two lengths": line + b"\r\nContent-Length: 0\r\nContent-Length: 5\r\n" + rest + hidden,
            "a length and chunks": line + b"\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n"
                                   + rest + b"0\r\n\r\n" + hidden,
            "NUL in a value": line + b"\r\nX: a\0b\r\n" + rest,
            "CR in a value": line + b"\r\nX: a\rb\r\n" + rest,
            "LF for a line's end": good.replace(b"\r\n", b"\n"),
            "a space before the colon": good.replace(b"Authorization:", b"Authorization :"),
        }
        for name, raw in raws.items():
            with self.subTest(name):
                def attempt(r=raw):
                    said = exchange(self.hub, r)
                    self.assertEqual(len(re.findall(rb"HTTP/1\.1 \d", said)), 1, said)
                    return Attempt(status_of(said) < 300, said, status_of(said))
                tried = self.refused(attempt, ".", lambda: HttpsDoor().attempt(
                    self.hub, DEVICE, self.token), self.token)
                self.assertIn(tried.told, (400, 401))

    def test_a_stranger_cannot_tell_an_unknown_device_from_a_wrong_key(self):
        wrong = sas_token(f"{Settings.hostname}/devices/{DEVICE}", self.policy_key("device"))
        bodies = [HttpsDoor().attempt(self.hub, device, wrong) for device in (DEVICE, "nobody")]
        self.assertEqual([attempt.told for attempt in bodies], [401, 401])
        self.assertEqual(*[len(attempt.said) for attempt in bodies])
        self.cells += 1


if __name__ == "__main__":
    harness.main()
