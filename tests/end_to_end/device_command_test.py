#!/usr/bin/python3
"""`restante device`, the real binary against a real hub: each verb, files in both directions, and
what it says to whoever holds it wrong. The service SDK of C++ is tested with it, which it uses."""

import json
import stat
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from command import (  # noqa: E402
    DONE, FAILED, NOT_FOUND, REFUSED, UNREACHABLE, USAGE, CommandCase)

THUMBPRINT = "A1" * 20
SECOND_THUMBPRINT = "b2" * 32
KEY = "MTIzNDU2Nzg5MDEyMzQ1Ng=="


class DeviceCommand(CommandCase):
    def device(self, *words, code=DONE, given=""):
        """The command's output and what it complained of."""
        return self.restante("device", *words, code=code, given=given)

    def show(self, name):
        return json.loads(self.device("show", name)[0])

    def rows(self, query, *words):
        return [json.loads(line) for line in self.device("query", query, *words)[0].splitlines()]


class Verbs(DeviceCommand):
    def test_a_device_with_keys(self):
        made, _ = self.device("create", "d")
        shown = self.show("d")
        keys = shown["authentication"]["symmetricKey"]
        self.assertEqual(made.strip(), f"HostName=hub.localhost;DeviceId=d;"
                                       f"SharedAccessKey={keys['primaryKey']}")
        self.assertEqual(shown, self.hub.rest("GET", "/devices/d")[2])
        self.device("create", "own", "--primary-key", KEY, "--secondary-key", KEY,
                    "--status", "disabled", "--status-reason", "not yet")
        shown = self.show("own")
        self.assertEqual(shown["authentication"]["symmetricKey"],
                         {"primaryKey": KEY, "secondaryKey": KEY})
        self.assertEqual((shown["status"], shown["statusReason"]), ("disabled", "not yet"))

    def test_a_device_with_a_certificate(self):
        made, _ = self.device("create", "x", "--auth", "x509-thumbprint",
                              "--primary-thumbprint", THUMBPRINT)
        self.assertEqual(made.strip(), "HostName=hub.localhost;DeviceId=x;x509=true")
        authentication = self.show("x")["authentication"]
        self.assertEqual(authentication["type"], "selfSigned")
        self.assertEqual(authentication["x509Thumbprint"]["primaryThumbprint"], THUMBPRINT)
        self.device("update", "x", "--secondary-thumbprint", SECOND_THUMBPRINT)
        self.assertEqual(self.show("x")["authentication"]["x509Thumbprint"],
                         {"primaryThumbprint": THUMBPRINT,
                          "secondaryThumbprint": SECOND_THUMBPRINT})
        self.device("create", "ca", "--auth", "x509-ca")
        self.assertEqual(self.show("ca")["authentication"]["type"], "certificateAuthority")

    def test_an_edge_device_and_its_child(self):
        self.device("create", "edge", "--edge")
        scope = self.show("edge")["deviceScope"]
        self.device("create", "leaf", "--scope", scope)
        self.assertEqual(self.show("leaf")["parentScopes"], [scope])
        self.device("update", "leaf", "--status", "disabled")
        self.assertEqual(self.show("leaf")["deviceScope"], scope)
        self.device("update", "leaf", "--scope", "")
        self.assertIsNone(self.show("leaf")["deviceScope"])
        self.device("update", "leaf", "--edge")
        self.assertTrue(self.show("leaf")["capabilities"]["iotEdge"])

    def test_an_update_leaves_what_it_does_not_name(self):
        self.device("create", "d", "--status-reason", "why")
        before = self.show("d")
        self.device("update", "d", "--status", "disabled")
        after = self.show("d")
        self.assertEqual(after["authentication"], before["authentication"])
        self.assertEqual((after["status"], after["statusReason"]), ("disabled", "why"))
        _, said = self.device("update", "d", "--status", "enabled", "--etag", before["etag"],
                              code=FAILED)
        self.assertIn("PreconditionFailed", said)

    def test_keys_are_made_anew(self):
        self.device("create", "d")
        keys = [self.show("d")["authentication"]["symmetricKey"]]
        for which in ("primary", "secondary", "both"):
            said, _ = self.device("update", "d", "--regenerate", which)
            keys.append(self.show("d")["authentication"]["symmetricKey"])
            self.assertTrue(said.strip().endswith("SharedAccessKey=" + keys[-1]["primaryKey"]))
        changed = [{name for name in old if old[name] != new[name]}
                   for old, new in zip(keys, keys[1:])]
        self.assertEqual(changed, [{"primaryKey"}, {"secondaryKey"},
                                   {"primaryKey", "secondaryKey"}])
        self.device("update", "d", "--auth", "x509-ca")
        self.assertIsNone(self.show("d")["authentication"]["symmetricKey"]["primaryKey"])

    def test_lists_queries_and_deletes(self):
        for name in ("c", "a", "b"):
            self.device("create", name)
        listed, _ = self.device("list", "--top", 2)
        self.assertEqual([line.split()[0] for line in listed.splitlines()], ["DEVICE", "a", "b"])
        self.assertEqual(self.rows("SELECT deviceId FROM devices WHERE deviceId > 'a'"),
                         [{"deviceId": "b"}, {"deviceId": "c"}])
        self.assertEqual(self.rows("SELECT deviceId FROM devices", "--top", 1),
                         [{"deviceId": "a"}])
        self.assertEqual(self.rows("SELECT COUNT() AS n FROM devices"), [{"n": 3}])
        etag = self.show("a")["etag"]
        self.device("update", "a", "--status", "disabled")
        self.assertIn("PreconditionFailed", self.device("delete", "a", "--etag", etag,
                                                        code=FAILED)[1])
        self.device("delete", "a")
        self.assertIn("DeviceNotFound", self.device("show", "a", code=NOT_FOUND)[1])

    def test_a_query_goes_on_to_the_last_page(self):
        self.device("import", "-", given=lines({"id": f"d{i:03}"} for i in range(250)))
        self.assertEqual([row["deviceId"] for row in self.rows("SELECT deviceId FROM devices")],
                         [f"d{i:03}" for i in range(250)])

    def test_wrong_words_are_told_what_is_right(self):
        for words, said in ((["frobnicate"], "there are create, show, list"),
                            (["lst"], "did you mean list?"), ([], "one of its verbs: create, "),
                            (["list", "--tpo", "3"], "did you mean --top?"),
                            (["list", "--lgin", "x"], "did you mean --login?"),
                            (["create"], "ID"), (["show"], "ID"), (["query"], "QUERY"),
                            (["import"], "FILE"), (["export"], "FILE"),
                            (["create", "d", "--status", "asleep"], "asleep"),
                            (["create", "d", "--auth", "magic"], "magic"),
                            (["list", "--top", "0"], "top"), (["list", "--top", "x"], "top"),
                            (["update", "d", "--regenerate", "third"], "third"),
                            (["import", "f", "--mode", "magic"], "magic"),
                            (["create", "d", "--primary-thumbprint", THUMBPRINT],
                             "x509-thumbprint"),
                            (["create", "d", "--auth", "x509-ca", "--primary-key", KEY], "sas")):
            with self.subTest(words):
                self.assertIn(said, self.device(*words, code=USAGE)[1])
        self.assertEqual(self.rows("SELECT COUNT() AS n FROM devices"), [{"n": 0}])

    def test_what_the_hub_refuses_is_told(self):
        self.device("create", "d")
        for words, said, code in (
                (["create", "d"], "DeviceAlreadyExists", FAILED),
                (["create", "a/b"], "not allowed in a device id", FAILED),
                (["create", "k", "--primary-key", KEY], "both keys", FAILED),
                (["create", "k", "--auth", "x509-thumbprint", "--primary-thumbprint", "A1:B2"],
                 "thumbprint", FAILED),
                (["create", "k", "--scope", "nowhere"], "InvalidDeviceScope", FAILED),
                (["update", "none", "--status", "disabled"], "DeviceNotFound", NOT_FOUND),
                (["delete", "none"], "`restante device list` names the devices", NOT_FOUND),
                (["query", "SELECT FROM"], "ArgumentInvalid", FAILED)):
            with self.subTest(words):
                self.assertIn(said, self.device(*words, code=code)[1])
        self.environment["IOTHUB_CONNECTION_STRING"] = self.hub.connection_string(
            "--policy", "registryRead")
        self.assertIn("the rights of its policy", self.device("create", "k", code=REFUSED)[1])

    def test_a_hub_that_does_not_answer_is_told_from_one_that_refuses(self):
        self.environment["RESTANTE_HTTPS_PORT"] = "9"
        self.assertIn("check that the hub is running", self.device("list", code=UNREACHABLE)[1])
        del self.environment["RESTANTE_HTTPS_PORT"], self.environment["RESTANTE_CA_FILE"]
        del self.environment["SSL_CERT_FILE"]
        self.assertIn("--ca takes its ca.pem", self.device("list", code=UNREACHABLE)[1])
        self.device("list", "--ca", self.hub.ca)


