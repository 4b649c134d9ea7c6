"""Concurrency limits as on AWS: the unreserved pool, its floor, reservations of functions called by alias.

The emulator accepts any reservation, lets functions without one use the reserved part of the account, forgets
the reservation of a function called through an alias or version, and words the refusal differently.
"""

from __future__ import annotations

from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import lambda_svc

from local.shims import wrap

UNRESERVED_FLOOR = 100  # of accounts with the default limit; new accounts have smaller values of both


def install() -> None:
    wrap(lambda_svc, "_put_function_concurrency")(_put_function_concurrency)
    wrap(lambda_svc, "_acquire_execution_slot")(_acquire_execution_slot)
    wrap(lambda_svc, "_throttle_response")(_throttle_response)


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
    if reservation is None and _unreserved_in_flight() >= _account_limit() - _reserved_by_others(None):
        return None, "account"
    return original({**func, "concurrency": reservation}, config)


def _throttle_response(original: Any, reason_code: str, msg: str, retry_after: int = 1) -> Any:
    response = original(reason_code, msg, retry_after)
    response["body"] = {"Reason": reason_code, "Type": "User", "message": "Rate Exceeded."}
    response["errorType"] = "TooManyRequestsException"
    return response


def _account_limit() -> int:
    return int(lambda_svc._ACCOUNT_CONCURRENCY_CAP)


def _reserved_by_others(name: str | None) -> int:
    functions = dict(lambda_svc._functions.items())
    return sum(int(one.get("concurrency") or 0) for other, one in functions.items() if other != name)


def _unreserved_in_flight() -> int:
    _, by_function = lambda_svc.executions_in_flight()
    functions = dict(lambda_svc._functions.items())
    reserved = {
        lambda_svc._inflight_key(one["config"])
        for one in functions.values()
        if one.get("concurrency") is not None
    }
    return sum(count for key, count in by_function.items() if key not in reserved)
