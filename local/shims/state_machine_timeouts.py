"""Gap 12: what ends a task or an execution before its work is done.

Machine timeouts, heartbeats, timeouts and heartbeats taken from the input, a failing function behind a task
token, a token for each attempt, tokens of tasks that are no longer open, and executions whose threads outlive
their end.
"""

from __future__ import annotations

import base64
import contextvars
import json
import secrets
import threading
import time
from typing import Any

from ministack.core.responses import error_response_json, now_iso
from ministack.services import stepfunctions

from local.shims import _state_machine_task, wrap

_TERMINAL = ("ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut")
_NEVER_S = 365 * 24 * 3600
_LOOK_S = 0.1

_closed_tokens: set[str] = set()


def install() -> None:
    _state_machine_task.install_once()
    wrap(stepfunctions, "_run_execution")(_run_execution)
    wrap(stepfunctions, "_execute_task")(_execute_task)
    wrap(stepfunctions, "_apply_parameters")(_apply_parameters)
    wrap(stepfunctions, "_add_event")(_add_event)
    wrap(stepfunctions, "_fail_execution")(_fail_execution)
    wrap(stepfunctions, "_send_task_heartbeat")(_send_task_heartbeat)
    for name in ("_send_task_success", "_send_task_failure", "_send_task_heartbeat"):
        wrap(stepfunctions, name)(_refuse_closed_tokens)
    wrap(stepfunctions, "_send_task_success")(_refuse_bad_output)
    stepfunctions._invoke_with_callback = _invoke_with_callback


# Executions


def _run_execution(original: Any, execution_arn: str) -> None:
    execution = stepfunctions._executions.get(execution_arn) or {}
    machine = stepfunctions._state_machines.get(execution.get("stateMachineArn")) or {}
    seconds = _machine_timeout(machine)
    if seconds is None:
        original(execution_arn)
        return
    scope = contextvars.copy_context()
    timer = threading.Timer(seconds, scope.run, args=(_time_out, execution))
    timer.daemon = True
    timer.start()
    try:
        original(execution_arn)
    finally:
        timer.cancel()


def _machine_timeout(machine: dict[str, Any]) -> float | None:
    try:
        seconds = json.loads(machine.get("definition", "{}")).get("TimeoutSeconds")
    except ValueError:
        return None
    return float(seconds) if isinstance(seconds, int) else None


def _time_out(execution: dict[str, Any]) -> None:
    if execution["status"] != "RUNNING":
        return
    execution["status"] = "TIMED_OUT"
    execution["stopDate"] = now_iso()
    execution["error"] = "States.Timeout"
    stepfunctions._add_event(execution, "ExecutionTimedOut", {"executionTimedOutEventDetails": {}})
    stepfunctions._emit_execution_status_event(execution)


def _add_event(original: Any, execution: dict[str, Any], kind: str, details: Any = None) -> Any:
    """Nothing happens in an execution after its end."""
    events = execution["events"]
    return events[-1] if events and events[-1]["type"] in _TERMINAL else original(execution, kind, details)


def _fail_execution(original: Any, execution: dict[str, Any], error: str, cause: str) -> None:
    if execution["status"] == "RUNNING":
        original(execution, error, cause)


# Tasks


def _execute_task(
    original: Any, definition: dict[str, Any], raw_input: Any, execution: dict[str, Any], context: Any
) -> Any:
    if execution["status"] != "RUNNING":  # branches of Parallel and Map do not look themselves
        raise stepfunctions._ExecutionError("States.TaskFailed", "The execution has ended")
    for field in ("TimeoutSeconds", "HeartbeatSeconds"):
        if f"{field}Path" in definition:
            seconds = _seconds_from_input(definition, field, raw_input, context)
            definition = {**definition, field: seconds}
    return original(definition, raw_input, execution, context)


