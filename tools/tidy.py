#!/usr/bin/env python3
"""The house rules a machine can check.

    tools/tidy.py                 checks this tree: one `path:line: rule: message` a finding
    tools/tidy.py --self-test     plants a violation of each rule and expects to find just that

Exit 0 when nothing is wrong, 1 on findings. Needs Python 3.11 and nothing else.
A rule is a generator with the decorator @rule: it takes a Tree and yields findings, and names in
the decorator the violations that the self-test plants for it.
"""

import argparse
import re
import sys
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

COLUMNS_MAX = 100
HEADER_LINES_MAX = 150
SOURCE_LINES_WARN = 400
SOURCE_LINES_MAX = 600
TEST_LINES_MAX = 600
FUNCTION_LINES_MAX = 60
TEST_FUNCTION_LINES_MAX = 100  # a table of cases is data

CODE_ROOTS = ("src", "sdk", "cli", "examples", "tests", "fuzz", "bench")
IGNORED_FOLDERS = {".git", "build", "node_modules", "__pycache__", ".cache", "restante-data"}
TEXT_SUFFIXES = {".cpp", ".hpp", ".py", ".js", ".sh", ".md", ".cmake", ".txt", ".json", ".toml"}


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    rule: str
    message: str
    warning: bool = False

    def __str__(self):
        word = "warning: " if self.warning else ""
        return f"{self.path}:{self.line}: {word}{self.rule}: {self.message}"


class Source:
    """One text file: as it is, and as code with comments and literals blanked out."""

    def __init__(self, root, path):
        self.path = path.relative_to(root).as_posix()
        self.absolute = path
        self.text = path.read_text(encoding="utf-8", errors="replace")

    @cached_property
    def lines(self):
        return self.text.splitlines()

    @cached_property
    def code(self):
        return blank_comments_and_literals(self.text)

    @cached_property
    def includes(self):
        """(line, name, quoted) of each #include."""
        found = []
        for number, line in enumerate(self.lines, 1):
            match = re.match(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', line)
            if match:
                found.append((number, match[1] or match[2], match[1] is not None))
        return found

    def line_at(self, offset):
        return self.text.count("\n", 0, offset) + 1

    @property
    def is_header(self):
        return self.path.endswith(".hpp")

    @property
    def is_test(self):
        return self.path.endswith("_test.cpp") or \
            self.path.startswith(("tests/", "fuzz/", "bench/"))


class Tree:
    def __init__(self, root):
        self.root = Path(root)

    @cached_property
    def files(self):
        return [Source(self.root, path) for path in sorted(self._walk(self.root))]

    def _walk(self, folder):
        for entry in folder.iterdir():
            if entry.is_symlink():
                continue
            if entry.is_dir() and entry.name not in IGNORED_FOLDERS:
                yield from self._walk(entry)
            elif entry.is_file() and (entry.suffix in TEXT_SUFFIXES or entry.name == "Makefile"):
                yield entry

    @cached_property
    def cpp(self):
        return [file for file in self.files if file.path.endswith((".cpp", ".hpp"))
                and file.path.startswith(tuple(f"{folder}/" for folder in CODE_ROOTS))]

    @cached_property
    def layers(self):
        return read_layers(self.root / "cmake" / "layers.cmake")

    def layer_of(self, path):
        """The layer of a file: net of src/net/x.hpp, sdk/device of sdk/device/src/x.cpp."""
        inner = path.removeprefix("src/")
        owners = [name for name in self.layers if inner.startswith(name + "/")]
        return max(owners, key=len, default=None)


def blank_comments_and_literals(text):
    """The same text, same length, with what the compiler does not read as code turned to spaces."""
    pattern = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"(?P<tag>[^(\s]{0,16})\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"'
        r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'",
        re.DOTALL)

    def blank(match):
        return re.sub(r"[^\n]", " ", match[0])
    return pattern.sub(blank, text)


def blank_preprocessor(code):
    """The same lines without directives, continuations included."""
    kept, inside = [], False
    for line in code.split("\n"):
        inside = inside or line.lstrip().startswith("#")
        kept.append("" if inside else line)
        inside = inside and line.endswith("\\")
    return "\n".join(kept)


