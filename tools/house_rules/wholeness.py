"""What belongs together is there together: targets and examples, tests and builds, map and tree."""

import re

from .registry import rule
from .tree import Finding


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
