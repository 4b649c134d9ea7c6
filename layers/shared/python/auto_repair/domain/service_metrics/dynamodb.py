"""Amazon DynamoDB. Latency and failures are told by operation only, so the six common ones are put together.

Batches and transactions show in the capacity they consume and in the throttled reads and writes.
"""

from auto_repair.domain.measures import (
    Measure,
    MetricSource,
    ServiceMetrics,
    availability,
    plain,
    total,
    weighted,
)
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import MetricRole

NAMESPACE = "AWS/DynamoDB"
OPERATIONS = ("GetItem", "Query", "Scan", "PutItem", "UpdateItem", "DeleteItem")


def measures(resource: Resource) -> tuple[Measure, ...]:
    """The table's own, without its indexes."""
    name = ("TableName", resource.name)
    table = MetricSource(NAMESPACE, (name,))
    operations = [MetricSource(NAMESPACE, (name, ("Operation", operation))) for operation in OPERATIONS]
    times = [metric("SuccessfulRequestLatency", "Average") for metric in operations]
    good = [metric("SuccessfulRequestLatency", "SampleCount") for metric in operations]
    bad = [metric(kind, "Sum") for kind in ("ThrottledRequests", "SystemErrors") for metric in operations]
    return (
        plain(table("ReadThrottleEvents", "Sum"), MetricRole.SATURATION),
        plain(table("WriteThrottleEvents", "Sum"), MetricRole.SATURATION),
        weighted(zip(times, good, strict=True), MetricRole.LATENCY, "ms"),
        total(good, MetricRole.REQUESTS),
        availability(bad=bad, calls=[*good, *bad]),
        plain(table("ConsumedReadCapacityUnits", "Sum"), MetricRole.OTHER),
        plain(table("ConsumedWriteCapacityUnits", "Sum"), MetricRole.OTHER),
        # By the second, and every five minutes; a table on demand has none.
        plain(table("ProvisionedReadCapacityUnits", "Average"), MetricRole.OTHER),
        plain(table("ProvisionedWriteCapacityUnits", "Average"), MetricRole.OTHER),
    )


SERVICE_METRICS = ServiceMetrics("dynamodb", measures)
