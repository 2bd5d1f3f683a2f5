#!/usr/bin/python3
"""`restante completion`: what each shell offers behind the words that are there already."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
# pylint: disable=wrong-import-position
import harness  # noqa: E402

ALWAYS_THERE = "bash"  # Debian's own; the others are asked where they are installed

BASH = """
compopt() { :; }
source "$1"
COMP_WORDS=("${@:2}")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
complete -p restante >/dev/null && _restante
printf '%s\\n' "${COMPREPLY[@]}"
"""
# What zsh would draw is its own matter: the functions that it draws with are asked.
ZSH = """
compdef() { :; }
compadd() { shift; all=("$@"); show; }
_files() { all=(*(N)); show; }
_describe() { [[ $1 == -o ]] && shift; all=("${(@)${(@P)2}%%:*}"); show; }
show() { for each in $all; do [[ $each == ${words[CURRENT]}* ]] && print -r -- $each; done; }
source "$1"
words=("${@:2}")
CURRENT=$#words
_restante
"""
FISH = """
source $argv[1]
complete -C "$argv[2]" | string replace -r '\\t.*' ''
"""


class Completion(harness.TestCase):
    def setUp(self):
        super().setUp()
        (self.folder / "a file.pem").touch()
        self.offers = {}
        for shell, ask in (("bash", self.bash), ("zsh", self.zsh), ("fish", self.fish)):
            file = self.folder / f"restante.{shell}"
            file.write_text(self.restante("completion", shell), encoding="utf-8")
            if shell == ALWAYS_THERE or shutil.which(shell):
                self.offers[shell] = ask

    def restante(self, *words):
        return harness.run([harness.program("restante"), *words], env=harness.clean_environment())

    def ask(self, *command):
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True,
                              env={**os.environ, "HOME": str(self.folder)},
                              timeout=harness.SECONDS, check=False)
        self.assertEqual(done.stderr, "", command)
        return sorted(line for line in done.stdout.splitlines() if line)

    def bash(self, *words):
        return self.ask("bash", "--norc", "-c", BASH, "bash", "restante.bash", *words)

    def zsh(self, *words):
        return self.ask("zsh", "-f", "-c", ZSH, "zsh", "restante.zsh", *words)

    def fish(self, *words):
        *known, last = words
        return self.ask("fish", "--no-config", "-c", FISH, "restante.fish",
                        shlex.join(known) + " " + last)

    def assert_offers(self, words, expected, missing=()):
        for shell, offer in self.offers.items():
            with self.subTest(shell, words=words):
                offered = offer("restante", *words)
                self.assertLessEqual(set(expected), set(offered))
                self.assertFalse(set(missing) & set(offered), offered)

    def assert_offers_just(self, words, expected):
        for shell, offer in self.offers.items():
            with self.subTest(shell, words=words):
                self.assertEqual(offer("restante", *words), sorted(expected))

    def test_every_verb_that_help_names_is_offered_and_none_besides(self):
        verbs = re.findall(r"(?m)^  restante ([a-z0-9-]+) ", self.restante("--help"))
        self.assertIn("device", verbs)
        self.assert_offers_just([""], verbs)
        groups = 0
        for verb in verbs:
            _, _, listed = self.restante(verb, "--help").partition("Subcommands:\n")
            below = re.findall(r"(?m)^  ([a-z0-9-]+) ", listed)
            if below:
                groups += 1
                self.assert_offers_just([verb, ""], below)
        self.assertGreaterEqual(groups, 5)

    def test_every_option_that_help_names_is_offered(self):
        for words in (["device", "create"], ["c2d", "send"], ["serve"], ["sas-token"]):
            options = re.findall(r"(?m)^  (?:-\w,)?(--[\w.-]+)", self.restante(*words, "--help"))
            self.assertIn("--help", options)
            self.assert_offers([*words, "--"], options)

    def test_words_that_were_begun(self):
        self.assert_offers_just(["devi"], ["device"])
        self.assert_offers_just(["device", "up"], ["update"])
        self.assert_offers_just(["device", "create", "--prim"],
                                ["--primary-key", "--primary-thumbprint"])

    def test_values_of_options(self):
        self.assert_offers_just(["device", "create", "d", "--auth", ""],
                                ["sas", "x509-ca", "x509-thumbprint"])
        self.assert_offers_just(["device", "list", "-o", "j"], ["json", "jsonl"])
        self.assert_offers_just(["serve", "--throttling.profile", "S"], ["S1", "S2", "S3"])
        self.assert_offers_just(["completion", ""], ["bash", "fish", "zsh"])
        self.assert_offers_just(["device", "create", "--primary-key", ""], [])

    def test_options_of_a_group_stand_behind_its_verbs(self):
        self.assert_offers(["device", "list", "--"], ["--login", "--ca", "--top", "--output"],
                           missing=["--auth"])

    def test_files(self):
        for shell, offer in self.offers.items():
            with self.subTest(shell):
                for words in (["device", "import", "a"], ["device", "list", "--ca", "a"]):
                    offered = offer("restante", *words)
                    self.assertEqual([word.replace("\\", "") for word in offered], ["a file.pem"])
                self.assertEqual(offer("restante", "device", "show", "a"), [])


if __name__ == "__main__":
    unittest.TestCase.maxDiff = None
    harness.main()
