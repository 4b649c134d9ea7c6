"""How CloudWatch judges an alarm: M of N, missing data, and the reason it gives."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

Alarm = Mapping[str, Any]  # as DescribeAlarms answers it

_WORDS = {
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "GreaterThanThreshold": "greater than",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}
_BAND_SIDES = {
    "LessThanLowerThreshold": ("lower",),
    "GreaterThanUpperThreshold": ("upper",),
    "LessThanLowerOrGreaterThanUpperThreshold": ("lower", "upper"),
}


@dataclass(frozen=True)
class Datapoint:
    """One period of an alarm's metric: value None where no data came, sample_count None for expressions."""

    at: int
    value: float | None
    sample_count: float | None = None
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True)
class Verdict:
    """The state an alarm should have, in CloudWatch's words."""

    state: str
    reason: str
    reason_data: dict[str, Any]


def evaluation_range(alarm: Alarm) -> int:
    """How many periods are looked at: more than are needed, since some may have no data."""
    return math.ceil(1.5 * int(alarm["EvaluationPeriods"]))


def judge(alarm: Alarm, datapoints: Sequence[Datapoint], now: float) -> Verdict | None:
    """The verdict on the datapoints of the evaluation range, oldest first; None: the state stays as it is."""
    needed = int(alarm["EvaluationPeriods"])
    to_alarm = int(alarm.get("DatapointsToAlarm") or needed)
    real = [point for point in datapoints if point.value is not None][-needed:]
    breaching = [point for point in real if _breaches(alarm, point)]
    state = _state(alarm, datapoints, real, breaching, needed, to_alarm)
    if state is None:
        return None
    wanted = breaching if state == "ALARM" else [point for point in real if point not in breaching]
    filled = needed - len(real) if _fills(alarm) == state else 0
    reason = (
        f"Insufficient Data: {_counted(needed)} unknown."
        if state == "INSUFFICIENT_DATA"
        else _reason(alarm, state, wanted, real, filled, needed, to_alarm)
    )
    to_transition = {"ALARM": to_alarm, "OK": needed - to_alarm + 1}.get(state, needed)
    evaluated = wanted[-to_transition:] or list(datapoints[-to_transition:])
    return Verdict(state, reason, _reason_data(alarm, real, evaluated, now))


