"""Amazon Kinesis Data Streams: refused reads and writes, and how far the readers are behind."""

from auto_repair.domain.measures import Measure, MetricSource, ServiceMetrics, plain, weighted
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import MetricRole

WRITES = ("PutRecord", "PutRecords")


def measures(resource: Resource) -> tuple[Measure, ...]:
    """The stream's, all shards together."""
    metric = MetricSource("AWS/Kinesis", (("StreamName", resource.name),))
    # An average success is the share of writes that succeeded.
    good, times = (
        [(metric(f"{write}.{what}", "Average"), metric(f"{write}.{what}", "SampleCount")) for write in WRITES]
        for what in ("Success", "Latency")
    )
    return (
        plain(metric("WriteProvisionedThroughputExceeded", "Sum"), MetricRole.SATURATION),
        plain(metric("ReadProvisionedThroughputExceeded", "Sum"), MetricRole.SATURATION),
        plain(metric("GetRecords.IteratorAgeMilliseconds", "Maximum"), MetricRole.SATURATION, "ms"),
        weighted(good, MetricRole.AVAILABILITY),
        plain(metric("IncomingRecords", "Sum"), MetricRole.REQUESTS),
        weighted(times, MetricRole.LATENCY, "ms"),
    )


SERVICE_METRICS = ServiceMetrics("kinesis", measures)
