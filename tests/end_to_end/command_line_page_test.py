#!/usr/bin/python3
"""docs/command-line.md: names every verb and every exit code, and its examples run."""

import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402
from command import CommandCase  # noqa: E402

PAGE = (harness.ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")


class Page(CommandCase):
    def verbs(self):
        """Each path of words that the command declares, as a shell's completion has them."""
        script = self.restante("completion", "bash")[0]
        return [path.replace("/", " ").strip()
                for path in re.search(r"(?m)^ +(/serve\|\S+)\) at=", script)[1].split("|")]

    def test_every_verb_stands_there(self):
        verbs = self.verbs()
        self.assertIn("device create", verbs)
        groups = {verb.split()[0] for verb in verbs if " " in verb}
        self.assertEqual([verb for verb in verbs if verb not in groups and
                          not re.search(rf"restante {verb}\b", PAGE)], [])

    def test_the_exit_codes_are_those_of_help(self):
        told = re.findall(r"(?m)^  (\d)  (.*)$", self.restante("--help")[0])
        self.assertEqual(len(told), 6)
        written = dict(re.findall(r"(?m)^\| (\d) \| (.*?) \|$", PAGE))
        for code, meaning in told:
            self.assertTrue(written[code].startswith(meaning), (written[code], meaning))

    def test_the_examples_run(self):
        script = "\n".join(re.findall(r"(?ms)^```sh\n(.*?)^```", PAGE))
        script = script.replace("/var/lib/restante", str(self.hub.data))
        self.assertGreater(script.count("restante "), 30)
        environment = harness.clean_environment()
        environment.update({name: value for name, value in self.environment.items()
                            if name.endswith("_PORT")},
                           HOME=str(self.folder),
                           PATH=f"{harness.Settings.build}:{environment['PATH']}")
        done = subprocess.run(["bash", "-euxo", "pipefail", "-c", script], cwd=self.folder,
                              env=environment, capture_output=True, text=True,
                              timeout=2 * harness.SECONDS, check=False)
        self.assertEqual(done.returncode, 0, f"{done.stdout}\n{done.stderr}")
        self.assertIn("check the valve", done.stdout)
        self.assertIn("boiler-7: for whoever listens", done.stdout)


if __name__ == "__main__":
    harness.main()
