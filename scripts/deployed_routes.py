"""Checks of how things reach each other: alarm to rule to workflow, change to recorder, message to people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from auto_repair.domain import naming
from scripts.deployed import Account, Finding, Level, code_of, judged

SIGNALS = ("errors", "duration", "throttles")  # an alarm each: terraform/modules/monitored_function


def event_bus(account: Account) -> Iterator[Finding]:
    name = account.record["event_bus"]
    account.client("events").describe_event_bus(Name=name)
    yield Finding(Level.OK, f"event bus {name}: exists")


def rules(account: Account) -> Iterator[Finding]:
    yield from account.each("rule", account.record["rules"], _rule)


def _rule(account: Account, name: str) -> Iterator[Finding]:
    client, wanted = account.client("events"), account.record["rules"][name]
    state = client.describe_rule(Name=name, EventBusName=wanted["bus"])["State"]
    fix = f"aws events enable-rule --name {name} --event-bus-name {wanted['bus']}"
    yield judged(state == "ENABLED", f"rule {name}: {state}", fix)
    targets = client.list_targets_by_rule(Rule=name, EventBusName=wanted["bus"])["Targets"]
    for arn in set(wanted["targets"]) - {target["Arn"] for target in targets}:
        yield Finding(Level.BROKEN, f"rule {name}: does not lead to {arn}", account.redeploy)
    for arn in wanted["targets"]:
        if ":function:" in arn and not _admits(account, arn, name):
            text = f"rule {name}: {arn.rpartition(':')[2]} does not let it in"
            yield Finding(Level.BROKEN, text, account.redeploy)


def _admits(account: Account, function_arn: str, rule: str) -> bool:
    """Whether the function's own policy lets the rule run it; else events end undelivered."""
    try:
        answer = account.client("lambda").get_policy(FunctionName=function_arn)
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        return False
    statements = json.loads(answer["Policy"])["Statement"]
    return any(_source(statement).endswith(f":rule/{rule}") for statement in statements)


def _source(statement: dict[str, Any]) -> str:
    conditions = statement.get("Condition", {}).values()
    return next((str(c["AWS:SourceArn"]) for c in conditions if "AWS:SourceArn" in c), "")


def monitored_functions(account: Account) -> Iterator[Finding]:
    if not account.onboarded:
        fix = f"Add entries to monitored_functions: {account.environment}.tfvars"
        yield Finding(Level.ATTENTION, "no function is onboarded", fix)
        return
    bus, workflow = account.record["event_bus"], account.record["state_machine"]
    states = {
        rule["Name"]: rule["State"]
        for rule in account.listed("events", "list_rules", "Rules", EventBusName=bus)
    }
    # One question for all rules: which of them lead to the workflow?
    leading = set(
        account.listed(
            "events", "list_rule_names_by_target", "RuleNames", TargetArn=workflow, EventBusName=bus
        )
    )
    for function in account.onboarded:
        yield _alarm_rule(account, naming.alarm_rule(function), states, leading)
    yield from account.each("onboarded function", account.onboarded, _onboarded)


def _alarm_rule(account: Account, name: str, states: dict[str, str], leading: set[str]) -> Finding:
    state = states.get(name, "missing")
    if state == "DISABLED":
        fix = f"aws events enable-rule --name {name} --event-bus-name {account.record['event_bus']}"
        return Finding(Level.ATTENTION, f"rule {name}: DISABLED, repairs are paused", fix)
    if state == "ENABLED" and name not in leading:
        return Finding(Level.BROKEN, f"rule {name}: does not lead to the workflow", account.redeploy)
    return judged(state == "ENABLED", f"rule {name}: {state}", account.redeploy)


def _onboarded(account: Account, name: str) -> Iterator[Finding]:
    client, alias = account.client("lambda"), account.onboarded[name]
    thing = f"onboarded function {name}" + (f", alias {alias}" if alias else "")
    try:
        client.get_function_configuration(FunctionName=name, **({"Qualifier": alias} if alias else {}))
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        fix = f"Take it out of monitored_functions, or correct its entry: {account.environment}.tfvars"
        yield Finding(Level.BROKEN, f"{thing}: does not exist", fix)
    else:
        yield Finding(Level.OK, f"{thing}: exists")


