#!/usr/bin/env python3
"""Plants fault after fault in a copy of the sources and asks whether the simulation finds it.

    tests/simulation/planted_faults.py [--seeds 10000] [--jobs 2] [NAME...]

Each fault is a promise broken in one place, as a tired programmer might break it. The exit code is
1 when one of them was not found. The copy lies in build/planted and is kept, so that the next run
compiles only what a fault touches.
"""

import argparse
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
COPY = ROOT / "build" / "planted"

# name: file, what is there, what stands there instead
FAULTS = {
    "answers_before_the_commit": (
        "src/hub/hub.cpp",
        "commits_.add(std::move(changes), std::move(done));",
        "commits_.add(std::move(changes), [](const auto&) {});\n    done({});"),
    "answers_with_the_batch_before": (
        "src/hub/commit_pipeline.cpp",
        "        waiting_.done.push_back(std::move(done));\n    } else if (!waiting_",
        "        (writing_ ? writing_->done : waiting_.done).push_back(std::move(done));\n"
        "    } else if (!waiting_"),
    "acknowledges_what_a_sick_disk_keeps": (
        "src/hub/hub.cpp",
        "return done(changed ? disk_.check() : Result<void>());",
        "return done(changed && commits_.keeps_too_much() ? disk_.check() : Result<void>());"),
    "keeps_the_messages_of_a_deleted_device": (
        "src/store/store.cpp",
        "        batch_.remove(Table::devices, device_key(change.device));\n"
        "        remove_belongings(change.device, batch_);",
        "        batch_.remove(Table::devices, device_key(change.device));"),
    "deletes_what_was_abandoned": (
        "src/core/queue/device_queue.cpp",
        "UpdateMessage{.device = device_, .queued = std::move(abandoned->queued)}",
        "DeleteMessage{.device = device_, .sequence = abandoned->queued.sequence}"),
    "locks_for_two": (
        "src/core/queue/lock_queue.cpp",
        "if (entry.lock) continue;\n        const bool redelivered",
        "if (entry.lock && entry.lock->receiver == order.receiver) continue;\n"
        "        const bool redelivered"),
    "keeps_what_was_completed": (
        "src/store/store.cpp",
        "        batch_.remove(Table::queue, key);\n        batch_.remove(Table::messages, key);",
        "        if (key.empty()) batch_.remove(Table::queue, key);"),
    "hands_out_the_newest": (
        "src/core/queue/lock_queue.cpp",
        "for (auto& entry : entries_) {\n        if (locked.size()",
        "for (auto at = entries_.rbegin(); at != entries_.rend(); ++at) {\n"
        "        auto& entry = *at;\n        if (locked.size()"),
    "keeps_feedback_that_went_into_a_batch": (
        "src/core/feedback/feedback_queue.cpp",
        "        changes.push_back(DeleteFeedbackRecord{.index = pending_.front().index});\n"
        "        records",
        "        records"),
    "tells_nobody_of_a_rejection": (
        "src/core/queue/device_queue.cpp",
        "auto ended = queue_.reject(token, context.now);\n"
        "    if (!ended) return std::unexpected(ended.error());\n"
        "    forget(std::move(*ended), context);",
        "auto ended = queue_.reject(token, context.now);\n"
        "    if (!ended) return std::unexpected(ended.error());\n"
        "    context.changes.push_back(\n"
        "        DeleteMessage{.device = device_, .sequence = ended->queued.sequence});"),
    "completes_the_oldest_by_mqtt": (
        "src/gateway/mqtt/mqtt_session.cpp",
        "        return entry.packet_id == event.packet_id;\n    });\n"
        "    if (sent == in_flight_.end()) return;\n    access_.hub().complete(",
        "        return entry.packet_id <= event.packet_id;\n    });\n"
        "    if (sent == in_flight_.end()) return;\n    access_.hub().complete("),
    "accepts_by_amqp_what_it_settles_later": (
        "src/gateway/amqp/locked_source.cpp",
        "    if (event.settled) return settle(token, *outcome, [](const Result<void>&) {});",
        "    if (!event.settled) context_.engine.settle_sent(link_, event.id, amqp::Accepted{});\n"
        "    return settle(token, *outcome, [](const Result<void>&) {});"),
    "completes_by_https_what_is_rejected": (
        "src/gateway/http/routes/devicebound.cpp",
        "if (wants_reject(exchange.target())) {",
        "if (wants_reject(exchange.target()) && token->serial == 0) {"),
}


def run(*command, **options):
    return subprocess.run(command, cwd=COPY, stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, check=False, **options)


def copy_sources():
    """What git knows of, as it is now; files that have not changed keep their time."""
    names = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"],
                           cwd=ROOT, text=True, capture_output=True, check=True).stdout.split("\n")
    for name in filter(None, names):
        source, target = ROOT / name, COPY / name
        if not source.is_file():
            continue
        content = source.read_bytes()
        if target.is_file() and target.read_bytes() == content:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(source.stat().st_mode)


def build():
    if not (COPY / "build" / "release" / "build.ninja").exists():
        done = run("cmake", "--preset", "release")
        if done.returncode != 0:
            sys.exit(done.stdout + done.stderr)
    done = run("cmake", "--build", "build/release", "--target", "simulate")
    if done.returncode != 0:
        sys.exit(done.stdout[-4000:] + done.stderr[-4000:])


def found(name, arguments):
    file, there, instead = FAULTS[name]
    path = COPY / file
    original = path.read_text()
    if original.count(there) != 1:
        sys.exit(f"{name}: {file} no longer holds what the fault replaces; mend FAULTS")
    path.write_text(original.replace(there, instead))
    try:
        build()
        begin = time.monotonic()
        done = run("build/release/tests/simulate", "--seeds", str(arguments.seeds),
                   "--jobs", str(arguments.jobs))
    finally:
        path.write_text(original)
    first = re.match(r"seed (\d+): (.*)", done.stdout)
    if done.returncode != 1 or first is None:
        print(f"{name}: NOT found in {arguments.seeds} seeds {done.stderr[-300:]}", flush=True)
        return False
    print(f"{name}: seed {first[1]}, {time.monotonic() - begin:.0f} s: {first[2]}", flush=True)
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seeds", type=int, default=10000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("names", nargs="*", choices=[[], *FAULTS], metavar="NAME")
    arguments = parser.parse_args()
    copy_sources()
    names = arguments.names or list(FAULTS)
    missed = [name for name in names if not found(name, arguments)]
    print(f"{len(names) - len(missed)} of {len(names)} planted faults found")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
