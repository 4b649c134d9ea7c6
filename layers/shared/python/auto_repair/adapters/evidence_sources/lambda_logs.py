"""The function's log: its invocations, and its errors by signature.

The window is read first, then up to a day before it. A log that is too long is read a second time, only
for the lines that tell of invocations and errors.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from auto_repair.adapters.clients import Clients
from auto_repair.adapters.console_links import ConsoleLinks
from auto_repair.adapters.deadline import Deadline
from auto_repair.adapters.lambda_functions import LambdaFunctions
from auto_repair.adapters.pages import following, pages
from auto_repair.domain.error_signatures import signatures
from auto_repair.domain.evidence import (
    ErrorSignature,
    Evidence,
    EvidenceItem,
    Invocation,
    MissingEvidence,
    Status,
    Window,
)
from auto_repair.domain.log_lines import LogLine, read_log
from auto_repair.domain.timestamps import from_epoch_ms, to_epoch_ms
from auto_repair.ports import EvidenceSource, Target
from auto_repair.settings import Settings

HISTORY = timedelta(hours=24)
WINDOW_PAGES = 4  # with events, of up to 1 MB, for each of the two readings
HISTORY_PAGES = 2
MOST_EMPTY_PAGES = 20  # of all readings: such a page says that nothing was found so far, and costs a request
MAX_RUNS = 2000  # invocations kept of the window, the newest ones
MAX_HISTORY_RUNS = 1000
SHOWN_SIGNATURES = 5
# Lines that tell of invocations and errors, in both log formats.
TELLING_LINES = (
    '?"REPORT RequestId" ?"platform.report" ?"Task timed out" ?"Runtime exited" ?"INIT_REPORT" '
    '?"platform.initReport" ?"platform.fault" ?"ERROR" ?"errorType" ?"Traceback" ?"Exception"'
)


@dataclass(frozen=True)
class Reading:
    """Lines of a span of time, oldest first, and whether they are all that matter.

    `gap` says why the reading ended although the log may not be long: nobody knows what else it holds.
    """

    lines: tuple[LogLine, ...] = ()
    complete: bool = True
    gap: str = ""


class LambdaLogsSource:
    """One call for the configuration, which names the log group, and at least two for the log."""

    name = "lambda_logs"

    def __init__(
        self, clients: Clients, functions: LambdaFunctions, links: ConsoleLinks, deadline_s: float = 25.0
    ) -> None:
        self._clients = clients
        self._functions = functions
        self._links = links
        self._deadline_s = deadline_s

    def collect(self, target: Target) -> Evidence:
        """Raises `ResourceMissing` when there is no log group: the function never ran, or may not log."""
        deadline = Deadline(self._deadline_s)
        log_group = self._functions.configuration(target.function_name, target.alias).log_group
        log = _Log(self._clients.client("logs"), log_group, target.function_name, deadline)
        now = log.read(target.window, WINDOW_PAGES)
        span = Window(target.window.start - HISTORY, target.window.start)
        past = log.read(span, HISTORY_PAGES) if target.history else Reading()
        found = read_log((*past.lines, *now.lines))
        runs = tuple(run for run in found.invocations if run.ended_at in target.window)[-MAX_RUNS:]
        before = tuple(run for run in found.invocations if run.ended_at < target.window.start)
        errors = signatures(found.errors, target.window)
        return Evidence(
            target.function_name,
            target.window,
            invocations=runs,
            history=before[-MAX_HISTORY_RUNS:],
            signatures=errors,
            items=(
                self._item(target, log_group, "logs.invocations", _runs(runs), _runs(before), now, past),
                self._item(
                    target, log_group, "logs.errors", _errors(errors), _new(errors, target), now, past
                ),
            ),
            missing=tuple(self._gaps(log_group, found.dropped, now, past)),
        )

    def _gaps(self, log_group: str, dropped: int, now: Reading, past: Reading) -> Iterator[MissingEvidence]:
        if dropped:
            yield MissingEvidence(self.name, f"Lambda dropped {dropped} log records")
        for when, reading in (("", now), (" of the 24 hours before", past)):
            if reading.gap:
                reason = f"{log_group}{when} was not read to its end: {reading.gap}"
                yield MissingEvidence(self.name, reason, partly=True)

    def _item(
        self,
        target: Target,
        log_group: str,
        item_id: str,
        observed: str,
        baseline: str,
        now: Reading,
        past: Reading,
    ) -> EvidenceItem:
        part = f"it was not read to its end: {now.gap}" if now.gap else "the log is longer than we read"
        note = "" if now.complete else f" (the newest part: {part})"
        earlier = f"24 h before{' (a part)' if past.gap else ''}"
        return EvidenceItem(
            id=item_id,
            source=self.name,
            query=f"logs:FilterLogEvents {log_group}",
            window=target.window,
            observed=observed + note,
            baseline=f"{earlier}: {baseline}" if target.history and baseline else "",
            link=self._links.log_events(log_group, target.window),
        )


class _Log:
    """One function's events in one log group, which it may share with others."""

    def __init__(self, client: Any, group: str, function_name: str, deadline: Deadline) -> None:
        self._client = client
        self._group = group
        self._function_name = function_name
        self._deadline = deadline
        self._empty_pages = 0
        self._shared = group != f"/aws/lambda/{function_name}"
        # In a group of one's own choice, streams carry the function's name: 2026/01/31/my-function[7]5f2c…
        own = re.escape(function_name) if self._shared else ""
        self._own_stream = re.compile(rf"\d{{4}}/\d\d/\d\d/{own}\[" if own else "")

    def read(self, span: Window, pages: int) -> Reading:
        """The span's lines; a long log is read once more for the lines that matter, newest first."""
        plain = self._pages(span, pages)
        if plain.complete:
            return plain
        telling = [
            self._pages(span, pages, filterPattern=TELLING_LINES, **prefix) for prefix in self._prefixes(span)
        ]
        lines = {
            (line.at, line.stream, line.message): line
            for reading in (plain, *telling)
            for line in reading.lines
        }
        in_order = sorted(lines.values(), key=lambda line: line.at)
        gap = next((reading.gap for reading in telling if reading.gap), "")
        return Reading(tuple(in_order), all(reading.complete for reading in telling), gap)

    def _prefixes(self, span: Window) -> list[dict[str, str]]:
        """Our streams by the day they began on, newest first; all streams where the group is our own."""
        if not self._shared:
            return [{}]
        days = [span.end - timedelta(days=n) for n in range((span.end - span.start).days + 2)]
        return [{"logStreamNamePrefix": f"{day:%Y/%m/%d}/{self._function_name}["} for day in days]

    def _pages(self, span: Window, pages: int, **more: str) -> Reading:
        """At most so many pages with events: an empty one with a token only says that the search goes on."""
        events: list[dict[str, Any]] = []
        told = 0
        for page in self._answers(span, **more):
            events += page.get("events", ())
            told += bool(page.get("events"))
            self._empty_pages += not page.get("events")
            if not following(page):
                return Reading(self._lines(events))
            if told == pages:
                break
            if gap := self._gap():
                return Reading(self._lines(events), complete=False, gap=gap)
        return Reading(self._lines(events), complete=False)

    def _gap(self) -> str:
        """Why no further page may be asked for; empty where one may."""
        if self._deadline.passed:
            return "the time for it was over"
        if self._empty_pages >= MOST_EMPTY_PAGES:
            return f"CloudWatch Logs found nothing on {self._empty_pages} pages, and there were more"
        return ""

    def _answers(self, span: Window, **more: str) -> Iterator[dict[str, Any]]:
        """Page after page, as long as somebody wants them."""
        return pages(
            self._client.filter_log_events,
            logGroupName=self._group,
            startTime=to_epoch_ms(span.start),
            endTime=to_epoch_ms(span.end) - 1,  # inclusive
            **_newest_first(self._client),
            **more,
        )

    def _lines(self, events: Sequence[dict[str, Any]]) -> tuple[LogLine, ...]:
        # Events of one millisecond keep their order, so a page that came newest first is turned round.
        if events and events[0]["timestamp"] > events[-1]["timestamp"]:
            events = events[::-1]
        return tuple(
            LogLine(
                from_epoch_ms(event["timestamp"]),
                event["message"],
                event["logStreamName"],
            )
            for event in events
            if self._own_stream.match(event["logStreamName"])
        )