def watched_alarms(account: Account) -> Iterator[Finding]:
    """What the rule of watched alarms waits for exists; only the rule knows the names."""
    bus = account.record["event_bus"]
    for name, rule in account.record["rules"].items():
        if rule["bus"] != bus:
            continue
        pattern = account.client("events").describe_rule(Name=name, EventBusName=bus)["EventPattern"]
        wanted = json.loads(pattern)["detail"]["alarmName"]
        states = _alarm_states(account, wanted)
        fix = "Nothing will ever be heard of it: correct watched_alarms."
        for alarm in wanted:
            text = f"watched alarm {alarm}: {states.get(alarm, 'missing')}"
            yield judged(alarm in states, text, fix, otherwise=Level.ATTENTION)


def topic(account: Account) -> Iterator[Finding]:
    arn = account.record["topic"]
    name = f"topic {arn.rpartition(':')[2]}"
    found = account.listed("sns", "list_subscriptions_by_topic", "Subscriptions", TopicArn=arn)
    confirmed = [entry for entry in found if entry["SubscriptionArn"].startswith("arn:")]
    if not found:
        fix = "Add an address to notification_emails, or subscribe something."
        yield Finding(Level.ATTENTION, f"{name}: nobody is subscribed", fix)
        return
    text = f"{name}: {len(confirmed)} of {len(found)} subscriptions confirmed"
    fix = "Confirm by the link in AWS's e-mail; after three days a new apply sends another."
    yield judged(len(confirmed) == len(found), text, fix, otherwise=Level.ATTENTION)


def alarms(account: Account) -> Iterator[Finding]:
    """Our own ones, with the way from the health alarm to people, and those of the onboarded functions."""
    yield from _health(account)
    ours = [name for name in account.record["alarms"] if name != account.record["health"]]
    wanted = [*ours, *(f"lambda-{signal}-alarm-{name}" for name in account.onboarded for signal in SIGNALS)]
    states = _alarm_states(account, wanted)
    for name in wanted:
        state = states.get(name, "missing")
        level = {"missing": Level.BROKEN, "ALARM": Level.ATTENTION}.get(state, Level.OK)
        fix = "Its incident's report says why." if state == "ALARM" else account.redeploy
        yield judged(level is Level.OK, f"alarm {name}: {state}", fix, otherwise=level)


def _health(account: Account) -> Iterator[Finding]:
    name = account.record["health"]
    found = next(_described(account, [name]), None)
    if found is None:
        yield Finding(Level.BROKEN, f"alarm {name}: missing", account.redeploy)
        return
    state = found["StateValue"]
    fix = "Look at the dashboard, the failed executions and the queue of undelivered events."
    yield judged(state != "ALARM", f"alarm {name}: {state}", fix)
    is_heard = found["ActionsEnabled"] and account.record["topic"] in found["AlarmActions"]
    text = f"alarm {name}: {'tells' if is_heard else 'does not tell'} the topic"
    yield judged(
        is_heard, text, f"aws cloudwatch enable-alarm-actions --alarm-names {name}, or {account.redeploy}"
    )


def _alarm_states(account: Account, names: Iterable[str]) -> dict[str, str]:
    """Those that exist, by name."""
    return {alarm["AlarmName"]: alarm["StateValue"] for alarm in _described(account, list(names))}


def _described(account: Account, names: list[str]) -> Iterator[dict[str, Any]]:
    for start in range(0, len(names), 100):  # so many may be asked for at once, and 50 are answered
        some = names[start : start + 100]
        kinds = ["MetricAlarm", "CompositeAlarm"]
        for page in account.pages("cloudwatch", "describe_alarms", AlarmNames=some, AlarmTypes=kinds):
            yield from page.get("MetricAlarms", ())
            yield from page.get("CompositeAlarms", ())
