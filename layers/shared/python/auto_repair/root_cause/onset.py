"""When it began: alarms come late, so the rows are searched backwards from the alarm.

The heat of a row is how far all symptoms together lie above their reference. An incident that began
before the alarm shows as rows before it that are as hot as the rows after it.
"""

from __future__ import annotations

from collections.abc import Sequence

from auto_repair.root_cause.model import Column, Role, Values
from auto_repair.root_cause.periods import split
from auto_repair.root_cause.series import mean, present
from auto_repair.root_cause.telemetry import Telemetry

SYMPTOMS = (Role.LATENCY, Role.AVAILABILITY, Role.SATURATION)
HOTTEST = 10.0  # heat of one column in one row at most, so that no single column decides
AS_HOT = 0.5  # of the way from the coolest row before to the rows after
RISE = 5.0  # total heat by which the rows after must exceed the coolest row before


def find_onset(telemetry: Telemetry, alarm_at: float, period: float) -> float:
    """Time of the first row of the incident, or the alarm's own when nothing suggests an earlier one."""
    times = telemetry.window.timestamps
    rows = split(times, period, alarm_at)
    if len(rows.before) < 2 or not rows.after:
        return alarm_at
    heat = _heat(telemetry, len(times))
    coolest = min(heat[i] for i in rows.before)
    rise = mean([heat[i] for i in rows.after[:2]]) - coolest
    if rise < RISE:
        return alarm_at
    hot = [value >= coolest + AS_HOT * rise for value in heat]
    first = rows.after[0]
    onset = first
    while onset - 1 > rows.before[0] and hot[onset - 1]:
        onset -= 1
    # A second stretch of hot rows further back is another incident: then there is no calm to return to.
    if onset not in rows.before or any(hot[:onset]):
        return alarm_at
    return times[onset]


def _heat(telemetry: Telemetry, rows: int) -> list[float]:
    heat = [0.0] * rows
    for node in telemetry.by_node:
        for role in SYMPTOMS:
            for column in telemetry.columns(node, role)[:1]:
                _warm(heat, telemetry, column)
    for columns in telemetry.by_edge.values():
        if Role.CALLER_LATENCY in columns:
            _warm(heat, telemetry, columns[Role.CALLER_LATENCY])
    return heat


def _warm(heat: list[float], telemetry: Telemetry, column: Column) -> None:
    window = telemetry.in_window(column)
    known = sorted(present(telemetry.in_reference(column)))
    if len(known) < 8:
        return
    if column.role is Role.AVAILABILITY:
        window, known = _mirrored(window), [-v for v in reversed(known)]
    middle, high = known[len(known) // 2], known[int(0.95 * (len(known) - 1))]
    spread = max(high - middle, 0.01 * abs(middle)) or 1.0
    for i, value in enumerate(window):
        if value is not None:
            heat[i] += min(HOTTEST, max(0.0, (value - middle) / spread))


def _mirrored(values: Sequence[float | None]) -> Values:
    return tuple(None if v is None else -v for v in values)
