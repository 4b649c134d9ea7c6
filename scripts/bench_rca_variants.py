"""Stress variants of recorded incidents, made in memory: what is missing, wrong, late or noisy.

`edges20`, `null30` and `extra20` do what the benchmark's own script does; the rest are ours. Truth only
serves `blunt`, which takes the culprit's most telling metric away, and `edges20`, which spares its last edge.
"""

from __future__ import annotations

import dataclasses
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from auto_repair.root_cause import Column, Frame, Graph, Investigation, Role
from auto_repair.root_cause.model import Values
from auto_repair.root_cause.periods import period_of

SHARE_OF_EDGES = 0.2
SHARE_OF_VALUES = 0.3
SHORT_REFERENCE = 36  # rows


@dataclasses.dataclass(frozen=True)
class Draw:
    """What a variant is made of; `culprit` is None when nothing is wrong."""

    old: Investigation
    culprit: str | None
    rng: random.Random


Variant = Callable[[Draw], Investigation]


def edges20(draw: Draw) -> Investigation:
    """20 % of the edges are missing, never the last one into a node unless that node is a harmless leaf."""
    edges = list(draw.old.graph.edges)
    draw.rng.shuffle(edges)
    wanted, into = round(SHARE_OF_EDGES * len(edges)), Counter(callee for _, callee in edges)
    dropped: set[tuple[str, str]] = set()
    for edge in edges:
        if len(dropped) < wanted and into[edge[1]] > 1:
            dropped.add(edge)
            into[edge[1]] -= 1
    callers = {caller for caller, _ in edges}
    for edge in edges:
        if len(dropped) < wanted and edge[1] != draw.culprit and edge[1] not in callers:
            dropped.add(edge)
    return _with_edges(draw.old, [edge for edge in draw.old.graph.edges if edge not in dropped])


def extra20(draw: Draw) -> Investigation:
    """20 % spurious edges."""
    known = dict.fromkeys(draw.old.graph.edges)
    nodes = draw.old.graph.nodes
    room = len(nodes) * (len(nodes) - 1)
    wanted = min(room, len(known) + round(SHARE_OF_EDGES * len(known)))
    while len(known) < wanted:
        caller, callee = draw.rng.sample(nodes, 2)
        known.setdefault((caller, callee))
    return _with_edges(draw.old, known)


def noedges(draw: Draw) -> Investigation:
    """No graph."""
    return _with_edges(draw.old, ())


def _with_edges(old: Investigation, edges: Iterable[tuple[str, str]]) -> Investigation:
    return dataclasses.replace(old, graph=Graph.of(old.graph.nodes, edges))


def null30(draw: Draw) -> Investigation:
    """30 % of the window's values are unknown, never the alarmed node's."""

    def holes(column: Column, values: Values) -> Values:
        if column.node == draw.old.alarm.node and column.callee is None:
            return values
        return tuple([None if draw.rng.random() < SHARE_OF_VALUES else v for v in values])

    columns = {column: holes(column, values) for column, values in draw.old.window.columns.items()}
    return dataclasses.replace(draw.old, window=dataclasses.replace(draw.old.window, columns=columns))


def early(draw: Draw) -> Investigation:
    """Only the first row after the alarm is known."""
    period = period_of(draw.old.reference.timestamps)
    times = draw.old.window.timestamps
    first = next((i for i, t in enumerate(times) if t + period / 2 > draw.old.alarm.at), len(times) - 1)
    return dataclasses.replace(draw.old, window=rows_of(draw.old.window, range(first + 1)))


def no_pre(draw: Draw) -> Investigation:
    """No row that ends before the alarm."""
    period, times = period_of(draw.old.reference.timestamps), draw.old.window.timestamps
    kept = [i for i, t in enumerate(times) if t + period > draw.old.alarm.at]
    return dataclasses.replace(draw.old, window=rows_of(draw.old.window, kept))


def noreq(draw: Draw) -> Investigation:
    """No request counts anywhere."""
    return without(draw.old, lambda column: column.role is Role.REQUESTS)


def blunt(draw: Draw) -> Investigation:
    """The culprit lacks the statistic the alarm would be explained with (the average, or availability)."""
    own = [c for c in draw.old.window.columns if c.node == draw.culprit and c.callee is None]
    telling = next((c for c in own if c.role is draw.old.alarm.role), None)
    return without(draw.old, lambda column: column == telling)


