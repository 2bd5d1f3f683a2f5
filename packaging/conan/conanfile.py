"""The SDKs for Conan 2, on Debian 12: `conan create packaging/conan`.

They are built as everywhere, by clang 19 with libstdc++ and from Debian's libraries, whatever the
profile's compiler is: their interface is C++17 and serves every compiler with libstdc++. What the
build needs, `tools/packages.sh build` installs; what a program links besides, Debian's libssl-dev
and libfmt-dev have.
"""

import re
from pathlib import Path

from conan import ConanFile
from conan.tools.files import copy, load


class Restante(ConanFile):
    name = "restante"
    license = "Apache-2.0"
    description = "SDKs for devices and back ends of an IoT hub"
    package_type = "static-library"
    settings = "os", "arch", "compiler"

    def root(self):
        return str(Path(self.recipe_folder).parent.parent)

    def set_version(self):
        project = load(self, str(Path(self.root()) / "CMakeLists.txt"))
        self.version = re.search(r"project\(restante VERSION (\S+)", project)[1]

    def export_sources(self):
        for pattern in ("CMake*", "Makefile", "LICENSE", "cmake/*", "src/*", "sdk/*", "cli/*",
                        "examples/*", "tests/*", "fuzz/*", "bench/*", "packaging/*", "tools/*"):
            copy(self, pattern, self.root(), self.export_sources_folder,
                 excludes=("*node_modules*", "*__pycache__*"))

    def package_id(self):
        del self.info.settings.compiler

    def build(self):
        self.run("tools/build.sh release restante_sdk_static", cwd=self.source_folder)

    def package(self):
        self.run("cmake --install build/release --component sdk "
                 f"--prefix {self.package_folder}", cwd=self.source_folder)

    def package_info(self):
        # The installed restante-config.cmake serves, and finds OpenSSL and fmt by itself.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = ["lib/cmake/restante"]
