"""Amazon EC2. Without detailed monitoring, most metrics come every five minutes."""

from auto_repair.domain.measures import Measure, MetricSource, ServiceMetrics, plain
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import MetricRole


def measures(resource: Resource) -> tuple[Measure, ...]:
    """The instance's, as seen from outside of it."""
    metric = MetricSource("AWS/EC2", (("InstanceId", resource.name),))
    return (
        plain(metric("StatusCheckFailed", "Maximum"), MetricRole.SATURATION),
        plain(metric("CPUUtilization", "Average"), MetricRole.SATURATION, "%"),
        plain(metric("NetworkIn", "Sum"), MetricRole.OTHER, "bytes"),
        plain(metric("NetworkOut", "Sum"), MetricRole.OTHER, "bytes"),
        plain(metric("CPUCreditBalance", "Minimum"), MetricRole.OTHER),
    )


SERVICE_METRICS = ServiceMetrics("ec2", measures, silence="no such instance, or it is stopped")