def read_layers(path):
    """cmake/layers.cmake as {layer: every layer it may include, itself among them}."""
    uses = {}
    if not path.exists():
        return uses
    text = re.sub(r"#[^\n]*", "", path.read_text(encoding="utf-8"))
    for body in re.findall(r"restante_layer\(([^)]*)\)", text):
        words = body.split()
        rest = words[1:]
        if "LINKS" in rest:
            rest = rest[:rest.index("LINKS")]
        uses[words[0]] = [word for word in rest if word != "USES"]
    closed = {}

    def close(name):
        if name not in closed:
            closed[name] = {name}.union(uses[name])
            for used in uses[name]:
                closed[name] |= close(used) if used in uses else {used}
        return closed[name]
    for name in uses:
        close(name)
    return closed


RULES = {}
PLANTED = {}


def rule(name, plants):
    """Registers a rule; `plants` is a list of {path: text} trees in each of which it must fire."""
    def register(check):
        RULES[name] = check
        PLANTED[name] = plants
        return check
    return register


# ---------------------------------------------------------------------------------------- layers

def resolve_include(tree, source, name):
    """The repository path a quoted include means, or None."""
    folder = (tree.root / source.path).parent
    layer = tree.layer_of(source.path)
    bases = [tree.root / "src", *sorted(tree.root.glob("sdk/*/include")), tree.root / "tests",
             tree.root, folder]
    for base in bases:
        if (base / name).is_file():
            return (base / name).resolve().relative_to(tree.root.resolve()).as_posix()
    return None


@rule("layers", [
    {"src/core/clock.hpp": '#pragma once\n// A word.\n#include "net/session.hpp"\n'},
    {"src/core/clock.cpp": '#include "core/nowhere.hpp"\n'},
    {"src/stray/stray.hpp": "#pragma once\n// In no layer.\n"},
    {"cmake/layers.cmake": "restante_layer(base)\nrestante_layer(core USES model)\n"
                           "restante_layer(net USES base)\n"},
])
def check_layers(tree):
    if not tree.layers:
        yield Finding("cmake/layers.cmake", 1, "layers", "no layers found")
        return
    for name, used in tree.layers.items():
        for missing in sorted(used - tree.layers.keys()):
            yield Finding("cmake/layers.cmake", 1, "layers", f"{name} uses unknown layer {missing}")
    for source in tree.cpp:
        if not source.path.startswith(("src/", "sdk/", "cli/")):
            continue
        layer = tree.layer_of(source.path)
        if layer is None:
            yield Finding(source.path, 1, "layers", "is in no layer of cmake/layers.cmake")
            continue
        for line, name, quoted in source.includes:
            target = resolve_include(tree, source, name)
            if target is None:
                if quoted:
                    yield Finding(source.path, line, "layers", f'"{name}" is no file of this tree')
                continue
            if source.path.endswith("_test.cpp") and target.startswith("tests/"):
                continue
            other = tree.layer_of(target)
            if other not in tree.layers[layer]:
                yield Finding(source.path, line, "layers",
                              f"{layer} may not include {other or target} ({name})")


# A library beyond std and fmt, and the only places whose files may include it.
THIRD_PARTY = {
    "rocksdb/": ("src/store/rocksdb/",),
    "openssl/": ("src/net/", "src/auth/", "src/protocol/websocket/"),
    "boost/asio": ("src/asio/", "src/net/", "src/hub/", "src/server/", "sdk/device/src/",
                   "sdk/service/src/"),
    "boost/beast": ("src/protocol/http/",),
    "boost/json": ("src/wire/", "src/gateway/http/", "src/server/", "sdk/service/src/", "cli/"),
    "boost/": ("src/asio/", "src/net/", "src/hub/", "src/wire/", "src/protocol/http/"),
    "CLI/": ("src/server/", "cli/", "examples/"),
    "sys/socket.h": ("src/net/",),
    "netinet/": ("src/net/",),
    "arpa/": ("src/net/",),
    "gtest/": ("tests/",),
    "gmock/": ("tests/",),
}


