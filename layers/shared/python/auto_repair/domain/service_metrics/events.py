"""Amazon EventBridge, per rule. Rules of the default bus are measured without the bus's name."""

from auto_repair.domain.measures import Measure, MetricSource, ServiceMetrics, availability, plain
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import MetricRole

DEFAULT_BUS = "default"


def measures(resource: Resource) -> tuple[Measure, ...]:
    """The rule's. Several of its counts are only sent when they are not zero."""
    # A partner's bus has slashes in its name, a rule has none.
    bus, _, rule = resource.name.rpartition("/")
    of_bus = () if bus in ("", DEFAULT_BUS) else (("EventBusName", bus),)
    metric = MetricSource("AWS/Events", (*of_bus, ("RuleName", rule)))
    calls = metric("Invocations", "Sum")
    return (
        availability(bad=[metric("FailedInvocations", "Sum")], calls=[calls]),
        plain(calls, MetricRole.REQUESTS),
        plain(metric("TriggeredRules", "Sum"), MetricRole.OTHER),
        plain(metric("ThrottledRules", "Sum"), MetricRole.SATURATION),
    )


SERVICE_METRICS = ServiceMetrics("events", measures)
