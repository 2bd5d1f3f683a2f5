#!/bin/sh
# build.sh PRESET [TARGET...]: configures when needed, then builds, saying how far it is.
set -eu
cd "$(dirname "$0")/.."
preset=$1
shift

if [ ! -f "build/$preset/build.ninja" ]; then
    echo "configure: build/$preset"
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    cmake --preset "$preset" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
fi
echo "build: build/$preset"
export NINJA_STATUS="  [%f/%t] "
if [ $# -gt 0 ]; then
    cmake --build "build/$preset" --target "$@"
else
    cmake --build "build/$preset"
fi
