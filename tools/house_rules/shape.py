"""How a file begins, and what stands at the ends of its lines."""

import re

from .registry import rule
from .tree import Finding


@rule("header_opening", [
    {"src/core/a.hpp": "#ifndef A\n#define A\n#endif\n"},
    {"src/core/a.hpp": "#pragma once\n#include <vector>\n"},
])
def check_header_opening(tree):
    for source in tree.cpp:
        if not source.is_header:
            continue
        lines = [line for line in source.lines if line.strip()]
        if not lines or lines[0] != "#pragma once":
            yield Finding(source.path, 1, "header_opening", "the first line is `#pragma once`")
        elif len(lines) < 2 or not lines[1].startswith("//"):
            yield Finding(source.path, 2, "header_opening",
                          "a comment follows: what this is, who owns it, how it ends")


@rule("include_order", [{"src/core/a.cpp": '#include <vector>\n#include "core/a.hpp"\n',
                         "src/core/a.hpp": "#pragma once\n// A.\n"}])
def check_include_order(tree):
    """A source includes its own header first: that the header stands alone is then compiled."""
    for source in tree.cpp:
        if not source.path.startswith("src/") or source.is_header or not source.includes:
            continue
        own = re.sub(r"(?:_test)?\.cpp$", ".hpp", source.path)
        first = source.includes[0][1]
        if (tree.root / own).is_file() and first != own.removeprefix("src/"):
            yield Finding(source.path, source.includes[0][0], "include_order",
                          f'the first include is "{own.removeprefix("src/")}"')


@rule("white_space", [{"src/core/a.cpp": "int a;  \n"}, {"src/core/a.cpp": "int a;"},
                      {"src/core/a.cpp": "\tint a;\n"}])
def check_white_space(tree):
    for source in tree.files:
        if source.text and not source.text.endswith("\n"):
            yield Finding(source.path, len(source.lines), "white_space", "no newline at the end")
        for number, line in enumerate(source.lines, 1):
            if line != line.rstrip():
                yield Finding(source.path, number, "white_space", "white space at the line's end")
            if line.startswith("\t") and not source.path.endswith("Makefile"):
                yield Finding(source.path, number, "white_space", "a tab; instead: four spaces")
