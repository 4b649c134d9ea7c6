"""Checking a deployment tells broken from worth a look, and goes on where it cannot look."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scripts import validate_deployment
from scripts.validate_deployment import (
    Account,
    Finding,
    Level,
    alarms,
    examine,
    main,
    monitored_functions,
    topic,
)

TOPIC = "arn:aws:sns:us-east-1:123456789012:lambda-auto-repair-notifications-dev"


class Answers(Account):
    """An account that answers from memory, by operation."""

    def __init__(self, **pages: dict[str, Any]) -> None:
        super().__init__("dev", "us-east-1")
        self._answers = pages
        self.__dict__["identity"] = {"Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/me"}

    def pages(self, service: str, operation: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        yield self._answers[operation]


def onboarded(*names: str) -> dict[str, Any]:
    prefix = "/lambda-auto-repair/dev/functions"
    return {"Parameters": [{"Name": f"{prefix}/{name}/policy"} for name in names]}


def levels(findings: Iterator[Finding]) -> list[Level]:
    return [finding.level for finding in findings]


def test_a_paused_function_is_worth_a_look_and_a_lost_rule_is_broken() -> None:
    rules = [
        {"Name": "lambda-auto-repair-alarm-rule-orders", "State": "ENABLED"},
        {"Name": "lambda-auto-repair-alarm-rule-paused", "State": "DISABLED"},
    ]
    account = Answers(
        get_parameters_by_path=onboarded("lost", "orders", "paused"), list_rules={"Rules": rules}
    )
    assert levels(monitored_functions(account)) == [Level.BROKEN, Level.OK, Level.ATTENTION]


def test_a_rule_with_a_shortened_name_is_found() -> None:
    function = "a-function-with-the-longest-name-that-lambda-allows-its-owners-x"
    name = "lambda-auto-repair-alarm-rule-a-function-with-the-longe-dbba003e"
    account = Answers(
        get_parameters_by_path=onboarded(function), list_rules={"Rules": [{"Name": name, "State": "ENABLED"}]}
    )
    assert levels(monitored_functions(account)) == [Level.OK]


@pytest.mark.parametrize(
    ("subscriptions", "level"),
    [
        ([f"{TOPIC}:1"], Level.OK),
        ([f"{TOPIC}:1", "PendingConfirmation"], Level.ATTENTION),
        ([], Level.ATTENTION),
    ],
)
def test_people_are_told_only_if_every_subscription_is_confirmed(
    subscriptions: list[str], level: Level
) -> None:
    page = {"Subscriptions": [{"SubscriptionArn": arn} for arn in subscriptions]}
    assert levels(topic(Answers(list_subscriptions_by_topic=page))) == [level]


def test_our_own_health_in_alarm_is_broken_and_a_functions_is_worth_a_look() -> None:
    states = {
        "lambda-auto-repair-system-health-dev": "ALARM",
        "lambda-errors-alarm-orders": "ALARM",
        "lambda-duration-alarm-orders": "OK",
    }
    page = {"MetricAlarms": [{"AlarmName": name, "StateValue": state} for name, state in states.items()]}
    account = Answers(describe_alarms=page, get_parameters_by_path=onboarded("orders"))
    found = {finding.text.split(":")[0]: finding.level for finding in alarms(account)}
    assert found == {
        "alarm lambda-auto-repair-system-health-dev": Level.BROKEN,
        "alarm lambda-errors-alarm-orders": Level.ATTENTION,
        "alarm lambda-duration-alarm-orders": Level.OK,
        "alarm lambda-throttles-alarm-orders": Level.BROKEN,
    }


def test_what_cannot_be_looked_at_is_broken_and_the_rest_is_looked_at() -> None:
    def event_bus(account: Account) -> Iterator[Finding]:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, "DescribeEventBus")
        yield

    def dashboard(account: Account) -> Iterator[Finding]:
        yield Finding(Level.OK, "dashboard: exists")

    broken, fine = examine(Answers(), [event_bus, dashboard])
    assert broken.level is Level.BROKEN
    assert "event bus: " in broken.text
    assert "AccessDenied" in broken.text
    assert fine.level is Level.OK


@pytest.mark.parametrize(("level", "status"), [(Level.OK, 0), (Level.ATTENTION, 0), (Level.BROKEN, 1)])
def test_only_what_is_broken_fails_the_check(
    level: Level, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(validate_deployment, "examine", lambda _: [Finding(level, "the thing")])
    assert main(["--environment", "dev", "--region", "us-east-1"]) == status
    assert capsys.readouterr().out.splitlines()[0].split() == [level.value, "the", "thing"]
