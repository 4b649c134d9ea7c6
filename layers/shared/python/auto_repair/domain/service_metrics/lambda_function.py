"""AWS Lambda. A throttled call is neither an invocation nor an error."""

from auto_repair.domain.measures import Measure, MetricSource, ServiceMetrics, availability, plain
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import MetricRole


def measures(resource: Resource) -> tuple[Measure, ...]:
    """All versions of the function together."""
    metric = MetricSource("AWS/Lambda", (("FunctionName", resource.name),))
    calls = metric("Invocations", "Sum")
    return (
        availability(bad=[metric("Errors", "Sum")], calls=[calls]),
        plain(calls, MetricRole.REQUESTS),
        plain(metric("Duration", "Average"), MetricRole.LATENCY, "ms"),
        plain(metric("Throttles", "Sum"), MetricRole.SATURATION),
        plain(metric("Duration", "p99"), MetricRole.LATENCY, "ms"),
        plain(metric("ConcurrentExecutions", "Maximum"), MetricRole.SATURATION),
        plain(metric("IteratorAge", "Maximum"), MetricRole.SATURATION, "ms"),
    )


SERVICE_METRICS = ServiceMetrics("lambda", measures)
