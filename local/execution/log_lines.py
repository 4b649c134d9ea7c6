"""The platform's part of a function's log: START, END, REPORT and INIT_REPORT, as text and as JSON.

AWS words failures in two ways, the older one as extra lines, the newer one as fields of the REPORT line;
accounts and Regions still differ. `Style` says which of them are written.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from local.execution.environment import Attempt, Failure, Invocation, LogEvent


class Style(StrEnum):
    """`older`: lines such as `Task timed out`; `current`: `Status:` in REPORT instead; `both`."""

    OLDER = "older"
    CURRENT = "current"
    BOTH = "both"


@dataclass(frozen=True)
class Format:
    """How a function wants its log: the fields of its LoggingConfig."""

    is_json: bool
    system_level: str = "INFO"


@dataclass(frozen=True)
class Subject:
    """Whose log it is."""

    function_name: str
    version: str
    runtime: str
    trace_id: str | None = None


def outcome(invocation: Invocation, style: Style) -> dict[str, Any] | None:
    """The error object the caller gets; None for a success."""
    failure = invocation.failure
    if failure is None:
        return invocation.error
    request = f"RequestId: {invocation.request_id} Error: "
    if failure.status == "timeout":
        if style is Style.OLDER:
            return {"errorMessage": _timed_out(invocation)}
        text = f"Task timed out after {invocation.seconds:.2f} seconds"
        return {"errorType": "Sandbox.Timedout", "errorMessage": request + text}
    is_renamed = failure.is_out_of_memory and style is Style.CURRENT
    kind = "Runtime.OutOfMemory" if is_renamed else failure.error_type
    return {"errorType": kind, "errorMessage": request + failure.message}


def lines(invocation: Invocation, subject: Subject, form: Format, style: Style) -> list[LogEvent]:
    """Every event of one invocation in the order of the log stream, their times in that order too."""
    write = _json_lines if form.is_json else _text_lines
    ordered: list[LogEvent] = []
    for event in write(invocation, subject, form, style):
        earliest = ordered[-1].time if ordered else 0
        ordered.append(replace(event, time=max(event.time, earliest)))
    return ordered


def _text_lines(invocation: Invocation, subject: Subject, _form: Format, style: Style) -> Iterator[LogEvent]:
    if invocation.is_new_stream:
        started = invocation.attempts[0].exchange.started if invocation.attempts else invocation.started
        version = f"{_runtime_version(subject.runtime)}\tRuntime Version ARN: {_runtime_arn(subject.runtime)}"
        yield _at(started, f"INIT_START Runtime Version: {version}\n")
    for attempt in invocation.attempts:
        yield from attempt.exchange.events
        if not attempt.has_succeeded:
            yield _at(_end(attempt), _init_report(attempt, style))
    yield _at(invocation.started, f"START RequestId: {invocation.request_id} Version: {subject.version}\n")
    if invocation.exchange:
        yield from invocation.exchange.events
    end = invocation.started + invocation.seconds
    if invocation.failure and style is not Style.CURRENT:
        yield _at(end, _failure_line(invocation, invocation.failure))
    yield _at(end, f"END RequestId: {invocation.request_id}\n")
    yield _at(end, _report(invocation, subject, style))


def _report(invocation: Invocation, subject: Subject, style: Style) -> str:
    fields = [
        f"REPORT RequestId: {invocation.request_id}",
        f"Duration: {invocation.seconds * 1000:.2f} ms",
        f"Billed Duration: {_billed_ms(invocation)} ms",
        f"Memory Size: {invocation.memory_mb} MB",
        f"Max Memory Used: {invocation.max_memory_mb} MB",
    ]
    if invocation.init_seconds is not None:
        fields.append(f"Init Duration: {invocation.init_seconds * 1000:.2f} ms")
    status, error_type = _status(invocation)
    if status == "success" or style is Style.OLDER:
        fields.append("")
    else:
        fields.append(f"Status: {status}")
        if error_type:
            fields.append(f"Error Type: {error_type}")
    return "\t".join(fields) + "\n" + _trace_line(invocation, subject)


def _trace_line(invocation: Invocation, subject: Subject) -> str:
    if subject.trace_id is None:
        return ""
    parts = dict(part.split("=", 1) for part in subject.trace_id.split(";") if "=" in part)
    segment = segment_id(invocation.request_id)
    sampled = "true" if parts.get("Sampled") == "1" else "false"
    return f"XRAY TraceId: {parts.get('Root', '')}\tSegmentId: {segment}\tSampled: {sampled}\t\n"


def segment_id(request_id: str) -> str:
    """The id of the X-Ray segment that the platform writes for an invocation."""
    return hashlib.sha256(request_id.encode()).hexdigest()[:16]


def _init_report(attempt: Attempt, style: Style) -> str:
    status, error_type = _attempt_status(attempt)
    fields = [
        f"INIT_REPORT Init Duration: {attempt.exchange.seconds * 1000:.2f} ms",
        f"Phase: {attempt.phase}",
        f"Status: {status}",
    ]
    if error_type:
        # Older accounts do not say which error of the function's own code it was.
        is_unknown = style is Style.OLDER and attempt.exchange.failure is None
        fields.append(f"Error Type: {'Runtime.Unknown' if is_unknown else error_type}")
    return "\t".join(fields) + "\n"


def _failure_line(invocation: Invocation, failure: Failure) -> str:
    if failure.status == "timeout":
        return f"{_timed_out(invocation)}\n\n"
    return f"RequestId: {invocation.request_id} Error: {failure.message}\n{failure.error_type}\n"


def _timed_out(invocation: Invocation) -> str:
    end = _utc(invocation.started + invocation.seconds)
    return f"{end} {invocation.request_id} Task timed out after {invocation.seconds:.2f} seconds"


def _json_lines(invocation: Invocation, subject: Subject, form: Format, _style: Style) -> Iterator[LogEvent]:
    for level, event in _platform_and_own_events(invocation, subject):
        if level is None or _is_wanted(level, form.system_level):
            yield event


def _platform_and_own_events(
    invocation: Invocation, subject: Subject
) -> Iterator[tuple[str | None, LogEvent]]:
    if invocation.is_new_stream:
        yield "INFO", _platform(invocation.attempts[0].exchange.started, "initStart", _init_start(subject))
    for attempt in invocation.attempts:
        yield from ((None, event) for event in attempt.exchange.events)
        level = "DEBUG" if attempt.has_succeeded else "WARN"
        yield level, _platform(_end(attempt), "initReport", _init_record(attempt))
    start = {"requestId": invocation.request_id, "version": subject.version}
    yield "INFO", _platform(invocation.started, "start", start)
    yield from ((None, event) for event in (invocation.exchange.events if invocation.exchange else ()))
    end = invocation.started + invocation.seconds
    status, error_type = _status(invocation)
    level = "INFO" if status == "success" else "WARN"
    verdict = {"status": status} | ({"errorType": error_type} if error_type else {})
    metrics = _metrics(invocation)
    produced = {"durationMs": metrics["durationMs"], "producedBytes": len(invocation.payload or "")}
    done = {"requestId": invocation.request_id, **verdict, "metrics": produced}
    yield "DEBUG" if status == "success" else "WARN", _platform(end, "runtimeDone", done)
    yield level, _platform(end, "report", {"requestId": invocation.request_id, "metrics": metrics, **verdict})


def _metrics(invocation: Invocation) -> dict[str, float]:
    metrics: dict[str, float] = {
        "durationMs": round(invocation.seconds * 1000, 3),
        "billedDurationMs": _billed_ms(invocation),
        "memorySizeMB": invocation.memory_mb,
        "maxMemoryUsedMB": invocation.max_memory_mb,
    }
    if invocation.init_seconds is not None:
        metrics["initDurationMs"] = round(invocation.init_seconds * 1000, 3)
    return metrics


def _init_start(subject: Subject) -> dict[str, str]:
    return {
        "initializationType": "on-demand",
        "phase": "init",
        "runtimeVersion": _runtime_version(subject.runtime),
        "runtimeVersionArn": _runtime_arn(subject.runtime),
        "functionName": subject.function_name,
        "functionVersion": subject.version,
    }


def _init_record(attempt: Attempt) -> dict[str, Any]:
    status, error_type = _attempt_status(attempt)
    record: dict[str, Any] = {
        "initializationType": "on-demand",
        "phase": attempt.phase,
        "status": status,
        "metrics": {"durationMs": round(attempt.exchange.seconds * 1000, 3)},
    }
    if error_type:
        record["errorType"] = error_type
    return record


def _platform(seconds: float, kind: str, record: dict[str, Any]) -> LogEvent:
    document = {"time": _utc(seconds), "type": f"platform.{kind}", "record": record}
    return _at(seconds, json.dumps(document, separators=(",", ":")) + "\n")


def _status(invocation: Invocation) -> tuple[str, str]:
    """Status and error type of the report. An exception of the function's own is a success of the runtime."""
    if invocation.failure is not None:
        return _failure_status(invocation.failure)
    if invocation.exchange is None:
        return _attempt_status(invocation.attempts[-1])
    return "success", ""


