"""How long a file, a line and a function may be."""

import re

from .registry import rule
from .tree import Finding, blank_preprocessor

COLUMNS_MAX = 100
HEADER_LINES_MAX = 150
SOURCE_LINES_WARN = 400
SOURCE_LINES_MAX = 600
TEST_LINES_MAX = 600
FUNCTION_LINES_MAX = 60
TEST_FUNCTION_LINES_MAX = 100  # a table of cases is data


@rule("file_length", [
    {"src/core/a.hpp": "#pragma once\n// Long.\n" + "\n" * HEADER_LINES_MAX},
    {"src/core/a.cpp": "\n" * (SOURCE_LINES_MAX + 1)},
    {"src/core/a_test.cpp": "\n" * (TEST_LINES_MAX + 1)},
    {"tests/a.py": "\n" * (TEST_LINES_MAX + 1)},
])
def check_file_length(tree):
    for source in tree.files:
        count = len(source.lines)
        if not source.path.endswith((".cpp", ".hpp", ".py", ".js", ".sh")):
            continue
        if source.is_header and source in tree.cpp and not source.is_test:
            limit = HEADER_LINES_MAX
        else:
            limit = TEST_LINES_MAX if source.is_test else SOURCE_LINES_MAX
        if count > limit:
            yield Finding(source.path, count, "file_length", f"{count} lines, at most {limit}")
        elif source.path.endswith(".cpp") and not source.is_test and count > SOURCE_LINES_WARN:
            yield Finding(source.path, count, "file_length",
                          f"{count} lines; past {SOURCE_LINES_WARN} a source wants splitting",
                          warning=True)


@rule("line_length", [{"src/core/a.cpp": "// " + "x" * COLUMNS_MAX + "\n"},
                      {"tools/a.py": "# " + "x" * COLUMNS_MAX + "\n"}])
def check_line_length(tree):
    for source in tree.files:
        if not source.path.endswith((".cpp", ".hpp", ".py", ".js", ".sh")):
            continue
        for number, line in enumerate(source.lines, 1):
            if len(line) > COLUMNS_MAX:
                yield Finding(source.path, number, "line_length",
                              f"{len(line)} columns, at most {COLUMNS_MAX}")


def functions(source):
    """(first line, last line, name) of each function body, by matching braces outside functions.

    Relies on clang-format: a body's brace follows a space, an initialiser's follows its name.
    """
    code = blank_preprocessor(source.code)
    head, depth_inside, begin, name = 0, 0, None, ""
    offset = 0
    while offset < len(code):
        char = code[offset]
        if depth_inside:
            depth_inside += (char == "{") - (char == "}")
            if depth_inside == 0:
                if begin is not None:
                    yield begin, code.count("\n", 0, offset) + 1, name
                    head = offset + 1
                begin = None
        elif char == "{":
            statement = code[head:offset]
            if not statement[-1:].isspace() and statement:
                depth_inside = 1  # T name{...}: an initialiser inside the statement
            elif statement.rstrip().endswith("="):
                depth_inside = 1
            elif "(" in statement and not re.match(
                    r"\s*(?:template\s*<[^{}]*>\s*)?(?:namespace|class|struct|enum|union|extern)\b",
                    statement):
                start = head + len(statement) - len(statement.lstrip())
                begin = code.count("\n", 0, start) + 1
                name = re.sub(r"\s+", " ", statement).strip().split("(")[0].split(" ")[-1]
                depth_inside = 1
            else:
                head = offset + 1
        elif char in ";}":
            head = offset + 1
        elif char == ":" and re.search(r"\b(?:public|private|protected)\s*$", code[head:offset]):
            head = offset + 1
        offset += 1


LONG_BODY = "    f();\n" * FUNCTION_LINES_MAX


@rule("function_length", [
    {"src/core/a.cpp": f"namespace a {{\n\nint g(int x) {{\n{LONG_BODY}}}\n\n}}  // namespace a\n"},
    {"src/core/a.cpp": f"A::A(int x) : x_{{x}}, y_(x) {{\n{LONG_BODY}}}\n"},
    {"src/core/a.hpp": "#pragma once\n// A.\nclass A {\n  public:\n    void f() const {\n"
                       f"{LONG_BODY}    }}\n}};\n"},
    {"src/core/a_test.cpp": f"TEST(A, Works) {{\n{LONG_BODY * 2}}}\n"},
])
def check_function_length(tree):
    for source in tree.cpp:
        limit = TEST_FUNCTION_LINES_MAX if source.is_test else FUNCTION_LINES_MAX
        for begin, end, name in functions(source):
            if end - begin + 1 > limit:
                yield Finding(source.path, begin, "function_length",
                              f"{name} has {end - begin + 1} lines, at most {limit}")