@rule("third_party", [
    {"src/core/a.cpp": "#include <rocksdb/db.h>\n"},
    {"src/core/a.cpp": "#include <openssl/ssl.h>\n"},
    {"src/core/a.cpp": "#include <boost/asio/post.hpp>\n"},
    {"src/core/a.cpp": "#include <boost/json.hpp>\n"},
    {"src/core/a.cpp": "#include <gtest/gtest.h>\n"},
])
def check_third_party(tree):
    for source in tree.cpp:
        for line, name, _ in source.includes:
            prefix = next((known for known in THIRD_PARTY if name.startswith(known)), None)
            if prefix is None or source.path.startswith(THIRD_PARTY[prefix]):
                continue
            if source.is_test and (prefix in ("gtest/", "gmock/") or not
                                   source.path.endswith("_test.cpp")):
                continue
            home = source.path.removesuffix("_test.cpp")
            if home != source.path and home.startswith(THIRD_PARTY[prefix]):
                continue
            yield Finding(source.path, line, "third_party",
                          f"<{name}> belongs in {', '.join(THIRD_PARTY[prefix])}")


@rule("sdk_headers", [
    {"sdk/device/include/restante/device/client.hpp":
        '#pragma once\n// Ours.\n#include "base/bytes.hpp"\n', "src/base/bytes.hpp":
        "#pragma once\n// Bytes.\n"},
    {"sdk/device/include/restante/device/client.hpp":
        "#pragma once\n// Ours.\n#include <fmt/format.h>\n"},
])
def check_sdk_headers(tree):
    """A user of the SDK needs the standard library and the public headers, nothing else."""
    for source in tree.cpp:
        match = re.match(r"sdk/\w+/include/", source.path)
        if not match or not source.is_header:
            continue
        for line, name, _ in source.includes:
            own = any(tree.root.glob(f"sdk/*/include/{name}")) or \
                (tree.root / source.path).parent.joinpath(name).is_file()
            if not own and not re.fullmatch(r"[a-z_]+", name):
                yield Finding(source.path, line, "sdk_headers",
                              f"{name} is neither standard nor public")


@rule("examples", [{"examples/a.cpp": '#include "base/bytes.hpp"\n',
                    "src/base/bytes.hpp": "#pragma once\n// Bytes.\n"}])
def check_examples(tree):
    """An example shows what a user can write: public headers and the standard library."""
    for source in tree.cpp:
        if not source.path.startswith("examples/"):
            continue
        for line, name, _ in source.includes:
            public = any(tree.root.glob(f"sdk/*/include/{name}"))
            local = (tree.root / "examples" / name).is_file()
            if not (public or local or re.fullmatch(r"[a-z_]+|[a-z]+/?\w*\.h", name)):
                yield Finding(source.path, line, "examples", f"{name} is not a public header")


# --------------------------------------------------------------------------------------- lengths

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
        if source.path == "tools/tidy.py":
            limit = 800  # the rules and their planted violations, side by side
        elif source.is_header and source in tree.cpp and not source.is_test:
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


# ----------------------------------------------------------------------------------------- words

@dataclass(frozen=True)
class Ban:
    pattern: str
    instead: str
    example: str                   # planted by the self-test
    allowed: tuple = ()            # path prefixes where the word has its home
    only: tuple = ("src/", "sdk/", "cli/", "examples/", "tests/", "fuzz/", "bench/")
    tests_too: bool = True


