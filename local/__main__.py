"""`python -m local start | stop | status | env`: the embedded AWS of this checkout."""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from local import process
from local.instance import SECONDS_TO_END, Instance, StartError, is_healthy
from local.settings import HOST, STATE_FOLDER, UNWANTED_CLIENT_VARIABLES, client_environment

STATE_FILE = STATE_FOLDER / "state.json"


@dataclass(frozen=True)
class State:
    """What is remembered of the server this checkout started."""

    pid: int
    port: int
    folder: str
    started_at: str

    @property
    def is_alive(self) -> bool:
        """Whether the pid is still the process that was started."""
        return process.started_at(self.pid) == self.started_at

    @property
    def left_workers_behind(self) -> bool:
        """Whether the process group can only be ours: its leader is gone, and no pid is reused before it."""
        return process.started_at(self.pid) is None and self.started_at.endswith(process.boot() or "?")

    @classmethod
    def load(cls) -> State | None:
        """None when nothing was started, or the file is not one of ours."""
        try:
            return cls(**json.loads(STATE_FILE.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def save(self) -> None:
        STATE_FOLDER.mkdir(parents=True, exist_ok=True)
        STATE_FILE.write_text(json.dumps(asdict(self)))


def start(port: int) -> int:
    """Start the server unless it runs already."""
    state = State.load()
    if state and state.is_alive and is_healthy(state.port):
        print(f"The embedded AWS is already running on http://{HOST}:{state.port} (process {state.pid}).")
        return 0
    _clean_up(state)
    instance = Instance(port=port, detached=True)
    try:
        instance.start()
    except (StartError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    started = process.started_at(instance.pid) or ""
    State(instance.pid, instance.port, str(instance.folder), started).save()
    print(f"The embedded AWS runs on {instance.endpoint} (process {instance.pid}, log {instance.log}).")
    return 0


def stop() -> int:
    """End the server and everything it started."""
    state = State.load()
    was_alive = state is not None and state.is_alive
    _clean_up(state)
    print("The embedded AWS has been stopped." if was_alive else "The embedded AWS was not running.")
    return 0


def status() -> int:
    """Exit status 0 only if the server runs and answers."""
    state = State.load()
    if state is None or not state.is_alive:
        print("The embedded AWS is not running.")
        return 1
    healthy = is_healthy(state.port)
    print(f"http://{HOST}:{state.port} process {state.pid} {'healthy' if healthy else 'not answering'}")
    return 0 if healthy else 1


def env() -> int:
    """Shell lines that point the AWS CLI, Terraform and boto3 to the server."""
    state = State.load()
    if state is None or not state.is_alive:
        print("The embedded AWS is not running; start it with `make local`.", file=sys.stderr)
        return 1
    print(f"unset {' '.join(UNWANTED_CLIENT_VARIABLES)}")
    for name, value in client_environment(state.port).items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def _clean_up(state: State | None) -> None:
    """End what is left of an earlier server, alive or not, and forget it."""
    if state is not None:
        if state.is_alive or state.left_workers_behind:
            process.end_group(state.pid, lambda: state.is_alive, SECONDS_TO_END)
        shutil.rmtree(Path(state.folder), ignore_errors=True)
    STATE_FILE.unlink(missing_ok=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    start_parser = commands.add_parser("start", help="start in the background")
    start_parser.add_argument("--port", type=int, default=0, help="default 0: a free one")
    commands.add_parser("stop", help="end it, with all Lambda workers")
    commands.add_parser("status", help="say whether it runs")
    commands.add_parser("env", help="print shell lines for clients")
    arguments = parser.parse_args()
    if arguments.command == "start":
        return start(arguments.port)
    return {"stop": stop, "status": status, "env": env}[arguments.command]()


if __name__ == "__main__":
    sys.exit(main())
