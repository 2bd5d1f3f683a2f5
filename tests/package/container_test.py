#!/usr/bin/python3
"""The Dockerfile, as far as it goes without Docker: what it copies and calls is there, and its
command and its health check do what they should with a hub on this machine. Its images are not
built here.
"""

import fnmatch
import json
import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from harness import ROOT, Settings, run  # noqa: E402

CONFIG = "/etc/restante/restante.toml"


def instructions():
    """(word, rest) of each instruction, in order."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [tuple(line.split(None, 1)) for line in lines]


class Container(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.instructions = instructions()

    def rest_of(self, word):
        return next(rest for name, rest in reversed(self.instructions) if name == word)

    def environment(self, hub):
        """What a process in the container has, with this build's hub in the place of /usr/bin's."""
        settings = dict(rest.split("=", 1) for word, rest in self.instructions if word == "ENV")
        return {**hub.environment(), "PATH": f"{Settings.build}:{os.environ['PATH']}",
                **settings}

    def test_the_build_stage_makes_what_the_next_one_copies(self):
        targets = [match[1] for word, rest in self.instructions if word == "RUN"
                   for match in [re.fullmatch(r"make (\w+)", rest)] if match]
        self.assertEqual(targets, ["deb"])
        folder = re.search(r"COPY --from=build /src/(\S+)/restante_\*\.deb",
                           " ".join(" ".join(line) for line in self.instructions))[1]
        self.assertIn(f"cpack -G DEB --config build/release/CPackConfig.cmake -B {folder}",
                      run(["make", "--dry-run", "--directory", ROOT, "deb"]))

    def test_what_the_build_needs_is_not_ignored(self):
        ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
        self.assertIn(".git", ignored)
        tracked = run(["git", "-C", ROOT, "ls-files"]).splitlines()
        for pattern in ignored:
            under = [name for name in tracked if fnmatch.fnmatch(name, pattern)
                     or name.startswith(pattern.removeprefix("**/") + "/")]
            self.assertEqual(under, [], pattern)

    def test_it_runs_as_the_packages_user(self):
        postinst = (ROOT / "packaging/debian/postinst").read_text(encoding="utf-8")
        self.assertRegex(postinst, rf"adduser .*--system.* {self.rest_of('USER')}\n")

    def test_its_command_runs_a_hub_and_its_health_check_tells(self):
        hub = harness.Hub(self.folder)
        words = [word.replace(CONFIG, str(ROOT / "packaging/debian/restante.toml"))
                 for word in json.loads(self.rest_of("CMD"))]
        check = ["/bin/sh", "-c", self.rest_of("HEALTHCHECK").split(" CMD ", 1)[1]]
        environment = self.environment(hub)
        started = {**environment, "RESTANTE_DATA_DIR": str(hub.data),
                   "RESTANTE_HOSTNAME": Settings.hostname}
        run(check, env=environment, code=1)
        process = self.start(words, env=started)
        process.wait_line("event=started")
        run(check, env=environment)
        process.signal(15)
        self.assertEqual(process.wait(), 0, process.output)
        self.assertNotIn("SharedAccessKey=", process.output)
        run(check, env=environment, code=1)


if __name__ == "__main__":
    harness.main()
