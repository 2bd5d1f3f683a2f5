#!/usr/bin/python3
"""What the command prints: the same things as a table, as JSON and as JSON lines."""

import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import certificates  # noqa: E402
import harness  # noqa: E402
from command import FAILED, USAGE, CommandCase  # noqa: E402
from harness import Settings, sas_token  # noqa: E402
from mqtt_client import CONNACK, MqttDevice, connect_packet  # noqa: E402


class Formats(CommandCase):
    def setUp(self):
        super().setUp()
        self.environment["RESTANTE_DATA_DIR"] = str(self.hub.data)

    def rows_in_each_format(self, *words):
        """The rows, which JSON and JSON lines must agree on, and the table."""
        as_array, as_lines = self.json(*words, "-o", "json"), self.json_lines(*words, "-o", "jsonl")
        self.assertEqual(as_array, as_lines)
        return as_array, self.restante(*words, "--output", "table")[0].splitlines()

    def test_devices(self):
        self.restante("device", "create", "a")
        self.restante("device", "create", "b", "--status", "disabled", "--status-reason", "wörn")
        rows, table = self.rows_in_each_format("device", "list")
        self.assertEqual([row["deviceId"] for row in rows], ["a", "b"])
        self.assertNotIn("symmetricKey", json.dumps(rows), "a list shows no keys")
        self.assertEqual([line.split()[:2] for line in table],
                         [["DEVICE", "STATUS"], ["a", "enabled"], ["b", "disabled"]])
        self.assertEqual(len({line.index(word) for line, word in
                              zip(table, ("STATUS", "enabled", "disabled"))}), 1, table)
        self.assertEqual(self.restante("device", "list")[0].splitlines(), table)

        shown = self.json("device", "show", "b")
        self.assertEqual(shown, self.hub.rest("GET", "/devices/b")[2])
        self.assertEqual(self.json("device", "show", "b", "-o", "jsonl"), shown)
        table = self.restante("device", "show", "b", "-o", "table")[0]
        self.assertRegex(table, r"(?m)^status reason +wörn$")
        self.assertIn(shown["authentication"]["symmetricKey"]["primaryKey"], table)

    def test_queries(self):
        for name in ("a", "b"):
            self.restante("device", "create", name)
        query = ("device", "query", "SELECT deviceId, tags, status FROM devices")
        rows, table = self.rows_in_each_format(*query)
        self.assertEqual([row["deviceId"] for row in rows], ["a", "b"])
        self.assertEqual(table[0].split()[0], "deviceId")
        self.assertEqual([line.split()[0] for line in table[1:]], ["a", "b"])
        self.assertEqual(self.json_lines(*query), rows, "lines unless told otherwise")
        none = ("device", "query", "SELECT * FROM devices WHERE deviceId = 'z'")
        self.assertEqual(self.json(*none, "-o", "json"), [])
        self.assertEqual(self.restante(*none, "-o", "table")[0], "")

    def test_a_query_of_many_pages_is_one_table(self):
        given = "".join(json.dumps({"id": f"d{i:04}"}) + "\n" for i in range(1100))
        self.restante("device", "import", "-", given=given)
        lines = self.restante("device", "query", "SELECT deviceId FROM devices",
                              "-o", "table")[0].splitlines()
        self.assertEqual([line.strip() for line in lines],
                         ["deviceId", *(f"d{i:04}" for i in range(1100))])

    def test_policies(self):
        rows, table = self.rows_in_each_format("policy", "list")
        self.assertEqual(rows[0], {"name": "iothubowner", "rights": rows[0]["rights"]})
        self.assertEqual(len(table), len(rows) + 1)
        shown = self.json("policy", "show", "service", "-o", "json")
        self.assertEqual(shown["primaryConnectionString"],
                         self.hub.connection_string("--policy", "service"))
        self.assertIn(shown["secondaryKey"], self.restante("policy", "show", "service")[0])
        made = self.json("policy", "create", "x", "--rights", "RegistryRead", "-o", "json")
        self.assertEqual(made["rights"], "RegistryRead")

    def test_authorities_and_the_certificate(self):
        certificates.make_authority(self.folder, "fleet")
        added = self.json("authority", "add", "fleet", self.folder / "fleet.pem", "-o", "json")
        rows, table = self.rows_in_each_format("authority", "list")
        self.assertEqual(rows, [added])
        self.assertFalse(added["verified"])
        self.assertRegex(table[1], r"^fleet +no +\d{4}-")
        self.assertIn(added["verificationCode"], self.restante("authority", "show", "fleet")[0])
        shown = self.json("certificate", "show", "-o", "json")
        self.assertEqual(shown["file"], self.hub.ca)
        self.assertIn(shown["sha256"], self.restante("certificate", "show")[0])

    def connect(self, device):
        client = MqttDevice(self.hub)
        self.addCleanup(client.close)
        key = self.json("device", "show", device)["authentication"]["symmetricKey"]["primaryKey"]
        client.send(connect_packet(
            device, f"{Settings.hostname}/{device}/?api-version=2021-04-12",
            sas_token(f"{Settings.hostname}/devices/{device}", key)))
        self.assertEqual(client.expect(CONNACK)[1], 0)

    def test_connection_events(self):
        self.restante("device", "create", "d")
        self.assertEqual(self.json("device", "events", "-o", "json"), [])
        self.connect("d")
        rows, table = self.rows_in_each_format("device", "events", "d")
        self.assertEqual([row["event"] for row in rows], ["connected"])
        self.assertRegex(table[0], "^TIME +DEVICE +MODULE +PROTOCOL +EVENT +PEER +REASON$")
        self.assertRegex(table[1], r"^\S+Z +d +mqtt +connected +\S")
        self.assertEqual(self.json("device", "events", "e", "-o", "json"), [])

    def test_what_devices_chose_cannot_move_the_cursor(self):
        self.restante("device", "create", "d", "--status-reason", "\x1b[2J\u009b2Jbell\a")
        for words in (("show", "d"), ("query", "SELECT statusReason FROM devices")):
            table = self.restante("device", *words, "-o", "table")[0]
            self.assertIn("\\x1b[2J\\x9b2Jbell\\x07", table)

    def test_what_cannot_be_written_is_a_failure(self):
        for words in (["device", "list"], ["policy", "show", "service"], ["--help"]):
            with self.subTest(words), open("/dev/full", "w", encoding="utf-8") as full:
                done = subprocess.run(
                    [harness.program("restante"), *words], env=self.environment, stdout=full,
                    stderr=subprocess.PIPE, text=True, timeout=harness.SECONDS, check=False)
                self.assertEqual(done.returncode, FAILED)
                self.assertRegex(done.stderr, "^restante: ")

    def test_help_tells_all_options_of_a_verb(self):
        said = self.restante("device", "list", "--help")[0]
        for words in ("Usage: restante device list", "--top", "--output", "--login", "--ca"):
            self.assertIn(words, said)

    def test_a_format_that_there_is_not(self):
        self.assertIn("jsonl", self.restante("device", "list", "-o", "yaml", code=USAGE)[1])


if __name__ == "__main__":
    harness.main()
