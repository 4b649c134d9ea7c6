"""Amazon SNS: what was published and what reached its subscribers."""

from auto_repair.domain.measures import Measure, MetricSource, ServiceMetrics, availability, plain
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import MetricRole


def measures(resource: Resource) -> tuple[Measure, ...]:
    """The topic's."""
    metric = MetricSource("AWS/SNS", (("TopicName", resource.name),))
    failed = metric("NumberOfNotificationsFailed", "Sum")
    return (
        availability(bad=[failed], calls=[metric("NumberOfNotificationsDelivered", "Sum"), failed]),
        plain(metric("NumberOfMessagesPublished", "Sum"), MetricRole.REQUESTS),
    )


SERVICE_METRICS = ServiceMetrics("sns", measures)