def thin(draw: Draw) -> Investigation:
    """Half of the reference's rows, at random."""
    rows = range(len(draw.old.reference.timestamps))
    kept = sorted(draw.rng.sample(rows, len(rows) // 2))
    return dataclasses.replace(draw.old, reference=rows_of(draw.old.reference, kept))


def short(draw: Draw) -> Investigation:
    """A reference of 36 consecutive rows."""
    reference = draw.old.reference
    last = len(reference.timestamps)
    begin = draw.rng.randrange(max(1, last - SHORT_REFERENCE))
    kept = range(begin, min(begin + SHORT_REFERENCE, last))
    return dataclasses.replace(draw.old, reference=rows_of(reference, kept))


def shifted(minutes: float) -> Variant:
    """The alarm's time is off by so many minutes (later when positive), within the window."""

    def shift(draw: Draw) -> Investigation:
        times, period = draw.old.window.timestamps, period_of(draw.old.reference.timestamps)
        at = min(max(draw.old.alarm.at + 60 * minutes, times[0] + period), times[-1])
        return dataclasses.replace(draw.old, alarm=dataclasses.replace(draw.old.alarm, at=at))

    return shift


def shuffled(draw: Draw) -> Investigation:
    """Nodes, edges and columns in another order."""

    def mixed(frame: Frame) -> Frame:
        columns = list(frame.columns.items())
        draw.rng.shuffle(columns)
        return dataclasses.replace(frame, columns=dict(columns))

    nodes, edges = list(draw.old.graph.nodes), list(draw.old.graph.edges)
    draw.rng.shuffle(nodes)
    draw.rng.shuffle(edges)
    return dataclasses.replace(
        draw.old,
        reference=mixed(draw.old.reference),
        window=mixed(draw.old.window),
        graph=Graph(tuple(nodes), tuple(edges)),
    )


def moved_in_time(draw: Draw) -> Investigation:
    """Every clock is 5 h 30 min ahead."""
    ahead = 19_800.0

    def later(frame: Frame) -> Frame:
        return dataclasses.replace(frame, timestamps=tuple(t + ahead for t in frame.timestamps))

    alarm = dataclasses.replace(draw.old.alarm, at=draw.old.alarm.at + ahead)
    return dataclasses.replace(
        draw.old, alarm=alarm, reference=later(draw.old.reference), window=later(draw.old.window)
    )


def both(*variants: Variant) -> Variant:
    """One after the other."""

    def chain(draw: Draw) -> Investigation:
        for variant in variants:
            draw = dataclasses.replace(draw, old=variant(draw))
        return draw.old

    return chain


def rows_of(frame: Frame, kept: Sequence[int]) -> Frame:
    """Chosen rows of a frame."""
    columns = {column: tuple([values[i] for i in kept]) for column, values in frame.columns.items()}
    return Frame(tuple(frame.timestamps[i] for i in kept), columns)


def without(old: Investigation, is_gone: Callable[[Column], bool]) -> Investigation:
    """The investigation without some of its columns."""

    def frame(table: Frame) -> Frame:
        return dataclasses.replace(table, columns={c: v for c, v in table.columns.items() if not is_gone(c)})

    return dataclasses.replace(old, reference=frame(old.reference), window=frame(old.window))


RANDOM: dict[str, Variant] = {
    "edges20": edges20,
    "null30": null30,
    "extra20": extra20,
    "early + null30": both(early, null30),
    "noreq + edges20": both(noreq, edges20),
    "edges20 + null30": both(edges20, null30),
    "no_pre + null30": both(no_pre, null30),
    "half of the reference": thin,
    "36 rows of reference": short,
    "shuffled": shuffled,
}
FIXED: dict[str, Variant] = {
    "early": early,
    "no_pre": no_pre,
    "noreq": noreq,
    "noedges": noedges,
    "noreq + noedges": both(noreq, noedges),
    "most telling metric missing": blunt,
    "clock 5 h 30 min ahead": moved_in_time,
    **{f"alarm {minutes:+d} min": shifted(minutes) for minutes in (-10, -5, -3, 3, 5, 10)},
    **{f"early, alarm {minutes:+d} min": both(early, shifted(minutes)) for minutes in (-10, -5, 5, 10)},
}
