"""Gap 20: X-Ray: segments from clients and of traced functions, summaries, traces and the service graph."""

from __future__ import annotations

import contextvars
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ministack import app
from ministack.core import iam_actions, router
from ministack.core.responses import AccountRegionScopedDict, get_account_id
from ministack.services import lambda_svc

from local.shims import wrap
from local.trace_store import FilterError, Segment, compile_filter, searchable, services, summary

PAGE = 100
MAX_SEGMENT_BYTES = 65_536

_traces = AccountRegionScopedDict()  # trace id → segments
_trace_header: contextvars.ContextVar[str | None] = contextvars.ContextVar("trace_header", default=None)


@dataclass(frozen=True)
class Caller:
    """Who calls a function within a sampled trace: the trace's id, and the caller's (sub)segment."""

    trace: str
    id: str


caller: contextvars.ContextVar[Caller | None] = contextvars.ContextVar("caller", default=None)


def install() -> None:
    app.SERVICE_HANDLERS["xray"] = _handle
    router.SERVICE_PATTERNS["xray"] = {"host_patterns": [r"xray\."], "credential_scope": "xray"}
    iam_actions.SERVICE_TO_IAM_NAMESPACE["xray"] = "xray"
    iam_actions._BOTOCORE_SERVICE_MAP["xray"] = ["xray"]
    wrap(app, "_reset_all_state")(_reset)
    wrap(lambda_svc, "_xray_trace_id_for_invocation")(_note_trace)
    wrap(lambda_svc, "_execute_function_dispatch")(_trace_function)


def _reset(original: Any) -> None:
    original()
    _traces.clear()


async def _handle(_method: str, path: str, _headers: Any, body: bytes, _query: Any) -> Any:
    operation = _OPERATIONS.get(path.rstrip("/"))
    if operation is None:
        return _error("InvalidRequestException", f"{path} is not supported")
    try:
        return (
            200,
            {"Content-Type": "application/json"},
            json.dumps(operation(json.loads(body or b"{}"))).encode(),
        )
    except (FilterError, ValueError) as error:
        return _error("InvalidRequestException", str(error))


def _error(code: str, message: str) -> tuple[int, dict[str, str], bytes]:
    headers = {"Content-Type": "application/json", "x-amzn-errortype": code}
    return 400, headers, json.dumps({"Message": message}).encode()


def _put_segments(request: dict[str, Any]) -> dict[str, Any]:
    refused = []
    for document in request.get("TraceSegmentDocuments") or []:
        reason, segment = _parsed(document)
        if reason:
            refused.append({"Id": (segment or {}).get("id"), "ErrorCode": reason, "Message": reason})
        elif segment is not None:
            store(segment)
    return {"UnprocessedTraceSegments": refused}


def _parsed(document: str) -> tuple[str | None, dict[str, Any] | None]:
    if len(document.encode()) > MAX_SEGMENT_BYTES:
        return "SizeExceeded", None
    try:
        segment = json.loads(document)
    except ValueError:
        return "ParseError", None
    missing = [name for name in ("id", "trace_id", "name", "start_time") if name not in segment]
    if missing:
        return f"Missing{missing[0].title().replace('_', '')}", segment
    return None, segment


def store(segment: Segment) -> None:
    """A segment in progress is replaced by its completed form."""
    trace = [known for known in _traces.get(segment["trace_id"], []) if known["id"] != segment["id"]]
    _traces[segment["trace_id"]] = [*trace, segment]


def _summaries(request: dict[str, Any]) -> dict[str, Any]:
    matches = compile_filter(request.get("FilterExpression") or "")
    traces = _within(request)
    matching = [
        summary(trace_id, trace) for trace_id, trace in traces.items() if matches(searchable(trace_id, trace))
    ]
    matching.sort(key=lambda item: float(item["StartTime"]))
    first = int(request.get("NextToken") or 0)
    answer: dict[str, Any] = {
        "TraceSummaries": matching[first : first + PAGE],
        "ApproximateTime": time.time(),
        "TracesProcessedCount": len(traces),
    }
    return {**answer, "NextToken": str(first + PAGE)} if first + PAGE < len(matching) else answer


def _batch_get(request: dict[str, Any]) -> dict[str, Any]:
    wanted = request.get("TraceIds") or []
    if len(wanted) > 5:
        raise ValueError("At most 5 traces can be got at once")
    known = {trace_id: _traces[trace_id] for trace_id in wanted if trace_id in _traces}
    return {
        "Traces": [_trace(trace_id, trace) for trace_id, trace in known.items()],
        "UnprocessedTraceIds": [trace_id for trace_id in wanted if trace_id not in known],
    }


