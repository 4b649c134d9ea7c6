"""The error-like log lines of a resource by signature, with how often each was seen before.

Many handlers catch an error and merely print it, at any level or none, so a line need not look like an
error to a log parser: it counts when it complains about an AWS resource or names an error.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from auto_repair.domain.citations import Window
from auto_repair.domain.complaints import complaint
from auto_repair.domain.error_signatures import LoggedError, signatures, template
from auto_repair.domain.evidence import ErrorSignature
from auto_repair.domain.log_lines import LogLine, fact, read_log
from auto_repair.domain.printed_json import read_json
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import ResourceSignature, errors_item

# `ValueError`, `Error:`, `java.io.IOException`; not `Errors=0` or `error_count`.
_ERROR_WORD = re.compile(r"\b(?:[A-Z]\w{0,60})?(?:Error|Exception)\b|\bERROR\b|\berror:|\bdenied\b")
_PLATFORM = re.compile(
    r"(?:START|END|REPORT|INIT_START|INIT_REPORT|RESTORE_\w+|EXTENSION|TELEMETRY)\b"
    r"|\{.{0,200}\"type\"\s*:\s*\"platform\."
)


def logged_errors(lines: Sequence[LogLine], resources: Iterable[Resource]) -> tuple[LoggedError, ...]:
    """What the lines tell of errors, oldest first: raised, logged or merely printed."""
    known = tuple(resources)
    printed = [
        LoggedError(line.at, "", _said(line.message), handled=True) for line in lines if _prints(line, known)
    ]
    return tuple(sorted((*read_log(lines).errors, *printed), key=lambda error: error.at))


def resource_signatures(
    resource: Resource,
    errors: Sequence[LoggedError],
    earlier: Sequence[LoggedError],
    window: Window,
    resources: Iterable[Resource],
) -> tuple[ResourceSignature, ...]:
    """The signatures of `errors` within the window, most frequent first; `earlier` are the reference's."""
    known = tuple(r for r in resources if r.id != resource.id)
    before: dict[tuple[str, str], list[datetime]] = {}
    for error in earlier:
        before.setdefault((error.error_type, template(error.message)), []).append(error.at)
    return tuple(
        _signature(resource, found, before.get((found.error_type, found.template), []), errors, known)
        for found in signatures(errors, window)
    )


def _signature(
    resource: Resource,
    found: ErrorSignature,
    before: Sequence[datetime],
    errors: Sequence[LoggedError],
    known: tuple[Resource, ...],
) -> ResourceSignature:
    newest = next(e for e in reversed(errors) if e.at == found.last_seen and _is_of(e, found))
    return ResourceSignature(
        resource=resource.id,
        template=f"{found.error_type}: {found.template}" if found.error_type else found.template,
        first_seen=min((found.first_seen, *before)),
        last_seen=found.last_seen,
        count=found.count,
        count_before=len(before),
        names=_names(newest, known),
        sample=found.sample,
        evidence=errors_item(resource.id),
    )


def _is_of(error: LoggedError, found: ErrorSignature) -> bool:
    return error.error_type == found.error_type and template(error.message) == found.template


def _prints(line: LogLine, known: tuple[Resource, ...]) -> bool:
    if fact(line.message) is not None or _PLATFORM.match(line.message):
        return False
    return _ERROR_WORD.search(line.message) is not None or complaint(line.message, known) is not None


def _said(message: str) -> str:
    """The text of a line; of a JSON record its message, as all records would look alike otherwise."""
    record = read_json(message) if message.lstrip().startswith("{") else None
    fields = record if isinstance(record, dict) else {}
    said = fields.get("message", fields.get("msg"))
    return said if isinstance(said, str) else message.strip()


def _names(error: LoggedError, known: tuple[Resource, ...]) -> str:
    """The resource that the message, before anything is taken out of it, complains about."""
    said = f"{error.error_type}: {error.message}" if error.error_type else error.message
    found = complaint(said, known)
    return found.resource if found else ""
