"""Who may include what."""

import re

from .registry import rule
from .tree import Finding


def resolve_include(tree, source, name):
    """The repository path a quoted include means, or None."""
    folder = (tree.root / source.path).parent
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
