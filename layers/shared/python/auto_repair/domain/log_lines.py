"""Reads a function's log, text or JSON, into its invocations and the errors it holds."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from auto_repair.domain import json_log_lines, text_log_lines
from auto_repair.domain.error_signatures import LoggedError
from auto_repair.domain.evidence import Invocation, Status
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
from auto_repair.domain.printed_json import read_json
from auto_repair.domain.redaction import redacted

# `2026/01/31/[7]5f2c…`, in a log group of one's own `2026/01/31/my-function[7]5f2c…`
_STREAM_VERSION = re.compile(r"^\d{4}/\d{2}/\d{2}/[^\[]*\[([^\]]+)\]")
MAX_TYPE = 120  # characters
_VAGUE_TYPES = ("Runtime.Unknown", "Unknown", "Unhandled")


@dataclass(frozen=True)
class LogLine:
    """One log event."""

    at: datetime
    message: str
    stream: str


@dataclass(frozen=True)
class FunctionLog:
    """What a stretch of log tells, oldest first. `dropped` counts records that Lambda threw away."""

    invocations: tuple[Invocation, ...] = ()
    errors: tuple[LoggedError, ...] = ()
    dropped: int = 0


def fact(message: str) -> Fact | None:
    """What one log event states, None when nothing that matters here."""
    stated = _stated(message)
    if isinstance(stated, Report | Exited | Raised | InitFailed) and stated.error_type:
        # A logger takes any text for the type of an error.
        return replace(stated, error_type=redacted(stated.error_type, MAX_TYPE))
    return stated


def _stated(message: str) -> Fact | None:
    if message.lstrip().startswith("{"):
        record = read_json(message)
        if isinstance(record, dict):
            return json_log_lines.read(record)
    return text_log_lines.read(message)


def version_of(stream: str) -> str:
    """The version that the log stream's environment runs, `$LATEST` when the name does not tell."""
    found = _STREAM_VERSION.match(stream)
    return found[1] if found else "$LATEST"


def read_log(lines: Iterable[LogLine]) -> FunctionLog:
    """Put the lines of every execution environment together into invocations."""
    streams: dict[str, _Stream] = {}
    for line in sorted(lines, key=lambda line: line.at):
        stated = fact(line.message)
        if stated is not None:
            streams.setdefault(line.stream, _Stream(line.stream)).add(stated, line.at)
    runs = [run.invocation(stream.name) for stream in streams.values() for run in stream.finished]
    errors = [error for stream in streams.values() for error in stream.errors]
    return FunctionLog(
        invocations=tuple(sorted(runs, key=lambda run: run.ended_at)),
        errors=tuple(sorted(errors, key=lambda error: error.at)),
        dropped=sum(stream.dropped for stream in streams.values()),
    )


class _Stream:
    """One execution environment's log. It runs one invocation at a time, so that an error without a
    request id belongs to the next report. Asynchronous retries repeat a request id."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.finished: list[_Run] = []
        self.errors: list[LoggedError] = []
        self.dropped = 0
        self._open: dict[str, list[Fact]] = {}
        self._done: dict[str, list[Fact]] = {}
        self._unassigned: list[Fact] = []

    def add(self, stated: Fact, at: datetime) -> None:
        """Take in the next fact of this environment."""
        match stated:
            case Started():
                self._open[stated.request_id] = []
            case Report():
                self._finish(stated, at)
            case LogsDropped():
                self.dropped += stated.records
            case InitFailed():
                self._init_failed(stated, at)
            case _:
                self._assign(stated)
                self._count(stated, at)

    def _finish(self, report: Report, at: datetime) -> None:
        facts = self._open.pop(report.request_id, []) + self._unassigned
        self._unassigned = []
        self._done[report.request_id] = facts
        self.finished.append(_Run(report, at, facts))

    def _assign(self, stated: TimedOut | Exited | Raised) -> None:
        if not stated.request_id:
            self._unassigned.append(stated)
        elif stated.request_id in self._done and stated.request_id not in self._open:
            self._done[stated.request_id].append(stated)
        else:
            self._open.setdefault(stated.request_id, []).append(stated)

    def _init_failed(self, stated: InitFailed, at: datetime) -> None:
        explained = [fact for fact in self._unassigned if isinstance(fact, Raised)]
        if not explained:
            self._count(stated, at)
        if stated.phase == "init":
            # Lambda starts the environment once more within the invoke: what failed so far says why,
            # but not that the invocation failed.
            self._unassigned = [InitFailed("init", stated.status, fact.error_type) for fact in explained]
        self._unassigned.append(stated)

    def _count(self, stated: TimedOut | Exited | Raised | InitFailed, at: datetime) -> None:
        if error := _logged_error(stated, at):
            self.errors.append(error)


@dataclass(frozen=True)
class _Run:
    """A finished invocation and what the log says of it, before or after its report."""

    report: Report
    ended_at: datetime
    facts: list[Fact]

    def invocation(self, stream: str) -> Invocation:
        """The invocation as the domain sees it."""
        status = self._status()
        return Invocation(
            request_id=self.report.request_id,
            ended_at=self.ended_at,
            duration_ms=self.report.duration_ms,
            memory_size_mb=self.report.memory_size_mb,
            max_memory_used_mb=self.report.max_memory_used_mb,
            init_ms=self.report.init_ms,
            status=status,
            error_type="" if status is Status.SUCCESS else self._error_type(),
            killed=any(isinstance(f, Exited) and f.killed for f in self.facts),
            timeout_s=next((f.after_s for f in self.facts if isinstance(f, TimedOut) and f.after_s), None),
            log_stream=stream,
            version=version_of(stream),
        )

    def _status(self) -> Status:
        if self.report.status == "timeout" or any(isinstance(f, TimedOut) for f in self.facts):
            return Status.TIMEOUT
        failed = self.report.status in ("error", "failure") or any(map(_fails, self.facts))
        return Status.ERROR if failed else Status.SUCCESS

    def _error_type(self) -> str:
        """The most telling type: the code's own error, then the start-up's, the report's, the exit's."""
        raised = [f.error_type for f in self.facts if isinstance(f, Raised) and not f.handled]
        init = [f.error_type for f in self.facts if isinstance(f, InitFailed)]
        exits = [f.error_type for f in self.facts if isinstance(f, Exited)]
        known = [name for name in (*reversed(raised), *init, self.report.error_type, *exits) if name]
        return next((name for name in known if name not in _VAGUE_TYPES), known[0] if known else "")


def _fails(stated: Fact) -> bool:
    """Whether this fact means that its invocation failed."""
    match stated:
        case Raised():
            return not stated.handled
        case InitFailed():
            return stated.phase != "init"
    return isinstance(stated, Exited)


def _logged_error(stated: TimedOut | Exited | Raised | InitFailed, at: datetime) -> LoggedError | None:
    """The error as it counts towards a signature. What only repeats another line does not count."""
    match stated:
        case Raised():
            return LoggedError(
                at, stated.error_type, stated.message, stated.stack, stated.request_id, stated.handled
            )
        case TimedOut(after_s=float() as after):
            return LoggedError(
                at,
                "Sandbox.Timedout",
                f"Task timed out after {after:.2f} seconds",
                request_id=stated.request_id,
            )
        case Exited(reason=reason) if reason:
            return LoggedError(
                at, stated.error_type or "Runtime.ExitError", reason, request_id=stated.request_id
            )
        case InitFailed():
            return LoggedError(
                at, stated.error_type, f"start-up failed, phase {stated.phase}: {stated.status}"
            )
    return None
