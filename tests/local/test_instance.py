"""The life of a server: private, tied to its owner, and gone without a trace."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from local import process
from local.instance import Instance, StartError
from local.settings import CHECKOUT, Settings, server_environment
from tests.local.functions import deploy, wait_for

OWNER = """
import sys, time
from local.instance import Instance
with Instance() as instance:
    print(instance.pid, instance.port, instance.folder, flush=True)
    time.sleep(60)
"""


def is_gone(pid: int) -> bool:
    return process.started_at(pid) is None


def test_an_instance_leaves_nothing_behind() -> None:
    with Instance() as instance:
        pid, folder = instance.pid, instance.folder
        function = deploy(instance, "import os\ndef handler(event, context): return os.getpid()")
        worker = function.invoke().payload
        assert not is_gone(worker)
        assert folder.exists()
    assert is_gone(pid)
    assert is_gone(worker)
    assert not folder.exists()
    instance.stop()  # may be repeated


def test_two_instances_are_separate() -> None:
    with Instance() as one, Instance() as other:
        one.client("sqs").create_queue(QueueName="only-here")
        assert one.port != other.port
        assert not other.client("sqs").list_queues().get("QueueUrls")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_server_ends_with_its_owner(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=CHECKOUT,
        text=True,
    ) as owner:
        assert owner.stdout
        pid, _, folder = owner.stdout.readline().split()
        owner.send_signal(number)
        owner.wait()
        wait_for(lambda: is_gone(int(pid)) and not Path(folder).exists())


def test_reset_forgets_everything() -> None:
    with Instance() as instance:
        instance.client("sqs").create_queue(QueueName="orders")
        instance.reset()
        assert not instance.client("sqs").list_queues().get("QueueUrls")


def test_a_port_in_use_is_a_clear_error(embedded_aws: Instance) -> None:
    with pytest.raises(StartError, match="already in use"):
        Instance(port=embedded_aws.port).start()


def test_the_server_sees_only_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "somebody")
    monkeypatch.setenv("LOCAL_PERIOD_SCALE", "0.1")
    with Instance() as instance:
        raw = Path(f"/proc/{instance.pid}/environ").read_bytes().decode()
        environment = dict(entry.split("=", 1) for entry in raw.split("\0") if entry)
        assert "AWS_PROFILE" not in environment
        assert environment["AUTH"] == "true"
        assert environment["LOCAL_PERIOD_SCALE"] == "0.1"
        assert instance.environment["AWS_ENDPOINT_URL"] == instance.endpoint


def test_settings_name_the_variable_that_is_wrong() -> None:
    assert Settings.from_environment({"LOCAL_WAIT_SCALE": "0"}).wait_scale == 0
    with pytest.raises(ValueError, match="LOCAL_PERIOD_SCALE"):
        Settings.from_environment({"LOCAL_PERIOD_SCALE": "0"})
    with pytest.raises(ValueError, match="LOCAL_WAIT_SCALE"):
        Settings.from_environment({"LOCAL_WAIT_SCALE": "fast"})
    with pytest.raises(ValueError, match="LOCAL_LOG_STYLE"):
        Settings.from_environment({"LOCAL_LOG_STYLE": "newest"})
    chosen = Settings(wait_scale=0.5, memory_limit_mb=3008)
    assert Settings.from_environment(chosen.to_environment()) == chosen


def test_a_function_of_a_killed_server_is_ended_by_its_owner() -> None:
    with Instance() as instance:
        function = deploy(
            instance, "import os, time\ndef handler(event, context): time.sleep(60)", Timeout=60
        )
        function.lambda_.invoke(FunctionName=function.name, InvocationType="Event", Payload=b"{}")
        workers = wait_for(lambda: _children(instance.pid))
        os.kill(instance.pid, signal.SIGKILL)
    wait_for(lambda: all(is_gone(worker) for worker in workers), seconds=1)


def _children(pid: int) -> list[int]:
    listing = subprocess.run(
        ["/bin/ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(line) for line in listing.stdout.split()]


def test_a_server_whose_owner_ends_at_once_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "private"
    folder.mkdir()
    environment = server_environment(Settings(), 1, folder, "local-test")
    command = [sys.executable, "-m", "local.launcher", "--folder", str(folder), "--owned"]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, start_new_session=True
    ) as server:
        server.wait(timeout=10)
    assert not folder.exists()
