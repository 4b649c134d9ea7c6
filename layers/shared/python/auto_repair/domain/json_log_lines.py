"""Reads JSON log events: Lambda's system events and the records of runtimes and common loggers."""

from collections.abc import Callable, Mapping
from typing import Any

from auto_repair.domain import text_log_lines
from auto_repair.domain.log_facts import (
    Exited,
    Fact,
    InitFailed,
    LogsDropped,
    Raised,
    Report,
    Started,
    TimedOut,
)

LARGEST = 1e12
_ERROR_LEVELS = ("ERROR", "CRITICAL", "FATAL", "SEVERE")
_UNHANDLED = ("Invoke Error", "Uncaught Exception", "Unhandled Promise Rejection")  # the Node.js runtime
_Record = Mapping[str, Any]


def read(record: _Record) -> Fact | None:
    """The fact that one JSON log event states, None when it states none that matters."""
    kind, body = record.get("type"), record.get("record")
    if isinstance(kind, str) and kind.startswith("platform."):
        # A fault's record is the very text of the plain format.
        if isinstance(body, str):
            return text_log_lines.platform_fact(body)
        reader = _PLATFORM.get(kind)
        return reader(body) if reader and isinstance(body, Mapping) else None
    return _error(record)


def _started(body: _Record) -> Fact | None:
    return Started(_text(body, "requestId"))


def _report(body: _Record) -> Fact | None:
    metrics = body.get("metrics")
    if not isinstance(metrics, Mapping) or _number(metrics, "durationMs") is None:
        return None
    init = _number(metrics, "initDurationMs")
    return Report(
        request_id=_text(body, "requestId"),
        duration_ms=_number(metrics, "durationMs") or 0.0,
        memory_size_mb=int(_number(metrics, "memorySizeMB") or 0),
        max_memory_used_mb=int(_number(metrics, "maxMemoryUsedMB") or 0),
        init_ms=_number(metrics, "restoreDurationMs") if init is None else init,
        status=_text(body, "status"),
        error_type=_text(body, "errorType"),
    )


def _runtime_done(body: _Record) -> Fact | None:
    status, request_id = _text(body, "status"), _text(body, "requestId")
    if status == "timeout":
        return TimedOut(request_id)
    return None if status in ("", "success") else Exited(request_id, "", _text(body, "errorType"))


def _init_report(body: _Record) -> Fact | None:
    status = _text(body, "status")
    if status in ("", "success"):
        return None
    return InitFailed(_text(body, "phase"), status, _text(body, "errorType"))


def _logs_dropped(body: _Record) -> Fact | None:
    return LogsDropped(int(_number(body, "droppedRecords") or 0))


_PLATFORM: dict[str, Callable[[_Record], Fact | None]] = {
    "platform.start": _started,
    "platform.report": _report,
    "platform.runtimeDone": _runtime_done,
    "platform.initReport": _init_report,
    "platform.restoreReport": _init_report,
    "platform.logsDropped": _logs_dropped,
}


def _error(record: _Record) -> Raised | None:
    """An error that the runtime reports or that a logger wrote, by the key names in common use."""
    nested = record.get("message")
    # Node.js puts the error object itself under `message` when nothing else was logged with it.
    fields = {**record, **nested} if isinstance(nested, Mapping) else record
    error_type = _text(fields, "errorType", "exception_name")
    level = _text(fields, "level", "severity", "levelname").upper()
    if level not in _ERROR_LEVELS and not error_type:
        return None
    said = _text(fields, "message", "msg")
    return Raised(
        message=_text(fields, "errorMessage") or said,
        error_type=error_type,
        request_id=_text(fields, "requestId", "function_request_id", "AWSRequestId"),
        stack=_stack(fields),
        handled=not _by_runtime(fields, said),
    )


def _by_runtime(record: _Record, said: str) -> bool:
    # The Python runtime's own record has no `message`: loggers always write one.
    own = "errorMessage" in record and "errorType" in record and not said
    return own or said.startswith(_UNHANDLED)


def _stack(record: _Record) -> str:
    for key in ("stackTrace", "stack", "stack_trace", "exception"):
        stack = record.get(key)
        if isinstance(stack, str):
            return stack
        if isinstance(stack, list):
            return "\n".join(map(str, stack))
    return ""


def _text(record: _Record, *keys: str) -> str:
    return next((value for key in keys if isinstance(value := record.get(key), str) and value), "")


def _number(record: _Record, key: str) -> float | None:
    """None also of what no platform counts up to, and of what is no finite number."""
    value = record.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if 0 <= value <= LARGEST else None
