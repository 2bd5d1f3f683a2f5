#!/usr/bin/python3
"""What `cmake --install` gives a user of the SDKs: a project of somebody else's is built with it,
by clang and by g++, statically and against the shared library, by CMake and by pkg-config, and its
programs talk to a hub. So does what sdk/README.md tells a newcomer to write.
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
from package import SECONDS, install, pkg_config  # noqa: E402

CONSUMER = Path(__file__).resolve().parent / "consumer"
COMPILERS = ("clang++-19", "g++")
DEVICE = "Device-1"


def needed(path):
    """The shared libraries that a program names."""
    dynamic = run(["readelf", "--dynamic", "--wide", path])
    return re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)


def public_classes():
    headers = [path.read_text(encoding="utf-8") for path in ROOT.glob("sdk/*/include/**/*.hpp")]
    return set(re.findall(r"^(?:class|struct) (\w+).*[^;]$", "\n".join(headers), re.MULTILINE))


class Package(harness.TestCase):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory(prefix="restante-install-")
        cls.addClassCleanup(temporary.cleanup)
        installed = Path(temporary.name) / "installed"
        install(installed, "sdk", "sdk-shared")
        # Moved, so that what names the place it was installed to is found out.
        cls.prefix = installed.rename(Path(temporary.name) / "moved")
        cls.library = cls.prefix / "lib"

    def build(self, compiler, **variables):
        """The consumer's programs, by CMake."""
        folder = self.folder / "-".join([compiler, *variables.values()])
        run(["cmake", "-G", "Ninja", "-S", CONSUMER, "-B", folder,
             f"-DCMAKE_CXX_COMPILER={compiler}", f"-DCMAKE_PREFIX_PATH={self.prefix}",
             "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror",
             *(f"-D{name}={value}" for name, value in variables.items())], seconds=SECONDS)
        run(["cmake", "--build", folder], seconds=SECONDS)
        return folder

    def build_by_pkg_config(self, compiler, sdk, source, static):
        built = self.folder / f"{source}-{static}"
        run([compiler, "-std=c++17", CONSUMER / f"{source}.cpp", "-o", built,
             *pkg_config(self.prefix, sdk, static)], seconds=SECONDS)
        return built

    def check_pair(self, hub, receive, send):
        """One message from one program to the other, and one the hub refuses."""
        device = hub.create_device(DEVICE)
        environment = hub.environment(LD_LIBRARY_PATH=str(self.library))
        receiver = self.start([receive, hub.device_connection_string(device)], env=environment)
        receiver.wait_line("subscribed")
        owner = hub.connection_string()
        self.assertEqual(run([send, owner, DEVICE, "hello"], env=environment), "sent")
        self.assertEqual(receiver.wait(), 0, receiver.output)
        self.assertIn("received hello", receiver.output)
        self.assertIn("refused: ", run([send, owner, "nobody", "hello"], env=environment))
        self.assertEqual(hub.rest("DELETE", f"/devices/{DEVICE}", headers={"If-Match": "*"})[0],
                         204)

    def check_both(self, hub, both):
        output = run([both, hub.connection_string()],
                     env=hub.environment(LD_LIBRARY_PATH=str(self.library)))
        self.assertIn("received to myself, prop1 one", output)
        self.assertIn("closed: ", output)
        self.assertEqual(hub.rest("DELETE", "/devices/both", headers={"If-Match": "*"})[0], 204)

    def test_a_project_finds_and_links_both_sdks(self):
        hub = self.start_hub()
        for compiler in COMPILERS:
            for shared in ("OFF", "ON"):
                with self.subTest(compiler=compiler, shared=shared):
                    built = self.build(compiler, BUILD_SHARED_LIBS=shared)
                    self.assertEqual(any("restante" in name for name in needed(built / "both")),
                                     shared == "ON")
                    self.check_pair(hub, built / "receive", built / "send")
                    self.check_both(hub, built / "both")

    def test_pkg_config_says_what_to_link(self):
        hub = self.start_hub()
        for compiler in COMPILERS:
            for static in (False, True):
                with self.subTest(compiler=compiler, static=static):
                    built = [self.build_by_pkg_config(compiler, sdk, source, static)
                             for sdk, source in (("device", "receive"), ("service", "send"))]
                    for path in built:
                        self.assertEqual("librestante-sdk" in "".join(needed(path)), not static)
                    self.check_pair(hub, *built)

    def test_a_prefix_without_the_shared_library_serves_the_static_one(self):
        self.prefix = self.folder / "static"
        install(self.prefix, "sdk")
        built = self.build("g++", BUILD_SHARED_LIBS="ON")
        self.assertNotIn("restante", "".join(needed(built / "both")))

    def test_the_shared_library_shows_what_the_headers_declare_and_nothing_else(self):
        shown = run(["nm", "--dynamic", "--defined-only", "--demangle",
                     self.library / "librestante-sdk.so"]).splitlines()
        names = [line.split(" ", 2)[2] for line in shown]
        classes = public_classes()
        for name in names:
            match = re.match(r"(?:typeinfo (?:name )?for |vtable for )?restante::(\w+)", name)
            self.assertTrue(match and match[1] in classes and "::Impl" not in name.split("(")[0],
                            f"{name} is shown")
        for name in ("IoTHubClient::connect()", "IoTHubDeviceClient::receive_message(",
                     "IoTHubRegistryManager::get_device("):
            self.assertTrue(any(name in shown for shown in names), f"{name} is not shown")

    def test_the_examples_link_the_shared_library(self):
        """They call whatever the headers declare, so what one misses a user would miss."""
        for source in sorted((ROOT / "examples").glob("*.cpp")):
            with self.subTest(source.name):
                run(["g++", "-std=c++20", source, f"-I{self.prefix}/include", "-o",
                     self.folder / source.stem, f"-L{self.library}", "-lrestante-sdk", "-pthread"],
                    seconds=SECONDS)

    def test_the_conan_recipe_is_python_and_builds_what_there_is(self):
        """Conan itself is not among Debian's packages, so no test here runs it."""
        recipe = ROOT / "packaging" / "conan" / "conanfile.py"
        compile(recipe.read_text(encoding="utf-8"), recipe, "exec")
        targets = re.findall(r"tools/build.sh release (\w+)", recipe.read_text(encoding="utf-8"))
        self.assertEqual(len(targets), 1)
        run(["cmake", "--build", Settings.build, "--target", targets[0], "--", "-n"])

    def test_every_public_header_is_installed_and_no_other(self):
        public = {path.relative_to(folder) for folder in ROOT.glob("sdk/*/include")
                  for path in folder.glob("**/*.hpp")}
        include = self.prefix / "include"
        self.assertEqual({path.relative_to(include) for path in include.glob("**/*.hpp")}, public)

    def test_another_minor_version_is_refused(self):
        (self.folder / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(versions LANGUAGES CXX)\n"
            "foreach(version 0.1 0.2 1.0)\n  find_package(restante ${version} QUIET CONFIG)\n"
            '  message(STATUS "${version}: ${restante_FOUND}")\nendforeach()\n', encoding="utf-8")
        output = run(["cmake", "-S", self.folder, "-B", self.folder / "build",
                      f"-DCMAKE_PREFIX_PATH={self.prefix}"], seconds=SECONDS)
        self.assertEqual(re.findall(r"-- (\d\.\d): (\d)", output),
                         [("0.1", "1"), ("0.2", "0"), ("1.0", "0")])


