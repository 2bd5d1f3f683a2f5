#!/usr/bin/env python3
"""The house rules a machine can check.

    tools/tidy.py                 checks this tree: one `path:line: rule: message` a finding
    tools/tidy.py --self-test     plants a violation of each rule and expects to find just that

Exit 0 when nothing is wrong, 1 on findings. Needs Python 3.11 and nothing else.
The rules are in house_rules/, a file for each kind, and how to add one in its registry.py.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import house_rules  # noqa: F401, registers the rules
from house_rules.registry import PLANTED, RULES
from house_rules.tree import Tree


def check(tree):
    return [finding for check_rule in RULES.values() for finding in check_rule(tree)]


CLEAN = {
    "cmake/layers.cmake": "restante_layer(base)\nrestante_layer(core USES base)\n"
                          "restante_layer(net USES base)\nrestante_layer(sdk/device USES base)\n",
    "src/net/session.hpp": "#pragma once\n// A session.\n",
    "src/core/clean.hpp": "#pragma once\n// Clean.\n\n#include <vector>\n",
    "src/core/clean.cpp": '#include "core/clean.hpp"\n\nint sum(int a) {\n    return a;\n}\n'
                          "// assert( steady_clock::now in a comment is no call\n"
                          'const char* text = "std::cout";\nint big = 1\'000\'000;\n',
    "README.md": "# X\n\n```\nrestante/\n├── cmake/  a\n└── src/  b\n    ├── core/  c\n"
                 "    └── net/  d\n```\n",
}


def findings_in(files):
    with tempfile.TemporaryDirectory() as folder:
        for path, text in {**CLEAN, **files}.items():
            target = Path(folder) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        return check(Tree(folder))


def self_test():
    failures = [f"clean tree: {finding}" for finding in findings_in({})]
    planted = 0
    for name, plants in PLANTED.items():
        for files in plants:
            planted += 1
            if not any(finding.rule == name and not finding.warning
                       for finding in findings_in(files)):
                failures.append(f"{name} did not fire on {files!r}")
    for failure in failures:
        print(failure)
    print(f"{len(RULES)} rules, {planted} planted violations, {len(failures)} problems")
    return 1 if failures else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--self-test", action="store_true",
                        help="plant violations, expect findings")
    parser.add_argument("root", nargs="?", default=Path(__file__).resolve().parent.parent)
    arguments = parser.parse_args()
    if arguments.self_test:
        return self_test()
    findings = check(Tree(arguments.root))
    for finding in findings:
        print(finding)
    errors = sum(not finding.warning for finding in findings)
    print(f"tidy: {len(RULES)} rules, {errors} findings, {len(findings) - errors} warnings")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
