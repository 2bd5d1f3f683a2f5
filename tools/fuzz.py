#!/usr/bin/env python3
"""fuzz.py SECONDS [--jobs N] [NAME...]: gives each fuzz target, or those named, so much CPU time.

Builds them with libFuzzer. New inputs that reach new code join a private corpus under
build/fuzz-corpus; a crash is kept in fuzz/crash/NAME, where every later test run replays it, and
the other targets still get their time. Ends with 1 when there was a finding.
"""

import argparse
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "build" / "fuzz-corpus"
CRASHES = ROOT / "fuzz" / "crash"
# A target that gets less than this of each second is on a machine too busy to wait for.
CPU_SHARE_MIN = 0.05
MEMORY_MIB_MAX = 2048


def run_once(name, seconds):
    """One run of so many seconds by the wall; (exit status, CPU seconds, inputs tried)."""
    log = CORPUS / f"{name}.log"
    with log.open("w") as errors:
        fuzzer = subprocess.Popen(
            [ROOT / "build" / "fuzz" / "fuzz" / f"{name}_fuzz", f"-max_total_time={seconds}",
             f"-rss_limit_mb={MEMORY_MIB_MAX}", "-print_final_stats=1",
             f"-artifact_prefix={CRASHES / name}/", CORPUS / name, ROOT / "fuzz" / "corpus" / name],
            stderr=errors)
        _, status, usage = os.wait4(fuzzer.pid, 0)
    fuzzer.returncode = os.waitstatus_to_exitcode(status)
    tried = re.search(r"number_of_executed_units:\s*(\d+)", log.read_text(errors="replace"))
    return fuzzer.returncode, usage.ru_utime + usage.ru_stime, int(tried[1]) if tried else 0


def fuzz(name, seconds):
    """Runs one target until it has had its CPU time; whether it found nothing."""
    (CORPUS / name).mkdir(parents=True, exist_ok=True)
    (CRASHES / name).mkdir(parents=True, exist_ok=True)
    had, tried, waited = 0.0, 0, 0
    while had < seconds and waited < seconds / CPU_SHARE_MIN:
        wait = max(1, round(seconds - had))
        status, cpu, inputs = run_once(name, wait)
        had, tried, waited = had + cpu, tried + inputs, waited + wait
        if status != 0:
            print(f"fuzz: {name}: a finding after {had:.0f} s of CPU, see "
                  f"build/fuzz-corpus/{name}.log and fuzz/crash/{name}", flush=True)
            return False
    if not any((CRASHES / name).iterdir()):
        (CRASHES / name).rmdir()
    print(f"fuzz: {name}: clean, {had:.0f} s of CPU, {tried} inputs tried, "
          f"{len(list((CORPUS / name).iterdir()))} kept", flush=True)
    return had >= seconds


def main():
    every = sorted(source.name.removesuffix("_fuzz.cpp")
                   for source in (ROOT / "fuzz").glob("*_fuzz.cpp"))
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("seconds", type=int, help="of CPU time, each target")
    options.add_argument("--jobs", type=int, default=1, help="targets at one time")
    options.add_argument("names", nargs="*", metavar="NAME", help=", ".join(every))
    options = options.parse_intermixed_args()
    for name in options.names:
        if name not in every:
            sys.exit(f"fuzz: there is no target {name}; there are: {', '.join(every)}")
    names = options.names or every
    subprocess.run([ROOT / "tools" / "build.sh", "fuzz", *(f"{name}_fuzz" for name in names)],
                   check=True)
    with ThreadPoolExecutor(options.jobs) as pool:
        clean = list(pool.map(lambda name: fuzz(name, options.seconds), names))
    sys.exit(not all(clean))


if __name__ == "__main__":
    main()
