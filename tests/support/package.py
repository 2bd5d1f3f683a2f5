"""The SDKs as somebody else's project gets them: installed under a prefix, linked by pkg-config."""

import os

from harness import Settings, run

SECONDS = 300  # for a build of three small programs beside other tests


def install(prefix, *components):
    for component in components:
        run(["cmake", "--install", Settings.build, "--prefix", prefix, "--component", component])


def pkg_config(prefix, sdk, static):
    """What the compiler is to be told. Static: as a prefix without the shared library would."""
    flags = run(["pkg-config", "--cflags", "--libs", *(["--static"] if static else []),
                 f"restante-{sdk}"],
                env={**os.environ, "PKG_CONFIG_PATH": str(prefix / "lib/pkgconfig")}).split()
    if static:
        flags = [flag.replace("-lrestante-sdk", "-l:librestante-sdk.a") for flag in flags]
    return flags
