"""The tree as the rules see it: its files, their code without comments, its layers."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

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
