#!/usr/bin/python3
"""A hub whose disk fills, fails or becomes read-only: what is new is refused with the reason, what
is there is delivered, and once the disk is well all goes on, without a restart."""

import errno
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from amqp_client import AmqpService, message  # noqa: E402
from https_device import HttpsDevice  # noqa: E402
from mqtt_client import MqttDevice  # noqa: E402
from sick_disk import SickDisk  # noqa: E402

RESERVED_BYTES = 128 << 20  # of the engine, kept for ending messages
DISK_BYTES = 256 << 20
TRIES_MAX = 100


class SickDisks(harness.TestCase):
    def start_on(self, folder, variables=None):
        hub = harness.Hub(folder)
        hub.variables = variables or {}
        self.addCleanup(self._stop_hub, hub)
        hub.start()
        self.token = hub.service_token()
        self.hub = hub
        return hub

    def device(self, name):
        return HttpsDevice(self.hub, self.hub.create_device(name))

    def send(self, device, name, body=b"x"):
        """(status, what the hub said)."""
        status, _, answer = self.hub.rest(
            "POST", f"/devices/{device}/messages/devicebound", body.decode(), self.token,
            {"iothub-messageid": name})
        return status, str(answer)

    def arrive(self, client):
        """The ids of all that waits; each is completed, (id, status of that)."""
        ended = []
        while (answer := client.receive()).status == 200:
            ended.append((answer.header("iothub-messageid"),
                          client.complete(answer.lock_token).status))
        self.assertEqual(answer.status, 204)
        return ended

    # -- a disk that fails

    def test_a_disk_that_takes_no_writes(self):
        for kind, error in (("write", errno.ENOSPC), ("write", errno.EROFS), ("sync", errno.EIO)):
            with self.subTest(kind=kind, error=errno.errorcode[error]):
                folder = self.folder / f"{kind}-{error}"
                folder.mkdir()
                self.outlive(SickDisk(folder), (kind, 0, error))

    def outlive(self, disk, fault):
        hub = self.start_on(disk.root, disk.variables(fault, journal=False))
        full, waiting = self.device("full"), self.device("waiting")
        live = hub.create_device("live")
        self.assertEqual(self.send("waiting", "before")[0], 204)
        self.assertEqual(self.send("live", "before-live")[0], 204)

        disk.sick.touch()
        for name in ("first", "second"):
            status, said = self.send("full", name)
            self.assertEqual(status, 503)
            self.assertIn(os.strerror(fault[2]), said)
        with self.assertRaisesRegex(AssertionError, "503"):
            hub.create_device("another")
        self.assertEqual(self.arrive(waiting), [("before", 503)], "delivered, its end not promised")
        with MqttDevice(hub) as device:
            device.connect("live", live["key"], clean=True)
            device.subscribe("live")
            arrived = device.receive()
            self.assertEqual(arrived.id, "before-live")
            device.acknowledge(arrived)
            device.ping()
        with AmqpService(hub) as service:
            service.open_sender()
            outcome = service.send_and_wait(message("waiting", b"x", "by-amqp"))
            self.assertIn(os.strerror(fault[2]), str(outcome))

        mark = hub.process.mark()
        disk.sick.unlink()
        hub.process.wait_line("event=storage_recovered", since=mark)
        self.assertEqual(self.send("waiting", "after")[0], 204)
        hub.restart_killed()
        full, waiting = HttpsDevice(hub, hub_identity(hub, "full")), HttpsDevice(
            hub, hub_identity(hub, "waiting"))
        self.assertEqual(self.arrive(waiting), [("after", 204)], "what ended is not back")
        # The one that met the failure may have been kept; the one that was refused later was not.
        self.assertIn(self.arrive(full), ([], [("first", 204)]))
        hub.stop()

    # -- a disk that fills

    def test_a_disk_that_somebody_fills(self):
        disk = self.folder / "small"
        disk.mkdir()
        harness.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none", str(disk)])
        self.addCleanup(harness.run, ["umount", "--lazy", str(disk)])
        self.start_on(disk)
        client = self.device("d")
        for name in ("one", "two"):
            self.assertEqual(self.send("d", name)[0], 204)
        space = os.statvfs(disk)
        free = space.f_bavail * space.f_frsize
        filler = disk / "filler"
        with filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, free - RESERVED_BYTES // 2)
        refused = self.try_until(503)
        self.assertIn("nearly full", refused)
        waiting = self.arrive(client)
        self.assertEqual([status for _, status in waiting], [204] * len(waiting))
        self.assertEqual([name for name, _ in waiting][:2], ["one", "two"])
        filler.unlink()
        self.try_until(204)

    def try_until(self, wanted):
        """What the hub says to the first message that gets this status: it looks at its disk when
        it writes, and after it has refused one."""
        for number in range(TRIES_MAX):
            status, said = self.send("d", f"try-{wanted}-{number}")
            if status == wanted:
                return said
        self.fail(f"{TRIES_MAX} messages got {status}, none {wanted}: {said}")


def hub_identity(hub, device):
    status, _, identity = hub.rest("GET", f"/devices/{device}")
    if status != 200:
        raise AssertionError(f"GET /devices/{device}: {status}")
    return {**identity, "key": identity["authentication"]["symmetricKey"]["primaryKey"]}


if __name__ == "__main__":
    harness.main()
