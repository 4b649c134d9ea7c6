"""Settings that bound what metrics tell: how long streams and queues keep things, how far a disk may grow."""

from collections.abc import Callable
from typing import Any

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.discovery import home
from auto_repair.adapters.sqs_queues import SqsQueues
from auto_repair.domain.arns import Home, arn_of
from auto_repair.domain.citations import EvidenceItem, MissingEvidence
from auto_repair.domain.errors import AutoRepairError
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import GROWTH, RETENTION, MetricRole, Observation, ResourceSeries, Scope
from auto_repair.ports import ObservationSource
from auto_repair.settings import Settings

MAX_RESOURCES = 4  # nearest first; a request each, for a queue two
GIB = 2**30


class LimitsSource:
    """Each setting as a series of one value, as if it were measured."""

    name = "limits"

    def __init__(self, clients: Clients, place: Home) -> None:
        self._client = clients.client
        self._queues = SqsQueues(clients)
        self._place = place

    def observe(self, scope: Scope) -> Observation:
        """A resource that cannot be read is missing, and the others are told all the same."""
        read = self._readers
        asked = [r for r in scope.resources if r.service in read and ":" not in r.name][:MAX_RESOURCES]
        series: list[ResourceSeries] = []
        missing: list[MissingEvidence] = []
        for resource in asked:
            try:
                metric, unit, value = read[resource.service](resource)
            except AutoRepairError as error:
                missing.append(MissingEvidence(self.name, str(error)[:400]))
                continue
            at = scope.window.start.timestamp()
            series.append(
                ResourceSeries(
                    resource.id, metric, "Maximum", MetricRole.OTHER, unit, times=(at,), values=(value,)
                )
            )
        return Observation(series=tuple(series), items=self._items(scope, series), missing=tuple(missing))

    @property
    def _readers(self) -> dict[str, Callable[[Resource], tuple[str, str, float]]]:
        return {"kinesis": self._stream, "sqs": self._queue, "rds": self._disk}

    def _stream(self, resource: Resource) -> tuple[str, str, float]:
        answer = call(self._client("kinesis").describe_stream_summary, StreamName=resource.name)
        return RETENTION, "s", 3600.0 * answer["StreamDescriptionSummary"]["RetentionPeriodHours"]

    def _queue(self, resource: Resource) -> tuple[str, str, float]:
        arn = resource.arn or arn_of("sqs", resource.name, self._place)
        return RETENTION, "s", float(self._queues.attributes(arn)["MessageRetentionPeriod"])

    def _disk(self, resource: Resource) -> tuple[str, str, float]:
        """What autoscaling may add; RDS leaves the maximum out where it is off."""
        answer = call(self._client("rds").describe_db_instances, DBInstanceIdentifier=resource.name)
        database: dict[str, Any] = answer["DBInstances"][0]
        allocated = database["AllocatedStorage"]
        return GROWTH, "bytes", float(GIB * (database.get("MaxAllocatedStorage", allocated) - allocated))

    def _items(self, scope: Scope, series: list[ResourceSeries]) -> tuple[EvidenceItem, ...]:
        if not series:
            return ()
        item = EvidenceItem(
            id=self.name,
            source=self.name,
            query="kinesis:DescribeStreamSummary, sqs:GetQueueAttributes, rds:DescribeDBInstances",
            window=scope.window,
            observed="; ".join(f"{s.metric} of {s.resource} is {s.values[0]:g} {s.unit}" for s in series),
        )
        return (item,)


def source(settings: Settings, clients: Clients) -> ObservationSource:
    """The source, ready for use."""
    return LimitsSource(clients, home(settings))
