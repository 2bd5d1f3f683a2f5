#!/usr/bin/env python3
"""make test: builds what the tests need, runs every test, and closes with `N passed, N failed`.

    tools/test.py                       every build
    tools/test.py --build dev           one build
    tools/test.py -- -R unit/core       what follows the dashes goes to ctest

A test that could not run counts as failed: nothing is skipped in silence.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INTEROP = ROOT / "tests" / "interop"
BUILDS = ("release", "dev", "tsan")
OUTPUT_BYTES_MAX = 100_000  # kept of a test that passed; what counts is a line in it
MATRIX = re.compile(r"interop matrix: (\d+) cells")
NPM_SECONDS_MAX = 600  # a cold cache on a slow line; a warm one takes ten

SANITIZERS = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1:detect_leaks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1:"
                    "external_symbolizer_path=/usr/bin/llvm-symbolizer-19:"
                    f"suppressions={ROOT}/tests/support/tsan.supp",
    "ASAN_SYMBOLIZER_PATH": "/usr/bin/llvm-symbolizer-19",
    "UBSAN_SYMBOLIZER_PATH": "/usr/bin/llvm-symbolizer-19",
}


def step(text):
    print(f"\n== {text}", flush=True)


def install_node_clients():
    """Microsoft's SDKs from npm, at the versions of package-lock.json; once."""
    done = INTEROP / "node_modules" / ".package-lock.json"
    lock = INTEROP / "package-lock.json"
    if done.exists() and done.stat().st_mtime >= lock.stat().st_mtime:
        print("Microsoft's SDKs: nothing to install")
        return True
    print("Microsoft's SDKs: npm ci", flush=True)
    try:
        result = subprocess.run(
            [shutil.which("npm") or "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts",
             "--loglevel=error"],
            cwd=INTEROP, timeout=NPM_SECONDS_MAX, stdin=subprocess.DEVNULL, check=False)
    except (subprocess.TimeoutExpired, OSError) as problem:
        print(f"npm ci: {problem}")
        return False
    return result.returncode == 0


def build(preset):
    return subprocess.run([str(ROOT / "tools" / "build.sh"), preset], cwd=ROOT,
                          stdin=subprocess.DEVNULL, check=False).returncode == 0


def run_ctest(preset, extra):
    """(passed, names of those that did not pass, combinations of clients and operations)."""
    report = ROOT / "build" / preset / "tests.xml"
    report.unlink(missing_ok=True)
    status = subprocess.run(
        ["ctest", "--test-dir", f"build/{preset}", "--output-on-failure", "--no-tests=error",
         "-j", str(os.cpu_count()), "--output-junit", str(report),
         "--test-output-size-passed", str(OUTPUT_BYTES_MAX), *extra],
        cwd=ROOT, env={**os.environ, **SANITIZERS}, stdin=subprocess.DEVNULL, check=False)
    try:
        cases = ElementTree.parse(report).getroot().findall("testcase")
    except (OSError, ElementTree.ParseError):
        return 0, [f"{preset}: ctest, exit code {status.returncode}"], 0
    failed = [f"{preset}: {case.get('name')}" for case in cases if case.get("status") != "run"]
    if status.returncode != 0 and not failed:
        failed = [f"{preset}: ctest, exit code {status.returncode}"]
    cells = sum(int(count) for case in cases for count in MATRIX.findall("".join(case.itertext())))
    return len(cases) - sum(case.get("status") != "run" for case in cases), failed, cells


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", action="append", choices=BUILDS)
    parser.add_argument("ctest", nargs="*", help="arguments for ctest, after --")
    arguments = parser.parse_args()
    passed, failed = 0, []
    step("what the tests need")
    if not install_node_clients():
        failed.append("npm ci")
    for preset in arguments.build or BUILDS:
        begin = time.monotonic()
        step(f"{preset}: build")
        if not build(preset):
            failed.append(f"{preset}: build")
            continue
        built = time.monotonic()
        step(f"{preset}: test")
        more, wrong, cells = run_ctest(preset, arguments.ctest)
        passed += more
        failed += wrong
        print(f"{preset}: built in {built - begin:.0f} s, tested in "
              f"{time.monotonic() - built:.0f} s, interop matrix of {cells} cells")
    step("result")
    for name in failed:
        print(f"failed: {name}")
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
