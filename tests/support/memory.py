"""What a process has of the machine's memory, and whether that grows."""

import re
import statistics
from pathlib import Path


def memory_mib(pid):
    """By the names of /proc/PID/status: "VmRSS", "RssAnon" and their like."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return {name: int(size) / 1024 for name, size in re.findall(r"(\w+):\s+(\d+) kB", status)}


def growth(samples):
    """From the third quarter of them to the last, each by its median: the first half fills what has
    a bound, caches and write buffers, and one sample is chance."""
    half = len(samples) // 2
    quarter = half // 2
    return statistics.median(samples[-quarter:]) - statistics.median(samples[half:-quarter])
