"""Words that have no place here, or one only."""

import re
from dataclasses import dataclass

from .registry import rule
from .tree import Finding


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
