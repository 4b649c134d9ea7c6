"""A stage with tracing leaves a segment of every request, and the function it calls continues that trace."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from typing import Any

from ministack.core.responses import new_uuid, request_scope
from ministack.services import apigateway_v1

from local.shims import wrap, xray
from local.shims._api_calls import trace_id
from local.trace_store import new_trace_id


def install() -> None:
    @wrap(apigateway_v1, "handle_execute")
    async def execute(
        original: Any, api_id: str, stage: str, method: str, path: str, headers: Any, *rest: Any
    ) -> Any:
        scope = apigateway_v1.find_api_scope(api_id)
        if scope is None or not _is_traced(scope, api_id, stage):
            return await original(api_id, stage, method, path, headers, *rest)
        root = trace_id(headers.get("x-amzn-trace-id", "")) or new_trace_id()
        caller = xray.Caller(root, secrets.token_hex(8))
        began = time.time()
        token = xray.caller.set(caller)
        try:
            status, answered, body = await original(api_id, stage, method, path, headers, *rest)
        finally:
            xray.caller.reset(token)
        request = {"url": f"https://{headers.get('host', '')}/{stage}{path}", "method": method}
        with request_scope(*scope):
            xray.store(_segment(scope, api_id, stage, request, status, began, caller))
        return status, {**answered, "X-Amzn-Trace-Id": f"Root={root};Sampled=1"}, body


def _is_traced(scope: tuple[str, str], api_id: str, stage: str) -> bool:
    with request_scope(*scope):
        found = (apigateway_v1._stages_v1.get(api_id) or {}).get(stage) or {}
        return bool(found.get("tracingEnabled"))


def _segment(
    scope: tuple[str, str],
    api_id: str,
    stage: str,
    request: Mapping[str, str],
    status: int,
    began: float,
    caller: xray.Caller,
) -> dict[str, Any]:
    """The stage's segment. Its subsegment is the call of what stands behind it."""
    account, region = scope
    request_id, ended = new_uuid(), time.time()
    gateway = {"account_id": account, "rest_api_id": api_id, "stage": stage, "request_id": request_id}
    name = (apigateway_v1._rest_apis.get(api_id) or {}).get("name", api_id)
    call = {"id": caller.id, "name": "Lambda", "start_time": began, "end_time": ended, "namespace": "aws"}
    failed = {"throttle": True, "error": True} if status == 429 else {"error": True} if status < 500 else {}
    return {
        "id": secrets.token_hex(8),
        "name": f"{name}/{stage}",
        "trace_id": caller.trace,
        "start_time": began,
        "end_time": ended,
        "origin": "AWS::ApiGateway::Stage",
        "resource_arn": f"arn:aws:apigateway:{region}::/restapis/{api_id}/stages/{stage}",
        "http": {"request": dict(request), "response": {"status": status}},
        "aws": {"xray": {"sampling_rule_name": "Default"}, "account_id": account, "api_gateway": gateway},
        "annotations": {"aws:api_id": api_id, "aws:api_stage": stage},
        "metadata": {"default": {"request_id": request_id}},
        **({"fault": True} if status >= 500 else failed if status >= 400 else {}),
        "subsegments": [call],
    }
