"""Checks a deployed environment without changing anything; exit status 1 if something is broken.

Usage: scripts/validate-deployment.sh --environment ENV [--region REGION]

Looks at the account that the AWS_* variables or the profile reach; ENV=local at this checkout's embedded AWS.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from auto_repair.domain import naming
from scripts import build
from scripts.terraform import LOCAL, embedded_aws_variables

RECENT = timedelta(days=1)
SIGNALS = ("errors", "duration", "throttles")


class Level(StrEnum):
    OK = "ok"
    ATTENTION = "ATTENTION"
    BROKEN = "BROKEN"


@dataclass(frozen=True)
class Finding:
    level: Level
    text: str


class Account:
    """The account and region that are looked at; clients are made when they are needed."""

    def __init__(self, environment: str, region: str | None) -> None:
        self.environment = environment
        self.name = f"lambda-auto-repair-{environment}"
        self._session = boto3.Session(region_name=region)
        self._config = Config(retries={"total_max_attempts": 3}, connect_timeout=5, read_timeout=20)

    def client(self, service: str) -> Any:
        make_client: Any = self._session.client
        return make_client(service, config=self._config)

    def pages(self, service: str, operation: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        yield from self.client(service).get_paginator(operation).paginate(**arguments)

    @cached_property
    def identity(self) -> dict[str, str]:
        return dict(self.client("sts").get_caller_identity())

    def arn(self, service: str, resource: str) -> str:
        partition = self.identity["Arn"].split(":")[1]
        return f"arn:{partition}:{service}:{self._session.region_name}:{self.identity['Account']}:{resource}"

    @cached_property
    def onboarded(self) -> list[str]:
        """The functions that are looked after; each has its policy in SSM."""
        prefix = f"/lambda-auto-repair/{self.environment}/functions/"
        pages = self.pages("ssm", "get_parameters_by_path", Path=prefix, Recursive=True)
        names = [parameter["Name"].removeprefix(prefix) for page in pages for parameter in page["Parameters"]]
        return sorted(name.removesuffix("/policy") for name in names if name.endswith("/policy"))


Check = Callable[[Account], Iterator[Finding]]


def _is(right: bool, text: str, *, otherwise: Level = Level.BROKEN) -> Finding:
    return Finding(Level.OK if right else otherwise, text)


def state_machine(account: Account) -> Iterator[Finding]:
    name = f"lambda-auto-repair-workflow-{account.environment}"
    arn = account.arn("states", f"stateMachine:{name}")
    status = account.client("stepfunctions").describe_state_machine(stateMachineArn=arn)["status"]
    yield _is(status == "ACTIVE", f"state machine {name}: {status}")


def functions(account: Account) -> Iterator[Finding]:
    client = account.client("lambda")
    for folder in sorted((build.ROOT / "lambdas").glob("*/handler.py")):
        name = f"lambda-auto-repair-{folder.parent.name.replace('_', '-')}-{account.environment}"
        try:
            found = client.get_function_configuration(FunctionName=name)
        except client.exceptions.ResourceNotFoundException:
            yield Finding(Level.BROKEN, f"function {name}: missing")
            continue
        state, update = found["State"], found.get("LastUpdateStatus", "Successful")
        is_ready = (state, update) == ("Active", "Successful")
        yield _is(is_ready, f"function {name}: {state}, last update {update}")
        if client.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions") == 0:
            yield Finding(Level.BROKEN, f"function {name}: stopped by a reserved concurrency of 0")


def tables(account: Account) -> Iterator[Finding]:
    client = account.client("dynamodb")
    for kind in ("repairs", "diagnosis", "incidents"):
        name = f"lambda-auto-repair-{kind}-{account.environment}"
        try:
            status = client.describe_table(TableName=name)["Table"]["TableStatus"]
        except client.exceptions.ResourceNotFoundException:
            yield Finding(Level.BROKEN, f"table {name}: missing")
            continue
        yield _is(status == "ACTIVE", f"table {name}: {status}")
        backups = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        recovery = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
        yield _is(recovery == "ENABLED", f"table {name}: point-in-time recovery {recovery}")


def event_bus(account: Account) -> Iterator[Finding]:
    client = account.client("events")
    client.describe_event_bus(Name=account.name)
    yield Finding(Level.OK, f"event bus {account.name}: exists")
    for kind in ("alarms", "failed-executions"):
        name = f"lambda-auto-repair-{kind}-{account.environment}"
        state = client.describe_rule(Name=name)["State"]
        targets = len(client.list_targets_by_rule(Rule=name)["Targets"])
        yield _is(state == "ENABLED" and targets > 0, f"rule {name}: {state}, {targets} targets")


def monitored_functions(account: Account) -> Iterator[Finding]:
    if not account.onboarded:
        yield Finding(Level.ATTENTION, "no function is onboarded: monitored_functions is empty")
    states = {
        rule["Name"]: rule["State"]
        for page in account.pages("events", "list_rules", EventBusName=account.name)
        for rule in page["Rules"]
    }
    for function in account.onboarded:
        rule = naming.alarm_rule(function)
        state = states.get(rule, "missing")
        level = {"ENABLED": Level.OK, "DISABLED": Level.ATTENTION}.get(state, Level.BROKEN)
        paused = ", repairs are paused" if state == "DISABLED" else ""
        yield Finding(level, f"rule {rule}: {state}{paused}")


def topic(account: Account) -> Iterator[Finding]:
    name = f"lambda-auto-repair-notifications-{account.environment}"
    pages = account.pages("sns", "list_subscriptions_by_topic", TopicArn=account.arn("sns", name))
    subscriptions = [subscription for page in pages for subscription in page["Subscriptions"]]
    confirmed = [found for found in subscriptions if found["SubscriptionArn"].startswith("arn:")]
    text = f"topic {name}: {len(confirmed)} of {len(subscriptions)} subscriptions confirmed"
    if not subscriptions:
        text = f"topic {name}: nobody is subscribed"
    is_heard = bool(subscriptions) and len(confirmed) == len(subscriptions)
    yield _is(is_heard, text, otherwise=Level.ATTENTION)


def alarms(account: Account) -> Iterator[Finding]:
    health = f"lambda-auto-repair-system-health-{account.environment}"
    wanted = [health, *(f"lambda-{signal}-alarm-{name}" for name in account.onboarded for signal in SIGNALS)]
    states: dict[str, str] = {}
    for start in range(0, len(wanted), 100):  # so many names may be asked for at once, and 50 are answered
        names = wanted[start : start + 100]
        for page in account.pages(
            "cloudwatch", "describe_alarms", AlarmNames=names, AlarmTypes=["MetricAlarm"]
        ):
            states |= {alarm["AlarmName"]: alarm["StateValue"] for alarm in page["MetricAlarms"]}
    is_quiet = states.get(health) in ("OK", "INSUFFICIENT_DATA")
    yield _is(is_quiet, f"alarm {health}: {states.get(health, 'missing')}")
    for name in wanted[1:]:
        state = states.get(name, "missing")
        level = {"missing": Level.BROKEN, "ALARM": Level.ATTENTION}.get(state, Level.OK)
        yield Finding(level, f"alarm {name}: {state}")


def dashboard(account: Account) -> Iterator[Finding]:
    account.client("cloudwatch").get_dashboard(DashboardName=account.name)
    yield Finding(Level.OK, f"dashboard {account.name}: exists")


def executor_role(account: Account) -> Iterator[Finding]:
    role = naming.executor_role(account.environment)
    account.client("iam").get_role_policy(RoleName=role, PolicyName="lambda-auto-repair-policy")
    yield Finding(Level.OK, f"role {role}: exists, with lambda-auto-repair-policy")


def recent_executions(account: Account) -> Iterator[Finding]:
    name = f"lambda-auto-repair-workflow-{account.environment}"
    arn = account.arn("states", f"stateMachine:{name}")
    since = datetime.now(UTC) - RECENT
    for status in ("FAILED", "TIMED_OUT", "ABORTED"):
        # Newest first: one page shows whether there are any, and a hundred are reason enough to look.
        found = account.client("stepfunctions").list_executions(
            stateMachineArn=arn, statusFilter=status, maxResults=100
        )["executions"]
        recent = [execution["name"] for execution in found if execution["startDate"] >= since]
        text = f"executions {status} in the last 24 hours: {len(recent)} {' '.join(recent[:3])}"
        yield _is(not recent, text.rstrip(), otherwise=Level.ATTENTION)


CHECKS: tuple[Check, ...] = (
    state_machine,
    functions,
    executor_role,
    tables,
    event_bus,
    monitored_functions,
    topic,
    alarms,
    dashboard,
    recent_executions,
)


def examine(account: Account, checks: Sequence[Check] = CHECKS) -> Iterator[Finding]:
    """All findings; what cannot be looked at is broken, and the other checks go on."""
    for check in checks:
        try:
            yield from check(account)
        except (ClientError, BotoCoreError) as error:
            yield Finding(Level.BROKEN, f"{check.__name__.replace('_', ' ')}: {error}")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/validate-deployment.sh", description="Check a deployed environment, changing nothing."
    )
    parser.add_argument("--environment", required=True, metavar="ENV")
    parser.add_argument("--region", default=None)
    parsed = parser.parse_args(arguments)
    if parsed.environment == LOCAL and "AWS_ENDPOINT_URL" not in os.environ:
        variables = embedded_aws_variables()
        os.environ.clear()
        os.environ.update(variables)
    account = Account(parsed.environment, parsed.region)
    findings = []
    for finding in examine(account):
        print(f"{finding.level:<10}{finding.text}", flush=True)
        findings.append(finding)
    broken = sum(finding.level is Level.BROKEN for finding in findings)
    attention = sum(finding.level is Level.ATTENTION for finding in findings)
    print(f"\n{parsed.environment}: {len(findings)} checks, {broken} broken, {attention} need attention.")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
