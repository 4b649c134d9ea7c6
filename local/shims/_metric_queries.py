"""MetricDataQuery lists (GetMetricData, alarms on metric math) evaluated on the emulator's metric store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ministack.services import cloudwatch

from local.cloudwatch import metric_math
from local.cloudwatch.metric_math import ExpressionError, Inputs, Value
from local.cloudwatch.periods import Series, Window
from local.cloudwatch.statistics import Sample, statistic

Query = Mapping[str, Any]
Metric = Mapping[str, Any]

_HISTORY_BUCKETS = 1000  # from which an anomaly band is made


def evaluate(queries: Sequence[Query], window: Window) -> dict[str, Value]:
    """The value of every query by id. ExpressionError for what AWS would refuse."""
    values: dict[str, Value] = {}
    pending = {query["Id"]: query for query in queries}
    metrics = [query["Id"] for query in queries if "MetricStat" in query]
    for name in metrics:
        stat = pending.pop(name)["MetricStat"]
        values[name] = read(stat["Metric"], stat["Stat"], stat.get("Unit"), window)
    history = _History(queries, window)
    while pending:
        ready = [name for name, query in pending.items() if not _open_references(query, pending)]
        if not ready:
            raise ExpressionError("The expressions refer to each other in a circle")
        for name in ready:
            inputs = Inputs(window, values, metrics, history)
            values[name] = metric_math.evaluate(pending.pop(name).get("Expression", ""), inputs)
    return values


def read(metric: Metric, stat: str, unit: str | None, window: Window) -> Series:
    """One statistic of one metric (exactly its dimensions) per bucket; buckets without data are left out."""
    values = {}
    for start, samples in samples_by_bucket(metric, unit, window).items():
        value = statistic(samples, stat)
        if value is not None:
            values[start] = value
    return values


def samples_by_bucket(metric: Metric, unit: str | None, window: Window) -> dict[int, list[Sample]]:
    """What was measured, by the start of its bucket."""
    buckets: dict[int, list[Sample]] = {}
    start, end = window.start, window.end
    for point in [point for point in points(metric) if start <= point["Timestamp"] < end]:
        if unit is None or point["Unit"] == unit:
            buckets.setdefault(window.bucket(point["Timestamp"]), []).append(_sample(point))
    return buckets


def points(metric: Metric) -> list[dict[str, Any]]:
    """The stored data of a metric, in the caller's account and region."""
    return list(_stored(metric))


def count(queries: Sequence[Query]) -> int:
    """How much data the metrics of the queries have; it grows when something new was measured."""
    return sum(len(_stored(query["MetricStat"]["Metric"])) for query in queries if "MetricStat" in query)


def _stored(metric: Metric) -> Sequence[dict[str, Any]]:
    dimensions = cloudwatch._dims_from_list(metric.get("Dimensions") or [])
    key = (metric.get("Namespace"), metric.get("MetricName"), cloudwatch._dims_key(dimensions))
    found: Sequence[dict[str, Any]] = cloudwatch._metrics.get(key) or ()
    return found


def _sample(point: dict[str, Any]) -> Sample:
    return Sample(*cloudwatch._point_stats(point))


def _open_references(query: Query, pending: Mapping[str, Query]) -> list[str]:
    others = [name for name in pending if name != query["Id"]]
    return metric_math.references(query.get("Expression", ""), others)


class _History(Mapping[str, Sequence[float]]):
    """What a metric was before the window, read only if an anomaly band asks for it."""

    def __init__(self, queries: Sequence[Query], window: Window) -> None:
        self._stats = {query["Id"]: query["MetricStat"] for query in queries if "MetricStat" in query}
        self._window = window

    def __getitem__(self, name: str) -> Sequence[float]:
        stat = self._stats[name]
        start = self._window.start - _HISTORY_BUCKETS * self._window.step_s
        before = Window.between(self._window.period_s, start, self._window.start)
        return list(read(stat["Metric"], stat["Stat"], stat.get("Unit"), before).values())

    def __iter__(self) -> Any:
        return iter(self._stats)

    def __len__(self) -> int:
        return len(self._stats)
