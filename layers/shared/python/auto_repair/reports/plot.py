"""Puts one drawing on paper: bars, dots, a curve, a limit and marks over time, as SVG.

Colours come from the page's style sheet (`STYLE`); failures differ by shape too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import floor, log10

from auto_repair.reports.elements import Markup, element, joined
from auto_repair.reports.escaping import one_line
from auto_repair.reports.wording import figure, span

WIDTH, HEIGHT = 360, 190
LEFT, RIGHT, TOP, BOTTOM = 52, 8, 26, 24  # margins: value labels, edge, mark labels, time labels
SLOTS = 24  # of the time axis, in which runs are counted
SLOT = (WIDTH - LEFT - RIGHT) / SLOTS
LEAST_HEIGHT = 3.0  # of a failure among very many runs, so that it is seen
LABEL_WIDTH = 56.0  # least distance between the labels of two marks
MOST_POINTED = 40  # points of a curve that are marked one by one
LONGEST_GAP = 0.35  # share of the axis that a stretch without data may take before it is cut

STYLE = """
.chart{display:block;width:100%;height:auto;font:11px/1 var(--sans);font-variant-numeric:tabular-nums}
.chart text{fill:var(--muted)}
.chart .grid{stroke:var(--line);stroke-width:1}
.chart .ok{fill:var(--series)}
.chart .bad{fill:var(--bad)}
.chart .cross{stroke:var(--bad);stroke-width:1.8;fill:none;stroke-linecap:round}
.chart .curve{stroke:var(--series);stroke-width:1.8;fill:none;stroke-linejoin:round}
.chart .limit{stroke:var(--ink);stroke-width:1.4;stroke-dasharray:5 3;fill:none}
.chart .limit-label{fill:var(--ink)}
.chart .mark{stroke:var(--accent);stroke-width:1.5}
.chart .mark.alarm{stroke:var(--warn);stroke-dasharray:2 3}
.chart .alarm-label{fill:var(--warn);font-weight:600}
.chart .mark-label{fill:var(--accent);font-weight:600}
.chart .reference{fill:var(--sunken)}
.chart .cut{fill:var(--card)}
.chart .cut-edge{stroke:var(--muted);stroke-width:1;fill:none}
"""


@dataclass(frozen=True)
class Mark:
    """A moment at which something was changed, with a word for it."""

    at: datetime
    label: str
    restores: bool = False  # the former configuration came back
    is_alarm: bool = False  # nothing was changed: the alarm fired


@dataclass(frozen=True)
class Bar:
    """What was counted in one period."""

    start: datetime
    end: datetime
    good: float
    bad: float


@dataclass(frozen=True)
class Dot:
    """One measured run."""

    at: datetime
    value: float
    is_bad: bool


@dataclass(frozen=True)
class _Column:
    """A bar on paper; x and width in user units."""

    x: float
    width: float
    good: float
    bad: float


@dataclass(frozen=True)
class Drawing:
    """What a chart shows, before it is put on paper."""

    name: str
    title: str
    lines: tuple[str, ...]
    unit: str
    keys: tuple[tuple[str, str], ...]
    bars: tuple[Bar, ...] = ()
    runs: tuple[Dot, ...] = ()  # counted per slot of the time axis
    dots: tuple[Dot, ...] = ()
    curve: tuple[tuple[datetime, float], ...] = ()
    limit: tuple[tuple[datetime, float], ...] = ()  # steps: from that moment on, this value
    limit_name: str = "limit"
    reference_until: datetime | None = None  # what lies before is there to compare with
    period_s: float = 0.0  # of the curve, which breaks where periods have no data; 0: it never does

    @property
    def moments(self) -> list[datetime]:
        """All moments that the time axis must hold."""
        spans = [m for bar in self.bars for m in (bar.start, bar.end)]
        return spans + [d.at for d in (*self.runs, *self.dots)] + [t for t, _ in self.curve]

    @property
    def top(self) -> float:
        """The largest measured value or limit."""
        measured = [d.value for d in self.dots] + [v for _, v in (*self.curve, *self.limit)]
        return max(measured, default=0.0)


@dataclass(frozen=True)
class TimeAxis:
    """Maps moments to the width of a chart. The longest stretch without data is cut when it is too long."""

    start: datetime
    end: datetime
    cut: tuple[datetime, datetime] | None = None

    @classmethod
    def over(cls, moments: list[datetime]) -> "TimeAxis":
        ordered = sorted(moments)
        start, end = ordered[0], max(ordered[-1], ordered[0] + timedelta(seconds=1))
        gap, since, until = max((b - a, a, b) for a, b in zip(ordered, [*ordered[1:], end], strict=True))
        is_long = gap > LONGEST_GAP * (end - start) and since > start and until < end
        return cls(start, end, (since, until) if is_long else None)

    def x(self, moment: datetime) -> float:
        """Position in user units."""
        return LEFT + (WIDTH - LEFT - RIGHT) * self._elapsed(moment) / self._elapsed(self.end)

    def _elapsed(self, moment: datetime) -> float:
        whole = (moment - self.start).total_seconds()
        if self.cut is None:
            return whole
        since, until = self.cut
        gap = (until - since).total_seconds()
        shown = 0.1 * ((self.end - self.start).total_seconds() - gap)
        inside = min(max((moment - since).total_seconds(), 0.0), gap)
        return whole - inside + shown * inside / gap


def draw(drawing: Drawing, axis: TimeAxis, marks: Sequence[Mark]) -> Markup:
    """The drawing as one `<svg>`, named and described for those who cannot see it."""
    columns = _columns(drawing, axis)
    top = _nice(max([drawing.top, *(c.good + c.bad for c in columns)]))
    label = f"chart-{drawing.name}"
    return element(
        "svg",
        element("title", drawing.title, id=f"{label}-title"),
        element("desc", ". ".join(drawing.lines), id=f"{label}-desc"),
        _reference(drawing.reference_until, axis),
        _grid(top, drawing.unit),
        _clock(axis),
        *(_stack(column, top) for column in columns),
        _curve(drawing, axis, top),
        *(_dot(dot, axis, top) for dot in drawing.dots),
        _cut(axis),
        _limit(drawing, axis, top),
        _marks(marks, axis),
        class_="chart",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_labelledby=f"{label}-title {label}-desc",
    )


def _nice(value: float) -> float:
    """The next round number at or above `value`, for the top of an axis."""
    if value <= 0:
        return 1.0
    magnitude = 10.0 ** floor(log10(value))
    return next(
        step * magnitude for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * magnitude >= value * 0.9999
    )


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(max(value, 0.0), top) / top


def _at(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")


def _grid(top: float, unit: str) -> Markup:
    def rule(share: float) -> Markup:
        y = _y(top * share, top)
        shown = f"{_tick(top * share)} {unit}".strip() if share == 1 else _tick(top * share)
        return joined(
            element("line", class_="grid", x1=LEFT, x2=WIDTH - RIGHT, y1=_at(y), y2=_at(y)),
            element("text", shown, x=LEFT - 5, y=_at(y + 4), text_anchor="end"),
        )

    return joined(*(rule(share) for share in (0.0, 0.5, 1.0)))


def _tick(value: float) -> str:
    """A figure that is short enough for the margin: `250M`."""
    large = ((1e12, "T"), (1e9, "G"), (1e6, "M"))
    return next((f"{figure(value / size)}{sign}" for size, sign in large if value >= size), figure(value))


def _clock(axis: TimeAxis) -> Markup:
    form = "%H:%M:%S" if axis.end - axis.start < timedelta(minutes=10) else "%H:%M"
    if axis.end.astimezone(UTC).date() != axis.start.astimezone(UTC).date():
        form = f"%b %d {form}"
    first, last = (m.astimezone(UTC).strftime(form) for m in (axis.start, axis.end))
    return joined(
        element("text", first, x=LEFT, y=HEIGHT - 7),
        element("text", f"{last} UTC", x=WIDTH - RIGHT, y=HEIGHT - 7, text_anchor="end"),
    )


def _columns(drawing: Drawing, axis: TimeAxis) -> list[_Column]:
    edge = WIDTH - RIGHT
    spans = [(axis.x(b.start), min(axis.x(b.end), edge), b.good, b.bad) for b in drawing.bars]
    slots: dict[int, list[int]] = {}
    for run in drawing.runs:
        slots.setdefault(min(int((axis.x(run.at) - LEFT) / SLOT), SLOTS - 1), [0, 0])[run.is_bad] += 1
    counted = [(LEFT + n * SLOT, LEFT + (n + 1) * SLOT, good, bad) for n, (good, bad) in slots.items()]
    return [
        _Column(left, max(right - left - 1, 1.5), good, bad) for left, right, good, bad in (*spans, *counted)
    ]


def _stack(column: _Column, top: float) -> Markup:
    foot, peak = _y(0, top), _y(column.good + column.bad, top)
    middle = min(_y(column.bad, top), foot - LEAST_HEIGHT) if column.bad else foot
    good = _block("ok", column, peak, middle) if column.good else None
    bad = _block("bad", column, middle, foot) if column.bad else None
    return joined(good, bad)


def _block(kind: str, column: _Column, upper: float, lower: float) -> Markup:
    x, y, width, height = map(_at, (column.x, upper, column.width, max(lower - upper, 0.0)))
    return element("rect", class_=kind, x=x, y=y, width=width, height=height)


def _dot(dot: Dot, axis: TimeAxis, top: float) -> Markup:
    x, y = axis.x(dot.at), _y(dot.value, top)
    if not dot.is_bad:
        return element("circle", class_="ok", cx=_at(x), cy=_at(y), r="2.6")
    corner = f"M{_at(x - 3)} {_at(y - 3)}l6 6m0-6l-6 6"
    return element("path", class_="cross", d=corner)


def _curve(drawing: Drawing, axis: TimeAxis, top: float) -> Markup | None:
    if not drawing.curve:
        return None
    pieces = _pieces(drawing.curve, drawing.period_s)
    lines = [[(axis.x(t), _y(v, top)) for t, v in piece] for piece in pieces]
    # A point between two gaps has no line that shows it.
    pointed = (p for line in lines for p in line if len(drawing.curve) <= MOST_POINTED or len(line) == 1)
    return joined(
        *(
            element("polyline", class_="curve", points=" ".join(f"{_at(x)},{_at(y)}" for x, y in line))
            for line in lines
        ),
        *(element("circle", class_="ok", cx=_at(x), cy=_at(y), r="2.2") for x, y in pointed),
    )


def _pieces(points: Sequence[tuple[datetime, float]], period_s: float) -> list[list[tuple[datetime, float]]]:
    """The points, parted where at least one period has no data."""
    pieces = [[points[0]]]
    for (earlier, _), point in pairwise(points):
        if period_s and (point[0] - earlier).total_seconds() > 1.5 * period_s:
            pieces.append([])
        pieces[-1].append(point)
    return pieces


def _reference(until: datetime | None, axis: TimeAxis) -> Markup | None:
    if until is None or until <= axis.start:
        return None
    right = min(axis.x(until), WIDTH - RIGHT)
    return element(
        "rect",
        class_="reference",
        x=LEFT,
        y=TOP - 8,
        width=_at(right - LEFT),
        height=HEIGHT - BOTTOM - TOP + 8,
    )


def _limit(drawing: Drawing, axis: TimeAxis, top: float) -> Markup | None:
    if not drawing.limit:
        return None
    steps = [(axis.x(t), _y(v, top)) for t, v in drawing.limit]
    steps[0] = (LEFT, steps[0][1])
    path = f"M{_at(steps[0][0])} {_at(steps[0][1])}" + "".join(f"H{_at(x)}V{_at(y)}" for x, y in steps[1:])
    last = drawing.limit[-1][1]
    shown = f"{drawing.limit_name} {figure(last)} {drawing.unit}".strip()
    below = steps[-1][1] + 13 if steps[-1][1] < TOP + 12 else steps[-1][1] - 5
    return joined(
        element("path", class_="limit", d=f"{path}H{WIDTH - RIGHT}"),
        element("text", shown, class_="limit-label", x=WIDTH - RIGHT, y=_at(below), text_anchor="end"),
    )


def _marks(marks: Sequence[Mark], axis: TimeAxis) -> Markup:
    shown: list[Markup] = []
    last_label = -LABEL_WIDTH
    for mark in marks:
        x = axis.x(mark.at)
        kind = "mark alarm" if mark.is_alarm else "mark"
        shown.append(element("line", class_=kind, x1=_at(x), x2=_at(x), y1=TOP - 8, y2=HEIGHT - BOTTOM))
        if x - last_label >= LABEL_WIDTH:  # neighbours share one label
            shown.append(_mark_label(mark, x))
            last_label = x
    return joined(*shown)


def _mark_label(mark: Mark, x: float) -> Markup:
    anchor = "start" if x < LEFT + 40 else "end" if x > WIDTH - RIGHT - 40 else "middle"
    kind = "alarm-label" if mark.is_alarm else "mark-label"
    return element("text", one_line(mark.label, 24), class_=kind, x=_at(x), y=TOP - 12, text_anchor=anchor)


def _cut(axis: TimeAxis) -> Markup | None:
    """A white stripe with two slanted edges where the axis was cut."""
    if axis.cut is None:
        return None
    left, right = axis.x(axis.cut[0]) + 4, axis.x(axis.cut[1]) - 4
    foot = HEIGHT - BOTTOM
    edges = "".join(f"M{_at(x - 2)} {foot + 5}l4-10" for x in (left, right))
    gap = span((axis.cut[1] - axis.cut[0]).total_seconds())
    return joined(
        element("rect", class_="cut", x=_at(left), y=foot - 2, width=_at(max(right - left, 0)), height=4),
        element("path", class_="cut-edge", d=edges),
        element("text", gap, x=_at((left + right) / 2), y=HEIGHT - 7, text_anchor="middle"),
    )
