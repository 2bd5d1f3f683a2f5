#!/usr/bin/python3
"""Microsoft's Node device SDK with every kind of credential, over one of its transports:

    authentication_test.py --transport mqtt|mqtt-ws|amqp|amqp-ws|http

Each kind is one cell: the right credential opens, sends telemetry and, for a device, receives and
completes a message; a wrong one of the same kind meets UnauthorizedError, and the log says why.
"""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import certificates  # noqa: E402
import harness  # noqa: E402
from driver import Driver, DriverError  # noqa: E402
from harness import Settings, parse_connection_string, program, run, sas_token  # noqa: E402

HERE = Path(__file__).resolve().parent
TRANSPORTS = ("mqtt", "mqtt-ws", "amqp", "amqp-ws", "http")
TRANSPORTS_OF_MODULES = ("mqtt", "mqtt-ws", "amqp", "amqp-ws")  # the SDK has no others
WRONG_KEY = "d3Jvbmcga2V5IHdyb25nIGtleSB3cm9uZyBrZXkgICA="


class Authentication(harness.TestCase):
    maxDiff = None

    def setUp(self):
        super().setUp()
        self.hub = self.start_hub()
        self.clients = self.start_driver("authentication.js")
        self.service = self.start_driver("service.js")
        self.service.ask("open", client="service", transport="amqp",
                         connection=self.hub.connection_string())

    def start_driver(self, script):
        driver = Driver(["node", HERE / script], env=self.hub.environment())
        self.addCleanup(driver.kill)
        return driver

    def test_every_kind_of_credential(self):
        kinds = [self.primary_key, self.secondary_key, self.token, self.policy_key,
                 self.own_certificate, self.second_certificate, self.issued_certificate]
        if Settings.options.transport in TRANSPORTS_OF_MODULES:
            kinds += [self.module_key, self.module_token, self.module_policy_key]
        for kind in kinds:
            with self.subTest(transport=Settings.options.transport, kind=kind.__name__):
                kind(kind.__name__.replace("_", "-"))
        harness.report_cells(len(kinds))

    # -- the kinds; each has an identity of its own

    def primary_key(self, device):
        key = self.hub.create_device(device)["key"]
        self.accept(device, connection=self.by_key(device, key))
        self.refuse(device, connection=self.by_key(device, WRONG_KEY))

    def secondary_key(self, device):
        keys = self.hub.create_device(device)["authentication"]["symmetricKey"]
        self.accept(device, connection=self.by_key(device, keys["secondaryKey"]))
        stranger = self.hub.create_device(f"{device}-of-another")
        self.refuse(device, connection=self.by_key(device, stranger["key"]))

    def token(self, device):
        key = self.hub.create_device(device)["key"]
        resource = f"{Settings.hostname}/devices/{device}"
        self.accept(device, sas=sas_token(resource, key))
        self.refuse(device, sas=sas_token(resource, key, seconds_left=-60))
        self.refuse(device, sas=sas_token(resource, WRONG_KEY))

    def policy_key(self, device):
        self.hub.create_device(device)
        self.accept(device, connection=self.by_policy(device, "device"))
        self.refuse(device, connection=self.by_policy(device, "service"))

    def own_certificate(self, device):
        self.certificate(device, "primaryThumbprint", "sha256")

    def second_certificate(self, device):
        self.certificate(device, "secondaryThumbprint", "sha1")

    def certificate(self, device, place, digest):
        right, wrong = self.self_signed(device), self.self_signed(f"{device}-impostor")
        thumbprints = {"primaryThumbprint": "0" * 64, "secondaryThumbprint": "0" * 64,
                       place: certificates.thumbprint(self.folder, right["file"], digest)}
        self.hub.create_device(device, authentication={"type": "selfSigned",
                                                       "x509Thumbprint": thumbprints})
        connection = f"HostName={Settings.hostname};DeviceId={device};x509=true"
        self.accept(device, connection=connection, cert=right["cert"], key=right["key"])
        self.refuse(device, connection=connection, cert=wrong["cert"], key=wrong["key"])

    def issued_certificate(self, device):
        """By an authority that the hub's owner trusts, once it has shown to have its key."""
        fleet = self.self_signed("fleet")
        said = self.authority("add", "fleet", fleet["file"])
        proof = self.issued(re.search(r"verification code +([0-9A-F]{48})", said)[1], "fleet")
        mark = self.hub.process.mark()
        self.authority("verify", "fleet", proof["file"])
        self.hub.process.wait_line("event=authority_(added|changed) .*verified$", since=mark)
        self.hub.create_device(device, authentication={"type": "certificateAuthority"})
        connection = f"HostName={Settings.hostname};DeviceId={device};x509=true"
        right = self.issued(device, "fleet")
        self.accept(device, connection=connection, cert=right["cert"], key=right["key"])
        self.self_signed("stranger")
        for wrong in (self.issued(f"{device}-of-another", "fleet"), self.self_signed(device),
                      self.issued(device, "stranger")):
            self.refuse(device, connection=connection, cert=wrong["cert"], key=wrong["key"])

    def module_key(self, device):
        owner, module = self.create_module(device)
        self.accept(device, "module", connection=self.by_key(device, module, "m1"))
        self.refuse(device, "module", connection=self.by_key(device, owner, "m1"))

    def module_token(self, device):
        owner, module = self.create_module(device)
        resource = f"{Settings.hostname}/devices/{device}/modules/m1"
        self.accept(device, "module", sas=sas_token(resource, module))
        self.refuse(device, "module", sas=sas_token(resource, owner))

    def module_policy_key(self, device):
        self.create_module(device)
        self.accept(device, "module", connection=self.by_policy(device, "device", "m1"))
        self.refuse(device, "module", connection=self.by_policy(device, "service", "m1"))

    # -- what they share

    def accept(self, device, identity="device", **credential):
        self.clients.ask("use", client=device, transport=Settings.options.transport,
                         identity=identity, **credential)
        if identity == "device":
            self.clients.ask("listen", client=device)
            self.service.ask("send", client="service", device=device,
                             message={"messageId": f"for-{device}"})
            message = self.clients.event("message", client=device)
            self.assertEqual(message["messageId"], f"for-{device}")
        self.clients.ask("close", client=device)

    def refuse(self, device, identity="device", **credential):
        mark = self.hub.process.mark()
        with self.assertRaises(DriverError) as caught:
            self.clients.ask("use", client=device, transport=Settings.options.transport,
                             identity=identity, **credential)
        self.assertEqual(caught.exception.name, "UnauthorizedError")
        self.hub.process.wait_line(r"level=warning event=(link_)?refused .*reason=", since=mark)

    def create_module(self, device):
        """The primary keys of the device and of its module m1."""
        owner = self.hub.create_device(device)["key"]
        status, _, body = self.hub.rest("PUT", f"/devices/{device}/modules/m1",
                                        {"deviceId": device, "moduleId": "m1"})
        self.assertEqual(status, 200, body)
        return owner, body["authentication"]["symmetricKey"]["primaryKey"]

    def by_key(self, device, key, module=None):
        return self.connection(device, module, f"SharedAccessKey={key}")

    def by_policy(self, device, policy, module=None):
        said = parse_connection_string(self.hub.connection_string("--policy", policy))
        return self.connection(device, module, f"SharedAccessKeyName={policy};"
                                               f"SharedAccessKey={said['SharedAccessKey']}")

    def connection(self, device, module, rest):
        place = f"DeviceId={device}" + (f";ModuleId={module}" if module else "")
        return f"HostName={Settings.hostname};{place};{rest}"

    def authority(self, verb, *words):
        return run([program("restante"), "authority", verb, *words, "--data-dir", self.hub.data])

    def issued(self, name, authority):
        return self.shown(certificates.sign(self.folder, authority, f"{name}-issued", name))

    def self_signed(self, name):
        return self.shown(certificates.self_sign(self.folder, name, name))

    def shown(self, files):
        certificate, key = files
        return {"file": certificate, "cert": certificate.read_text(encoding="utf-8"),
                "key": key.read_text(encoding="utf-8")}


def options(parser):
    parser.add_argument("--transport", choices=TRANSPORTS, required=True)


if __name__ == "__main__":
    harness.main(options)
