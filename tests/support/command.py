"""The `restante` command as a user runs it: words in, what it prints and how it ends out."""

import json
import subprocess

import harness

DONE, FAILED, USAGE, NOT_FOUND, REFUSED, UNREACHABLE = range(6)


class CommandCase(harness.TestCase):
    """A hub, and an environment in which the command finds it as its owner would."""

    def setUp(self):
        super().setUp()
        self.hub = self.start_hub()
        self.environment = self.hub.environment(
            IOTHUB_CONNECTION_STRING=self.hub.connection_string())

    def restante(self, *words, code=DONE, given=""):
        """The command's output and what it complained of."""
        done = subprocess.run(
            [harness.program("restante"), *map(str, words)], input=given, env=self.environment,
            capture_output=True, text=True, timeout=harness.SECONDS, check=False)
        self.assertEqual(done.returncode, code, f"{words}\n{done.stdout}{done.stderr}")
        return done.stdout, done.stderr

    def json(self, *words):
        return json.loads(self.restante(*words)[0])

    def json_lines(self, *words):
        return [json.loads(line) for line in self.restante(*words)[0].splitlines()]
