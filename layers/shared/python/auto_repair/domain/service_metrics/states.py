"""AWS Step Functions, per state machine, which is measured by its ARN."""

from auto_repair.domain.measures import Measure, MetricSource, ServiceMetrics, availability, plain
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import MetricRole


def measures(resource: Resource) -> tuple[Measure, ...]:
    """The state machine's; none while its ARN is unknown."""
    if not resource.arn:
        return ()
    metric = MetricSource("AWS/States", (("StateMachineArn", resource.arn),))
    bad = [metric("ExecutionsFailed", "Sum"), metric("ExecutionsTimedOut", "Sum")]
    return (
        availability(bad=bad, calls=[metric("ExecutionsSucceeded", "Sum"), *bad]),
        plain(metric("ExecutionsStarted", "Sum"), MetricRole.REQUESTS),
        plain(metric("ExecutionTime", "Average"), MetricRole.LATENCY, "ms"),
        plain(metric("ExecutionThrottled", "Sum"), MetricRole.SATURATION),
    )


SERVICE_METRICS = ServiceMetrics("states", measures)
