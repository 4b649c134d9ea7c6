"""Application Load Balancers. Nothing is measured while there are no requests."""

from auto_repair.domain.measures import Measure, MetricSource, ServiceMetrics, availability, plain
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import MetricRole

APPLICATION = "app/"
MS_PER_S = 1000


def measures(resource: Resource) -> tuple[Measure, ...]:
    """An application's balancer, all its target groups together; none for other kinds."""
    if not resource.name.startswith(APPLICATION):
        return ()
    metric = MetricSource("AWS/ApplicationELB", (("LoadBalancer", resource.name),))
    calls = metric("RequestCount", "Sum")
    bad = [metric("HTTPCode_Target_5XX_Count", "Sum"), metric("HTTPCode_ELB_5XX_Count", "Sum")]
    return (
        availability(bad=bad, calls=[calls]),
        plain(calls, MetricRole.REQUESTS),
        plain(metric("TargetResponseTime", "Average"), MetricRole.LATENCY, "ms", MS_PER_S),
        plain(metric("RejectedConnectionCount", "Sum"), MetricRole.SATURATION),
        plain(metric("TargetConnectionErrorCount", "Sum"), MetricRole.OTHER),
        plain(metric("TargetResponseTime", "p99"), MetricRole.LATENCY, "ms", MS_PER_S),
    )


SERVICE_METRICS = ServiceMetrics("elasticloadbalancing", measures)
