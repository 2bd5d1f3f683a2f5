#!/usr/bin/python3
"""The Debian packages: what they depend on, what they hold, and that a hub runs out of one and a
project builds with the other, both unpacked without root.

Only an installation as root runs the maintainer scripts.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from harness import ROOT, Settings, run  # noqa: E402

SECONDS = 300  # for packing, beside other tests
SCRIPTS = ("postinst", "prerm", "postrm")
EXPOSURE_MAX = 20  # tenths, by `systemd-analyze security`; a unit without sandbox has 96


class Debian(harness.TestCase):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory(prefix="restante-debian-")
        cls.addClassCleanup(temporary.cleanup)
        folder = Path(temporary.name)
        run(["cpack", "-G", "DEB", "--config", Settings.build / "CPackConfig.cmake", "-B", folder],
            seconds=SECONDS)
        cls.packages, cls.unpacked = {}, {}
        for path in folder.glob("*.deb"):
            name = run(["dpkg-deb", "--field", path, "Package"])
            cls.packages[name], cls.unpacked[name] = path, folder / name
            run(["dpkg-deb", "--extract", path, cls.unpacked[name]])

    def files(self, name):
        folder = self.unpacked[name]
        return {f"/{path.relative_to(folder)}" for path in folder.rglob("*") if path.is_file()}

    def field(self, name, field):
        return run(["dpkg-deb", "--field", self.packages[name], field])

    def unit(self, program):
        """The unit's text, with the program where the package was unpacked."""
        path = self.unpacked["restante"] / "lib/systemd/system/restante.service"
        return path.read_text(encoding="utf-8").replace("/usr/bin/restante", str(program))

    def test_there_is_one_of_the_hub_and_one_of_the_sdks(self):
        self.assertEqual(self.packages.keys(), {"restante", "librestante-dev"})
        self.assertEqual(self.files("restante"), {
            "/etc/restante/restante.toml", "/lib/systemd/system/restante.service",
            "/usr/bin/restante", "/usr/share/doc/restante/copyright"})
        installed = self.files("librestante-dev")
        for folder in ROOT.glob("sdk/*/include"):
            for header in folder.glob("**/*.hpp"):
                self.assertIn(f"/usr/include/{header.relative_to(folder)}", installed)
        self.assertIn("/usr/lib/librestante-sdk.a", installed)
        self.assertFalse([name for name in installed if ".so" in name])

    def test_the_hub_depends_on_the_packages_of_its_libraries(self):
        depends = self.field("restante", "Depends")
        dynamic = run(["readelf", "--dynamic", "--wide",
                       self.unpacked["restante"] / "usr/bin/restante"])
        for library in re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic):
            owners = run(["dpkg-query", "--search", f"*/{library}"])
            self.assertTrue(any(f"{line.split(':')[0]} (" in depends
                                for line in owners.splitlines()), f"{library}: {depends}")
        self.assertIn("adduser", depends)

    def test_what_lies_in_etc_is_the_administrators(self):
        conffiles = run(["dpkg-deb", "--info", self.packages["restante"], "conffiles"])
        self.assertEqual(set(conffiles.split()),
                         {name for name in self.files("restante") if name.startswith("/etc/")})

    def test_the_maintainer_scripts_are_shell(self):
        control = self.folder / "control"
        run(["dpkg-deb", "--control", self.packages["restante"], control])
        for script in SCRIPTS:
            self.assertEqual((control / script).stat().st_mode & 0o777, 0o755)
            self.assertEqual(run(["sh", "-n", control / script]), "")

    def test_the_unit_is_one_and_keeps_the_hub_in(self):
        unit = self.folder / "restante.service"
        unit.write_text(self.unit(self.unpacked["restante"] / "usr/bin/restante"),
                        encoding="utf-8")
        self.assertEqual(run(["systemd-analyze", "verify", "--man=no", unit]), "")
        run(["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX}",
             "--no-pager", unit])

    def test_the_hub_starts_as_its_unit_starts_it(self):
        root = self.unpacked["restante"]
        command = re.search(r"^ExecStart=(.*)$", self.unit(root / "usr/bin/restante"), re.MULTILINE)
        words = command[1].replace("/etc/restante", str(root / "etc/restante")).split()
        hub = harness.Hub(self.folder)
        hub.command = lambda: [*words, "--data-dir", hub.data, "--hostname", Settings.hostname]
        self.addCleanup(self._stop_hub, hub)
        hub.start()
        created = run([root / "usr/bin/restante", "device", "create", "Device-1", "--data-dir",
                       hub.data], env=hub.environment())
        self.assertIn("DeviceId=Device-1", created)

    def test_a_project_builds_with_the_sdk(self):
        folder = self.folder / "consumer"
        run(["cmake", "-G", "Ninja", "-S", Path(__file__).parent / "consumer", "-B", folder,
             "-DCMAKE_CXX_COMPILER=g++",
             f"-DCMAKE_PREFIX_PATH={self.unpacked['librestante-dev'] / 'usr'}"], seconds=SECONDS)
        run(["cmake", "--build", folder, "--target", "both"], seconds=SECONDS)
        # Links its libraries, then finds that it has no connection string.
        ended = subprocess.run([folder / "both", "HostName=hub"], capture_output=True, text=True,
                               timeout=SECONDS, check=False)
        self.assertIn("Invalid Connection String", ended.stderr)


if __name__ == "__main__":
    harness.main()
