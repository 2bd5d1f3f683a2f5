#!/usr/bin/python3
"""Microsoft's Node service SDK beyond the happy path: the registry, and the class of each error."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from harness import run  # noqa: E402

HERE = Path(__file__).resolve().parent
DEVICE = "Device-1"


class NodeService(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.hub = self.start_hub()

    def node(self, script, *arguments, connection_string=None):
        """The JSON lines of a script."""
        output = run(["node", HERE / script, *arguments], env=self.hub.environment(
            IOTHUB_CONNECTION_STRING=connection_string or self.hub.connection_string()))
        return [json.loads(line) for line in output.splitlines() if line.startswith("{")]

    def errors(self, *arguments, **options):
        return [line.get("error") for line in self.node("service_send.js", *arguments, **options)]

    def test_the_registry_does_what_the_sdk_expects(self):
        said = self.node("registry.js", "dev#1:a.b")[0]
        self.assertEqual(said["created"]["deviceId"], "dev#1:a.b")
        self.assertEqual(said["created"]["status"], "enabled")
        keys = said["created"]["authentication"]["symmetricKey"]
        self.assertNotEqual(keys["primaryKey"], keys["secondaryKey"])
        self.assertEqual(said["createdAgain"], {"error": "DeviceAlreadyExistsError"})
        self.assertEqual(said["got"]["etag"], said["created"]["etag"])
        self.assertEqual([device["deviceId"] for device in said["listed"]], ["dev#1:a.b"])
        self.assertNotIn("error", said["deleted"] or {})
        self.assertEqual(said["deletedAgain"], {"error": "DeviceNotFoundError"})
        self.assertEqual(said["gotAfterwards"], {"error": "DeviceNotFoundError"})

    def test_every_operation_on_identities(self):
        said = self.node("registry_all.js")[0]
        edge, child = said["edge"], said["child"]
        self.assertEqual(edge["deviceScope"], "ms-azure-iot-edge://edge-" + edge["generationId"])
        self.assertEqual(child["parentScopes"], [edge["deviceScope"]])
        self.assertEqual(said["thumbprint"]["authentication"]["type"], "selfSigned")
        self.assertEqual(said["authority"]["authentication"]["symmetricKey"]["primaryKey"], None)
        self.assertEqual(said["updated"]["statusReason"], "lost")
        self.assertEqual(said["updated"]["deviceScope"], None)

        self.assertEqual(said["moduleAgain"]["error"], "DeviceAlreadyExistsError")
        self.assertEqual(said["moduleUpdated"]["managedBy"], "me")
        self.assertEqual(said["moduleStale"]["error"], "InvalidEtagError")
        self.assertEqual(said["moduleGot"], said["moduleUpdated"])
        self.assertEqual([module["moduleId"] for module in said["modules"]],
                         ["$edgeAgent", "$edgeHub"])
        self.assertIn("error", said["moduleGone"])

        self.assertEqual(said["added"]["isSuccessful"], True)
        self.assertIn("error", said["addedAgain"])
        self.assertEqual(said["bulkUpdated"]["isSuccessful"], True)
        self.assertEqual(said["bulkRemoved"]["isSuccessful"], True)
        self.assertEqual(said["statistics"], {"totalDeviceCount": 6, "enabledDeviceCount": 3,
                                              "disabledDeviceCount": 3})

        def ids(pages):
            return [[row["deviceId"] for row in page] for page in pages]
        self.assertEqual(ids(said["pages"]), [["b2", "b3"], ["ca", "edge"], ["leaf", "x509"]])
        self.assertEqual(ids(said["disabled"]), [["b2", "b3", "leaf"]])
        self.assertEqual(said["count"], [{"n": 6}])
        self.assertEqual([row["moduleId"] for row in said["edgeModules"][0]],
                         ["$edgeAgent", "$edgeHub"])
        self.assertEqual(said["syntax"]["error"], "ArgumentError")

    def test_an_unknown_device(self):
        self.assertEqual(self.errors("nobody"), ["DeviceNotFoundError"])

    def test_a_full_queue(self):
        self.hub.create_device(DEVICE)
        self.assertEqual(self.errors(DEVICE, "51"),
                         [None] * 50 + ["DeviceMaximumQueueDepthExceededError"])

    def test_a_message_that_is_too_large(self):
        self.hub.create_device(DEVICE)
        self.assertEqual(self.errors(DEVICE, "1", "70000"), ["MessageTooLargeError"])
        self.assertEqual(self.errors(DEVICE, "1", "65000"), [None])

    def test_a_wrong_key(self):
        wrong = self.hub.connection_string().rsplit("SharedAccessKey=", 1)[0] + \
            "SharedAccessKey=d3Jvbmc="
        said = self.node("service_send.js", DEVICE, connection_string=wrong)
        self.assertEqual([line.get("cause") for line in said], ["UnauthorizedError"])


if __name__ == "__main__":
    harness.main()
