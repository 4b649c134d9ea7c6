"""What the functions around a symptom log of errors, and whether they did before.

At most three functions, the nearest ones that may be the cause. Only error-like lines are read, of the window
first; the reference is read where the window has some.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from auto_repair.adapters.clients import Clients
from auto_repair.adapters.console_links import ConsoleLinks
from auto_repair.adapters.deadline import Deadline
from auto_repair.adapters.lambda_functions import LambdaFunctions
from auto_repair.adapters.pages import following, pages
from auto_repair.domain.citations import EvidenceItem, MissingEvidence, Window
from auto_repair.domain.error_signatures import LoggedError
from auto_repair.domain.errors import AutoRepairError, ResourceMissing
from auto_repair.domain.log_lines import LogLine
from auto_repair.domain.resource_signatures import logged_errors, resource_signatures
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import Observation, ResourceSignature, Scope, errors_item
from auto_repair.domain.timestamps import from_epoch_ms, to_epoch_ms
from auto_repair.ports import ObservationSource
from auto_repair.settings import Settings

MAX_FUNCTIONS = 3
MAX_PAGES = 3  # of one reading: a page may be empty although more follow
MAX_LINES = 1000  # of a page
MAX_TEXT = 400
# Any of these terms; terms are case sensitive. Whole words as well as their parts, as a term may have to
# match a whole word.
ERROR_LIKE = " ".join(
    f'?"{term}"'
    for term in (
        *("ERROR", "Error", "error", "errorType", "CRITICAL", "FATAL", "Exception", "Traceback"),
        *("An error occurred", "not authorized", "denied", "Denied", "AccessDenied", "AccessDeniedException"),
        *("Throttl", "ThrottlingException", "ProvisionedThroughputExceededException", "Rate exceeded"),
        *("TooManyRequestsException", "NoSuchBucket", "NoSuchKey", "ResourceNotFoundException"),
        *("Could not connect", "timed out", "timeout on endpoint", "ECONNREFUSED", "ETIMEDOUT", "ENOTFOUND"),
    )
)


@dataclass(frozen=True)
class Log:
    """Where a function logs, and which of the log streams there are its own."""

    group: str
    own_stream: re.Pattern[str]


@dataclass(frozen=True)
class Reading:
    """What error-like lines of a span of time tell, oldest first; whether these are all, and whether any was
    found."""

    errors: tuple[LoggedError, ...] = ()
    complete: bool = True
    has_lines: bool = False

    @property
    def is_blind(self) -> bool:
        """Whether nothing was found only as far as was searched."""
        return not (self.complete or self.has_lines)


class ResourceLogsSource:
    """Up to two readings for each function, and one for the configuration where a log group is elsewhere."""

    name = "resource_logs"

    def __init__(
        self, clients: Clients, functions: LambdaFunctions, links: ConsoleLinks, deadline_s: float = 15.0
    ) -> None:
        self._clients = clients
        self._functions = functions
        self._links = links
        self._deadline_s = deadline_s

    def observe(self, scope: Scope) -> Observation:
        """What cannot be read of one function is told as missing, and the others are read all the same."""
        deadline = Deadline(self._deadline_s)
        functions, others = suspects(scope)
        found: list[ResourceSignature] = []
        items: list[EvidenceItem] = []
        cut = [f"{function.id} is too far away to be read" for function in functions[MAX_FUNCTIONS:]]
        cut += [f"the log of {one.id} was not read: what suffers does not need it" for one in others]
        gaps: list[str] = []
        for function in functions[:MAX_FUNCTIONS]:
            if deadline.passed:
                cut.append(f"the log of {function.id} was not read for want of time")
                continue
            try:
                signatures, item, gap = self._of(function, scope, deadline)
            except AutoRepairError as error:
                gaps.append(f"the log of {function.id} could not be read: {error}")
                continue
            found += signatures
            items.append(item)
            cut += [gap] if gap else []
        return Observation(
            signatures=tuple(found),
            items=tuple(items),
            missing=(
                *(MissingEvidence(self.name, gap, partly=True) for gap in cut),
                *(MissingEvidence(self.name, gap) for gap in gaps),
            ),
        )

    def _of(
        self, function: Resource, scope: Scope, deadline: Deadline
    ) -> tuple[tuple[ResourceSignature, ...], EvidenceItem, str]:
        """What it complains about, and why nobody can say so; empty where the log was searched."""
        log = _default_log(function.name)
        try:
            now = self._read(log, scope.window, scope, deadline)
        except ResourceMissing:
            log = self._configured_log(function.name)
            now = self._read(log, scope.window, scope, deadline)
        past = self._read(log, scope.reference, scope, deadline) if now.errors else Reading()
        found = resource_signatures(function, now.errors, past.errors, scope.window, scope.resources)
        note = "" if now.complete and past.complete else " (of a part: the log is longer than we read)"
        item = EvidenceItem(
            id=errors_item(function.id),
            source=self.name,
            query=f"logs:FilterLogEvents {log.group}, lines that look like errors",
            window=scope.window,
            observed=_told(found) + note,
            baseline=f"in the reference: {_earlier(found, past)}" if found else "",
            link=self._links.log_events(log.group, scope.window),
        )
        spans = (("the window", now), ("the reference", past))
        blind = " and ".join(span for span, reading in spans if reading.is_blind)
        return (
            found,
            item,
            f"the log of {function.id} was not searched to the end of {blind}" if blind else "",
        )

    def _configured_log(self, function_name: str) -> Log:
        """Raises `ResourceMissing` when the function has the usual log group, which does not exist."""
        group = self._functions.configuration(function_name).log_group
        if group == _default_log(function_name).group:
            raise ResourceMissing(f"there is no log group {group}: it never ran, or may not log")
        # In a group of one's own choice, streams carry the function's name: 2026/01/31/my-function[7]5f2c…
        return Log(group, re.compile(rf"\d{{4}}/\d\d/\d\d/{re.escape(function_name)}\["))

    def _read(self, log: Log, span: Window, scope: Scope, deadline: Deadline) -> Reading:
        lines: list[LogLine] = []
        page: dict[str, Any] = {}
        answer = pages(
            self._clients.client("logs").filter_log_events,
            logGroupName=log.group,
            startTime=to_epoch_ms(span.start),
            endTime=to_epoch_ms(span.end) - 1,  # inclusive
            filterPattern=ERROR_LIKE,
            limit=MAX_LINES,
        )
        for page in islice(answer, MAX_PAGES):
            events = page.get("events", ())
            lines += (_line(event) for event in events if log.own_stream.match(event["logStreamName"]))
            if lines or deadline.passed:
                break
        return Reading(logged_errors(lines, scope.resources), not following(page), bool(lines))


def suspects(scope: Scope) -> tuple[list[Resource], list[Resource]]:
    """The functions that may be the cause, and the others: what suffers itself, and all that it needs.

    Where no function is among these, as around a table, whoever calls it may be the cause.
    """
    functions = [resource for resource in scope.resources if resource.service == "lambda"]
    needed = scope.needed
    within = [function for function in functions if function.id in needed] or functions
    return within, [function for function in functions if function not in within]


def _default_log(function_name: str) -> Log:
    return Log(f"/aws/lambda/{function_name}", re.compile(""))


def _line(event: dict[str, Any]) -> LogLine:
    return LogLine(from_epoch_ms(event["timestamp"]), event["message"], event["logStreamName"])


def _told(found: Iterable[ResourceSignature]) -> str:
    told = "; ".join(f"{s.count}× {s.template}" for s in found)
    return (told[: MAX_TEXT - 1] + "…" if len(told) > MAX_TEXT else told) or "no error is logged"


def _earlier(found: tuple[ResourceSignature, ...], past: Reading) -> str:
    if past.is_blind:
        return "not searched to its end"
    new = sum(not s.count_before for s in found)
    return f"{new} of {len(found)} were not seen"


def source(settings: Settings, clients: Clients) -> ObservationSource:
    """The source, ready for use."""
    return ResourceLogsSource(clients, LambdaFunctions(clients), ConsoleLinks(settings.region))
