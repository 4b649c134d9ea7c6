"""Amazon S3's request metrics, which a bucket only has once they are switched on, under the name of a filter.

Callers of a bucket are our own functions: what it refuses them (4xx, such as a denied read) counts as failed.
"""

from auto_repair.domain.measures import Measure, MetricSource, ServiceMetrics, availability, plain
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import MetricRole

WHOLE_BUCKET = "EntireBucket"  # the usual name of a filter that takes in everything; AWS prescribes none


def measures(resource: Resource) -> tuple[Measure, ...]:
    """The bucket's, where its metrics configuration has the usual name."""
    metric = MetricSource("AWS/S3", (("BucketName", resource.name), ("FilterId", WHOLE_BUCKET)))
    calls = metric("AllRequests", "Sum")
    return (
        availability(bad=[metric("4xxErrors", "Sum"), metric("5xxErrors", "Sum")], calls=[calls]),
        plain(calls, MetricRole.REQUESTS),
        plain(metric("TotalRequestLatency", "Average"), MetricRole.LATENCY, "ms"),
        plain(metric("FirstByteLatency", "Average"), MetricRole.OTHER, "ms"),
    )


SERVICE_METRICS = ServiceMetrics(
    "s3", measures, silence=f"the bucket has no request metrics under the filter {WHOLE_BUCKET}"
)
