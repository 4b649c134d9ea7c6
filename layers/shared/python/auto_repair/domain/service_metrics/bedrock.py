"""Amazon Bedrock, per model or inference profile. Only successful requests are invocations."""

from auto_repair.domain.measures import Measure, MetricSource, ServiceMetrics, availability, plain
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import MetricRole

FAILURES = ("InvocationClientErrors", "InvocationServerErrors", "InvocationThrottles")


def measures(resource: Resource) -> tuple[Measure, ...]:
    """The model's in this account. Its callers are our own functions, so their errors count as failed."""
    metric = MetricSource("AWS/Bedrock", (("ModelId", resource.name),))
    good = metric("Invocations", "Sum")
    bad = [metric(name, "Sum") for name in FAILURES]
    return (
        availability(bad=bad, calls=[good, *bad]),
        plain(good, MetricRole.REQUESTS),
        plain(metric("InvocationLatency", "Average"), MetricRole.LATENCY, "ms"),
        plain(metric("InvocationThrottles", "Sum"), MetricRole.SATURATION),
    )


SERVICE_METRICS = ServiceMetrics("bedrock", measures)