class Readme(harness.TestCase):
    PAGE = (ROOT / "sdk" / "README.md").read_text(encoding="utf-8")
    PATH, TOUR = PAGE.split("\n## A device\n")
    # What its fragments leave to the reader.
    AROUND = """#include <poll.h>
#include <restante/device/iothub_device_client.hpp>
#include <restante/service/iothub_registry_manager.hpp>
#include <iostream>
"""

    def test_the_newcomers_path_leads_to_a_message(self):
        """Its files are written and its commands run, as they stand, in a fresh folder."""
        hub = self.start_hub()
        home = self.folder / "home"
        (self.folder / "build").mkdir()
        (self.folder / "build/release").symlink_to(Settings.build)
        (self.folder / "restante-data").symlink_to(hub.data)
        for name, text in re.findall(r"(?ms)`~/(\S+)`:\n\n```(?:cmake|cpp)\n(.*?)^```", self.PATH):
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_text(text, encoding="utf-8")
        script = "".join(re.findall(r"(?ms)^```sh\n(.*?)^```", self.PATH))
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=self.folder,
                              env={**harness.clean_environment(), "HOME": str(home)},
                              capture_output=True, text=True, timeout=SECONDS, check=False)
        self.assertEqual(done.returncode, 0, f"{done.stdout}\n{done.stderr}")
        printed = re.search(r"(?ms)^```text\n(.*?)^```", self.PATH)[1]
        self.assertTrue(done.stdout.endswith(f"\n{printed}"), done.stdout)

    def test_the_newcomers_program_is_short(self):
        program = re.search(r"(?ms)^```cpp\n(.*?)^```", self.PATH)[1]
        self.assertLessEqual(len(program.splitlines()), 15)

    def test_the_tour_compiles(self):
        fragments = re.findall(r"(?ms)^```cpp\n(.*?)^```", self.TOUR)
        self.assertGreater(len(fragments), 4)
        functions = [f"void tour_{number}(const char* text, restante::IoTHubDeviceClient& client) "
                     f"{{\n(void)text, (void)client;\n{{\n{fragment}}}\n}}\n"
                     for number, fragment in enumerate(fragments)]
        source = self.folder / "tour.cpp"
        source.write_text(self.AROUND + "".join(functions), encoding="utf-8")
        includes = [f"-I{folder}" for folder in ROOT.glob("sdk/*/include")]
        for compiler in COMPILERS:
            run([compiler, "-std=c++20", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", source,
                 *includes], seconds=SECONDS)


if __name__ == "__main__":
    harness.main()
