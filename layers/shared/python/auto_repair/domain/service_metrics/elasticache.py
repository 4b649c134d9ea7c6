"""Amazon ElastiCache: node-based clusters, and replication groups as far as they are measured as one."""

from auto_repair.domain.measures import Measure, MetricSource, ServiceMetrics, plain, total
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import MetricRole

NAMESPACE = "AWS/ElastiCache"
GROUP = "replicationgroup:"


def measures(resource: Resource) -> tuple[Measure, ...]:
    """The cluster's or the group's; none for serverless caches."""
    if resource.name.startswith(GROUP):
        return _of_group(
            MetricSource(NAMESPACE, (("ReplicationGroupId", resource.name.removeprefix(GROUP)),))
        )
    if ":" in resource.name:
        return ()
    return _of_cluster(MetricSource(NAMESPACE, (("CacheClusterId", resource.name),)))


def _of_cluster(metric: MetricSource) -> tuple[Measure, ...]:
    commands = [metric("GetTypeCmds", "Sum"), metric("SetTypeCmds", "Sum")]
    return (
        plain(metric("EngineCPUUtilization", "Average"), MetricRole.SATURATION, "%"),
        plain(metric("DatabaseMemoryUsagePercentage", "Average"), MetricRole.SATURATION, "%"),
        plain(metric("Evictions", "Sum"), MetricRole.SATURATION),
        plain(metric("CurrConnections", "Maximum"), MetricRole.SATURATION),
        total(commands, MetricRole.REQUESTS),
        plain(metric("CPUUtilization", "Average"), MetricRole.SATURATION, "%"),
    )


def _of_group(metric: MetricSource) -> tuple[Measure, ...]:
    memory = metric("DatabaseMemoryUsageCountedForEvictPercentage", "Average")
    return (
        plain(metric("EngineCPUUtilization", "Average"), MetricRole.SATURATION, "%"),
        plain(memory, MetricRole.SATURATION, "%"),
    )


SERVICE_METRICS = ServiceMetrics("elasticache", measures, silence="no such cluster")
