"""Gap 8: GetMetricData and GetMetricStatistics with metric math, AWS's order, labels and scaled periods."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from ministack.services import cloudwatch

from local.cloudwatch import metric_math
from local.cloudwatch.metric_math import ExpressionError, Value
from local.cloudwatch.periods import Series, Window
from local.cloudwatch.statistics import BASIC, UnknownStatistic, is_extended, statistic
from local.shims import _metric_queries, wrap


def install() -> None:
    @wrap(cloudwatch, "_get_metric_data")
    def get_metric_data(
        _: Any, _params: Any, request: dict[str, Any], is_cbor: bool, is_json: bool = False
    ) -> Any:
        try:
            results = _results(request)
        except (ExpressionError, UnknownStatistic) as error:
            return cloudwatch._error("ValidationError", str(error), 400, use_json=is_json, use_cbor=is_cbor)
        if is_cbor:
            shown = [cloudwatch._cbor_metric_data_result(result) for result in results]
            return cloudwatch._cbor_ok({"MetricDataResults": shown, "Messages": []})
        return cloudwatch._json_ok({"MetricDataResults": results, "Messages": []})

    @wrap(cloudwatch, "_get_metric_statistics")
    def get_metric_statistics(
        _: Any, _params: Any, request: dict[str, Any], is_cbor: bool, is_json: bool = False
    ) -> Any:
        try:
            datapoints = _datapoints(request)
        except UnknownStatistic as error:
            return cloudwatch._error(
                "InvalidParameterValue", str(error), 400, use_json=is_json, use_cbor=is_cbor
            )
        if is_cbor:
            datapoints = [cloudwatch._cbor_datapoint(point) for point in datapoints]
        answer = cloudwatch._cbor_ok if is_cbor else cloudwatch._json_ok
        return answer({"Label": request.get("MetricName"), "Datapoints": datapoints})


def _results(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    queries = request.get("MetricDataQueries") or []
    start, end = _times(request)
    values: dict[str, Value] = {}
    periods = {_period(query, queries) for query in queries}
    for period in periods:
        # Expressions see the metrics of their own period; AWS would bring others to the longest one.
        alike = [query for query in queries if _period(query, queries) == period]
        values.update(_metric_queries.evaluate(alike, Window.between(period, start, end)))
    newest_first = request.get("ScanBy") != "TimestampAscending"
    return [
        _result(query, series, newest_first)
        for query in queries
        if query.get("ReturnData", True)
        for series in _series(query, values[query["Id"]])
    ]


def _period(query: Mapping[str, Any], queries: Sequence[Mapping[str, Any]]) -> int:
    """A metric's own period; for an expression that of the metrics it names, else of any metric."""
    if "MetricStat" in query:
        return int(query["MetricStat"]["Period"])
    periods = {other["Id"]: int(other["MetricStat"]["Period"]) for other in queries if "MetricStat" in other}
    named = metric_math.references(query.get("Expression", ""), list(periods))
    return int(query.get("Period") or max((periods[name] for name in named or periods), default=60))


def _series(query: Mapping[str, Any], value: Value) -> list[Series]:
    if isinstance(value, float):
        raise ExpressionError(
            f"Error in expression '{query['Id']}': the result must be a time series, not a number"
        )
    return value if isinstance(value, list) else [value]


def _result(query: Mapping[str, Any], series: Series, newest_first: bool) -> dict[str, Any]:
    times = sorted(series, reverse=newest_first)
    metric = query.get("MetricStat", {}).get("Metric", {})
    return {
        "Id": query["Id"],
        "Label": query.get("Label") or metric.get("MetricName") or query["Id"],
        "Timestamps": times,
        "Values": [series[at] for at in times],
        "StatusCode": "Complete",
    }


def _datapoints(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    basic, extended = request.get("Statistics") or [], request.get("ExtendedStatistics") or []
    for name in [*basic, *extended]:
        if name not in BASIC and not is_extended(name):
            raise UnknownStatistic(f"The value {name} is not a statistic.")
    start, end = _times(request)
    window = Window.between(int(request["Period"]), start, end)
    datapoints = []
    for at, samples in sorted(
        _metric_queries.samples_by_bucket(request, request.get("Unit"), window).items()
    ):
        point: dict[str, Any] = {"Timestamp": at, "Unit": request.get("Unit") or _unit(request)}
        point.update({name: statistic(samples, name) for name in basic})
        more = {name: statistic(samples, name) for name in extended}
        if more:
            point["ExtendedStatistics"] = {name: value for name, value in more.items() if value is not None}
        datapoints.append(point)
    return datapoints


def _unit(metric: Mapping[str, Any]) -> str:
    points = _metric_queries.points(metric)
    return str(points[-1]["Unit"]) if points else "None"


def _times(request: Mapping[str, Any]) -> tuple[float, float]:
    now = time.time()
    start = cloudwatch._parse_ts(request.get("StartTime"))
    end = cloudwatch._parse_ts(request.get("EndTime"))
    return (now if start is None else start), (now if end is None else end)
