"""The server process: installs the shims, then runs MiniStack in the foreground.

Started by `local.instance` as the leader of its own session, so that all Lambda workers are in its process
group. `--owned` ties the server to its owner's life: end of file on standard input means the owner is gone.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import sys
import threading
import time
import traceback
from pathlib import Path

from local import shims

SECONDS_TO_END = 5.0
SECONDS_TO_COLLECT = 0.5


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.launcher", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="private folder, removed at the end")
    parser.add_argument("--owned", action="store_true", help="end when standard input ends")
    arguments = parser.parse_args()
    sys.argv = ["ministack"]  # MiniStack parses the command line itself
    os.environ.pop("PYTHONPATH", None)  # was needed to find this package only
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # until MiniStack has its own way to end
    try:
        if arguments.owned:
            threading.Thread(target=_end_with_owner, args=(arguments.folder,), daemon=True).start()
        _serve()
    except Exception:
        traceback.print_exc()
    finally:
        sys.stdout.flush()  # nothing is flushed when the process group is ended by force
        _leave_nothing_behind(arguments.folder)


def _serve() -> None:
    shims.install_all()

    from ministack.app import main as serve

    serve()


def _end_with_owner(folder: Path) -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(SECONDS_TO_END)  # MiniStack does not end while a custom resource waits
    _leave_nothing_behind(folder)


def _leave_nothing_behind(folder: Path) -> None:
    """Remove the private folder and end the whole process group: all workers and this process."""
    shutil.rmtree(folder, ignore_errors=True)
    if os.getpgrp() != os.getpid():
        return
    if threading.current_thread() is threading.main_thread():  # others cannot change what signals do
        _end_workers()
    os.killpg(0, signal.SIGKILL)


def _end_workers() -> None:
    """End the other members of the group and collect them, so that no orphans are left to somebody else."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)
    deadline = time.monotonic() + SECONDS_TO_COLLECT
    with contextlib.suppress(ChildProcessError):
        while time.monotonic() < deadline:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.01)


if __name__ == "__main__":
    main()