BANS = [
    Ban(r"\b(?:system|steady|high_resolution)_clock::now\b", "take Now as a parameter, or a Clock",
        "auto t = std::chrono::steady_clock::now();",
        ("src/base/clock.cpp", "tests/support/", "bench/")),
    Ban(r"\bco_(?:await|return|yield)\b", "a connection is a state machine with callbacks",
        "co_return 1;"),
    Ban(r"\bstd::(?:cout|cerr|clog)\b|\b(?:f?printf|puts)\s*\(", "Logger, or return an event",
        'std::cout << "hello";', ("src/server/", "src/base/logger.cpp", "src/base/assert.hpp"),
        ("src/", "sdk/"), False),
    Ban(r"\busing\s+namespace\s+std\s*;", "name what you use", "using namespace std;"),
    Ban(r"\bsleep_(?:for|until)\b|\bu?sleep\s*\(", "wait for an event, with a deadline",
        "std::this_thread::sleep_for(1s);"),
    Ban(r"\bstd::j?thread\b", "a loop of net, or the hub's own", "std::thread t(f);",
        ("src/net/", "src/store/", "src/hub/", "src/server/", "sdk/device/src/", "sdk/service/src/",
         "tests/"), tests_too=False),
    Ban(r"\bstd::(?:recursive_|shared_|timed_)?mutex\b", "leave work at the owner's loop",
        "std::mutex m;", ("src/net/", "src/base/logger", "src/store/", "src/hub/serial_queue",
                          "sdk/device/src/", "sdk/service/src/"), ("src/", "sdk/", "cli/"), False),
    Ban(r"\bstd::(?:format|print|println)\b", "fmt", 'auto s = std::format("{}", 1);'),
    Ban(r"(?<![\w:.])assert\s*\(", "RESTANTE_ASSERT, which stays on", "assert(true);"),
    Ban(r"\bs?rand\s*\(|\bstd::random_device\b", "base/random.hpp", "int r = rand();",
        ("src/base/random.cpp",)),
    Ban(r"\.detach\s*\(\)", "own the thread and join it", "thread.detach();"),
    Ban(r"\bstd::(?:stoi|stol|stoul|stoull|atoi)\b|(?<![\w:])atoi\s*\(",
        "base/text.hpp: a peer's number never throws", 'int n = std::stoi("1");'),
    Ban(r"\bgoto\b", "a function that returns", "goto end;"),
]


@rule("banned_word", [{"src/core/a.cpp": ban.example + "\n"} for ban in BANS] +
      [{"src/core/a.hpp": "#pragma once\n// A.\nusing namespace restante::mqtt;\n"}])
def check_banned_words(tree):
    compiled = [(ban, re.compile(ban.pattern)) for ban in BANS]
    for source in tree.cpp:
        for ban, pattern in compiled:
            if not source.path.startswith(ban.only) or source.path.startswith(ban.allowed):
                continue
            if source.is_test and not ban.tests_too:
                continue
            for match in pattern.finditer(source.code):
                yield Finding(source.path, source.line_at(match.start()), "banned_word",
                              f"`{match[0].strip()}`; instead: {ban.instead}")
        if source.is_header:
            for match in re.finditer(r"^\s*using\s+namespace\b", source.code, re.MULTILINE):
                yield Finding(source.path, source.line_at(match.end()), "banned_word",
                              "`using namespace` in a header; instead: name what you use")


@rule("script_sleep", [{"tests/a.py": "import time\ntime." + "sleep(1)\n"},
                       {"tests/a.sh": "sleep 5\n"}])
def check_script_sleep(tree):
    """A test that waits for time instead of for an event is slow when right and wrong when late."""
    pattern = re.compile(r"\btime\.sleep\s*\(|^\s*sleep\s+[\d$]|\bsetTimeout\s*\(\s*resolve")
    for source in tree.files:
        if source.path.startswith("tests/") and source.path.endswith((".py", ".sh", ".js")):
            for number, line in enumerate(source.lines, 1):
                if pattern.search(line):
                    yield Finding(source.path, number, "script_sleep",
                                  "a sleep in a test; instead: wait for an event, with a deadline")


LEFT_OVER = re.compile(r"\b(?:" + "TO" + "DO|FIX" + "ME|XX" + "X|HA" + r"CK)\b")


@rule("left_over", [{"src/core/a.cpp": "// " + "TO" + "DO: later\n"},
                    {"docs/a.md": "FIX" + "ME\n"}])
def check_left_over(tree):
    for source in tree.files:
        for number, line in enumerate(source.lines, 1):
            match = LEFT_OVER.search(line)
            if match:
                yield Finding(source.path, number, "left_over",
                              f"{match[0]}: do it, or write an issue")


LOCAL_PATH = re.compile(r"(?<![\w.])/(?:" + "ro" + "ot|ho" + "me/[a-z]+|wo" + r"rk)/\w")