def _trace(trace_id: str, trace: list[Segment]) -> dict[str, Any]:
    segments = [{"Id": segment["id"], "Document": json.dumps(segment)} for segment in trace]
    duration = summary(trace_id, trace)["Duration"]
    return {"Id": trace_id, "Duration": duration, "LimitExceeded": False, "Segments": segments}


def _service_graph(request: dict[str, Any]) -> dict[str, Any]:
    start, end = float(request["StartTime"]), float(request["EndTime"])
    found = services(list(_within(request).values()), start, end)
    return {"StartTime": start, "EndTime": end, "Services": found, "ContainsOldGroupVersions": False}


def _trace_graph(request: dict[str, Any]) -> dict[str, Any]:
    chosen = [_traces[trace_id] for trace_id in request.get("TraceIds") or [] if trace_id in _traces]
    starts = [float(segment["start_time"]) for trace in chosen for segment in trace]
    return {"Services": services(chosen, min(starts, default=0), time.time())}


def _within(request: dict[str, Any]) -> dict[str, list[Segment]]:
    start, end = float(request["StartTime"]), float(request["EndTime"])
    return {
        trace_id: trace
        for trace_id, trace in _traces.items()
        if any(start <= float(segment["start_time"]) <= end for segment in trace)
    }


def _sampling_rules(_request: dict[str, Any]) -> dict[str, Any]:
    """Only the default rule, with everything sampled, so that local traces are complete."""
    rule = {
        "RuleName": "Default",
        "ResourceARN": "*",
        "Priority": 10000,
        "FixedRate": 1.0,
        "ReservoirSize": 1,
        "ServiceName": "*",
        "ServiceType": "*",
        "Host": "*",
        "HTTPMethod": "*",
        "URLPath": "*",
        "Version": 1,
        "Attributes": {},
    }
    return {"SamplingRuleRecords": [{"SamplingRule": rule, "CreatedAt": 0, "ModifiedAt": 0}]}


_OPERATIONS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "/TraceSegments": _put_segments,
    "/TelemetryRecords": lambda _: {},
    "/TraceSummaries": _summaries,
    "/Traces": _batch_get,
    "/ServiceGraph": _service_graph,
    "/TraceGraph": _trace_graph,
    "/GetSamplingRules": _sampling_rules,
    "/SamplingTargets": lambda _: {"SamplingTargetDocuments": [], "UnprocessedStatistics": []},
}


# Functions


def _note_trace(original: Any, config: Any, inbound: str | None = None) -> str | None:
    """A traced function continues its caller's trace; what it calls itself has its segment for parent."""
    upstream = caller.get()
    if upstream and not inbound and (config.get("TracingConfig") or {}).get("Mode") == "Active":
        inbound = f"Root={upstream.trace};Parent={secrets.token_hex(8)};Sampled=1"
    header: str | None = original(config, inbound)
    _trace_header.set(header)
    return header


def _trace_function(
    original: Any, func: Any, config: Any, event: Any, request_id: str, started: float
) -> Any:
    _trace_header.set(None)
    result = original(func, config, event, request_id, started)
    header = dict(part.split("=", 1) for part in (_trace_header.get() or "").split(";") if "=" in part)
    if header.get("Sampled") == "1":
        _write(header, config, result, started)
    return result


def _write(header: dict[str, str], config: Any, result: dict[str, Any], started: float) -> None:
    """The two segments of an invocation: the service's and, below it, the function's."""
    invocation = result.get("invocation")
    begin = float(invocation.started if invocation is not None else started)
    end = begin + float(invocation.seconds) if invocation is not None else time.time()
    request_id = invocation.request_id if invocation is not None else ""
    failed = {"fault": True} if result.get("error") else {}
    common = {
        "trace_id": header["Root"],
        "name": config["FunctionName"],
        "start_time": begin,
        "end_time": end,
        "resource_arn": config["FunctionArn"],
        **failed,
    }
    aws = {"account_id": get_account_id(), "request_id": request_id}
    service, function = secrets.token_hex(8), header["Parent"]
    status = {"response": {"status": 200}}
    upstream = caller.get()
    parent = {"parent_id": upstream.id} if upstream else {}
    store({**common, **parent, "id": service, "origin": "AWS::Lambda", "aws": aws, "http": status})
    body = result.get("body")
    cause = _cause(body) if failed and isinstance(body, dict) else {}
    details = {"aws": {**aws, "function_arn": config["FunctionArn"]}, **cause}
    store({**common, "id": function, "parent_id": service, "origin": "AWS::Lambda::Function", **details})


def _cause(error: dict[str, Any]) -> dict[str, Any]:
    exception = {
        "id": secrets.token_hex(8),
        "type": error.get("errorType"),
        "message": error.get("errorMessage"),
    }
    return {"cause": {"exceptions": [exception]}}
