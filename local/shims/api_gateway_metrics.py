"""Gap 22: what API Gateway measures, and that it does not tell callers what went wrong behind it."""

from __future__ import annotations

import contextvars
import time
from collections.abc import Mapping
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import apigateway, apigateway_v1, cloudwatch

from local.shims import wrap

_BAD_GATEWAY = 502

_Dimensions = tuple[tuple[str, str], ...]

_request: contextvars.ContextVar[Mapping[str, Any] | None] = contextvars.ContextVar("request", default=None)


def install() -> None:
    @wrap(apigateway_v1, "_execute_in_scope")
    async def note_request(original: Any, request: Any, *more: Any) -> Any:
        _request.set(request)
        return await original(request, *more)

    @wrap(apigateway_v1, "handle_execute")
    async def execute_rest(original: Any, api_id: str, stage: str, method: str, *request: Any) -> Any:
        began = time.monotonic()
        _request.set(None)
        status, headers, body = await original(api_id, stage, method, *request)
        api = (("ApiName", _name(apigateway_v1, apigateway_v1._rest_apis, api_id)),)
        of_stage = (*api, ("Stage", stage))
        of_method = _detailed(of_stage, method)
        _measure(apigateway_v1, api_id, (api, of_stage, *of_method), ("4XXError", "5XXError"), status, began)
        if status == _BAD_GATEWAY:
            body = b'{"message": "Internal server error"}'
        return status, headers, body

    @wrap(apigateway, "handle_execute")
    async def execute_http(original: Any, api_id: str, stage: str, *request: Any, **more: Any) -> Any:
        began = time.monotonic()
        status, headers, body = await original(api_id, stage, *request, **more)
        if status == _BAD_GATEWAY:  # an HTTP API answers a failing function with 500
            status, body = 500, b'{"message":"Internal Server Error"}'
        api = (("ApiId", api_id),)
        _measure(apigateway, api_id, (api, (*api, ("Stage", stage))), ("4xx", "5xx"), status, began)
        return status, headers, body


def _name(module: Any, apis: Any, api_id: str) -> str:
    account, region = module.find_api_scope(api_id) or ("", "")
    return str((apis.get_scoped(account, region, api_id) or {}).get("name", ""))


def _detailed(of_stage: _Dimensions, method: str) -> tuple[_Dimensions, ...]:
    """The dimensions of the method, where the stage's settings ask for detailed metrics."""
    request = _request.get()
    settings = ((request or {}).get("stage") or {}).get("methodSettings") or {}
    if not request or not settings.get("*/*", {}).get("metricsEnabled"):
        return ()
    return ((*of_stage, ("Method", method), ("Resource", request["resource_path"])),)


def _measure(
    module: Any,
    api_id: str,
    dimensions: tuple[_Dimensions, ...],
    errors: tuple[str, str],
    status: int,
    began: float,
) -> None:
    scope = module.find_api_scope(api_id)
    if scope is None:
        return
    latency_ms = (time.monotonic() - began) * 1000
    values = {
        "Count": (1, "Count"),
        errors[0]: (int(400 <= status < 500), "Count"),
        errors[1]: (int(status >= 500), "Count"),
        "Latency": (latency_ms, "Milliseconds"),
    }
    with request_scope(*scope):
        for name, (value, unit) in values.items():
            for chosen in dimensions:
                cloudwatch.record_metric("AWS/ApiGateway", name, value, unit, dict(chosen))
