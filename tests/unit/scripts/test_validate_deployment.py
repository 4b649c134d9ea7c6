"""Checking a deployment tells broken from worth a look, and goes on where it cannot look."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts import deployed_pieces, deployed_routes, validate_deployment
from scripts.deployed import Account, Finding, Level
from scripts.validate_deployment import CHECKS, examine, main
from tests.unit.scripts.deployments import Answers, onboarded, refusal


def test_every_check_there_is_is_made() -> None:
    defined = {
        value
        for module in (deployed_pieces, deployed_routes)
        for name, value in vars(module).items()
        if callable(value)
        and getattr(value, "__module__", "") == module.__name__
        and not name.startswith("_")
    }
    assert set(CHECKS) == defined


def test_what_cannot_be_looked_at_is_broken_and_the_rest_is_looked_at() -> None:
    def event_bus(account: Account) -> Iterator[Finding]:
        raise refusal("AccessDenied", "DescribeEventBus")
        yield

    def dashboard(account: Account) -> Iterator[Finding]:
        yield Finding(Level.OK, "dashboard: exists")

    broken, fine = examine(Answers(), [event_bus, dashboard])
    assert broken.level is Level.BROKEN
    assert broken.text == "event bus: DescribeEventBus is denied"
    assert fine.level is Level.OK


def test_what_was_deployed_is_read_by_kind() -> None:
    place = "/lambda-auto-repair/dev/deployment"
    page = {"Parameters": [{"Name": f"{place}/tables", "Value": json.dumps(["repairs"])}]}
    account = Answers(get_parameters_by_path=page)
    del account.__dict__["record"]
    assert account.record == {"tables": ["repairs"]}


def test_who_may_not_decrypt_policies_sees_the_functions_without_aliases() -> None:
    page = onboarded("orders")
    page["Parameters"][0]["Value"] = json.dumps({"alias": "live"})
    assert Answers(get_parameters_by_path=page).onboarded == {"orders": "live"}

    class Denied(Answers):
        def pages(self, service: str, operation: str, **arguments: Any) -> Iterator[dict[str, Any]]:
            if arguments.get("WithDecryption"):
                raise refusal("AccessDeniedException")
            yield from super().pages(service, operation, **arguments)

    assert Denied(get_parameters_by_path=page).onboarded == {"orders": None}


def test_an_environment_that_was_never_deployed_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Account, "pages", lambda *_, **__: iter([{"Parameters": []}]))
    assert main(["--environment", "dev", "--region", "us-east-1"]) == 1
    told = capsys.readouterr().err
    assert told == (
        "Nothing is deployed as dev in us-east-1 (another region: set AWS_REGION). "
        "Deploy it: make plan ENV=dev, then make apply ENV=dev.\n"
    )


@pytest.fixture
def no_aws_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return monkeypatch


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, "no region is set; set AWS_REGION, or choose a profile that has one"),
        ({"AWS_REGION": "us-east-1"}, "Unable to locate credentials"),
        ({"AWS_PROFILE": "ours"}, "The config profile (ours) could not be found"),
    ],
)
def test_who_cannot_look_at_all_is_told_once(
    settings: dict[str, str],
    told: str,
    no_aws_settings: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in settings.items():
        no_aws_settings.setenv(name, value)
    assert main(["--environment", "dev"]) == 1
    assert capsys.readouterr() == ("", f"ENV=dev: {told}\n")


@pytest.mark.parametrize(("level", "status"), [(Level.OK, 0), (Level.ATTENTION, 0), (Level.BROKEN, 1)])
def test_only_what_is_broken_fails_the_check(
    level: Level, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Account, "record", {})
    monkeypatch.setattr(validate_deployment, "examine", lambda _: [Finding(level, "the thing", "the fix")])
    assert main(["--environment", "dev", "--region", "us-east-1"]) == status
    finding, fix, *_ = capsys.readouterr().out.splitlines()
    assert finding.split() == [level.value, "the", "thing"]
    assert fix.split() == ["→", "the", "fix"]