def aws_time(timestamp: float) -> str:
    """`2019-10-02T17:04:40.985+0000`"""
    moment = datetime.fromtimestamp(timestamp, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"


def _state(
    alarm: Alarm,
    datapoints: Sequence[Datapoint],
    real: Sequence[Datapoint],
    breaching: Sequence[Datapoint],
    needed: int,
    to_alarm: int,
) -> str | None:
    missing = needed - len(real)
    fill = _fills(alarm)
    if fill == "ALARM" or fill == "OK" or not missing:
        count = len(breaching) + (missing if fill == "ALARM" else 0)
        return "ALARM" if count >= to_alarm else "OK"
    if not real:
        return "INSUFFICIENT_DATA" if _treatment(alarm) == "missing" else None
    if len(breaching) >= to_alarm:
        return "ALARM"
    if len(breaching) < len(real):
        return "OK"
    # Only breaching datapoints, fewer than needed. AWS waits whether better ones follow, but not for ever:
    # the oldest one must be as many periods old as there are datapoints to alarm.
    age = len(datapoints) - next(i for i, point in enumerate(datapoints) if point is breaching[0])
    return "ALARM" if _treatment(alarm) == "missing" and age >= to_alarm else None


def _treatment(alarm: Alarm) -> str:
    # Alarms on DynamoDB's metrics ignore missing data whatever they ask for.
    if alarm.get("Namespace") == "AWS/DynamoDB":
        return "ignore"
    return str(alarm.get("TreatMissingData") or "missing")


def _fills(alarm: Alarm) -> str | None:
    """The state that missing datapoints speak for."""
    return {"breaching": "ALARM", "notBreaching": "OK"}.get(_treatment(alarm))


def _breaches(alarm: Alarm, point: Datapoint) -> bool:
    value = point.value
    if value is None:
        raise ValueError("a missing datapoint neither breaches the threshold nor keeps it")
    operator = alarm["ComparisonOperator"]
    if operator in _BAND_SIDES:
        below = point.lower is not None and value < point.lower
        above = point.upper is not None and value > point.upper
        sides = _BAND_SIDES[operator]
        return (below and "lower" in sides) or (above and "upper" in sides)
    threshold = float(alarm["Threshold"])
    return {
        "GreaterThanOrEqualToThreshold": value >= threshold,
        "GreaterThanThreshold": value > threshold,
        "LessThanThreshold": value < threshold,
        "LessThanOrEqualToThreshold": value <= threshold,
    }[str(operator)]


def _reason(
    alarm: Alarm,
    state: str,
    wanted: Sequence[Datapoint],
    real: Sequence[Datapoint],
    filled: int,
    needed: int,
    to_alarm: int,
) -> str:
    is_band = alarm["ComparisonOperator"] in _BAND_SIDES
    opening = "Thresholds Crossed:" if is_band else "Threshold Crossed:"
    treated = "[Breaching]" if state == "ALARM" else "[NonBreaching]"
    supplement = f" and {_counted(filled, 'missing datapoint')} treated as {treated}" if filled else ""
    if not wanted:
        received = _counted(len(real)) if real else "no datapoints were"
        return f"{opening} {received} received for {needed} period{'s'[: needed > 1]}{supplement}."
    listed = ", ".join(f"{_number(point.value)} ({_short_time(point.at)})" for point in reversed(wanted))
    negation = "" if state == "ALARM" else "not "
    verb = "was" if len(wanted) == 1 else "were"
    if not alarm.get("DatapointsToAlarm"):
        subject = f"{len(wanted)} datapoint{'s'[: len(wanted) > 1]} [{listed}]"
        return f"{opening} {subject} {verb} {_comparison(alarm, wanted, negation)}{supplement}."
    minimum, change = (
        (to_alarm, "OK -> ALARM") if state == "ALARM" else (needed - to_alarm + 1, "ALARM -> OK")
    )
    subject = f"{len(wanted)} out of the last {needed} datapoints [{listed}]"
    condition = f"(minimum {minimum} datapoint{'s'[: minimum > 1]} for {change} transition)"
    return f"{opening} {subject} {verb} {_comparison(alarm, wanted, negation)}{supplement} {condition}."


def _comparison(alarm: Alarm, points: Sequence[Datapoint], negation: str) -> str:
    operator = alarm["ComparisonOperator"]
    if operator in _WORDS:
        return f"{negation}{_WORDS[operator]} the threshold ({_number(float(alarm['Threshold']))})"
    parts = []
    for side in _BAND_SIDES[operator]:
        words = "less than the lower" if side == "lower" else "greater than the upper"
        limits = ", ".join(_number(getattr(point, side)) for point in reversed(points))
        parts.append(f"{negation}{words} thresholds [{limits}]")
    return " or ".join(parts)


def _reason_data(
    alarm: Alarm, real: Sequence[Datapoint], evaluated: Sequence[Datapoint], now: float
) -> dict[str, Any]:
    data: dict[str, Any] = {"version": "1.0", "queryDate": aws_time(now)}
    if real:
        data["startDate"] = aws_time(real[0].at)
    if alarm.get("Unit"):
        data["unit"] = alarm["Unit"]
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic")
    if statistic:
        data["statistic"] = statistic
    data["period"] = period_of(alarm)
    data["recentDatapoints"] = [point.value for point in real]
    if alarm["ComparisonOperator"] in _BAND_SIDES:
        for side in _BAND_SIDES[alarm["ComparisonOperator"]]:
            data[f"recent{side.title()}Thresholds"] = [getattr(point, side) for point in real]
    else:
        data["threshold"] = float(alarm["Threshold"])
    data["evaluatedDatapoints"] = [_evaluated(point) for point in reversed(evaluated)]
    return data


def period_of(alarm: Alarm) -> int:
    """The configured period in seconds; with metric math that of its metrics."""
    if alarm.get("Period"):
        return int(alarm["Period"])
    for query in alarm.get("Metrics") or []:
        period = query.get("Period") or query.get("MetricStat", {}).get("Period")
        if period:
            return int(period)
    return 60


def _evaluated(point: Datapoint) -> dict[str, Any]:
    entry: dict[str, Any] = {"timestamp": aws_time(point.at)}
    if point.sample_count is not None:
        entry["sampleCount"] = point.sample_count
    if point.value is not None:
        entry["value"] = point.value
    return entry


def _counted(count: int, noun: str = "datapoint") -> str:
    return f"{count} {noun} was" if count == 1 else f"{count} {noun}s were"


def _short_time(timestamp: int) -> str:
    return f"{datetime.fromtimestamp(timestamp, UTC):%d/%m/%y %H:%M:%S}"


def _number(value: float | None) -> str:
    """A number as CloudWatch prints it: 50.0, 1.0E7."""
    if value is None:
        return "unknown"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(float(value))
    exact = Decimal(repr(float(value))).normalize()
    first, *rest = exact.as_tuple().digits
    sign = "-" if value < 0 else ""
    return f"{sign}{first}.{''.join(map(str, rest)) or 0}E{exact.adjusted()}"
