"""The house rules a machine can check, a file for each kind."""

from . import layers, lengths, shape, wholeness, words  # noqa: F401, each registers its rules
