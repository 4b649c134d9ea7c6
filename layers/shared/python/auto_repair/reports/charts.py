"""Small multiples of one incident: the function before and after the change.

All charts share one time axis, so that the mark of the change stands at the same place in each. A chart
without data is left out.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise

from auto_repair.domain.evidence import Evidence, Invocation, MetricSeries, Status
from auto_repair.reports.elements import Markup
from auto_repair.reports.plot import Bar, Dot, Drawing, Mark, TimeAxis, draw
from auto_repair.reports.wording import count, figure, span

DURATIONS = ("Duration.max", "Duration.p99")  # in the order in which they tell of the slowest
MOST_DOTS = 240  # dots per chart; beyond that each slot keeps its extremes

_RUN_KEYS = (("dot", "ended well"), ("cross", "failed"))


@dataclass(frozen=True)
class Chart:
    """One picture. `lines` say in words what it shows; `keys` pair its signs with their meaning."""

    name: str
    title: str
    lines: tuple[str, ...]
    keys: tuple[tuple[str, str], ...]
    svg: Markup


def small_multiples(
    before: Evidence | None, after: Evidence | None, marks: Sequence[Mark] = ()
) -> tuple[Chart, ...]:
    """The charts that have data, in reading order. `after` may be None when nothing was changed."""
    observed = _Observed(before, after, tuple(marks))
    kinds = (_traffic, _memory, _duration, _concurrency, _throttles)
    drawings = [drawing for drawing in (kind(observed) for kind in kinds) if drawing]
    moments = [m for d in drawings for m in d.moments]
    if not moments:
        return ()
    axis = TimeAxis.over([*moments, *(m.at for m in marks)])
    return tuple(Chart(d.name, d.title, d.lines, d.keys, draw(d, axis, marks)) for d in drawings)


@dataclass(frozen=True)
class _Observed:
    """Both looks at the function, joined."""

    before: Evidence | None
    after: Evidence | None
    marks: tuple[Mark, ...]

    @cached_property
    def looks(self) -> list[tuple[str, Evidence]]:
        """The looks there were, with their names."""
        named = (("Before", self.before), ("After", self.after))
        return [(name, evidence) for name, evidence in named if evidence]

    @cached_property
    def invocations(self) -> list[Invocation]:
        """Every invocation once, oldest first."""
        known = {i.request_id: i for _, e in self.looks for i in e.invocations}
        return sorted(known.values(), key=lambda i: i.ended_at)

    def series(self, name: str) -> MetricSeries:
        """Both looks' points of a metric. The later look wins: its last minute is more complete."""
        points: dict[datetime, float] = {}
        period = 60
        for _, evidence in self.looks:
            seen = evidence.metric(name)
            points |= dict(zip(seen.times, seen.values, strict=True))
            period = seen.period_s
        times = tuple(sorted(points))
        return MetricSeries(name, period, times, tuple(points[t] for t in times))

    @cached_property
    def log_is_complete(self) -> bool:
        """Whether the log tells of as many invocations as the metrics; then its exact times are better."""
        return bool(self.invocations) and len(self.invocations) >= self.series("Invocations").total

    def compare(self, tell: Callable[[Evidence], str]) -> tuple[str, ...]:
        """`Before: 12 of 14 failed`, `After: 0 of 20 failed`."""
        told = [(name, tell(self._since_change(name, evidence))) for name, evidence in self.looks]
        if len(told) == 1:
            return tuple(f"{text[:1].upper()}{text[1:]}" for _, text in told if text)
        return tuple(f"{name}: {text}" for name, text in told if text)

    def _since_change(self, name: str, evidence: Evidence) -> Evidence:
        """Of the later look only periods that began after the change: an earlier one counts the failure."""
        changes = [m.at for m in self.marks if not m.restores]
        if name == "Before" or not changes:
            return evidence
        return replace(evidence, series=tuple(s.since(max(changes)) for s in evidence.series))

    def limit(self, steps: "_Steps") -> "_Steps":
        """The steps of a limit, and the step back where the former configuration was restored."""
        restored = tuple((m.at, steps[0][1]) for m in self.marks if m.restores and steps)
        return steps + restored

    def stepped(self, start: datetime, values: list[float]) -> "_Steps":
        """A limit known once per look: it moves at the first change."""
        if not values:
            return ()
        moved = len(values) > 1 and values[0] != values[1] and bool(self.marks)
        return self.limit(((start, values[0]), *(((self.marks[0].at, values[1]),) if moved else ())))


_Steps = tuple[tuple[datetime, float], ...]


def _traffic(observed: _Observed) -> Drawing | None:
    from_log = observed.log_is_complete
    runs = tuple(_run(i, 1) for i in observed.invocations) if from_log else ()
    bars = () if from_log else _metered(observed)
    if not runs and not any(bar.good + bar.bad for bar in bars):
        return None
    return Drawing(
        "traffic",
        "Invocations and errors",
        observed.compare(_failures_by_log if from_log else _failures_by_metric),
        unit="",
        keys=(("ok-bar", "succeeded"), ("bad-bar", "failed")),
        bars=bars,
        runs=runs,
    )


def _run(invocation: Invocation, value: float) -> Dot:
    return Dot(invocation.ended_at, value, invocation.status is not Status.SUCCESS)


def _failures_by_log(evidence: Evidence) -> str:
    return f"{len(evidence.failures):,} of {count(len(evidence.invocations), 'invocation')} failed"


def _failures_by_metric(evidence: Evidence) -> str:
    failed, invoked = evidence.metric("Errors").total, evidence.metric("Invocations").total
    return f"{failed:,.0f} of {count(round(invoked), 'invocation')} failed" if invoked else ""


