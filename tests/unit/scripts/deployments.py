"""An account that answers from memory, for the checks of a deployment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError

from scripts.deployed import Account, Finding, Level

PLACE = "us-east-1:123456789012"
KEY = f"arn:aws:kms:{PLACE}:key/1234abcd"
LAYER = f"arn:aws:lambda:{PLACE}:layer:lambda-auto-repair-dev:7"
TOPIC = f"arn:aws:sns:{PLACE}:lambda-auto-repair-notifications-dev"
WORKFLOW = f"arn:aws:states:{PLACE}:stateMachine:lambda-auto-repair-workflow-dev"
RECORDER = f"arn:aws:lambda:{PLACE}:function:lambda-auto-repair-change-recorder-dev"
HEALTH = "lambda-auto-repair-system-health-dev"
BUS = "lambda-auto-repair-dev"

# As terraform/modules/auto_repair/deployment.tf writes it down.
RECORD = {
    "advisor": None,
    "alarms": [HEALTH],
    "buckets": ["reports"],
    "event_bus": BUS,
    "functions": {"planner": "sum"},
    "health": HEALTH,
    "key": {"arn": KEY, "services": ["events.amazonaws.com", "logs.us-east-1.amazonaws.com"]},
    "layer": LAYER,
    "log_groups": {"/aws/lambda/planner": 365},
    "queues": ["undelivered"],
    "roles": {"executor": 1},
    "rules": {"changes": {"bus": "default", "targets": [RECORDER]}},
    "slack_secret": None,
    "state_machine": WORKFLOW,
    "tables": ["repairs"],
    "topic": TOPIC,
    "trail": "trail",
}


class Answers(Account):
    """Answers each operation with what is given under its name: an answer, an error, or several `ByName`.

    Whatever is paged has one page.
    """

    def __init__(self, record: Mapping[str, Any] | None = None, **answers: Any) -> None:
        super().__init__("dev", boto3.Session(region_name="us-east-1"))
        self._answers = answers
        self.__dict__["record"] = {**RECORD, **(record or {})}

    def client(self, service: str) -> Any:
        return _Client(self._answers)

    def pages(self, service: str, operation: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        yield getattr(self.client(service), operation)(**arguments)


class _Client:
    def __init__(self, answers: Mapping[str, Any]) -> None:
        self._answers = answers

    def __getattr__(self, operation: str) -> Any:
        def call(**arguments: Any) -> Any:
            answer = self._answers[operation]
            if isinstance(answer, ByName):
                answer = answer[next(iter(arguments.values()))]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


class ByName(dict[str, Any]):
    """Answers by the operation's first argument."""


def refusal(code: str, operation: str = "Look") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


def onboarded(*names: str) -> dict[str, Any]:
    prefix = "/lambda-auto-repair/dev/functions"
    return {"Parameters": [{"Name": f"{prefix}/{name}/policy", "Value": "{}"} for name in names]}


def levels(findings: Iterator[Finding]) -> list[Level]:
    return [finding.level for finding in findings]


def worst(findings: Iterator[Finding]) -> Finding:
    """The one finding that is not ok."""
    (found,) = (finding for finding in findings if finding.level is not Level.OK)
    return found
