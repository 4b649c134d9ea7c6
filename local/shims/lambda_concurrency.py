"""Concurrency limits as on AWS: the unreserved pool, its floor, reservations of functions called by alias.

The emulator accepts any reservation, lets functions without one use the reserved part of the account, forgets
the reservation of a function called through an alias or version, and words the refusal differently.
"""

from __future__ import annotations

from typing import Any

from ministack.core.responses import error_response_json, new_uuid
from ministack.services import lambda_svc, stepfunctions

from local.shims import wrap

UNRESERVED_FLOOR = 100  # of accounts with the default limit; new accounts have smaller values of both


def install() -> None:
    wrap(lambda_svc, "_put_function_concurrency")(_put_function_concurrency)
    wrap(lambda_svc, "_acquire_execution_slot")(_acquire_execution_slot)
    wrap(lambda_svc, "_throttle_response")(_throttle_response)
    wrap(lambda_svc, "_invoke")(_invoke)
    wrap(stepfunctions, "_call_lambda")(_call_lambda)


def _put_function_concurrency(original: Any, name: str, data: Any) -> Any:
    wanted = data.get("ReservedConcurrentExecutions", 0)
    left = _account_limit() - _reserved_by_others(name) - wanted
    # 0 takes nothing from the pool, so it is always allowed.
    if name in lambda_svc._functions and wanted > 0 and left < UNRESERVED_FLOOR:
        return error_response_json(
            "InvalidParameterValueException",
            "Specified ReservedConcurrentExecutions for function decreases account's "
            f"UnreservedConcurrentExecution below its minimum value of [{UNRESERVED_FLOOR}].",
            400,
        )
    return original(name, data)


def _acquire_execution_slot(original: Any, func: Any, config: Any) -> Any:
    # The records of versions do not carry the reservation, which belongs to the function.
    base = lambda_svc._functions.get(config.get("FunctionName"))
    reservation = base.get("concurrency") if base else func.get("concurrency")
    if reservation is None and unreserved_in_flight() >= _account_limit() - _reserved_by_others(None):
        return None, "account"
    return original({**func, "concurrency": reservation}, config)


def _throttle_response(original: Any, reason_code: str, msg: str, retry_after: int = 1) -> Any:
    response = original(reason_code, msg, retry_after)
    response["body"] = {"Reason": reason_code, "Type": "User", "message": "Rate Exceeded."}
    return response


async def _invoke(original: Any, *args: Any, **kwargs: Any) -> Any:
    status, headers, body = await original(*args, **kwargs)
    if status == 429:
        headers["x-amzn-errortype"] = "TooManyRequestsException"
    return status, headers, body


def _call_lambda(original: Any, function: Any, event: Any) -> Any:
    """The error name that state machines retry on."""
    try:
        return original(function, event)
    except stepfunctions._ExecutionError as error:
        if error.error == "Lambda.Unknown" and "ConcurrentInvocationLimitExceeded" in error.cause:
            request = new_uuid()
            cause = f"Rate Exceeded. (Service: Lambda, Status Code: 429, Request ID: {request})"
            raise stepfunctions._ExecutionError("Lambda.TooManyRequestsException", cause) from error
        raise


def _account_limit() -> int:
    return int(lambda_svc._ACCOUNT_CONCURRENCY_CAP)


def _reserved_by_others(name: str | None) -> int:
    functions = dict(lambda_svc._functions.items())
    return sum(int(one.get("concurrency") or 0) for other, one in functions.items() if other != name)


def unreserved_in_flight() -> int:
    """Invocations in progress that take from the account's common pool."""
    _, by_function = lambda_svc.executions_in_flight()
    functions = dict(lambda_svc._functions.items())
    reserved = {
        lambda_svc._inflight_key(one["config"])
        for one in functions.values()
        if one.get("concurrency") is not None
    }
    return sum(count for key, count in by_function.items() if key not in reserved)