def _seconds_from_input(definition: dict[str, Any], field: str, raw_input: Any, context: Any) -> int:
    path = definition[f"{field}Path"]
    value = stepfunctions._resolve_path_or_ctx(
        path, stepfunctions._apply_input_path(definition, raw_input, context), context
    )
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        message = f"The value of {field}Path '{path}' must be a positive integer, but it was: {value}"
        raise stepfunctions._ExecutionError("States.Runtime", message)
    return value


def _apply_parameters(original: Any, definition: dict[str, Any], data: Any, context: Any = None) -> Any:
    """Every attempt computes its parameters anew, and a retry has a token of its own."""
    if context and "Task" in context and ".waitForTaskToken" in definition.get("Resource", ""):
        context["Task"] = {"Token": _new_token()}
    return original(definition, data, context)


def _new_token() -> str:
    """As long as AWS's, and of the same letters: base64 with padding in its midst."""
    head, body = secrets.token_bytes(146), secrets.token_bytes(384)
    return f"AQC{base64.b64encode(head).decode()}{base64.b64encode(body).decode()}"


def _invoke_with_callback(resource: str, parameters: Any, token: str, definition: dict[str, Any]) -> Any:
    """Make the call, then wait for the token; a call that fails fails the task."""
    opened = time.monotonic()
    answer: dict[str, Any] = {
        "event": threading.Event(),
        "result": None,
        "error": None,
        "heartbeat": None,
        "last_heartbeat": opened,
    }
    stepfunctions._task_tokens[token] = answer
    scope = contextvars.copy_context()
    call = (resource.replace(".waitForTaskToken", ""), parameters, answer)
    threading.Thread(target=scope.run, args=(_call, *call), daemon=True).start()
    try:
        _wait(answer, opened, definition)
    finally:
        stepfunctions._task_tokens.pop(token, None)
        _closed_tokens.add(token)
    if answer["error"]:
        raise stepfunctions._ExecutionError(
            answer["error"].get("Error", "TaskFailed"), answer["error"].get("Cause", "")
        )
    return json.loads(answer["result"])


def _call(resource: str, parameters: Any, answer: dict[str, Any]) -> None:
    try:
        stepfunctions._invoke_resource(resource, parameters)
    except stepfunctions._ExecutionError as error:
        _fail(answer, error.error, error.cause)
    except Exception as error:  # nobody waits for this thread: what is lost here is never heard of
        _fail(answer, "States.Runtime", repr(error))
        raise


def _fail(answer: dict[str, Any], error: str, cause: str) -> None:
    if not answer["event"].is_set():
        answer["error"] = {"Error": error, "Cause": cause}
        answer["event"].set()


def _wait(answer: dict[str, Any], opened: float, definition: dict[str, Any]) -> None:
    timeout = float(definition.get("TimeoutSeconds", _NEVER_S))
    heartbeat = float(definition.get("HeartbeatSeconds", _NEVER_S))
    task = _state_machine_task.current.get()
    while not answer["event"].wait(_LOOK_S):
        now = time.monotonic()
        if task is not None and task.execution_ended:
            raise stepfunctions._ExecutionError("States.TaskFailed", "The execution has ended")
        if now - opened >= timeout:
            raise stepfunctions._ExecutionError("States.Timeout", "")
        if now - answer["last_heartbeat"] >= heartbeat:
            raise stepfunctions._ExecutionError("States.HeartbeatTimeout", "")


# Tokens


def _send_task_heartbeat(original: Any, request: dict[str, Any]) -> Any:
    answer = stepfunctions._task_tokens.get(request.get("taskToken"))
    if answer is not None:
        answer["last_heartbeat"] = time.monotonic()
    return original(request)


def _refuse_closed_tokens(original: Any, request: dict[str, Any]) -> Any:
    token = request.get("taskToken")
    if token in _closed_tokens and token not in stepfunctions._task_tokens:
        return error_response_json(
            "TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'", 400
        )
    return original(request)


def _refuse_bad_output(original: Any, request: dict[str, Any]) -> Any:
    try:
        json.loads(request.get("output", ""))
    except ValueError:
        return error_response_json("InvalidOutput", "Invalid Output: 'Output is not valid JSON'", 400)
    return original(request)
