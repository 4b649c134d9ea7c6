"""Of two alarms at once, the execution that opened the incident is the one to watch."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.scenarios import incident_watch

SINCE = datetime(2026, 1, 31, 12, tzinfo=UTC)
INPUT = json.dumps({"functionName": "invoice-export"})


class StepFunctions:
    """Answers from executions given as (name, seconds after SINCE, output), newest first as on AWS."""

    def __init__(self, *executions: tuple[str, int, dict[str, Any] | None]) -> None:
        self.executions = executions

    def client(self, service: str) -> StepFunctions:
        assert service == "stepfunctions"
        return self

    def list_executions(self, **_: Any) -> dict[str, Any]:
        starts = [(name, SINCE + timedelta(seconds=after)) for name, after, _ in self.executions]
        return {"executions": [{"executionArn": name, "startDate": at} for name, at in starts]}

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:
        output = next(output for name, _, output in self.executions if name == executionArn)
        return {"input": INPUT} | ({"output": json.dumps(output)} if output else {})


def found(*executions: tuple[str, int, dict[str, Any] | None]) -> str | None:
    return incident_watch.find_execution(StepFunctions(*executions), "machine", "invoice-export", SINCE)


def ended_as(disposition: str) -> dict[str, Any]:
    return {"incident": {"disposition": disposition}}


def test_the_first_execution_since_the_fault_is_watched() -> None:
    assert found(("second", 2, None), ("first", 1, None), ("earlier", -1, None)) == "first"
    assert found(("earlier", -1, None)) is None


@pytest.mark.parametrize("disposition", ["joined", "duplicate"])
def test_an_execution_that_left_the_incident_to_another_is_passed_over(disposition: str) -> None:
    assert found(("second", 2, None), ("first", 1, ended_as(disposition))) == "second"
    assert found(("second", 2, None), ("first", 1, ended_as("opened"))) == "first"