@rule("local_path", [{"src/core/a.cpp": "// see /" + "ho" + "me/ada/notes\n"}])
def check_local_path(tree):
    for source in tree.files:
        for number, line in enumerate(source.lines, 1):
            match = LOCAL_PATH.search(line)
            if match:
                yield Finding(source.path, number, "local_path", "names a path of one machine")


# --------------------------------------------------------------------------------- shape of files

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


# ------------------------------------------------------------------------------ what must be whole

@rule("fuzz_corpus", [{"fuzz/thing_fuzz.cpp": "int x;\n"}])
def check_fuzz_corpus(tree):
    for source in tree.cpp:
        match = re.fullmatch(r"fuzz/(\w+)_fuzz\.cpp", source.path)
        if match:
            corpus = tree.root / "fuzz" / "corpus" / match[1]
            if not corpus.is_dir() or not any(corpus.iterdir()):
                yield Finding(source.path, 1, "fuzz_corpus",
                              f"fuzz/corpus/{match[1]}/ holds no example to start from")


@rule("unregistered_test", [{"tests/interop/new_test.py": "print(1)\n"},
                            {"examples/new.cpp": "int main() {}\n"},
                            {"src/core.d/a_test.cpp": "int a;\n"}])
def check_unregistered(tree):
    """A test that no build runs is worse than none."""
    registered = {}
    for folder in ("tests", "examples"):
        path = tree.root / folder / "CMakeLists.txt"
        registered[folder] = path.read_text(encoding="utf-8") if path.exists() else ""
    for source in tree.files:
        name = source.path.rsplit("/", 1)[-1]
        if source.path.startswith("tests/") and re.search(r"_test\.(?:py|cpp|js|sh)$", name):
            if name not in registered["tests"] and name.split(".")[0] not in registered["tests"]:
                yield Finding(source.path, 1, "unregistered_test", "tests/CMakeLists.txt lacks it")
        elif re.fullmatch(r"examples/\w+\.cpp", source.path):
            if "*.cpp" not in registered["examples"] and \
                    name.split(".")[0] not in registered["examples"]:
                yield Finding(source.path, 1, "unregistered_test",
                              "examples/CMakeLists.txt lacks it")
        elif name.endswith("_test.cpp") and tree.layer_of(source.path) is None:
            yield Finding(source.path, 1, "unregistered_test", "is in no layer, so nothing runs it")


@rule("map", [
    {"README.md": "# X\n\n```\nrestante/\n├── src/  x\n│   └── gone/  y\n```\n"},
    {"README.md": "# X\n\n```\nrestante/\n└── docs/  x\n```\n", "src/core/a.cpp": "int a;\n",
     "docs/a.md": "x\n"},
    {"README.md": "# no map\n"},
])
def check_map(tree):
    """README's map and the tree agree, for the top folders and those right under src/."""
    readme = tree.root / "README.md"
    text = readme.read_text(encoding="utf-8") if readme.exists() else ""
    block = re.search(r"^```\w*\nrestante/\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    if not block:
        yield Finding("README.md", 1, "map", "no map of the tree (a code block under restante/)")
        return
    first = text[:block.start(1)].count("\n") + 1
    mapped, parents = {}, []
    for number, line in enumerate(block[1].splitlines(), first):
        match = re.match(r"((?:[│ ] {3})*)[├└]── (\S+)", line)
        if match:
            depth = len(match[1]) // 4
            parents = parents[:depth] + [match[2].rstrip("/")]
            mapped["/".join(parents)] = number
    for path, number in mapped.items():
        if not (tree.root / path).exists():
            yield Finding("README.md", number, "map", f"{path} is not in the tree")
    present = set()
    for source in tree.files:
        parts = source.path.split("/")
        if len(parts) > 1 and not parts[0].startswith("."):
            present.add(parts[0])
            if parts[0] == "src" and len(parts) > 2:
                present.add("/".join(parts[:2]))
    for path in sorted(present - mapped.keys()):
        yield Finding("README.md", first, "map", f"{path}/ is not on the map")


# ------------------------------------------------------------------------------------------- runs

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
