#!/usr/bin/python3
"""`restante sas-token`: tokens that the hub accepts for what they are for, and for nothing else."""

import sys
import time
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from command import FAILED, NOT_FOUND, USAGE, CommandCase  # noqa: E402

QUEUE = "/devices/d/messages/devicebound"


class Tokens(CommandCase):
    def setUp(self):
        super().setUp()
        self.identity = self.hub.create_device("d")

    def token(self, *words, given=""):
        said, complaints = self.restante("sas-token", *words, given=given)
        self.assertEqual(complaints, "")
        self.assertEqual(len(said.splitlines()), 1)
        return said.strip()

    def status(self, token, path=QUEUE):
        return self.hub.rest("GET", path, token=token)[0]

    def fields(self, token):
        return dict(urllib.parse.parse_qsl(token.removeprefix("SharedAccessSignature ")))

    def test_of_a_policy(self):
        token = self.token()
        self.assertEqual(self.status(token, "/devices/d"), 200)
        self.assertEqual(self.fields(token)["skn"], "iothubowner")
        self.environment["IOTHUB_CONNECTION_STRING"] = self.hub.connection_string(
            "--policy", "registryRead")
        self.assertEqual(self.status(self.token(), "/devices/d"), 200)
        self.assertEqual(self.status(self.token()), 401)

    def test_of_a_device_by_each_of_its_keys(self):
        keys = self.identity["authentication"]["symmetricKey"]
        self.assertNotEqual(keys["primaryKey"], keys["secondaryKey"])
        tokens = [self.token("--device", "d"), self.token("--device", "d", "--key-type",
                                                          "secondary")]
        self.assertNotEqual(*(self.fields(token)["sig"] for token in tokens))
        for token in tokens:
            self.assertEqual(self.status(token), 204)
            self.assertEqual(self.status(token, "/devices/d"), 401)

    def test_of_a_module(self):
        status, _, module = self.hub.rest("PUT", "/devices/d/modules/m",
                                          {"deviceId": "d", "moduleId": "m"})
        self.assertEqual(status, 200, module)
        token = self.token("--device", "d", "--module", "m")
        self.assertEqual(self.status(token, "/devices/d/modules/m/messages/devicebound"), 204)
        self.assertEqual(self.status(token), 401)

    def test_by_a_key_or_connection_string_at_hand_no_hub_is_asked(self):
        self.hub.stop()
        key = self.identity["key"]
        file = self.folder / "key"
        file.write_text(key + "\n", encoding="utf-8")
        words = ("--device", "d", "--hostname", harness.Settings.hostname)
        tokens = [self.token(*words, "--key", "-", given=key + "\n"),
                  self.token(*words, "--key", file)]
        self.environment["IOTHUB_CONNECTION_STRING"] = self.hub.device_connection_string(
            self.identity)
        tokens.append(self.token())
        self.assertIn("devices/d alone",
                      self.restante("sas-token", "--device", "e", code=USAGE)[1])
        self.hub.start()
        for token in tokens:
            self.assertEqual(self.status(token), 204)

    def test_it_ends_when_it_is_told_to(self):
        begin = int(time.time())
        left = int(self.fields(self.token("--ttl", 100))["se"]) - begin
        self.assertTrue(100 <= left <= 100 + harness.SECONDS, left)

    def test_what_no_token_can_be_made_of(self):
        self.restante("device", "create", "x", "--auth", "x509-ca")
        for words, said, code in ((("--device", "x"), "certificate", FAILED),
                                  (("--device", "none"), "device list", NOT_FOUND),
                                  (("--module", "m"), "--device", USAGE),
                                  (("--device", "d", "--key", "-"), "--hostname", USAGE),
                                  (("--ttl", "0"), "ttl", USAGE)):
            with self.subTest(words):
                self.assertIn(said, self.restante("sas-token", *words, code=code)[1])
        _, said = self.restante("sas-token", "--device", "d", "--hostname", "h", "--key", "-",
                                given="secret!\n", code=FAILED)
        self.assertIn("base64", said)
        self.assertNotIn("secret", said)


if __name__ == "__main__":
    harness.main()
