"""Amazon SQS: how far the consumers are behind."""

from auto_repair.domain.measures import Measure, MetricSource, ServiceMetrics, plain
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import MetricRole


def measures(resource: Resource) -> tuple[Measure, ...]:
    """The queue's. A queue that nobody uses for six hours stops being measured."""
    metric = MetricSource("AWS/SQS", (("QueueName", resource.name),))
    return (
        plain(metric("ApproximateAgeOfOldestMessage", "Maximum"), MetricRole.SATURATION, "s"),
        plain(metric("ApproximateNumberOfMessagesVisible", "Maximum"), MetricRole.SATURATION),
        plain(metric("NumberOfMessagesSent", "Sum"), MetricRole.REQUESTS),
        plain(metric("NumberOfMessagesDeleted", "Sum"), MetricRole.OTHER),
        plain(metric("ApproximateNumberOfMessagesNotVisible", "Maximum"), MetricRole.OTHER),
    )


SERVICE_METRICS = ServiceMetrics("sqs", measures)