def _attempt_status(attempt: Attempt) -> tuple[str, str]:
    if attempt.exchange.failure is not None:
        return _failure_status(attempt.exchange.failure)
    if attempt.error is not None:
        kind = str(attempt.error["errorType"])
        return "error", kind if kind.startswith("Runtime.") else "Runtime.Unknown"
    return "success", ""


def _failure_status(failure: Failure) -> tuple[str, str]:
    if failure.status == "timeout":
        return "timeout", ""
    return "error", "Runtime.OutOfMemory" if failure.is_out_of_memory else failure.error_type


def _billed_ms(invocation: Invocation) -> int:
    """INIT is billed, rounded up together with the invocation."""
    return math.ceil(round((invocation.seconds + (invocation.init_seconds or 0.0)) * 1000, 2))


def _is_wanted(level: str, threshold: str) -> bool:
    order = ["DEBUG", "INFO", "WARN"]
    return order.index(level) >= order.index(threshold if threshold in order else "INFO")


def _end(attempt: Attempt) -> float:
    return attempt.exchange.started + attempt.exchange.seconds


def _at(seconds: float, text: str) -> LogEvent:
    return LogEvent(int(seconds * 1000), text)


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _runtime_version(runtime: str) -> str:
    return f"python:{runtime.removeprefix('python')}.v1"


def _runtime_arn(runtime: str) -> str:
    digest = hashlib.sha256(runtime.encode()).hexdigest()
    return f"arn:aws:lambda:us-east-1::runtime:{digest}"
