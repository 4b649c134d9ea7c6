"""Gap 14: a traced execution sends its trace along, so that the functions it runs are parts of one trace."""

from __future__ import annotations

import contextvars
import secrets
import time
from typing import Any

from ministack.services import lambda_svc, stepfunctions

from local.shims import _state_machine_task, wrap
from local.shims._api_calls import trace_id

_given: contextvars.ContextVar[str] = contextvars.ContextVar("trace_header_of_start", default="")


def install() -> None:
    _state_machine_task.install_once()
    wrap(stepfunctions, "_start_execution")(_start_execution)
    wrap(stepfunctions, "_run_execution")(_run_execution)
    wrap(lambda_svc, "_xray_trace_id_for_invocation")(_header_for_function)


def _start_execution(original: Any, request: dict[str, Any]) -> Any:
    token = _given.set(str(request.get("traceHeader") or ""))
    try:
        return original(request)  # the execution's thread begins with a copy of this context
    finally:
        _given.reset(token)


def _run_execution(original: Any, execution_arn: str, *args: Any, **kwargs: Any) -> Any:
    execution = stepfunctions._executions.get(execution_arn)
    if execution is not None and _is_traced(execution):
        root = trace_id(_given.get()) or f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"
        execution[_state_machine_task.TRACE] = root
    return original(execution_arn, *args, **kwargs)


def _is_traced(execution: dict[str, Any]) -> bool:
    machine = stepfunctions._state_machines.get(execution["stateMachineArn"]) or {}
    return bool((machine.get("tracingConfiguration") or {}).get("enabled"))


def _header_for_function(original: Any, config: Any, inbound: str | None = None) -> Any:
    task = _state_machine_task.current.get()
    if inbound is None and task is not None and task.trace:
        inbound = f"Root={task.trace};Parent={secrets.token_hex(8)};Sampled=1"
    return original(config, inbound)
