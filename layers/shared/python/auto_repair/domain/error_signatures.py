"""Groups logged errors that look alike: the type, and the message with its varying parts masked."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from auto_repair.domain.evidence import ErrorSignature, Window
from auto_repair.domain.redaction import redact, redacted
from auto_repair.domain.stack_frames import innermost_frame

MAX_TEMPLATE = 300
MAX_SAMPLE = 1000
MAX_SIGNATURES = 20

# From the most to the least specific, so that a UUID is not first torn into numbers.
_MASKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b"), "<id>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"), "<time>"),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"), "<address>"),
    (
        re.compile(r"\b0x[0-9a-fA-F]+\b|\b(?=[0-9a-fA-F]*\d)(?=[0-9a-fA-F]*[a-fA-F])[0-9a-fA-F]{8,}\b"),
        "<hex>",
    ),
    (
        re.compile(r"\"(?:[^\"\\]|\\.){1,400}?\"|(?<!\w)'(?:[^'\\\n]|\\.){1,400}?'(?!\w)|`[^`\n]{1,400}`"),
        "<text>",
    ),
    (re.compile(r"\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{16,}\b"), "<id>"),
    (re.compile(r"(?<![A-Za-z_.])[-+]?\d+(?:\.\d+)?"), "<n>"),
)


@dataclass(frozen=True)
class LoggedError:
    """One error as a log line tells it."""

    at: datetime
    error_type: str
    message: str
    stack: str = ""
    request_id: str = ""
    handled: bool = False


def template(message: str) -> str:
    """The first line of `message`, redacted, with identifiers, numbers and quoted text masked."""
    text = redact(message.strip().split("\n", 1)[0][: 2 * MAX_TEMPLATE])
    for pattern, mask in _MASKS:
        text = pattern.sub(mask, text)
    return text[:MAX_TEMPLATE]


def signatures(errors: Iterable[LoggedError], window: Window) -> tuple[ErrorSignature, ...]:
    """The signatures seen within `window`, most frequent first. Earlier errors only move `first_seen`."""
    groups: dict[tuple[str, str], list[LoggedError]] = {}
    for error in errors:
        groups.setdefault((error.error_type, template(error.message)), []).append(error)
    found = [
        signature
        for key, group in groups.items()
        if (signature := _signature(key, group, window)) is not None
    ]
    return tuple(sorted(found, key=lambda s: (-s.count, s.first_seen))[:MAX_SIGNATURES])


def _signature(key: tuple[str, str], group: list[LoggedError], window: Window) -> ErrorSignature | None:
    current = [error for error in group if error.at in window]
    if not current:
        return None
    newest = max(current, key=lambda error: error.at)
    traced = next((error for error in reversed(current) if error.stack), newest)
    return ErrorSignature(
        error_type=key[0],
        template=key[1],
        count=len(current),
        first_seen=min(error.at for error in group),
        last_seen=newest.at,
        sample=redacted(newest.message, MAX_SAMPLE),
        frame=redact(innermost_frame(traced.stack)),
    )
