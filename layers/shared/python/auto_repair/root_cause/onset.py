"""When it was: alarms come late, and the times that people name are wrong.

The heat of a row is how far all symptoms together lie above their reference. An incident that began
before the alarm shows as rows before it that are as hot as the rows after it. Where nothing is found at
the alarm's time, the hottest stretch of rows is looked for anywhere in the window: the alternative of an
epidemic change (Levin and Kline, "The CUSUM test of homogeneity", 1985). Searching always finds one, so
it must be hotter than the hottest of equally long windows of the reference, as in scan statistics.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from auto_repair.root_cause.baselines import BLOCKS
from auto_repair.root_cause.model import Column, Role, Values
from auto_repair.root_cause.periods import Rows, split
from auto_repair.root_cause.series import mean, present
from auto_repair.root_cause.telemetry import Telemetry

SYMPTOMS = (Role.LATENCY, Role.AVAILABILITY, Role.SATURATION)
HOTTEST = 10.0  # heat of one column in one row at most, so that no single column decides
AS_HOT = 0.5  # of the way from the coolest row before to the rows after
RISE = 5.0  # total heat by which the rows after must exceed the coolest row before
BY_CHANCE = 0.05  # share of the reference's windows whose hottest stretch may be as hot as the one found
FEWEST_WINDOWS = 20  # of the reference, to tell that share


def find_onset(telemetry: Telemetry, alarm_at: float, period: float) -> float:
    """Time of the first row of the incident, or the alarm's own when nothing suggests an earlier one."""
    times = telemetry.window.timestamps
    rows = split(times, period, alarm_at)
    if len(rows.before) < 2 or not rows.after:
        return alarm_at
    heat = _heat(_scales(telemetry), len(times), telemetry.in_window)
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


def find_stretch(telemetry: Telemetry) -> Rows | None:
    """The hottest stretch of two rows or more after calm ones, wherever the alarm lies; None without any."""
    rows = len(telemetry.window.timestamps)
    scales = _scales(telemetry)
    heat = _heat(scales, rows, telemetry.in_window)
    peak, begin, end = _hottest(heat)
    if peak <= 0 or _has_heat_before(heat, begin, end) or peak <= _peak_by_chance(telemetry, scales, rows):
        return None
    return Rows(tuple(range(begin)), tuple(range(begin, end)))


def _hottest(heat: Sequence[float]) -> tuple[float, int, int]:
    """Heat above the average, first row and end of the stretch that holds most of it (Kadane's algorithm).

    It never begins with the first row, so that something is known from before it, and one hot row alone,
    as any outlier makes it, is none. Zeros without any.
    """
    average = mean(heat) if heat else 0.0
    best, total, begin = (0.0, 0, 0), 0.0, 1
    for i in range(1, len(heat)):
        if total <= 0:
            total, begin = 0.0, i
        total += heat[i] - average
        if total > best[0] and heat[i] > average and i > begin:
            best = (total, begin, i + 1)
    return best


def _has_heat_before(heat: Sequence[float], begin: int, end: int) -> bool:
    calm = mean([*heat[:begin], *heat[end:]])
    warm = calm + AS_HOT * (mean(heat[begin:end]) - calm)
    return any(value >= warm for value in heat[:begin])


def _peak_by_chance(telemetry: Telemetry, scales: Sequence[_Scale], width: int) -> float:
    """What the hottest stretch of so many rows of the reference hardly ever exceeds."""
    rows = len(telemetry.reference.timestamps)
    windows = rows - width + 1
    if windows < FEWEST_WINDOWS:
        return float("inf")
    heat = _heat(scales, rows, telemetry.in_reference)
    starts = range(0, windows, max(1, windows // BLOCKS))
    peaks = sorted(_hottest(heat[start : start + width])[0] for start in starts)
    return peaks[int((1 - BY_CHANCE) * len(peaks))]


@dataclass(frozen=True, slots=True)
class _Scale:
    """What is usual of one symptom's column, and by how much it usually exceeds that."""

    column: Column
    middle: float
    spread: float


def _scales(telemetry: Telemetry) -> list[_Scale]:
    columns = [
        column
        for node in telemetry.by_node
        for role in SYMPTOMS
        for column in telemetry.columns(node, role)[:1]
    ]
    edges = telemetry.by_edge.values()
    columns += [found[Role.CALLER_LATENCY] for found in edges if Role.CALLER_LATENCY in found]
    scales = (_scale(column, telemetry.in_reference(column)) for column in columns)
    return [scale for scale in scales if scale]


def _scale(column: Column, reference: Values) -> _Scale | None:
    known = sorted(present(reference))
    if column.role is Role.AVAILABILITY:
        known = [-value for value in reversed(known)]
    if len(known) < 8:
        return None
    middle, high = known[len(known) // 2], known[int(0.95 * (len(known) - 1))]
    return _Scale(column, middle, max(high - middle, 0.01 * abs(middle)) or 1.0)


def _heat(scales: Sequence[_Scale], rows: int, values: Callable[[Column], Values]) -> list[float]:
    """Heat per row of the window or the reference, whichever `values` are of."""
    heat = [0.0] * rows
    for scale in scales:
        middle, spread = scale.middle, scale.spread
        for i, value in enumerate(_upwards(scale.column, values(scale.column))):
            if value is not None and value > middle:
                heat[i] += min(HOTTEST, (value - middle) / spread)
    return heat


def _upwards(column: Column, values: Values) -> Values:
    """The values, so that more is worse."""
    return _mirrored(values) if column.role is Role.AVAILABILITY else values


def _mirrored(values: Sequence[float | None]) -> Values:
    return tuple(None if v is None else -v for v in values)
