"""Which of many traced requests are worth reading."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Summary:
    """What X-Ray tells of a request before its documents are read.

    fault, error: how it was answered. throttle: somebody in it was throttled. causes: where X-Ray sees its
    failures begin.
    """

    id: str
    at: datetime
    seconds: float
    fault: bool = False
    error: bool = False
    throttle: bool = False
    status: int | None = None
    causes: frozenset[str] = frozenset()

    @property
    def kind(self) -> object:
        """What requests that failed alike have in common."""
        return self.fault, self.throttle, self.error, self.status, self.causes


def telling_failures(found: Iterable[Summary], most: int, *, by_errors: bool) -> tuple[Summary, ...]:
    """Requests that hurt, of each kind, spread over time; and the first one that was served although
    something in it failed: what fails there, too, hurts nobody.

    by_errors: an answer of 4xx is what hurts, not a caller's mistake.
    """
    found = tuple(found)
    hurt = [s for s in found if s.fault or s.throttle or (by_errors and s.error)]
    served = [s for s in found if not (s.fault or s.throttle or s.error)]
    if not hurt:
        return _of_each_kind(found, most)
    control = sorted(served, key=lambda s: s.at)[:1]
    return (*_of_each_kind(hurt, most - len(control)), *control)


def slowest(found: Iterable[Summary], most: int) -> tuple[Summary, ...]:
    """The slowest requests, and the one in the middle to compare them with."""
    ranked = sorted(found, key=lambda s: -s.seconds)
    if len(ranked) <= most:
        return tuple(ranked)
    middle = max(len(ranked) // 2, most - 1)  # of few, none of the slowest
    return (*ranked[: most - 1], ranked[middle])


def _of_each_kind(found: Sequence[Summary], most: int) -> tuple[Summary, ...]:
    kinds: dict[object, list[Summary]] = {}
    for summary in sorted(found, key=lambda s: s.at, reverse=True):
        kinds.setdefault(summary.kind, []).append(summary)
    queues = [_telling_first(alike) for alike in sorted(kinds.values(), key=len, reverse=True)]
    chosen: list[Summary] = []
    while len(chosen) < most and any(queues):
        chosen += [queue.pop(0) for queue in queues if queue][: most - len(chosen)]
    return tuple(chosen)


def _telling_first(newest_first: Sequence[Summary]) -> list[Summary]:
    """The newest, the oldest and the slowest one, then what lies between them."""
    slow = max(newest_first, key=lambda s: s.seconds)
    middle = newest_first[len(newest_first) // 2]
    return list(dict.fromkeys((newest_first[0], newest_first[-1], slow, middle, *newest_first)))
