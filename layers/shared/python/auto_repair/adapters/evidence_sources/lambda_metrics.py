"""CloudWatch's metrics of the function, its alias and the account, with the day before as the baseline.

Everything is asked in one `GetMetricData` request. Names are CloudWatch's, prefixed where they are not the
function's own (`AliasErrors`, `AccountConcurrentExecutions`), with the statistic after a dot where one metric
is read in several (`Duration.p50`, `Duration.p99`, `Duration.max`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from auto_repair.adapters.clients import Clients
from auto_repair.adapters.console_links import ConsoleLinks
from auto_repair.adapters.metric_data import MetricData, floor, metric_query
from auto_repair.domain.evidence import Evidence, EvidenceItem, MetricSeries, MissingEvidence, Window
from auto_repair.ports import EvidenceSource, Target
from auto_repair.settings import Settings

NAMESPACE = "AWS/Lambda"
PERIOD_S = 60
BASELINE_PERIOD_S = 300
BASELINE = timedelta(hours=24)  # the hours before, and the same hours of the day before


@dataclass(frozen=True)
class Metric:
    """One series to ask for. `unit` is for people."""

    name: str
    metric: str
    statistic: str
    dimensions: tuple[tuple[str, str], ...] = ()
    unit: str = ""
    has_baseline: bool = True


class LambdaMetricsSource:
    """One request, further ones only where CloudWatch pages its answer."""

    name = "lambda_metrics"

    def __init__(self, clients: Clients, links: ConsoleLinks, deadline_s: float = 15.0) -> None:
        self._data = MetricData(clients, deadline_s)
        self._links = links

    def collect(self, target: Target) -> Evidence:
        """Raises `TransientError` when CloudWatch fails within."""
        metrics = wanted(target)
        span = _span(target)
        found, complete = self._data.read(_queries(metrics, target.history), span)
        window = Window(floor(target.window.start, PERIOD_S), target.window.end)
        series = [_series(m.name, PERIOD_S, found.get(f"w{i}", {}), window) for i, m in enumerate(metrics)]
        before = Window(span.start, window.start)
        baseline = [
            _series(m.name, BASELINE_PERIOD_S, found.get(f"b{i}", {}), before) for i, m in enumerate(metrics)
        ]
        gap = MissingEvidence(self.name, "CloudWatch's answer was longer than we read", partly=True)
        return Evidence(
            target.function_name,
            target.window,
            series=tuple(s for s in series if s.times),
            baseline=tuple(s for s in baseline if s.times),
            items=tuple(
                self._item(target, metric, now, past)
                for metric, now, past in zip(metrics, series, baseline, strict=True)
            ),
            missing=() if complete else (gap,),
        )

    def _item(self, target: Target, metric: Metric, now: MetricSeries, past: MetricSeries) -> EvidenceItem:
        dimensions = ", ".join(f"{name}={value}" for name, value in metric.dimensions) or "account"
        return EvidenceItem(
            id=f"metrics.{metric.name}",
            source=self.name,
            query=f"{NAMESPACE} {metric.metric} {metric.statistic}, period {PERIOD_S} s, {dimensions}",
            window=target.window,
            observed=_observed(metric, now),
            baseline=f"24 h before: {_observed(metric, past)}" if past.times else "",
            link=self._links.function(target.function_name, "monitoring"),
        )


def wanted(target: Target) -> tuple[Metric, ...]:
    """The series for this target."""
    own = (("FunctionName", target.function_name),)
    metrics = [
        Metric("Invocations", "Invocations", "Sum", own),
        Metric("Errors", "Errors", "Sum", own),
        Metric("Throttles", "Throttles", "Sum", own),
        Metric("Duration.p50", "Duration", "p50", own, "ms"),
        Metric("Duration.p99", "Duration", "p99", own, "ms"),
        Metric("Duration.max", "Duration", "Maximum", own, "ms"),
        Metric("ConcurrentExecutions", "ConcurrentExecutions", "Maximum", own),
        Metric("AccountConcurrentExecutions", "ConcurrentExecutions", "Maximum"),
        Metric("AccountUnreservedConcurrentExecutions", "UnreservedConcurrentExecutions", "Maximum"),
    ]
    if target.alias:
        alias = (*own, ("Resource", f"{target.function_name}:{target.alias}"))
        metrics += [
            Metric("AliasInvocations", "Invocations", "Sum", alias, has_baseline=False),
            Metric("AliasErrors", "Errors", "Sum", alias, has_baseline=False),
            Metric("AliasThrottles", "Throttles", "Sum", alias, has_baseline=False),
            Metric("AliasDuration.p99", "Duration", "p99", alias, "ms", has_baseline=False),
        ]
    return tuple(metrics)


def _queries(metrics: Iterable[Metric], history: bool) -> list[dict[str, Any]]:
    queries = []
    for i, metric in enumerate(metrics):
        asked = (NAMESPACE, metric.metric, metric.statistic, metric.dimensions)
        queries.append(metric_query(f"w{i}", *asked, PERIOD_S))
        if history and metric.has_baseline:
            queries.append(metric_query(f"b{i}", *asked, BASELINE_PERIOD_S))
    return queries


def _span(target: Target) -> Window:
    """Whole periods around the window; with the baseline, one request covers both."""
    start = target.window.start - (BASELINE if target.history else timedelta())
    end = floor(target.window.end + timedelta(seconds=PERIOD_S), PERIOD_S)
    return Window(floor(start, BASELINE_PERIOD_S), end)


def _series(name: str, period_s: int, points: Mapping[datetime, float], window: Window) -> MetricSeries:
    times = tuple(sorted(t for t in points if t in window))
    return MetricSeries(name, period_s, times, tuple(points[t] for t in times))


def _observed(metric: Metric, series: MetricSeries) -> str:
    if not series.times:
        return "no data points"
    unit = f" {metric.unit}" if metric.unit else ""
    if metric.statistic == "Sum":
        return f"{series.total:g} in all, at most {series.peak:g} in {series.period_s} s"
    return f"at most {series.peak:g}{unit}"


def source(settings: Settings, clients: Clients) -> EvidenceSource:
    """The source, ready for use."""
    return LambdaMetricsSource(clients, ConsoleLinks(settings.region))
