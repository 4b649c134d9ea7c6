"""Trouble and planned work of AWS itself, as AWS Health tells accounts whose support plan includes it."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.discovery import home
from auto_repair.domain.changes.telling import since, told
from auto_repair.domain.citations import EvidenceItem, MissingEvidence
from auto_repair.domain.errors import AwsCallFailed
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import Observation, ResourceChange, Scope
from auto_repair.ports import ObservationSource
from auto_repair.settings import Settings

# Where Health is in each partition; the SDK would ask for it in our own region.
_REGIONS = {"aws": "us-east-1", "aws-cn": "cn-northwest-1", "aws-us-gov": "us-gov-west-1"}
# Health's names of services are ours in capitals, but for these.
_SERVICES = {"STEPFUNCTIONS": "states", "EVENTBRIDGE": "events"}
_OF_ACCOUNT = "ACCOUNT_SPECIFIC"
MAX_EVENTS = 10  # that one DescribeAffectedEntities takes
CUT = "AWS Health knows more events, or more of what they affect, than was read"
_NOT_SUBSCRIBED = "SubscriptionRequiredException"


class HealthSource:
    """One request, and one for what belongs to this account."""

    name = "health"

    def __init__(self, clients: Clients, region: str) -> None:
        self._clients = clients
        self._region = region

    def observe(self, scope: Scope) -> Observation:
        """Events of the services that the resources belong to, in our region."""
        try:
            events, is_cut = self._events(scope)
            named, is_part = self._named_by(events)
        except AwsCallFailed as error:
            if error.code != _NOT_SUBSCRIBED:
                raise
            reason = "AWS Health answers only accounts with a Business or Enterprise support plan"
            return Observation(missing=(MissingEvidence(self.name, reason),))
        changes = tuple(
            _change(resource.id, event)
            for event in events
            for resource in scope.resources
            if _concerns(event, resource, named)
        )
        item = EvidenceItem(
            id=self.name,
            source=self.name,
            query=f"health:DescribeEvents of {self._region}",
            window=scope.window,
            observed=told(changes) if changes else "no event of AWS about these services",
            link="https://health.aws.amazon.com/health/home#/account/dashboard/open-issues",
        )
        missing = (MissingEvidence(self.name, CUT, partly=True),) if is_cut or is_part else ()
        return Observation(changes=changes, items=(item,), missing=missing)

    def _events(self, scope: Scope) -> tuple[list[Mapping[str, Any]], bool]:
        """Those that lasted into the last day, as an open event is updated while it lasts; whether there are
        more."""
        answer = call(
            self._clients.client("health").describe_events,
            filter={
                "regions": [self._region, "global"],
                "eventTypeCategories": ["issue", "scheduledChange"],
                "lastUpdatedTimes": [{"from": since(scope)}],
            },
            maxResults=100,
        )
        begun = [event for event in answer.get("events", ()) if event["startTime"] < scope.window.end]
        return begun, bool(answer.get("nextToken"))

    def _named_by(self, events: list[Mapping[str, Any]]) -> tuple[dict[str, set[str]], bool]:
        """What the events that belong to this account name, by the events' ARNs; whether there is more."""
        arns = [event["arn"] for event in events if event.get("eventScopeCode") == _OF_ACCOUNT]
        named: dict[str, set[str]] = {arn: set() for arn in arns}
        answer: Mapping[str, Any] = {}
        if arns:
            answer = call(
                self._clients.client("health").describe_affected_entities,
                filter={"eventArns": arns[:MAX_EVENTS]},
                maxResults=100,
            )
            for entity in answer.get("entities", ()):
                named[entity["eventArn"]].add(entity.get("entityValue", ""))
        return named, len(arns) > MAX_EVENTS or bool(answer.get("nextToken"))


def _concerns(event: Mapping[str, Any], resource: Resource, named: Mapping[str, set[str]]) -> bool:
    """A public event concerns every resource of the service, another one only the resources that it names."""
    if resource.service != _service(event):
        return False
    return event.get("eventScopeCode") != _OF_ACCOUNT or bool(
        {resource.name, resource.arn} & named[event["arn"]]
    )


def _service(event: Mapping[str, Any]) -> str:
    name = str(event.get("service", ""))
    return _SERVICES.get(name, name.lower())


def _change(resource_id: str, event: Mapping[str, Any]) -> ResourceChange:
    end = event.get("endTime")  # as the SDK reads it: in the zone of the machine
    ended = f", ended {end.astimezone(UTC):%H:%M} UTC" if end else ""
    return ResourceChange(
        resource=resource_id,
        at=event["startTime"].astimezone(UTC),
        action=str(event.get("eventTypeCode", "")),
        actor="AWS",
        summary=f"{event.get('eventTypeCategory')} of {event.get('service')} in {event.get('region')}, "
        f"{event.get('statusCode')}{ended}",
        source=HealthSource.name,
        event_id=str(event.get("arn", "")),
    )


def source(settings: Settings, clients: Clients) -> ObservationSource:
    """The source, ready for use."""
    region = _REGIONS.get(home(settings).partition, settings.region)
    return HealthSource(clients if region == settings.region else Clients(region), settings.region)
