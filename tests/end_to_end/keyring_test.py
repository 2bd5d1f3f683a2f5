#!/usr/bin/python3
"""What opens a hub, changed while it runs: policies, authorities, the certificate it shows."""

import json
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import certificates  # noqa: E402
import harness  # noqa: E402
from amqp_client import DETACH, AmqpService, message  # noqa: E402
from amqp_device import Receivers  # noqa: E402
from harness import (  # noqa: E402
    Settings, clean_environment, program, run, sas_token, service_claims)
from mqtt_client import MqttDevice  # noqa: E402


class KeyringCase(harness.TestCase):
    """A hub, and the commands of the one who owns its folder."""

    def restante(self, *arguments, code=0):
        return run([program("restante"), *arguments, "--data-dir", self.hub.data],
                   env=clean_environment(), code=code, cwd=self.folder)

    def logged(self, pattern, since=0):
        self.hub.process.wait_line(pattern, since=since)

    def policies(self):
        return json.loads((self.hub.data / "policies.json").read_text(encoding="utf-8"))

    def replace_file(self, path, text):
        """As editors and commands do: a new file in the place of the old one."""
        new = path.with_name(path.name + ".edited")
        new.write_text(text, encoding="utf-8")
        new.rename(path)

    def make_authority(self, name):
        return certificates.make_authority(self.folder, name)

    def sign(self, authority, name, common_name, *extensions):
        return certificates.sign(self.folder, authority, name, common_name, *extensions)


