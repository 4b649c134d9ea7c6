"""Identity and end of a server process that may have been started by another command."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil

POLL_SECONDS = 0.02
SECONDS_TO_VANISH = 0.5


def started_at(pid: int) -> str | None:
    """A text that tells two processes with the same pid apart; None if there is no such process."""
    if Path("/proc/self/stat").exists():
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        state, ticks = fields[0], fields[19]
        return None if state == "Z" else f"{ticks} ticks after boot {boot()}"
    try:
        return f"at {psutil.Process(pid).create_time()}"
    except psutil.Error:
        return None


def boot() -> str:
    """The identity of the machine's present boot; empty where the system has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def end_group(pid: int, is_running: Callable[[], bool], grace_seconds: float) -> None:
    """End the process group led by `pid`: politely first, then by force, workers included."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    _wait_while(is_running, grace_seconds)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    # Where nobody collects orphans the group never gets empty, so this must not last.
    _wait_while(lambda: is_running() or _has_members(pid), SECONDS_TO_VANISH)


def _has_members(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _wait_while(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while condition() and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