def _newest_first(client: Any) -> dict[str, bool]:
    """The order that loses the least when a log is cut, where the runtime's SDK knows it already."""
    known = client.meta.service_model.operation_model("FilterLogEvents").input_shape.members
    return {"startFromHead": False} if "startFromHead" in known else {}


def _runs(runs: Sequence[Invocation]) -> str:
    if not runs:
        return "no invocation is reported"
    failed = [run for run in runs if run.status is not Status.SUCCESS]
    timeouts = sum(run.status is Status.TIMEOUT for run in failed)
    killed = sum(run.killed for run in failed)
    parts = [f"{len(runs)} invocations, {len(failed)} failed"]
    parts += [f"{timeouts} timed out"] if timeouts else []
    parts += [f"{killed} killed"] if killed else []
    parts.append(f"longest {max(run.duration_ms for run in runs):g} ms")
    fullest = max(runs, key=lambda run: run.memory_share)
    if fullest.memory_size_mb:
        parts.append(f"peak memory {fullest.max_memory_used_mb} of {fullest.memory_size_mb} MB")
    return ", ".join(parts)


def _errors(found: Iterable[ErrorSignature]) -> str:
    told = [f"{s.count}× {s.error_type or 'error'}: {s.template}"[:200] for s in found]
    more = f"; {len(told) - SHOWN_SIGNATURES} more" if len(told) > SHOWN_SIGNATURES else ""
    return "; ".join(told[:SHOWN_SIGNATURES]) + more or "no error is logged"


def _new(found: Sequence[ErrorSignature], target: Target) -> str:
    new = sum(s.first_seen >= target.window.start for s in found)
    return f"{new} of {len(found)} were not seen" if found else ""


def source(settings: Settings, clients: Clients) -> EvidenceSource:
    """The source, ready for use."""
    return LambdaLogsSource(clients, LambdaFunctions(clients), ConsoleLinks(settings.region))