class Policies(KeyringCase):
    def setUp(self):
        super().setUp()
        self.hub = self.start_hub()

    def token(self, policy):
        """Signed by the primary key that the policy has now."""
        return sas_token(**service_claims(self.hub.connection_string("--policy", policy)))

    def status(self, token):
        return self.hub.rest("GET", "/devices", token=token)[0]

    def test_a_new_policy_opens_the_hub_for_its_rights_alone(self):
        self.hub.create_device("Device-1")
        self.restante("policy", "create", "sender", "--rights", "ServiceConnect")
        self.logged("event=policy_created name=sender what=ServiceConnect")
        self.assertEqual(self.status(self.token("sender")), 401)
        with AmqpService(self.hub, self.token("sender")) as service:
            self.assertEqual(service.cbs_status, 200)
            service.open_sender()
            sent = service.send_and_wait(message("Device-1", b"hello", "m"))
            self.assertIsNone(sent.condition)
        self.assertIn("sender", self.restante("policy", "list"))

    def test_an_old_key_is_refused_and_the_other_one_still_opens(self):
        primary = self.token("registryRead")
        keys = next(entry for entry in self.policies() if entry["keyName"] == "registryRead")
        secondary = sas_token(Settings.hostname, keys["secondaryKey"], "registryRead")
        self.assertEqual((self.status(primary), self.status(secondary)), (200, 200))
        self.restante("policy", "regenerate-key", "registryRead", "--key", "primary")
        self.logged("event=policy_changed name=registryRead what=\"primary key\"")
        self.assertEqual((self.status(primary), self.status(secondary)), (401, 200))
        self.assertEqual(self.status(self.token("registryRead")), 200)

    def test_keys_that_changed_places_both_still_open(self):
        before = self.token("registryRead")
        self.restante("policy", "regenerate-key", "registryRead", "--key", "swap")
        self.logged("event=policy_changed name=registryRead")
        self.assertNotEqual(self.token("registryRead").split("&sig=")[1].split("&")[0],
                            before.split("&sig=")[1].split("&")[0])
        self.assertEqual((self.status(before), self.status(self.token("registryRead"))),
                         (200, 200))

    def test_a_deleted_policy_opens_nothing(self):
        token = self.token("registryReadWrite")
        self.assertEqual(self.status(token), 200)
        self.restante("policy", "delete", "registryReadWrite")
        self.logged("event=policy_deleted name=registryReadWrite")
        self.assertEqual(self.status(token), 401)

    def test_what_stands_on_a_removed_policy_is_cut_and_all_else_lives_on(self):
        self.restante("policy", "create", "guest", "--rights", "ServiceConnect,DeviceConnect")
        self.logged("event=policy_created name=guest")
        own = self.hub.create_device("Device-1")
        self.hub.create_device("Device-2")
        guest = self.token("guest")
        with MqttDevice(self.hub) as mqtt, MqttDevice(self.hub) as lasting, \
                AmqpService(self.hub, guest) as service, Receivers(self.hub, guest) as amqp:
            self.assertEqual(mqtt.connect("Device-2", None, password=guest), 0)
            self.assertEqual(lasting.connect("Device-1", own["key"]), 0)
            self.assertIsNone(service.open_sender().condition)
            self.assertIsNone(amqp.attach_receiver(
                "Device-2", "/devices/Device-2/messages/devicebound").condition)
            self.restante("policy", "delete", "guest")
            self.assertEqual(mqtt.read_to_end(), b"")
            for client in (service, amqp):
                _, fields, _ = client.read_until(lambda code, *_: code == DETACH)
                self.assertEqual(fields[2].value[0], "amqp:unauthorized-access")
            lasting.ping()
        self.logged("event=connection_ended protocol=mqtt device=Device-2 .*reason=.*guest")

    def test_the_last_policy_that_may_write_stays(self):
        said = self.restante("policy", "delete", "iothubowner")
        self.assertIn("--policy", said)
        refused = self.restante("policy", "delete", "registryReadWrite", code=1)
        self.assertIn("create another one first", refused)
        self.assertIn("registryReadWrite", [entry["keyName"] for entry in self.policies()])

    def test_what_cannot_be_a_policy_is_refused_in_words(self):
        for words, reason, code in (
                (("create", "a b", "--rights", "ServiceConnect"), "letters, digits", 1),
                (("create", "a", "--rights", "ServiceConect"), "did you mean ServiceConnect", 1),
                (("create", "service", "--rights", "ServiceConnect"), "already", 1),
                (("show", "nobody"), "policy list", 3),
                (("delete", "nobody"), "policy list", 3)):
            with self.subTest(words):
                self.assertIn(reason, self.restante("policy", *words, code=code))
        self.assertEqual(len(self.policies()), 5)

    def test_there_are_at_most_16_policies_and_10_with_service_connect(self):
        for number in range(8):
            self.restante("policy", "create", f"s{number}", "--rights", "ServiceConnect")
        self.assertIn("at most 10", self.restante("policy", "create", "s", "--rights",
                                                  "ServiceConnect", code=1))
        for number in range(3):
            self.restante("policy", "create", f"r{number}", "--rights", "RegistryRead")
        self.assertIn("at most 16", self.restante("policy", "create", "r", "--rights",
                                                  "RegistryRead", code=1))

    def test_keys_are_printed_only_by_show_and_create_and_never_logged(self):
        created = self.restante("policy", "create", "sender", "--rights", "ServiceConnect")
        self.logged("event=policy_created name=sender")
        keys = [entry[which] for entry in self.policies()
                for which in ("primaryKey", "secondaryKey")]
        self.assertIn(keys[-1], created)
        self.assertIn(keys[-2], self.restante("policy", "show", "sender"))
        said = self.restante("policy", "list") + \
            self.restante("policy", "regenerate-key", "sender", "--key", "secondary")
        self.logged("event=policy_changed name=sender")
        keys += [self.policies()[-1]["secondaryKey"]]
        ready = next(line for line in self.hub.process.lines if "connection string" in line)
        said += self.hub.log_text().replace(ready, "")
        for key in keys:
            self.assertNotIn(key, said)

    def test_commands_at_the_same_time_lose_no_change(self):
        commands = [self.start([program("restante"), "policy", "create", f"p{number}", "--rights",
                                "RegistryRead", "--data-dir", self.hub.data],
                               env=clean_environment()) for number in range(8)]
        self.assertEqual([command.wait() for command in commands], [0] * 8)
        names = {entry["keyName"] for entry in self.policies()}
        self.assertTrue({f"p{number}" for number in range(8)} <= names, names)
        for number in range(8):
            self.logged(f"event=policy_created name=p{number} ")

    def test_a_damaged_file_keeps_what_was_in_force(self):
        token = self.token("registryRead")
        good = (self.hub.data / "policies.json").read_text(encoding="utf-8")
        for text, reason in (("[", "JSON"), ("{}", "array"),
                             (good.replace("RegistryRead", "RegistryReed"), "RegistryReed"),
                             (good.replace('"rights"', '"righst"'), "missing")):
            with self.subTest(reason):
                mark = self.hub.process.mark()
                self.replace_file(self.hub.data / "policies.json", text)
                self.logged(rf"event=keyring_refused .*policies.json.*{reason}", since=mark)
                self.assertEqual(self.status(token), 200)
        self.replace_file(self.hub.data / "policies.json",
                          good.replace('"registryRead"', '"reader"'))
        self.logged("event=policy_deleted name=registryRead")
        self.assertEqual(self.status(token), 401)

    def test_a_hangup_signal_reloads_and_the_hub_lives_on(self):
        token = self.token("registryRead")
        self.hub.process.signal(signal.SIGHUP)
        self.logged("event=reloaded policies=5 authorities=0")
        self.assertEqual(self.status(token), 200)

    def test_the_hub_starts_again_with_changed_policies(self):
        self.restante("policy", "create", "reader", "--rights", "RegistryRead")
        self.hub.stop()
        self.restante("policy", "delete", "registryRead")  # while it does not run
        self.hub.start()
        self.assertEqual(self.status(self.token("reader")), 200)
        self.assertNotIn("registryRead\n", self.restante("policy", "list"))


