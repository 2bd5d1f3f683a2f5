"""What a process has of the machine's memory."""

import re
from pathlib import Path


def memory_mib(pid):
    """By the names of /proc/PID/status: "VmRSS", "RssAnon" and their like."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return {name: int(size) / 1024 for name, size in re.findall(r"(\w+):\s+(\d+) kB", status)}
