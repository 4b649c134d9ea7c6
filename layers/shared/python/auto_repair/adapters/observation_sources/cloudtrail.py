"""What changed, as CloudTrail's event history tells. It lags by minutes and goes back 90 days.

It is asked about what the journal cannot answer: resources of which it knows no change, and changes of which
it does not know what was there before.
"""

import json
from collections.abc import Callable, Iterator
from time import sleep
from typing import Any

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.change_journal import ChangeJournal
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.console_links import ConsoleLinks
from auto_repair.adapters.deadline import Deadline
from auto_repair.adapters.discovery import home
from auto_repair.domain.arns import Home, arn_of
from auto_repair.domain.changes.history import lacks_former_state, with_former_states
from auto_repair.domain.changes.reading import RecordedChange, changes_of
from auto_repair.domain.changes.telling import recent, since, told
from auto_repair.domain.citations import EvidenceItem, MissingEvidence
from auto_repair.domain.errors import AutoRepairError
from auto_repair.domain.naming import executor_role
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import Observation, ResourceChange, Scope
from auto_repair.ports import ObservationSource
from auto_repair.settings import Settings

MAX_EXAMINED = 8  # resources whose journal is looked at
MAX_LOOKED_UP = 4  # resources, nearest first
MAX_PAGES = 2  # of 50 events, newest first, for each name of a resource
PAUSE_S = 0.5  # LookupEvents takes two requests a second
# Calls to IAM are recorded in one region of each partition, wherever they come from.
_REGION_OF_IAM = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
# Known to CloudTrail by their names alone; others as the request wrote them, by name or by ARN.
_BY_NAME = ("dynamodb", "ec2", "elasticache", "iam", "rds", "s3")

Attribute = tuple[str, str]


class CloudTrailSource:
    """At most sixteen lookups, until the deadline."""

    name = "cloudtrail"

    def __init__(
        self,
        clients: Clients,
        clients_of_iam: Clients,
        journal: ChangeJournal,
        links: ConsoleLinks,
        *,
        place: Home,
        our_role: str,
        deadline_s: float = 12.0,
        pause: Callable[[float], None] = sleep,
    ) -> None:
        self._clients = clients
        self._clients_of_iam = clients_of_iam
        self._journal = journal
        self._links = links
        self._place = place
        self._our_role = our_role
        self._deadline_s = deadline_s
        self._pause = pause

    def observe(self, scope: Scope) -> Observation:
        """Changes of the last day that the journal does not know, or does not know the former state of."""
        deadline = Deadline(self._deadline_s)
        wanted = self._wanted(scope)
        asked: list[Resource] = []
        changes: list[ResourceChange] = []
        for resource, journalled in wanted[:MAX_LOOKED_UP]:
            if deadline.passed:
                break
            looked_up = list(self._look_up(resource, scope, deadline, first=not asked))
            asked.append(resource)
            # The journal's own account comes last: of an event known to both, it counts.
            changes += recent(with_former_states((*looked_up, *journalled)), scope)
        return self._observation(scope, asked, tuple(changes), len(wanted) - len(asked))

    def _wanted(self, scope: Scope) -> list[tuple[Resource, tuple[RecordedChange, ...]]]:
        """Whom the journal leaves questions about: first where something did change, then the nearest."""
        unclear, unknown = [], []
        for resource in scope.resources[:MAX_EXAMINED]:
            journalled = self._journalled(resource, scope)
            if lacks_former_state(journalled, since(scope)):
                unclear.append((resource, journalled))
            elif not recent((r.change for r in journalled), scope):
                unknown.append((resource, journalled))
        return unclear + unknown

    def _journalled(self, resource: Resource, scope: Scope) -> tuple[RecordedChange, ...]:
        try:
            return self._journal.of(resource.id, scope.window.end)
        except AutoRepairError:  # the journal's own source says so; here CloudTrail stands in for it
            return ()

    def _look_up(
        self, resource: Resource, scope: Scope, deadline: Deadline, *, first: bool
    ) -> Iterator[RecordedChange]:
        clients = self._clients_of_iam if resource.service == "iam" else self._clients
        for attribute in attributes_of(resource, self._place):
            for event in self._events(clients, attribute, scope, deadline, first=first):
                document = json.loads(event["CloudTrailEvent"])
                for recorded in changes_of(document, self._our_role, self.name):
                    if recorded.change.resource == resource.id:
                        yield recorded
            first = False

    def _events(
        self, clients: Clients, attribute: Attribute, scope: Scope, deadline: Deadline, *, first: bool
    ) -> Iterator[Any]:
        page: dict[str, Any] = {}
        for _ in range(MAX_PAGES):
            if not first:
                if deadline.passed:
                    return
                self._pause(PAUSE_S)
            first = False
            # Without a start: what was there before may have been set weeks ago.
            page = call(
                clients.client("cloudtrail").lookup_events,
                LookupAttributes=[{"AttributeKey": attribute[0], "AttributeValue": attribute[1]}],
                EndTime=scope.window.end,
                MaxResults=50,
                **({"NextToken": page["NextToken"]} if page else {}),
            )
            yield from page.get("Events", ())
            if not page.get("NextToken"):
                return

    def _observation(
        self, scope: Scope, asked: list[Resource], changes: tuple[ResourceChange, ...], left: int
    ) -> Observation:
        reason = f"{left} more resources were not looked up: CloudTrail takes two requests a second"
        missing = (MissingEvidence(self.name, reason),) if left else ()
        if not asked:
            return Observation(missing=missing)
        item = EvidenceItem(
            id=self.name,
            source=self.name,
            query=f"cloudtrail:LookupEvents of {', '.join(r.id for r in asked)}",
            window=scope.window,
            observed=told(changes),
            link=self._links.trail(asked[0].name),
        )
        return Observation(changes=changes, items=(item,), missing=missing)


def attributes_of(resource: Resource, place: Home) -> tuple[Attribute, ...]:
    """What CloudTrail may know the resource by: attributes of LookupEvents, one request each."""
    arn = resource.arn or arn_of(resource.service, resource.name, place)
    match resource.service:
        case "apigateway":  # its records name no resource
            return (("EventSource", "apigateway.amazonaws.com"),)
        case "kms":
            names = [arn]
        case "sqs":
            domain = "amazonaws.com.cn" if place.partition == "aws-cn" else "amazonaws.com"
            names = [f"https://sqs.{place.region}.{domain}/{place.account}/{resource.name}", arn]
        case "events":
            names = [resource.name.rpartition("/")[2], arn]
        case service if service in _BY_NAME:
            names = [resource.name]
        case _:
            names = [resource.name, arn]
    return tuple(("ResourceName", name) for name in dict.fromkeys(names) if name)


def source(settings: Settings, clients: Clients) -> ObservationSource:
    """The source, ready for use."""
    place = home(settings)
    region_of_iam = _REGION_OF_IAM.get(place.partition, settings.region)
    return CloudTrailSource(
        clients,
        clients if region_of_iam == settings.region else Clients(region_of_iam),
        ChangeJournal(clients, settings.changes_table, settings.retention_days),
        ConsoleLinks(settings.region),
        place=place,
        our_role=executor_role(settings.environment),
    )
