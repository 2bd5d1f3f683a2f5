#!/usr/bin/python3
"""Microsoft's Registry class against the hub: each operation on identities, bulk requests,
statistics and queries, with a connection string and with a token alone."""

import json
import sys
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402

HERE = Path(__file__).resolve().parent


class RegistryCells(harness.TestCase):
    def test_every_operation_with_each_login(self):
        hub = self.start_hub()
        cells = 0
        for login in ("connection-string", "signature"):
            output = harness.run(
                ["node", HERE / "registry_cells.js", login],
                env=hub.environment(IOTHUB_CONNECTION_STRING=hub.connection_string()))
            said = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
            self.assertGreater(len(said), 50)
            for cell in said:
                with self.subTest(login=login, cell=cell["cell"]):
                    self.assertIsNone(cell.get("problem"))
            cells += len(said)
            self.remove_all(hub)
        harness.report_cells(cells)

    def remove_all(self, hub):
        for device in hub.rest("GET", "/devices")[2]:
            path = f"/devices/{urllib.parse.quote(device['deviceId'], safe='')}"
            self.assertEqual(hub.rest("DELETE", path, headers={"If-Match": "*"})[0], 204)


if __name__ == "__main__":
    harness.main()
