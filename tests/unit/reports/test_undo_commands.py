"""The commands restore exactly what was there before, and the shell passes them on unharmed."""

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from auto_repair.domain.repair import Change, Setting, SettingChange
from auto_repair.reports.undo_commands import check_commands, undo_commands
from tests.unit.reports import cases

QUEUE_URL = "https://sqs.eu-central-1.amazonaws.com/123456789012/orders-inbox"


def run(commands: tuple[str, ...], folder: Path) -> list[list[str]]:
    """The arguments of every `aws` call that a shell makes of the commands, lookups answered."""
    calls = folder / "calls"
    aws = folder / "aws"
    aws.write_text(
        f"""#!/bin/sh
for argument in "$@"; do printf '%s\\036' "$argument" >> {calls}; done
printf '\\035' >> {calls}
case "$*" in
  *get-queue-url*) echo {QUEUE_URL} ;;
  *publish-version*) echo 9 ;;
esac
"""
    )
    aws.chmod(0o755)
    bash = shutil.which("bash") or "/bin/bash"
    script = "\n".join(commands)
    subprocess.run([bash, "-euc", script], env={"PATH": f"{folder}:/usr/bin:/bin"}, check=True)
    return [call.split("\x1e")[:-1] for call in calls.read_text().split("\x1d")[:-1]]


def undo(*settings: SettingChange, alias: str | None = None, version: str | None = None) -> Change:
    return Change(cases.FUNCTION, settings, alias, version).inverse()


def test_memory_goes_back_on_latest(tmp_path: Path) -> None:
    change = undo(SettingChange(cases.FUNCTION, Setting.MEMORY_MB, 128, 384))
    where = ["--region", cases.REGION, "--function-name", cases.FUNCTION]
    assert run(undo_commands(change, cases.REGION), tmp_path) == [
        ["lambda", "update-function-configuration", *where, "--memory-size", "128"],
        ["lambda", "wait", "function-updated", *where],
    ]


def test_memory_and_timeout_go_back_in_one_update() -> None:
    change = undo(
        SettingChange(cases.FUNCTION, Setting.MEMORY_MB, 128, 384),
        SettingChange(cases.FUNCTION, Setting.TIMEOUT_S, 3, 15),
    )
    update, wait = undo_commands(change, cases.REGION)
    assert "--memory-size 128" in update
    assert "--timeout 3" in update
    assert "wait" in wait


def test_an_alias_goes_back_to_its_former_version_before_anything_else(tmp_path: Path) -> None:
    change = cases.timeout_behind_alias().undo
    assert change
    calls = run(undo_commands(change, cases.REGION), tmp_path)
    assert calls[0][1] == "update-alias"
    assert calls[0][-4:] == ["--name", "live", "--function-version", "7"]
    assert calls[1][-2:] == ["--timeout", "3"]


def test_a_queue_is_looked_up_by_name_and_owner(tmp_path: Path) -> None:
    change = cases.timeout_behind_alias().undo
    assert change
    *_, lookup, setting = run(undo_commands(change, "us-east-1"), tmp_path)
    assert lookup[1:6] == ["get-queue-url", "--region", cases.REGION, "--queue-name", "orders-inbox"]
    assert setting[-4:] == ["--queue-url", QUEUE_URL, "--attributes", "VisibilityTimeout=30"]


def test_an_alias_of_unknown_former_version_gets_a_new_one(tmp_path: Path) -> None:
    change = undo(SettingChange(cases.FUNCTION, Setting.TIMEOUT_S, 3, 15), alias="live")
    calls = run(undo_commands(change, cases.REGION), tmp_path)
    assert [call[1] for call in calls] == [
        "update-function-configuration",
        "wait",
        "publish-version",
        "update-alias",
    ]
    assert calls[-1][-2:] == ["--function-version", "9"]


def test_an_alias_stays_where_a_setting_is_not_versioned() -> None:
    change = undo(
        SettingChange(cases.FUNCTION, Setting.RESERVED_CONCURRENCY, 0, 20), alias="live", version="7"
    )
    assert [command.split()[2] for command in undo_commands(change, cases.REGION)] == [
        "put-function-concurrency"
    ]


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (0, "put-function-concurrency --reserved-concurrent-executions 0"),
        (None, "delete-function-concurrency"),
    ],
)
def test_a_reservation_goes_back_to_its_number_or_to_none(before: int | None, expected: str) -> None:
    change = undo(SettingChange(cases.FUNCTION, Setting.RESERVED_CONCURRENCY, before, 20))
    (command,) = undo_commands(change, "")
    assert command.replace(f" --function-name {cases.FUNCTION}", "") == f"aws lambda {expected}"


def test_a_policy_goes_back_whole_or_is_taken_away(tmp_path: Path) -> None:
    arn = "arn:aws:s3:::images"
    where = ["--region", cases.REGION, "--bucket", "images"]
    change = undo(SettingChange(arn, Setting.BUCKET_POLICY, cases.DENYING_POLICY, cases.FORMER_POLICY))
    ((*command, document),) = run(undo_commands(change, cases.REGION), tmp_path)
    assert command == ["s3api", "put-bucket-policy", *where, "--policy"]
    assert json.loads(document) == json.loads(cases.DENYING_POLICY)
    had_none = undo(SettingChange(arn, Setting.BUCKET_POLICY, None, cases.FORMER_POLICY))
    (tmp_path / "calls").unlink()
    assert run(undo_commands(had_none, cases.REGION), tmp_path) == [["s3api", "delete-bucket-policy", *where]]


def test_a_policy_is_looked_at(tmp_path: Path) -> None:
    report = cases.restored_policy()
    assert report.undo
    ((service, operation, *_, output),) = run(check_commands(report.undo, cases.REGION), tmp_path)
    assert (service, operation, output) == ("s3api", "get-bucket-policy", "text")


def test_a_policy_that_a_terminal_would_act_on_is_spelled_out(tmp_path: Path) -> None:
    hostile = json.dumps({"Statement": {"Sid": "'; touch pwned; \x1b[31m \u202e ☃  two  blanks"}})
    change = undo(SettingChange("arn:aws:s3:::images", Setting.BUCKET_POLICY, hostile, None))
    (command,) = undo_commands(change, cases.REGION)
    assert command.isascii()
    assert command.isprintable()
    ((*_, document),) = run((command,), tmp_path)
    assert json.loads(document) == json.loads(hostile)


def test_checks_show_every_setting_once(tmp_path: Path) -> None:
    change = cases.timeout_behind_alias().undo
    assert change
    calls = run(check_commands(change, cases.REGION), tmp_path)
    assert [call[1] for call in calls] == [
        "get-function-configuration",
        "get-queue-url",
        "get-queue-attributes",
    ]
    assert calls[0][-4:-2] == ["--qualifier", "live"]


def test_a_hostile_name_stays_one_argument(tmp_path: Path) -> None:
    name = "x'; touch pwned; $(touch pwned) `touch pwned` \" *"
    change = replace(undo(SettingChange(name, Setting.RESERVED_CONCURRENCY, 1, 2)), function_name=name)
    ((*_, shown, _, _),) = run(undo_commands(change, cases.REGION), tmp_path)
    assert shown == name
    assert not list(Path().glob("pwned"))


def test_what_no_name_can_hold_is_not_pasted_into_a_terminal() -> None:
    name = "x\x1b[31m\ny" + "z" * 200_000
    change = undo(SettingChange(name, Setting.MEMORY_MB, 128, 384))
    for command in undo_commands(replace(change, function_name=name), cases.REGION):
        assert command.isprintable()
        assert len(command) < 1000
