"""AWS/States metrics of executions, which the emulator does not emit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ministack.services import cloudwatch, stepfunctions

from local.shims import wrap

_OUTCOMES = {
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}


def install() -> None:
    @wrap(stepfunctions, "_run_execution")
    def run_execution(original: Any, execution_arn: str) -> None:
        execution = stepfunctions._executions.get(execution_arn)
        if execution is not None:
            _record(execution, "ExecutionsStarted", 1, "Count")
        original(execution_arn)

    @wrap(stepfunctions, "_emit_execution_status_event")
    def emit_status(original: Any, execution: dict[str, Any]) -> None:
        original(execution)
        outcome = _OUTCOMES.get(execution["status"])
        if outcome is not None:
            _record(execution, outcome, 1, "Count")
            _record(execution, "ExecutionTime", _duration_ms(execution), "Milliseconds")


def _record(execution: dict[str, Any], name: str, value: float, unit: str) -> None:
    cloudwatch.record_metric(
        "AWS/States", name, value, unit, {"StateMachineArn": execution["stateMachineArn"]}
    )


def _duration_ms(execution: dict[str, Any]) -> float:
    start, stop = (datetime.fromisoformat(execution[key]) for key in ("startDate", "stopDate"))
    return (stop - start).total_seconds() * 1000
