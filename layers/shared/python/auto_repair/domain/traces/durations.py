"""Where the time of a request went: what its answer waited for, piece by piece."""

from collections.abc import Iterator

from auto_repair.domain.traces.failures import Resources
from auto_repair.domain.traces.resources import owner
from auto_repair.domain.traces.spans import Span, Trace


def time_spent(trace: Trace, resource: Resources) -> dict[str, float]:
    """Seconds by who spent them, most first, on the way that the answer waited for.

    What ran beside something slower, or after the answer, costs nobody time.
    """
    found: dict[str, float] = {}
    for span, seconds in _waits(trace):
        name = owner(trace, span, resource)
        found[name] = found.get(name, 0.0) + seconds
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _waits(trace: Trace) -> Iterator[tuple[Span, float]]:
    """Each piece of work that the answer waited for, with the seconds that none of its parts explains."""
    waiting = [(root, root.start, trace.end_of(root)) for root in trace.roots[:1]]
    seen: set[str] = set()
    while waiting:
        span, begin, end = waiting.pop()
        if span.id in seen:
            continue
        seen.add(span.id)
        own, at = 0.0, end
        for part in sorted(trace.children.get(span.id, ()), key=trace.end_of, reverse=True):
            ended, began = min(trace.end_of(part), at), max(part.start, begin)
            if ended > began:
                own += at - ended
                waiting.append((part, began, ended))
                at = began
        yield span, own + max(0.0, at - begin)
