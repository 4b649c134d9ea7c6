"""`python -m local …`: one background server per checkout."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local import process
from local.settings import CHECKOUT
from tests.local.functions import wait_for

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    environment = {**os.environ, "LOCAL_STATE_FOLDER": str(tmp_path), "AWS_PROFILE": "somebody"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "local", *arguments],
            capture_output=True,
            check=False,
            cwd=CHECKOUT,
            env=environment,
            text=True,
        )

    yield run
    run("stop")


def state(tmp_path: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((tmp_path / "state.json").read_text())
    return found


def test_start_status_env_and_stop(run: Run, tmp_path: Path) -> None:
    assert run("status").returncode == 1
    assert run("env").returncode == 1
    started = run("start")
    assert started.returncode == 0
    first = state(tmp_path)
    assert f"http://127.0.0.1:{first['port']}" in started.stdout
    again = run("start")
    assert again.returncode == 0
    assert "already running" in again.stdout
    assert state(tmp_path) == first
    assert run("status").returncode == 0
    assert run("env").stdout.splitlines() == [
        "unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN AWS_CA_BUNDLE",
        f"export AWS_ENDPOINT_URL=http://127.0.0.1:{first['port']}",
        "export AWS_ACCESS_KEY_ID=test",
        "export AWS_SECRET_ACCESS_KEY=test",
        "export AWS_REGION=us-east-1",
        "export AWS_DEFAULT_REGION=us-east-1",
        "export AWS_DISABLE_HOST_PREFIX_INJECTION=true",
        "export AWS_EC2_METADATA_DISABLED=true",
        "export AWS_PAGER=''",
    ]
    assert "has been stopped" in run("stop").stdout
    assert process.started_at(int(str(first["pid"]))) is None
    assert not Path(str(first["folder"])).exists()
    assert list(tmp_path.iterdir()) == []
    assert "was not running" in run("stop").stdout


def test_a_killed_server_is_replaced(run: Run, tmp_path: Path) -> None:
    run("start")
    first = state(tmp_path)
    os.kill(int(str(first["pid"])), signal.SIGKILL)
    wait_for(lambda: process.started_at(int(str(first["pid"]))) is None)
    assert run("status").returncode == 1
    assert run("start").returncode == 0
    assert state(tmp_path)["pid"] != first["pid"]
    assert not Path(str(first["folder"])).exists()


def test_another_process_with_the_pid_of_the_server_is_left_alone(run: Run, tmp_path: Path) -> None:
    with subprocess.Popen(["/bin/sleep", "60"], start_new_session=True) as stranger:
        left_over = tmp_path / "left-over"
        left_over.mkdir()
        claim = {"pid": stranger.pid, "port": 1, "folder": str(left_over), "started_at": "long ago"}
        (tmp_path / "state.json").write_text(json.dumps(claim))
        assert run("status").returncode == 1
        assert "was not running" in run("stop").stdout
        assert stranger.poll() is None
        assert not left_over.exists()
        stranger.kill()


def test_an_unreadable_state_file_is_replaced(run: Run, tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("{")
    assert run("start").returncode == 0
    assert run("status").returncode == 0