def lines(entries):
    return "".join(json.dumps(entry) + "\n" for entry in entries)


class Files(DeviceCommand):
    def fill(self):
        """An identity of each kind, and more devices than a page or a request has."""
        self.device("create", "edge", "--edge")
        self.device("create", "x", "--auth", "x509-thumbprint", "--primary-thumbprint", THUMBPRINT,
                    "--status", "disabled", "--status-reason", "wörn")
        self.device("create", "ca", "--auth", "x509-ca")
        self.device("import", "-", given=lines(
            [{"id": f"d{i:04}"} for i in range(1010)] +
            [{"id": "d0000", "moduleId": name, "managedBy": "me"} for name in ("m1", "m2")] +
            [{"id": "d0001", "moduleId": "m1"}]))

    def all_identities(self):
        """All that must survive, without what belongs to one life of an identity."""
        kept = {}
        for line in self.device("export", "-")[0].splitlines():
            entry = json.loads(line)
            for name in ("eTag", "importMode", "deviceScope"):
                entry.pop(name, None)
            kept[entry["id"], entry.get("moduleId")] = entry
        return kept

    def test_what_was_exported_can_be_imported(self):
        self.fill()
        before = self.all_identities()
        self.assertEqual(len(before), 1016)
        self.assertEqual(before["x", None]["statusReason"], "wörn")
        self.assertEqual(before["d0000", "m2"]["managedBy"], "me")
        file = self.folder / "devices.txt"
        self.device("export", file)
        self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
        self.assertEqual([each.name for each in self.folder.glob("devices*")], ["devices.txt"])

        deleted, _ = self.device("import", file, "--mode", "delete", code=FAILED)
        self.assertEqual(deleted, "1013 identities imported\n", "modules went with their devices")
        self.assertEqual(self.all_identities(), {})
        self.assertEqual(self.device("import", file)[0], "1016 identities imported\n")
        self.assertEqual(self.all_identities(), before)

    def test_an_import_may_be_made_again(self):
        given = lines([{"id": "a", "authentication": {"type": "sas", "symmetricKey": {
            "primaryKey": KEY, "secondaryKey": KEY}}}, {"id": "a", "moduleId": "m"}])
        for _ in range(2):
            self.assertEqual(self.device("import", "-", given=given)[0],
                             "2 identities imported\n")
        self.assertEqual(self.show("a")["authentication"]["symmetricKey"]["primaryKey"], KEY)

    def test_lines_do_what_their_mode_says(self):
        self.device("create", "a")
        self.device("create", "b")
        self.device("import", "-", given=lines([
            {"id": "a", "importMode": "update", "status": "disabled"},
            {"id": "b", "importMode": "Delete"}, {"id": "c", "importMode": "create"}]))
        self.assertEqual(self.rows("SELECT deviceId, status FROM devices"),
                         [{"deviceId": "a", "status": "disabled"},
                          {"deviceId": "c", "status": "enabled"}])

    def test_what_is_not_done_is_told_and_the_rest_is_done(self):
        self.device("create", "there")
        given = "\n".join([
            json.dumps({"id": "there", "importMode": "create"}), "{", "", '{"id":"a b"}',
            json.dumps({"id": "gone", "moduleId": "m"}), json.dumps({"id": "new"})])
        said, complaints = self.device("import", "-", code=FAILED, given=given)
        self.assertEqual(said, "1 identities imported\n")
        for words in ("line 1: there: DeviceAlreadyExists", "line 2: ", "line 4: a b: ",
                      "line 5: gone/m: DeviceNotFound", "4 of 5 were not imported"):
            self.assertIn(words, complaints)
        self.show("new")

        errors = self.folder / "errors.log"
        _, complaints = self.device("import", "-", "--errors", errors, code=FAILED, given=given)
        self.assertIn(str(errors), complaints)
        told = [json.loads(line) for line in errors.read_text(encoding="utf-8").splitlines()]
        self.assertEqual([(each["line"], each["errorCode"]) for each in told],
                         [(2, "ArgumentInvalid"), (4, "ArgumentInvalid"),
                          (1, "DeviceAlreadyExists"), (5, "DeviceNotFound")])

    def test_files_that_cannot_be_used(self):
        nowhere = self.folder / "nowhere" / "file"
        self.assertIn("cannot read", self.device("import", nowhere, code=FAILED)[1])
        self.assertIn("cannot write", self.device("export", nowhere, code=FAILED)[1])
        self.assertIn("cannot write",
                      self.device("import", "-", "--errors", nowhere, code=FAILED)[1])
        long = json.dumps({"id": "d", "statusReason": "x" * 70000})
        self.assertIn("line 1 of - is longer", self.device("import", "-", code=FAILED,
                                                          given=long)[1])
        self.assertEqual(self.device("import", "-")[0], "0 identities imported\n")

    def test_a_hub_that_goes_away(self):
        self.hub.stop()
        _, said = self.device("import", "-", code=FAILED, given=lines([{"id": "a"}]))
        self.assertIn("the lines up to 0 are done", said)

    def test_keys_can_stay_here(self):
        self.device("create", "d")
        exported = json.loads(self.device("export", "-", "--exclude-keys")[0])
        self.assertEqual(exported["authentication"]["symmetricKey"],
                         {"primaryKey": None, "secondaryKey": None})


class ServiceSdk(DeviceCommand):
    def test_the_example_does_what_it_says(self):
        said = harness.run([harness.program("examples/manage_identities")], self.environment)
        self.assertEqual(said.splitlines(), [
            "created machine-1, keys made by the hub: yes",
            "disabled: under repair",
            "refused: PreconditionFailed",
            "module camera, managed by us, certificateAuthority",
            "selfSigned 64 digits",
            "gateway has 2 modules",
            "not all created",
            "machine-1: DeviceAlreadyExists",
            "machine-2: DeviceAlreadyExists",
            "4 devices, 1 disabled, 0 connected",
            'Raw {"deviceId":"machine-0","status":"enabled"}',
            'Raw {"deviceId":"machine-1","status":"disabled"}',
            'Raw {"deviceId":"machine-2","status":"enabled"}',
        ])
        self.assertEqual(self.rows("SELECT COUNT() AS n FROM devices"), [{"n": 0}])


if __name__ == "__main__":
    harness.main()
