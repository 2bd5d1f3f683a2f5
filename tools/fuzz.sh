#!/bin/sh
# fuzz.sh SECONDS [NAME...]: builds the fuzz targets with libFuzzer and runs each, or those named,
# for so long. New inputs that reach new code join a private corpus under build/; a crash is kept in
# fuzz/crash/NAME, where every later test run replays it. Says what CPU time all have had so far: on
# a busy machine that is less than the seconds.
set -eu
cd "$(dirname "$0")/.."
seconds=$1
shift
if [ $# -eq 0 ]; then
    for source in fuzz/*_fuzz.cpp; do
        target=$(basename "$source" .cpp)
        set -- "$@" "${target%_fuzz}"
    done
fi
targets=$(printf ' %s_fuzz' "$@")
# shellcheck disable=SC2086 # one word a target
tools/build.sh fuzz $targets
for name in "$@"; do
    target=${name}_fuzz
    mkdir -p "build/fuzz-corpus/$name" "fuzz/crash/$name"
    echo "fuzz: $name for $seconds s"
    "build/fuzz/fuzz/$target" -max_total_time="$seconds" -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="fuzz/crash/$name/" "build/fuzz-corpus/$name" "fuzz/corpus/$name" \
        2>"build/fuzz-corpus/$name.log" || { tail -n 40 "build/fuzz-corpus/$name.log" >&2; exit 1; }
    rmdir "fuzz/crash/$name" 2>/dev/null || true
    grep -E 'stat::(number_of_executed_units|average_exec)' "build/fuzz-corpus/$name.log"
    times | tail -n 1
done
