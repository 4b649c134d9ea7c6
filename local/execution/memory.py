"""Memory of a process, seen from outside."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

MB = 1024 * 1024
_HAS_PROC = Path("/proc/self/statm").exists()
_PAGE = os.sysconf("SC_PAGE_SIZE")

# A process that does nothing but fill memory was seen to fill about 2 MB per millisecond; look in time.
_FASTEST_BYTES_PER_SECOND = 4096 * MB
_SHORTEST_PAUSE = 0.002 if _HAS_PROC else 0.2
_LONGEST_PAUSE = 0.05 if _HAS_PROC else 0.5


def resident_bytes(pid: int) -> int:
    """Memory in use now; 0 if the process has ended."""
    try:
        if _HAS_PROC:
            return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
        return int(psutil.Process(pid).memory_info().rss)
    except (OSError, ValueError, IndexError, psutil.Error):
        return 0


def peak_bytes(pid: int) -> int:
    """The most the process ever used; where the system does not say, what it uses now."""
    if not _HAS_PROC:
        return resident_bytes(pid)
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def seconds_until_next_look(headroom_bytes: int) -> float:
    """How long a process with so much memory left cannot exceed its limit by much."""
    return min(max(headroom_bytes / _FASTEST_BYTES_PER_SECOND, _SHORTEST_PAUSE), _LONGEST_PAUSE)
