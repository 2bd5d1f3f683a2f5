#!/bin/sh
# lint.sh [PATH...]: clang-tidy over the sources under the paths, by default all. Takes minutes,
# so neither make test nor CI runs it.
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- src sdk cli examples
[ -f build/dev/compile_commands.json ] || cmake --preset dev >/dev/null
find "$@" -name '*.cpp' -print0 |
    xargs -0 -n 4 -P "$(nproc)" clang-tidy-19 -p build/dev --quiet --warnings-as-errors='*'
