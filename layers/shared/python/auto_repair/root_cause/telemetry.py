"""An investigation's columns, sorted by what they say and about whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from auto_repair.root_cause.model import Column, Frame, Investigation, Role, Values
from auto_repair.root_cause.periods import Rows
from auto_repair.root_cause.series import median, present

ADDITIVE_FIRST = ("Average", "Mean", "p50", "p90", "p95", "p99")  # an average adds up along calls
FEWEST_VALUES = 8  # of the reference, to compare with
RARELY = 0.1  # a node active in fewer of the reference's rows than this was hardly ever called


@dataclass(frozen=True, slots=True)
class Telemetry:
    """Columns by node and role. Order is the input's, so that no result depends on names."""

    window: Frame
    reference: Frame
    by_node: Mapping[str, Mapping[Role, tuple[Column, ...]]]
    by_edge: Mapping[tuple[str, str], Mapping[Role, Column]]

    def in_window(self, column: Column) -> Values:
        """Values of the rows around the alarm."""
        return self.window.columns[column]

    def in_reference(self, column: Column) -> Values:
        """Values of the reference, empty when the column is unknown there."""
        return self.reference.columns.get(column, ())

    def columns(self, node: str, role: Role) -> tuple[Column, ...]:
        """A node's columns of one role, the additive statistic first."""
        return self.by_node.get(node, {}).get(role, ())


def read_telemetry(investigation: Investigation) -> Telemetry:
    """Sort the window's columns; columns that only the reference has say nothing about the incident."""
    nodes: dict[str, dict[Role, list[Column]]] = {}
    edges: dict[tuple[str, str], dict[Role, Column]] = {}
    for column in investigation.window.columns:
        if column.callee is None:
            nodes.setdefault(column.node, {}).setdefault(column.role, []).append(column)
        elif column.callee != column.node:
            edges.setdefault((column.node, column.callee), {}).setdefault(column.role, column)
    by_node = {
        node: {role: tuple(sorted(columns, key=_additive_first)) for role, columns in roles.items()}
        for node, roles in nodes.items()
    }
    return Telemetry(investigation.window, investigation.reference, by_node, edges)


def _additive_first(column: Column) -> int:
    known = column.statistic in ADDITIVE_FIRST
    return ADDITIVE_FIRST.index(column.statistic) if known else len(ADDITIVE_FIRST)


def is_newcomer(telemetry: Telemetry, node: str, rows: Rows) -> bool:
    """Hardly ever called in the reference, not before the onset, but after it.

    Such a callee was brought up by its caller's fault (an error path, a wrong name), so its own trouble
    must not excuse the caller.
    """
    columns = [
        column
        for role in (Role.REQUESTS, Role.LATENCY, Role.AVAILABILITY)
        for column in telemetry.columns(node, role)
    ]
    was_active, is_active = (
        any(_is_active(telemetry.in_window(c), c.role, chosen) for c in columns)
        for chosen in (rows.before, rows.after)
    )
    if was_active or not is_active:
        return False
    return all(_active_share(telemetry.in_reference(c), c.role) < RARELY for c in columns)


def _is_active(values: Values, role: Role, rows: Sequence[int]) -> bool:
    known = present(values[i] for i in rows)
    return any(value > 0 for value in known) if role is Role.REQUESTS else bool(known)


def _active_share(values: Values, role: Role) -> float:
    if not values:
        return 0.0
    idle = values.count(None) + (values.count(0) if role is Role.REQUESTS else 0)
    return 1 - idle / len(values)


def bridge_gaps(telemetry: Telemetry, columns: tuple[Column, ...]) -> Values:
    """The first column's window, its gaps estimated from the percentiles of the same metric.

    An average is the area under the quantile function, so each percentile moves it by the share of that
    area which lies around it. One that is unknown moved as the nearest known one did.
    """
    main, rest = columns[0], columns[1:]
    values = telemetry.in_window(main)
    if None not in values:
        return values
    usual = median(telemetry.in_reference(main))
    known = [
        (rank, telemetry.in_window(c), level)
        for c in rest
        if (rank := _rank(c.statistic)) is not None
        and (level := median(telemetry.in_reference(c)) or 0.0) > 0
    ]
    if not known or not usual or usual <= 0:
        return values
    known.sort(key=lambda entry: entry[0])
    areas = _areas([rank for rank, _, _ in known], [level for _, _, level in known])
    return tuple(_estimate(i, usual, known, areas) if v is None else v for i, v in enumerate(values))


def _rank(statistic: str) -> float | None:
    """0.9 of "p90", None of what is no percentile."""
    digits = statistic[1:]
    return float(digits) / 100 if statistic[:1] == "p" and digits.replace(".", "", 1).isdigit() else None


def _areas(ranks: list[float], levels: list[float]) -> list[float]:
    """Share of the area under the quantile function that lies nearest to each percentile."""
    borders = [0.0, *((a + b) / 2 for a, b in pairwise(ranks)), 1.0]
    parts = [(end - begin) * level for (begin, end), level in zip(pairwise(borders), levels, strict=True)]
    return [part / sum(parts) for part in parts]


def _estimate(
    row: int, usual: float, known: list[tuple[float, Values, float]], areas: list[float]
) -> float | None:
    """The average in a row of which some percentiles are known; None when none is."""
    factors = {
        place: value / level
        for place, (_, values, level) in enumerate(known)
        if (value := values[row]) is not None
    }
    if not factors:
        return None
    nearest = (factors[min(factors, key=lambda other: abs(other - at))] for at in range(len(known)))
    return usual * max(0.0, sum(area * factor for area, factor in zip(areas, nearest, strict=True)))


def observed_columns(telemetry: Telemetry, rows: Rows) -> list[Column]:
    """Columns that have a value after the onset."""
    return [
        column
        for column, values in telemetry.window.columns.items()
        if any(values[i] is not None for i in rows.after)
    ]


def is_comparable(telemetry: Telemetry, column: Column) -> bool:
    """Whether the reference holds enough of a column to tell what is usual."""
    values = telemetry.in_reference(column)
    return len(values) - values.count(None) >= FEWEST_VALUES