class Authorities(KeyringCase):
    def setUp(self):
        super().setUp()
        self.hub = self.start_hub()

    def code_of(self, said):
        return re.search(r"verification code +([0-9A-F]{48})", said)[1]

    def test_an_authority_is_verified_by_the_commands_that_are_printed(self):
        self.make_authority("fleet")
        said = self.restante("authority", "add", "fleet", "fleet.pem")
        self.logged("event=authority_added name=fleet what=\"not verified\"")
        shutil.copy(self.folder / "fleet.key.pem", self.folder / "authority.key.pem")
        steps = re.search(r"^  openssl req.*?proof\.pem$", said, re.DOTALL | re.MULTILINE)[0]
        subprocess.run(["sh", "-e", "-c", steps], cwd=self.folder, check=True, capture_output=True)
        last = re.search(r"^  restante (authority verify .*)$", said, re.MULTILINE)[1].split()
        run([program("restante"), *last], env=clean_environment(), cwd=self.folder)
        self.logged("event=authority_changed name=fleet what=verified")
        self.assertRegex(self.restante("authority", "list"), r"fleet +yes +\d{4}-.*CN=fleet")
        self.restante("authority", "remove", "fleet")
        self.logged("event=authority_removed name=fleet")

    def test_a_wrong_proof_verifies_nothing(self):
        self.make_authority("fleet")
        self.make_authority("other")
        code = self.code_of(self.restante("authority", "add", "fleet", "fleet.pem"))
        for authority, name, reason in (("other", code, "not signed by this authority"),
                                        ("fleet", "0" * 48, code)):
            with self.subTest(authority):
                self.sign(authority, "proof", name)
                self.assertIn(reason, self.restante("authority", "verify", "fleet", "proof.pem",
                                                    code=1))
        self.assertRegex(self.restante("authority", "list"), r"fleet +no ")
        self.assertEqual(self.code_of(self.restante("authority", "show", "fleet")), code)

    def test_what_is_no_authority_or_known_already_is_not_added(self):
        self.make_authority("fleet")
        self.sign("fleet", "device", "Device-1")
        self.assertIn("CA:TRUE", self.restante("authority", "add", "x", "device.pem", code=1))
        self.assertIn("no certificate",
                      self.restante("authority", "add", "x", "device.key.pem", code=1))
        self.restante("authority", "add", "fleet", "fleet.pem")
        self.assertIn("twice", self.restante("authority", "add", "again", "fleet.pem", code=1))
        self.assertIn("twice", self.restante("authority", "add", "fleet", "fleet.pem", code=1))
        self.assertIn("cannot read", self.restante("authority", "add", "x", "gone.pem", code=2))


