"""Amazon RDS and Aurora: load, connections, and the storage below. CloudWatch does not count queries.

Free memory and storage fall while they run out; all else here rises.
"""

from auto_repair.domain.measures import Measure, MetricSource, ServiceMetrics, plain, total, weighted
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import MetricRole

CLUSTER = "cluster:"
MS_PER_S = 1000


def measures(resource: Resource) -> tuple[Measure, ...]:
    """The instance's, or those of all instances of the Aurora cluster."""
    own = ("DBInstanceIdentifier", resource.name)
    if resource.name.startswith(CLUSTER):
        own = ("DBClusterIdentifier", resource.name.removeprefix(CLUSTER))
    metric = MetricSource("AWS/RDS", (own,))
    reads, writes = metric("ReadIOPS", "Average"), metric("WriteIOPS", "Average")
    times = ((metric("ReadLatency", "Average"), reads), (metric("WriteLatency", "Average"), writes))
    return (
        plain(metric("CPUUtilization", "Average"), MetricRole.SATURATION, "%"),
        plain(metric("DatabaseConnections", "Maximum"), MetricRole.SATURATION),
        weighted(times, MetricRole.LATENCY, "ms", MS_PER_S),
        total((reads, writes), MetricRole.REQUESTS, "1/s"),
        plain(metric("DiskQueueDepth", "Average"), MetricRole.SATURATION),
        plain(metric("FreeableMemory", "Minimum"), MetricRole.OTHER, "bytes"),
        plain(metric("FreeStorageSpace", "Minimum"), MetricRole.OTHER, "bytes"),
    )


SERVICE_METRICS = ServiceMetrics("rds", measures, silence="no such database, or it is stopped")
