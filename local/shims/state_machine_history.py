"""Gap 14: execution histories and execution logs in AWS's form."""

from __future__ import annotations

import json
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from ministack.core.responses import get_region, json_response
from ministack.services import cloudwatch_logs, stepfunctions

from local.shims import _state_machine_task, wrap

_FATAL = ("ExecutionAborted", "ExecutionFailed", "ExecutionTimedOut")
_ERRORS = (*_FATAL, "FailStateEntered", "TaskFailed", "TaskTimedOut", "MapRunFailed", "MapIterationFailed")
_LEVELS = {"FATAL": _FATAL, "ERROR": _ERRORS}


def install() -> None:
    _state_machine_task.install_once()

    @wrap(stepfunctions, "_add_event")
    def add_event(
        original: Any, execution: dict[str, Any], kind: str, details: dict[str, Any] | None = None
    ) -> Any:
        event = original(execution, *_as_on_aws(kind, details or {}))
        event["previousEventId"] = event["id"] - 1
        _log(execution, event)
        if kind == "TaskScheduled" and details:
            started = {"resource": details["taskScheduledEventDetails"]["resource"]}
            add_event(original, execution, "TaskStarted", {"taskStartedEventDetails": started})
        return event

    @wrap(stepfunctions, "_run_execution")
    def run_execution(original: Any, execution_arn: str) -> None:
        execution = stepfunctions._executions.get(execution_arn)
        if execution is not None:  # its first event was made elsewhere
            execution["events"][0]["previousEventId"] = 0
            _log(execution, execution["events"][0])
        original(execution_arn)

    @wrap(stepfunctions, "_describe_execution")
    def describe_execution(original: Any, request: dict[str, Any]) -> Any:
        status, _, body = response = original(request)
        execution = json.loads(body)
        if status != 200 or execution["status"] == "SUCCEEDED":
            return response
        # Only what has succeeded has an output.
        absent = ["output", "outputDetails", *([] if execution["stopDate"] else ["stopDate"])]
        return json_response({name: value for name, value in execution.items() if name not in absent})


def _as_on_aws(kind: str, details: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Integrations by type and operation, parameters and timeouts included, timeouts under their own name."""
    if not kind.startswith("Task"):
        return kind, details
    key = next(iter(details))
    shown = {**details[key], **_integration(str(details[key].get("resource", "")))}
    if kind == "TaskScheduled":
        shown.update(_schedule())
    if kind == "TaskFailed" and shown.get("error") in ("States.Timeout", "States.HeartbeatTimeout"):
        return "TaskTimedOut", {"taskTimedOutEventDetails": shown}
    return kind, {key: shown}


def _integration(resource: str) -> dict[str, str]:
    """`arn:aws:states:::lambda:invoke.waitForTaskToken` is type lambda, resource invoke.waitForTaskToken."""
    if not resource.startswith("arn:aws:states:::"):
        return {"resourceType": "lambda" if ":function:" in resource else "states", "resource": resource}
    kind, _, operation = resource.removeprefix("arn:aws:states:::").rpartition(":")
    return {"resourceType": kind, "resource": operation}


def _schedule() -> dict[str, Any]:
    task = _state_machine_task.current.get()
    if task is None:
        return {}
    shown: dict[str, Any] = {"region": get_region(), "parameters": json.dumps(task.parameters)}
    for field, name in (("TimeoutSeconds", "timeoutInSeconds"), ("HeartbeatSeconds", "heartbeatInSeconds")):
        if field in task.definition:
            shown[name] = task.definition[field]
    return shown


def _log(execution: dict[str, Any], event: dict[str, Any]) -> None:
    machine = stepfunctions._state_machines.get(execution["stateMachineArn"]) or {}
    configuration = machine.get("loggingConfiguration") or {}
    level = configuration.get("level", "OFF")
    if level == "OFF" or event["type"] not in _LEVELS.get(level, (event["type"],)):
        return
    with_data = bool(configuration.get("includeExecutionData"))
    for destination in configuration.get("destinations") or []:
        arn = destination.get("cloudWatchLogsLogGroup", {}).get("logGroupArn", "")
        _deliver(arn.removesuffix(":*").rpartition(":log-group:")[2], execution, event, machine, with_data)


def _deliver(
    group: str,
    execution: dict[str, Any],
    event: dict[str, Any],
    machine: dict[str, Any],
    with_data: bool,
) -> None:
    if group not in cloudwatch_logs._log_groups:
        return
    stream = execution.setdefault("_log_stream", _stream(machine["name"]))
    cloudwatch_logs._create_log_stream({"logGroupName": group, "logStreamName": stream})
    record = {
        "id": str(event["id"]),
        "type": event["type"],
        "details": _details(event, with_data),
        "redrive_count": "0",
        "previous_event_id": str(event["previousEventId"]),
        "event_timestamp": str(stepfunctions._iso_to_epoch_ms(event["timestamp"])),
        "execution_arn": execution["executionArn"],
    }
    message = {"timestamp": int(time.time() * 1000), "message": json.dumps(record, separators=(",", ":"))}
    request = {"logGroupName": group, "logStreamName": stream, "logEvents": [message]}
    cloudwatch_logs._put_log_events(request)


def _stream(machine: str) -> str:
    return f"states/{machine}/{datetime.now(UTC):%Y-%m-%d-%H-%M}/{uuid.uuid4().hex[:8]}"


def _details(event: dict[str, Any], with_data: bool) -> dict[str, Any]:
    found: dict[str, Any] = next(
        (value for name, value in event.items() if name.endswith("EventDetails")), {}
    )
    details = dict(found)
    for name in ("input", "output", "parameters"):
        if name not in details:
            continue
        if not with_data:
            del details[name]
        elif name != "parameters":
            details[f"{name}Details"] = {"truncated": False}
    return details
