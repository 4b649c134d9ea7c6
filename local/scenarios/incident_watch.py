"""Follows an incident from outside, with nothing but AWS's own APIs, as an operator would."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local.scenarios.clients import client

ENDED = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")


@dataclass(frozen=True)
class Moment:
    """A state was entered, or left with an output."""

    at: datetime
    state: str
    entered: bool
    document: Any  # the state's input when entered, its output when left


def find_execution(session: Any, state_machine_arn: str, function_name: str, since: datetime) -> str | None:
    """The first execution for that function since then; not one that left the incident to another."""
    machine = client(session, "stepfunctions")
    started = machine.list_executions(stateMachineArn=state_machine_arn, maxResults=100)["executions"]
    for execution in reversed(started):
        if execution["startDate"] < since:
            continue
        details = machine.describe_execution(executionArn=execution["executionArn"])
        output = json.loads(details.get("output", "{}"))
        if f'"{function_name}"' in details["input"] and not left_to_another(output):
            return str(execution["executionArn"])
    return None


def left_to_another(document: Any) -> bool:
    """Whether another execution deals with the incident: of two alarms at once, either may open it."""
    return document.get("incident", {}).get("disposition") in ("joined", "duplicate")


def follow(
    session: Any, execution_arn: str, *, seconds: float = 300, every: float = 0.15
) -> Iterator[Moment]:
    """Every state entered and left, as it happens, until the execution ends.

    Raises `TimeoutError` when it does not end within `seconds`.
    """
    machine = client(session, "stepfunctions")
    seen = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        is_over = machine.describe_execution(executionArn=execution_arn)["status"] in ENDED
        pages = machine.get_paginator("get_execution_history").paginate(executionArn=execution_arn)
        for event in (event for page in pages for event in page["events"]):
            if event["id"] > seen:
                seen = event["id"]
                if moment := _moment(event):
                    yield moment
        if is_over:
            return
        time.sleep(every)
    raise TimeoutError(f"the execution did not end within {seconds:.0f} s: {execution_arn}")


def _moment(event: dict[str, Any]) -> Moment | None:
    entered, left = event.get("stateEnteredEventDetails"), event.get("stateExitedEventDetails")
    if entered:
        return Moment(event["timestamp"], entered["name"], True, json.loads(entered.get("input") or "null"))
    if left:
        return Moment(event["timestamp"], left["name"], False, json.loads(left.get("output") or "null"))
    return None


def repairs_of(session: Any, environment: str, function_name: str) -> list[dict[str, Any]]:
    """The function's items of the repairs table, oldest first, in DynamoDB's own form."""
    return _items(session, f"lambda-auto-repair-repairs-{environment}", function_name)


def diagnoses_of(session: Any, environment: str, function_name: str) -> list[dict[str, Any]]:
    """The function's items of the diagnosis table, oldest first, in DynamoDB's own form."""
    return _items(session, f"lambda-auto-repair-diagnosis-{environment}", function_name)


def _items(session: Any, table: str, function_name: str) -> list[dict[str, Any]]:
    answer = client(session, "dynamodb").query(
        TableName=table,
        KeyConditionExpression="functionName = :fn",
        ExpressionAttributeValues={":fn": {"S": function_name}},
    )
    return list(answer["Items"])
