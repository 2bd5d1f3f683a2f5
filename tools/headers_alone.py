#!/usr/bin/env python3
"""Compiles every header by itself: one that needs another included before it is a trap.

Our own headers are read by clang, as the build reads them; those with a source or a test of their
name are left out, for that includes them first (tools/tidy.py, include_order) and so the build has
compiled them alone. The SDK's public headers are read by clang and by g++ too, each as C++17 and
as C++20 where the header allows it, because users have other compilers and older standards than we
do: a header that says `Needs C++20` is spared C++17. The SDKs' include folders, which are installed
as one, are all they get.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECONDS_MAX = 120  # for one header; a cold machine needs about five
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror"]


def includes(*folders):
    return [word for folder in folders for word in ("-I", str(folder))]


def compilations():
    """(header, command) of everything to compile."""
    public = sorted(ROOT.glob("sdk/*/include"))
    ours = ["clang++-19", "-std=c++23", *WARNINGS, "-DBOOST_ASIO_SEPARATE_COMPILATION",
            "-DBOOST_ASIO_NO_DEPRECATED", *includes(ROOT / "src", *public)]
    for header in sorted([*ROOT.glob("src/**/*.hpp"), *ROOT.glob("sdk/*/src/**/*.hpp"),
                          *ROOT.glob("cli/**/*.hpp")]):
        stem = header.with_suffix("")
        if not any(Path(f"{stem}{end}").exists() for end in (".cpp", "_test.cpp")):
            yield header, ours
    for folder in public:
        for header in sorted(folder.glob("**/*.hpp")):
            needs_20 = "Needs C++20" in header.read_text(encoding="utf-8")
            for compiler in ("clang++-19", "g++"):
                for standard in ("c++20",) if needs_20 else ("c++17", "c++20"):
                    yield header, [compiler, f"-std={standard}", *WARNINGS, *includes(*public)]


def compile_alone(job):
    header, command = job
    # As an include of an empty file: `#pragma once` is unwelcome in a main file.
    full = [*command, "-fsyntax-only", "-include", str(header), "-x", "c++", "/dev/null"]
    try:
        result = subprocess.run(full, capture_output=True, text=True, timeout=SECONDS_MAX,
                                check=False)
    except subprocess.TimeoutExpired:
        return f"{header.relative_to(ROOT)}: {command[0]} took over {SECONDS_MAX} s"
    if result.returncode == 0:
        return None
    return f"{header.relative_to(ROOT)}: {' '.join(command[:2])}\n{result.stderr}"


def main():
    jobs = list(compilations())
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        failures = [failure for failure in pool.map(compile_alone, jobs) if failure]
    for failure in failures:
        print(failure)
    print(f"{len(jobs)} compilations of one header, {len(failures)} failed")
    return 1 if failures or not jobs else 0


if __name__ == "__main__":
    sys.exit(main())
