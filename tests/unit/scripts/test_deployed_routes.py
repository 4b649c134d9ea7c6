"""Alarms reach the workflow, changes the recorder, messages people; or the check says where the way ends."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scripts import deployed_routes as routes
from scripts.deployed import Level
from tests.unit.scripts.deployments import (
    BUS,
    HEALTH,
    RECORDER,
    TOPIC,
    WORKFLOW,
    Answers,
    ByName,
    levels,
    onboarded,
    refusal,
    worst,
)

PAUSED = "lambda-auto-repair-alarm-rule-paused"
ORDERS = "lambda-auto-repair-alarm-rule-orders"


def admitting(*rules: str) -> dict[str, str]:
    condition = "arn:aws:events:us-east-1:123456789012:rule/"
    statements = [{"Condition": {"ArnLike": {"AWS:SourceArn": f"{condition}{rule}"}}} for rule in rules]
    return {"Policy": json.dumps({"Statement": statements})}


def the_rule(state: str = "ENABLED", target: str = RECORDER, policy: Any = None) -> Answers:
    return Answers(
        describe_rule={"State": state},
        list_targets_by_rule={"Targets": [{"Arn": target}]},
        get_policy=policy or admitting("changes"),
    )


def test_a_rule_that_is_enabled_leads_on_and_is_let_in_is_fine() -> None:
    assert levels(routes.rules(the_rule())) == [Level.OK]


@pytest.mark.parametrize(
    ("account", "said"),
    [
        (the_rule(state="DISABLED"), "rule changes: DISABLED"),
        (the_rule(target="elsewhere"), f"rule changes: does not lead to {RECORDER}"),
        (the_rule(policy=admitting("other")), "change-recorder-dev does not let it in"),
        (the_rule(policy=refusal("ResourceNotFoundException")), "change-recorder-dev does not let it in"),
    ],
)
def test_a_way_that_ends_is_named(account: Answers, said: str) -> None:
    found = worst(routes.rules(account))
    assert found.level is Level.BROKEN
    assert said in found.text
    assert found.fix


def the_onboarded(*names: str, rules: dict[str, str], leading: list[str], **answers: Any) -> Answers:
    return Answers(
        get_parameters_by_path=onboarded(*names),
        list_rules={"Rules": [{"Name": name, "State": state} for name, state in rules.items()]},
        list_rule_names_by_target=ByName({WORKFLOW: {"RuleNames": leading}}),
        **{"get_function_configuration": {}, **answers},
    )


def test_a_paused_function_is_worth_a_look_and_a_lost_rule_is_broken() -> None:
    account = the_onboarded(
        "lost", "orders", "paused", rules={ORDERS: "ENABLED", PAUSED: "DISABLED"}, leading=[ORDERS, PAUSED]
    )
    lost, orders, paused, *functions = routes.monitored_functions(account)
    assert [lost.level, orders.level, paused.level] == [Level.BROKEN, Level.OK, Level.ATTENTION]
    assert paused.fix == f"aws events enable-rule --name {PAUSED} --event-bus-name {BUS}"
    assert [finding.level for finding in functions] == [Level.OK] * 3


def test_a_rule_that_leads_nowhere_is_broken() -> None:
    account = the_onboarded("orders", rules={ORDERS: "ENABLED"}, leading=[])
    assert worst(routes.monitored_functions(account)).text == f"rule {ORDERS}: does not lead to the workflow"


def test_a_rule_with_a_shortened_name_is_found() -> None:
    function = "a-function-with-the-longest-name-that-lambda-allows-its-owners-x"
    name = "lambda-auto-repair-alarm-rule-a-function-with-the-longe-dbba003e"
    account = the_onboarded(function, rules={name: "ENABLED"}, leading=[name])
    assert levels(routes.monitored_functions(account)) == [Level.OK] * 2


def test_an_alias_that_is_gone_is_broken() -> None:
    account = the_onboarded(
        "orders",
        rules={ORDERS: "ENABLED"},
        leading=[ORDERS],
        get_function_configuration=refusal("ResourceNotFoundException"),
    )
    account.__dict__["onboarded"] = {"orders": "live"}
    found = worst(routes.monitored_functions(account))
    assert found.text == "onboarded function orders, alias live: does not exist"
    assert "dev.tfvars" in found.fix


def test_nothing_onboarded_is_worth_a_look() -> None:
    account = Answers(get_parameters_by_path=onboarded())
    assert levels(routes.monitored_functions(account)) == [Level.ATTENTION]


def test_a_watched_alarm_that_does_not_exist_is_worth_a_look() -> None:
    pattern = {"detail": {"alarmName": ["queue-is-stuck", "renamed"]}}
    page = {"CompositeAlarms": [{"AlarmName": "queue-is-stuck", "StateValue": "OK"}]}
    account = Answers(
        {"rules": {"watched": {"bus": BUS, "targets": [WORKFLOW]}, "changes": {"bus": "default"}}},
        describe_rule={"EventPattern": json.dumps(pattern)},
        describe_alarms=page,
    )
    found = worst(routes.watched_alarms(account))
    assert (found.level, found.text) == (Level.ATTENTION, "watched alarm renamed: missing")


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
    assert levels(routes.topic(Answers(list_subscriptions_by_topic=page))) == [level]


def an_alarm(name: str, state: str, **facts: Any) -> dict[str, Any]:
    return {"AlarmName": name, "StateValue": state, "ActionsEnabled": True, "AlarmActions": [TOPIC], **facts}


def test_our_own_health_in_alarm_is_broken_and_a_functions_is_worth_a_look() -> None:
    page = {
        "MetricAlarms": [
            an_alarm(HEALTH, "ALARM"),
            an_alarm("lambda-errors-alarm-orders", "ALARM"),
            an_alarm("lambda-duration-alarm-orders", "OK"),
        ]
    }
    account = Answers(describe_alarms=page, get_parameters_by_path=onboarded("orders"))
    found = [(finding.text, finding.level) for finding in routes.alarms(account)]
    assert found == [
        (f"alarm {HEALTH}: ALARM", Level.BROKEN),
        (f"alarm {HEALTH}: tells the topic", Level.OK),
        ("alarm lambda-errors-alarm-orders: ALARM", Level.ATTENTION),
        ("alarm lambda-duration-alarm-orders: OK", Level.OK),
        ("alarm lambda-throttles-alarm-orders: missing", Level.BROKEN),
    ]


@pytest.mark.parametrize("facts", [{"ActionsEnabled": False}, {"AlarmActions": ["elsewhere"]}])
def test_a_health_alarm_that_tells_nobody_is_broken(facts: dict[str, Any]) -> None:
    page = {"MetricAlarms": [an_alarm(HEALTH, "OK", **facts)]}
    account = Answers(describe_alarms=page, get_parameters_by_path=onboarded())
    assert worst(routes.alarms(account)).text == f"alarm {HEALTH}: does not tell the topic"
