"""Which changes matter to a symptom, and how they are told."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from auto_repair.domain.surroundings import ResourceChange, Scope

LOOK_BACK = timedelta(hours=24)
MAX_SHOWN = 5


def since(scope: Scope) -> datetime:
    """The earliest change that may have to do with the symptom."""
    return min(scope.reference.start, scope.window.end - LOOK_BACK)


def recent(changes: Iterable[ResourceChange], scope: Scope) -> tuple[ResourceChange, ...]:
    """Those of the last day before the window's end, or since the reference began if that is longer."""
    return tuple(change for change in changes if since(scope) <= change.at < scope.window.end)


def told(changes: Sequence[ResourceChange]) -> str:
    """The newest of them, oldest first, in a line."""
    if not changes:
        return "no change is known"
    newest = sorted(changes, key=lambda change: change.at)[-MAX_SHOWN:]
    more = len(changes) - len(newest)
    return "; ".join(map(_shown, newest)) + (f"; {more} earlier ones" if more else "")


def _shown(change: ResourceChange) -> str:
    what = f" ({change.summary})" if change.summary else ""
    who = "our own repair" if change.ours else change.actor or "unknown"
    return f"{change.at:%Y-%m-%d %H:%M:%S} UTC {change.action} on {change.resource}{what} by {who}"
