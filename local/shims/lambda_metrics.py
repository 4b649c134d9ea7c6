"""Gap 4: metrics of every invocation, whoever invoked, with all dimensions of AWS.

The emulator writes metrics for calls of the Invoke API only, counts throttled calls as invocations, and knows
one dimension. Here they are written where all paths meet: where concurrency is taken and where the function
is run, hence once per attempt.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from ministack.services import cloudwatch, lambda_svc

from local.settings import Settings
from local.shims import lambda_concurrency, wrap

_period_scale = Settings.from_environment().period_scale


def install() -> None:
    lambda_svc._emit_lambda_metrics = lambda *_, **__: None
    wrap(lambda_svc, "_acquire_execution_slot")(_acquire_execution_slot)
    wrap(lambda_svc, "_execute_function_dispatch")(_execute)


def record(config: Mapping[str, Any], name: str, value: float, unit: str, at: float | None = None) -> None:
    """Write one value of an AWS/Lambda metric for the function, its version and alias, and the account."""
    for dimensions in (*function_dimensions(config), {}):
        write(name, value, unit, dimensions, at)


def write(name: str, value: float, unit: str, dimensions: Mapping[str, str], at: float | None = None) -> None:
    """Write one value of an AWS/Lambda metric under exactly these dimensions."""
    key = ("AWS/Lambda", name, cloudwatch._dims_key(dict(dimensions)))
    point = {
        "Timestamp": time.time() if at is None else at,
        "Value": float(value),
        "Unit": unit,
        "Dimensions": dict(dimensions),
    }
    cloudwatch._metric_bucket(key).append(point)


def function_dimensions(config: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """By function; by what was called; for an alias also by the version that ran."""
    name = config["FunctionName"]
    qualifier = config["FunctionArn"].partition(f":function:{name}:")[2]
    yield {"FunctionName": name}
    called = {"FunctionName": name, "Resource": f"{name}:{qualifier}" if qualifier else name}
    yield called
    if qualifier and qualifier not in ("$LATEST", config["Version"]):
        yield {**called, "ExecutedVersion": config["Version"]}


def _acquire_execution_slot(original: Any, func: Any, config: Any) -> Any:
    slot, limit = original(func, config)
    if slot is None:
        record(config, "Throttles", 1, "Count")
        return slot, limit
    total, by_function = lambda_svc.executions_in_flight()
    for dimensions in function_dimensions(config):
        write("ConcurrentExecutions", by_function.get(slot, 1), "Count", dimensions)
    write("ConcurrentExecutions", total, "Count", {})
    unreserved = lambda_concurrency.unreserved_in_flight()
    write("UnreservedConcurrentExecutions", unreserved, "Count", {})
    return slot, limit


def _execute(original: Any, func: Any, config: Any, event: Any, request_id: str, started: float) -> Any:
    result = original(func, config, event, request_id, started)
    invocation = result.get("invocation")
    seconds = invocation.seconds if invocation else time.time() - started
    # AWS dates a value by the start of the invocation. Periods may be scaled, durations never are: scaled
    # alike, an invocation reaches as far back into earlier periods as it does on AWS.
    at = time.time() - seconds * _period_scale
    record(config, "Invocations", 1, "Count", at)
    record(config, "Errors", 1 if result.get("error") else 0, "Count", at)
    record(config, "Throttles", 0, "Count", at)
    record(config, "Duration", seconds * 1000, "Milliseconds", at)
    return result
