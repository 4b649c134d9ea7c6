"""Amazon API Gateway. REST APIs are measured by their name, HTTP APIs by their id, under other names.

What the API answers as the client's fault (4XX) is no failure of its own.
"""

from auto_repair.domain.measures import Measure, MetricSource, ServiceMetrics, availability, plain
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import MetricRole

NAMESPACE = "AWS/ApiGateway"


def measures(resource: Resource) -> tuple[Measure, ...]:
    """The API's, whatever its stages; both kinds' where the ARN does not tell which it is.

    Where only its name is known, as from an alarm, it is a REST API.
    """
    found: tuple[Measure, ...] = ()
    if "/apis/" not in resource.arn and resource.title:
        source = MetricSource(NAMESPACE, (("ApiName", _dimension(resource)),))
        found += _of(source, failed="5XXError", refused="4XXError")
    if "/restapis/" not in resource.arn and resource.name:
        source = MetricSource(NAMESPACE, (("ApiId", resource.name),))
        found += _of(source, failed="5xx", refused="4xx")
    return found


def _of(metric: MetricSource, failed: str, refused: str) -> tuple[Measure, ...]:
    # Each request is one sample of Count.
    calls = metric("Count", "SampleCount")
    return (
        availability(bad=[metric(failed, "Sum")], calls=[calls]),
        plain(calls, MetricRole.REQUESTS),
        plain(metric("Latency", "Average"), MetricRole.LATENCY, "ms"),
        plain(metric(refused, "Sum"), MetricRole.OTHER),
        plain(metric("Latency", "p99"), MetricRole.LATENCY, "ms"),
        # The time of whatever stands behind the API, so it must not be held against the API itself.
        plain(metric("IntegrationLatency", "Average"), MetricRole.OTHER, "ms"),
    )


def _dimension(resource: Resource) -> str:
    """API Gateway drops what is not ASCII from the name, and takes the id where nothing is left."""
    return resource.title.encode("ascii", "ignore").decode() or resource.name


SERVICE_METRICS = ServiceMetrics("apigateway", measures)