def _memory(observed: _Observed) -> Drawing | None:
    known = [i for i in observed.invocations if i.memory_size_mb and i.max_memory_used_mb]
    if not known:
        return None
    dots = (_run(i, i.max_memory_used_mb) for i in known)
    limit = _steps([(i.ended_at, float(i.memory_size_mb)) for i in known], observed.marks)
    return Drawing(
        "memory",
        "Memory used against the limit",
        observed.compare(_peak_memory),
        "MB",
        (*_RUN_KEYS, ("limit", "memory limit")),
        dots=_thinned(dots),
        limit=observed.limit(limit),
    )


def _peak_memory(evidence: Evidence) -> str:
    known = [i for i in evidence.invocations if i.memory_size_mb]
    fullest = max(known, key=lambda i: i.memory_share, default=None)
    return f"peak {fullest.max_memory_used_mb:,} of {fullest.memory_size_mb:,} MB" if fullest else ""


def _duration(observed: _Observed) -> Drawing | None:
    dots = [_run(i, i.duration_ms / 1000) for i in observed.invocations]
    curve = () if dots else _slowest_by_metric(observed)
    if not dots and not curve:
        return None
    start = min([d.at for d in dots] + [t for t, _ in curve])
    timeouts = [float(e.configuration.timeout_s) for _, e in observed.looks if e.configuration]
    return Drawing(
        "duration",
        "Duration against the timeout",
        observed.compare(_slowest),
        "s",
        (("dot", "ended well"), ("cross", "failed"), ("limit", "timeout"))
        if dots
        else (("curve", "slowest"), ("limit", "timeout")),
        dots=_thinned(dots),
        curve=curve,
        limit=observed.stepped(start, timeouts),
        limit_name="timeout",
    )


def _slowest_by_metric(observed: _Observed) -> _Steps:
    candidates = map(observed.series, DURATIONS)
    slowest = next((s for s in candidates if s.times), MetricSeries("Duration", 60))
    return tuple((t, v / 1000) for t, v in zip(slowest.times, slowest.values, strict=True))


def _slowest(evidence: Evidence) -> str:
    by_metric = next((s.peak for s in map(evidence.metric, DURATIONS) if s.times), 0.0)
    longest = max((i.duration_ms for i in evidence.invocations), default=by_metric)
    allowed = f" of {span(evidence.configuration.timeout_s)} allowed" if evidence.configuration else ""
    return f"slowest {span(longest / 1000)}{allowed}" if longest else ""


def _concurrency(observed: _Observed) -> Drawing | None:
    seen = observed.series("ConcurrentExecutions")
    reserved = [e.concurrency.reserved for _, e in observed.looks if e.concurrency]
    limits = [float(r) for r in reserved if r is not None]
    if not seen.times or not limits:
        return None
    lines = observed.compare(_peak_concurrency)
    curve = tuple(zip(seen.times, seen.values, strict=True))
    return Drawing(
        "concurrency",
        "Concurrency against the limit",
        lines,
        "",
        (("curve", "concurrent runs"), ("limit", "reserved concurrency")),
        curve=curve,
        limit=observed.stepped(seen.times[0], limits),
        limit_name="reserved",
    )


def _peak_concurrency(evidence: Evidence) -> str:
    reserved = evidence.concurrency.reserved if evidence.concurrency else None
    allowed = "" if reserved is None else f" of {reserved} reserved"
    return f"peak {figure(evidence.metric('ConcurrentExecutions').peak)}{allowed}"


def _throttles(observed: _Observed) -> Drawing | None:
    seen = observed.series("Throttles")
    if not seen.total:
        return None
    bars = tuple(
        Bar(t, t + timedelta(seconds=seen.period_s), 0, v)
        for t, v in zip(seen.times, seen.values, strict=True)
    )
    lines = observed.compare(_throttled)
    return Drawing("throttles", "Throttled requests", lines, "", (("bad-bar", "throttled"),), bars=bars)


def _throttled(evidence: Evidence) -> str:
    return f"{evidence.metric('Throttles').total:,.0f} throttled"


def _metered(observed: _Observed) -> tuple[Bar, ...]:
    invoked, failed = observed.series("Invocations"), observed.series("Errors")
    errors = dict(zip(failed.times, failed.values, strict=True))
    period = timedelta(seconds=invoked.period_s)
    points = zip(invoked.times, invoked.values, strict=True)
    return tuple(Bar(t, t + period, max(0.0, v - errors.get(t, 0.0)), errors.get(t, 0.0)) for t, v in points)


def _steps(points: list[tuple[datetime, float]], marks: Sequence[Mark]) -> _Steps:
    """Where the value changes. Between two points that is at our last change, if we made one there."""
    steps = points[:1]
    for (earlier, old), (later, new) in pairwise(points):
        if new != old:
            ours = [m.at for m in marks if earlier <= m.at <= later]
            steps.append((max(ours, default=later), new))
    return tuple(steps)


def _thinned(dots: Iterable[Dot]) -> tuple[Dot, ...]:
    """At most about MOST_DOTS dots: of each slot the highest and the lowest, failures apart."""
    every = sorted(dots, key=lambda d: d.at)
    if len(every) <= MOST_DOTS:
        return tuple(every)
    slot = (every[-1].at - every[0].at) / (MOST_DOTS // 4) or timedelta(milliseconds=1)
    groups: dict[tuple[int, bool], list[Dot]] = {}
    for dot in every:
        groups.setdefault((int((dot.at - every[0].at) / slot), dot.is_bad), []).append(dot)
    extremes = {pick for g in groups.values() for pick in (min(g, key=_by_value), max(g, key=_by_value))}
    return tuple(sorted(extremes, key=lambda d: d.at))


def _by_value(dot: Dot) -> float:
    return dot.value