class Certificates(KeyringCase):
    def shown(self, ca):
        """The certificate that a new connection is shown, which `ca` must vouch for."""
        context = ssl.create_default_context(cafile=ca)
        with socket.create_connection((Settings.hostname, self.hub.ports["https"]),
                                      harness.SECONDS) as raw:
            with context.wrap_socket(raw, server_hostname=Settings.hostname) as tls:
                return tls.getpeercert(binary_form=True)

    def names(self):
        return "-addext", f"subjectAltName=DNS:{Settings.hostname}"

    def test_another_private_ca_is_used_at_once_and_old_connections_live_on(self):
        self.hub = self.start_hub()
        old_ca = self.folder / "old.pem"
        shutil.copy(self.hub.ca, old_ca)
        key = self.hub.create_device("Device-1")["key"]
        with MqttDevice(self.hub) as device:
            self.assertEqual(device.connect("Device-1", key), 0)
            device.subscribe("Device-1")
            certificate, key_file = self.make_authority("new")
            self.restante("certificate", "replace", "--certificate", certificate, "--key",
                          key_file)
            self.logged("event=certificate_replaced cause=\"new file\"")
            self.assertTrue(self.shown(certificate))
            with self.assertRaises(ssl.SSLCertVerificationError):
                self.shown(old_ca)
            with AmqpService(self.hub) as service:  # which trusts ca.pem as it is now
                service.open_sender()
                self.assertIsNone(service.send_and_wait(message("Device-1", b"on", "m")).condition)
            self.assertEqual(device.receive().payload, b"on")
        self.assertIn("CN=new", self.restante("certificate", "show"))

    def test_a_ca_that_cannot_issue_is_not_taken(self):
        self.hub = self.start_hub()
        before = Path(self.hub.ca).read_bytes()
        certificate, _ = self.make_authority("new")
        _, other_key = self.make_authority("other")
        said = self.restante("certificate", "replace", "--certificate", certificate, "--key",
                             other_key, code=1)
        self.assertIn("private key", said)
        self.assertEqual(Path(self.hub.ca).read_bytes(), before)
        self.replace_file(Path(self.hub.ca), certificate.read_text(encoding="utf-8"))
        self.logged("event=certificate_refused .*ca.pem.*private key")
        (self.folder / "before.pem").write_bytes(before)
        self.assertTrue(self.shown(self.folder / "before.pem"))

    def start_with_own(self):
        self.make_authority("public")
        certificate, key = self.sign("public", "hub", Settings.hostname, *self.names())
        self.hub = self.start_hub(arguments=["--tls-certificate", certificate, "--tls-key", key])
        return certificate, key

    def test_the_owners_certificate_is_renewed_without_a_restart(self):
        certificate, key = self.start_with_own()
        public = self.folder / "public.pem"
        first = self.shown(public)
        self.assertFalse((self.hub.data / "ca.key.pem").exists())
        new_certificate, new_key = self.sign("public", "renewed", Settings.hostname, *self.names())
        mark = self.hub.process.mark()
        new_key.rename(key)
        new_certificate.rename(certificate)
        self.logged("event=certificate_replaced", since=mark)
        self.assertNotEqual(self.shown(public), first)

    def test_commands_trust_the_owners_certificate(self):
        self.start_with_own()
        self.restante("device", "create", "Device-1")
        self.assertIn("Device-1", self.restante("device", "list"))
        self.assertIn("hub.pem", self.restante("certificate", "show"))

    def test_a_pair_that_cannot_be_used_keeps_the_old_one(self):
        certificate, key = self.start_with_own()
        public = self.folder / "public.pem"
        first = self.shown(public)
        good = key.read_text(encoding="utf-8")
        _, other_key = self.sign("public", "other", "other", *self.names())
        for text, reason in ((other_key.read_text(encoding="utf-8"), "does not belong"),
                             ("garbage", "no private key")):
            with self.subTest(reason):
                mark = self.hub.process.mark()
                self.replace_file(key, text)
                self.logged(f"event=certificate_refused .*{reason}", since=mark)
                self.assertEqual(self.shown(public), first)
        self.replace_file(key, good)
        self.hub.process.signal(signal.SIGHUP)
        self.logged("event=reloaded")
        self.assertEqual(self.shown(public), first)
        self.assertTrue(certificate.exists())

    def test_a_certificate_for_another_name_is_a_warning(self):
        self.make_authority("public")
        certificate, key = self.sign("public", "hub", "other", "-addext",
                                     "subjectAltName=DNS:other.example")
        self.hub = self.start_hub(arguments=["--tls-certificate", certificate, "--tls-key", key])
        self.logged(f"event=certificate_lacks_hostname .*hostname={Settings.hostname}")

    def test_without_a_usable_pair_the_hub_does_not_start(self):
        certificate, _ = self.make_authority("public")
        hub = harness.Hub(self.folder, arguments=["--tls-certificate", certificate])
        self.assertIn("--tls-key", run(hub.command(), env=clean_environment(), code=2))
        hub.arguments += ["--tls-key", self.folder / "gone.pem"]
        self.assertIn("gone.pem", run(hub.command(), env=clean_environment(), code=2))


if __name__ == "__main__":
    harness.main()
