#!/usr/bin/python3
"""Every wrong certificate, and a right one in the wrong hands, on each port: it opens nothing."""

import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import certificates  # noqa: E402
import harness  # noqa: E402
from amqp_device import Receivers  # noqa: E402
from doors import API_VERSION, Attempt, Recorded, exchange_on, request, status_of  # noqa: E402
from harness import Settings, program, run  # noqa: E402
from hostile_case import HostileCase  # noqa: E402
from mqtt_client import CONNACK, MqttDevice, connect_packet  # noqa: E402

OWN, ISSUED, KEYED, OFF = "own", "issued", "keyed", "off"  # devices, by how they prove themselves


def mqtt(hub, device, certificate):
    stream = Recorded(hub.connect("mqtt", certificate))
    with MqttDevice(hub, stream) as client:
        client.send(connect_packet(
            device, f"{Settings.hostname}/{device}/?api-version={API_VERSION}", ""))
        code = client.expect(CONNACK)[1]
        if code != 0:
            client.read_to_end()
    return Attempt(code == 0, stream.said, code)


def amqp(hub, device, certificate):
    stream = Recorded(hub.connect("amqp", certificate))
    with Receivers(hub, token="", stream=stream) as client:
        outcome = client.attach_receiver(device, f"/devices/{device}/messages/devicebound")
    return Attempt(outcome.condition is None, stream.said, outcome.condition)


def https(hub, device, certificate):
    said = exchange_on(hub.connect("https", certificate), request(
        "GET", f"/devices/{device}/messages/devicebound?api-version={API_VERSION}", ""))
    return Attempt(status_of(said) < 300, said, status_of(said))


# A link to a device that is off or gone is not found, which only its own certificate hears.
DOORS = {mqtt: (5,), amqp: ("amqp:unauthorized-access", "amqp:not-found"), https: (401,)}


class Certificates(HostileCase):
    def setUp(self):
        super().setUp()
        certificates.make_authority(self.folder, "fleet")
        certificates.make_authority(self.folder, "stranger")
        certificates.make_authority(self.folder, "unproved")
        self.restante("authority", "add", "unproved", "unproved.pem")
        code = re.search(r"verification code +([0-9A-F]{48})",
                         self.restante("authority", "add", "fleet", "fleet.pem"))[1]
        self.issue("fleet", code, name="proof")
        self.restante("authority", "verify", "fleet", "proof.pem")
        self.hub.process.wait_line("event=authority_(added|changed) name=fleet what=verified")
        self.own = self.issue("stranger", OWN, name="own")
        for device, kind in ((OWN, "selfSigned"), (ISSUED, "certificateAuthority"), (KEYED, "sas"),
                             (OFF, "certificateAuthority")):
            status, _, body = self.hub.rest("PUT", f"/devices/{device}", {
                "deviceId": device, "status": "disabled" if device == OFF else "enabled",
                "authentication": {"type": kind, **({"x509Thumbprint": {
                    "primaryThumbprint": certificates.thumbprint(self.folder, self.own[0]),
                    "secondaryThumbprint": "0" * 64}} if kind == "selfSigned" else {})}})
            self.assertEqual(status, 200, json.dumps(body))
        self.issued = self.issue("fleet", ISSUED)

    def restante(self, *words):
        return run([program("restante"), *words, "--data-dir", self.hub.data], cwd=self.folder,
                   env=harness.clean_environment())

    def issue(self, authority, common_name, name=None, **options):
        name = name or f"{authority}-{len(list(self.folder.iterdir()))}"
        return certificates.sign(self.folder, authority, name, common_name, **options)

    def wrongs(self):
        """(name, device, certificate, cause)"""
        another_name, not_registered = "its common name", "not one that the device is registered"
        yield "none at all", ISSUED, None, "neither a token|has put no token"
        yield "another device's", ISSUED, self.issue("fleet", OWN), another_name
        yield ("of an unknown authority", ISSUED, self.issue("stranger", ISSUED),
               "no authority that the hub trusts")
        yield ("of an unproved authority", ISSUED, self.issue("unproved", ISSUED),
               "authority 'unproved' is not verified")
        yield ("self-signed", ISSUED, certificates.self_sign(self.folder, "mine", ISSUED),
               "signed by itself")
        yield "expired", ISSUED, self.issue("fleet", ISSUED, days=-1), r"expired at .*, \d+ s ago"
        yield ("the authority's own", ISSUED,
               (self.folder / "fleet.pem", self.folder / "fleet.key.pem"), "certificate purpose")
        for look_alike in ("issued2", "Issued", "issued ", "issue", "issu\u0435d", "*", "issued.x"):
            yield f"of '{look_alike}'", ISSUED, self.issue("fleet", look_alike), \
                f"for '{re.escape(look_alike)}' .{another_name}"
        yield "of an authority, by thumbprint", OWN, self.issue("fleet", OWN), not_registered
        yield "of the same name, by thumbprint", OWN, self.issue("stranger", OWN), not_registered
        yield "a right one for another device", OWN, self.issued, not_registered
        yield ("by name, to a device with keys", KEYED, self.issue("fleet", KEYED),
               "by key, not by certificate")
        yield "of a disabled device", OFF, self.issue("fleet", OFF), "device is disabled"
        yield "of a device that is not", "nobody", self.issue("fleet", "nobody"), "no device of"

    def test_a_wrong_certificate_opens_nothing(self):
        wrongs = list(self.wrongs())
        for door, refusals in DOORS.items():
            for name, device, certificate, cause in wrongs:
                with self.subTest(door=door.__name__, certificate=name):
                    tried = self.refused(
                        lambda d=device, c=certificate: door(self.hub, d, c), cause,
                        lambda: door(self.hub, ISSUED, self.issued))
                    known = device not in (OFF, "nobody")
                    self.assertIn(tried.told, refusals[:1] if known else refusals)

    def test_the_right_ones_open_their_own(self):
        for door in DOORS:
            for device, certificate in ((OWN, self.own), (ISSUED, self.issued)):
                self.assertTrue(door(self.hub, device, certificate).served)
                self.cells += 1

    def test_what_stands_on_a_removed_authority_is_cut(self):
        with MqttDevice(self.hub, self.hub.connect("mqtt", self.issued)) as gone, \
                MqttDevice(self.hub, self.hub.connect("mqtt", self.own)) as lasting:
            for client, device in ((gone, ISSUED), (lasting, OWN)):
                self.assertEqual(client.connect(device, None, password=""), 0)
            self.restante("authority", "remove", "fleet")
            self.assertEqual(gone.read_to_end(), b"")
            lasting.ping()
        self.hub.process.wait_line(f"event=connection_ended protocol=mqtt device={ISSUED} ")
        self.cells += 1


if __name__ == "__main__":
    harness.main()
