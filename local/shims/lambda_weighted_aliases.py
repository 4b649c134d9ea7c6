"""Gap 5: an alias with weights divides its calls between two versions, whoever calls.

The emulator sends every call to the alias's main version. It also forgets, except for the Invoke API, that an
alias was called, so that `context.invoked_function_arn` and the metrics by alias would miss.
"""

from __future__ import annotations

import contextvars
from secrets import SystemRandom
from typing import Any

from ministack.services import lambda_svc

from local.shims import wrap

_describing: contextvars.ContextVar[bool] = contextvars.ContextVar("describing", default=False)
_called_arn: contextvars.ContextVar[str | None] = contextvars.ContextVar("called_arn", default=None)

_chance = SystemRandom()


def install() -> None:
    wrap(lambda_svc, "_effective_func_record_for_qualifier")(_record_for_qualifier)
    wrap(lambda_svc, "_get_function")(_describe)
    wrap(lambda_svc, "_get_function_config")(_describe)
    wrap(lambda_svc, "_invoke")(_invoke)
    wrap(lambda_svc, "_execute_function")(_with_called_arn)
    wrap(lambda_svc, "invoke_async_with_retry")(_with_called_arn)


def _record_for_qualifier(original: Any, func: Any, qualifier: Any) -> Any:
    alias = (func or {}).get("aliases", {}).get(qualifier)
    if alias is None or _describing.get():
        return original(func, qualifier)
    record, config = original(func, _draw(alias))
    if record is None:
        return record, config
    config = {**config, "FunctionArn": alias["AliasArn"]}
    return {**record, "config": config}, config


def _describe(original: Any, *args: Any, **kwargs: Any) -> Any:
    token = _describing.set(True)
    try:
        return original(*args, **kwargs)
    finally:
        _describing.reset(token)


async def _invoke(
    original: Any, name: Any, event: Any, headers: Any, path_qualifier: Any = None, query_params: Any = None
) -> Any:
    qualifier = path_qualifier or lambda_svc._qp_first(query_params or {}, "Qualifier")
    alias = (lambda_svc._functions.get(name) or {}).get("aliases", {}).get(qualifier)
    if alias is None:
        return await original(name, event, headers, path_qualifier, query_params)
    version = _draw(alias)
    token = _called_arn.set(alias["AliasArn"])
    try:
        return await original(name, event, headers, version, query_params)
    finally:
        _called_arn.reset(token)


def _with_called_arn(original: Any, func: Any, event: Any) -> Any:
    """Go on with the alias as the called ARN; the Invoke API only knows the version that was drawn."""
    config = func.get("config") or func
    arn = _called_arn.get()
    if arn and arn.rpartition(":")[0] == config["FunctionArn"].rpartition(":")[0]:
        func = {**func, "config": {**config, "FunctionArn": arn}}
    return original(func, event)


def _draw(alias: Any) -> str:
    """The version that serves this call."""
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    versions = [alias["FunctionVersion"], *weights]
    shares = [1 - sum(weights.values()), *weights.values()]
    return str(_chance.choices(versions, shares)[0])
