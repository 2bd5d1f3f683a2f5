#!/usr/bin/env python3
"""make coverage: which lines of the hub's decisions, memory and grammars the tests reach.

    tools/coverage.py            a percentage for each folder
    tools/coverage.py --lines    also every line that was not reached, file by file
    tools/coverage.py src/wire   of this folder or file alone

Runs each folder's own unit tests, the replays of the fuzz corpora and some simulated lives, all in
the build of the preset `coverage`. The interop and end-to-end tests do not count here: what they
reach, they reach by luck of timing. Exit 1 when a folder is below the percentage we hold it to.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "coverage"
PROFILES = BUILD / "profiles"
FOLDERS = ("src/core", "src/store", "src/protocol", "src/wire", "src/auth")
LAYERS = ("core", "store", "protocol_mqtt", "protocol_amqp", "protocol_http",
          "protocol_websocket", "wire", "auth")
PERCENT_MIN = 95.0
SEEDS = 300


def programs():
    """Path below the build folder of each program, and its arguments."""
    for layer in LAYERS:
        yield f"{layer}_test", ["--gtest_brief=1"]
    for source in sorted((ROOT / "fuzz").glob("*_fuzz.cpp")):
        name = source.stem.removesuffix("_fuzz")
        yield f"fuzz/{source.stem}", [ROOT / "fuzz" / kind / name for kind in ("corpus", "crash")]
    yield "tests/simulate", ["--seeds", SEEDS]


def build():
    targets = [Path(path).name for path, _ in programs()]
    subprocess.run([ROOT / "tools" / "build.sh", "coverage", *targets], check=True)


def run():
    shutil.rmtree(PROFILES, ignore_errors=True)
    for path, arguments in programs():
        name = Path(path).name
        print(f"run: {name}", flush=True)
        subprocess.run([BUILD / path, *map(str, arguments)], check=True, stdin=subprocess.DEVNULL,
                       env={**os.environ, "LLVM_PROFILE_FILE": f"{PROFILES}/{name}-%p.profraw"})


def counts():
    """How often each line was reached: {path from the root: {line: count}}."""
    merged = PROFILES / "all.profdata"
    subprocess.run(["llvm-profdata-19", "merge", "-sparse", "-o", merged,
                    *PROFILES.glob("*.profraw")], check=True)
    first, *others = [BUILD / path for path, _ in programs()]
    # Paths in the objects are relative to where the compiler ran, so that ccache may share them.
    exported = subprocess.run(
        ["llvm-cov-19", "export", "--format=lcov", f"--instr-profile={merged}",
         f"--compilation-dir={BUILD}", first, *[f"--object={other}" for other in others]],
        # It warns of inline functions that one program has and another left out; that is no fault.
        check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    found, lines = {}, {}
    for word, _, rest in (line.partition(":") for line in exported.splitlines()):
        if word == "SF":
            lines = found.setdefault(os.path.relpath(os.path.normpath(rest), ROOT), {})
        elif word == "DA":
            number, count = rest.split(",")[:2]
            lines[int(number)] = max(lines.get(int(number), 0), int(count))
    return found


def ranges(numbers):
    """[3, 4, 5, 9] as "3-5, 9"."""
    spans = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)


def report(found, folders, show_lines):
    """Whether each folder holds its percentage."""
    good, table = True, []
    for folder in folders:
        files = {path: lines for path, lines in sorted(found.items())
                 if (path == folder or path.startswith(f"{folder}/"))
                 and not path.endswith("_test.cpp")}
        total = sum(map(len, files.values()))
        missing = defaultdict(list)
        for path, lines in files.items():
            missing[path] = sorted(line for line, count in lines.items() if count == 0)
            if show_lines and missing[path]:
                print(f"{path}: {ranges(missing[path])}")
        reached = total - sum(map(len, missing.values()))
        percent = 100 * reached / total if total else 0.0
        good = good and percent >= PERCENT_MIN
        table.append(f"{folder:<16}{len(files):>6}{total:>8}{reached:>9}{percent:>8.2f} %")
    print(f"\n{'folder':<16}{'files':>6}{'lines':>8}{'reached':>9}{'percent':>10}")
    print("\n".join(table))
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", action="store_true", help="show what was not reached")
    parser.add_argument("paths", nargs="*", help="folders or files below src")
    arguments = parser.parse_args()
    try:
        build()
        run()
        found = counts()
    except subprocess.CalledProcessError as problem:
        print(f"coverage: {problem}", file=sys.stderr)
        return 1
    paths = [path.rstrip("/") for path in arguments.paths] or FOLDERS
    if report(found, paths, arguments.lines):
        return 0
    print(f"coverage: below {PERCENT_MIN} %")
    return 1


if __name__ == "__main__":
    sys.exit(main())
