"""What changed, as CloudTrail's event history tells. It lags by minutes and goes back 90 days.

It is asked about what the journal cannot answer: changes of which the journal does not know what was there
before and, where the journal does not vouch for the whole time, resources of which it knows no change.
"""

import json
from collections.abc import Callable, Collection, Iterator
from time import sleep
from typing import Any

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.change_journal import ChangeJournal
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.console_links import ConsoleLinks
from auto_repair.adapters.deadline import Deadline
from auto_repair.adapters.discovery import home
from auto_repair.adapters.pages import following
from auto_repair.domain.arns import Home, arn_of
from auto_repair.domain.changes.history import lacks_former_state, with_former_states
from auto_repair.domain.changes.reading import RecordedChange, changes_of
from auto_repair.domain.changes.telling import recent, since, told
from auto_repair.domain.citations import EvidenceItem, MissingEvidence
from auto_repair.domain.errors import AutoRepairError, ReadsExhausted
from auto_repair.domain.naming import executor_role
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import Observation, ResourceChange, Scope
from auto_repair.ports import ObservationSource
from auto_repair.settings import Settings

MAX_EXAMINED = 8  # resources whose journal is looked at
MAX_LOOKED_UP = 4  # resources, nearest first
MAX_REQUESTS = 16
MAX_PAGES = 2  # of 50 events, newest first, for each name of a resource or of a call
PAUSE_S = 0.5  # LookupEvents takes two requests a second
# Calls to IAM are recorded in one region of each partition, wherever they come from.
_REGION_OF_IAM = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
# A lookup by resource name is an exact match, and AWS tells what a record's name is by examples alone: an
# instance's id, a group's name (API reference of CloudTrail, data type Resource). These are kept by name.
_BY_NAME = ("dynamodb", "ec2", "iam", "s3")
# These as the request wrote them, by name or by ARN; a deleted secret was found by the name that its request
# gave (github.com/Smana/runlore, pull request 416).
_BY_NAME_OR_ARN = ("lambda", "rds", "secretsmanager")
# Of these nothing public tells whether a name, an ARN or an address is kept, if any: they are looked up by
# the names of the calls that change them, the likeliest first, and picked out of the records.
_BY_CALL = {
    "apigateway": (
        "CreateDeployment",
        "UpdateStage",
        "UpdateIntegration",
        "UpdateRoute",
        "PutIntegration",
        "UpdateMethod",
        "UpdateRestApi",
        "UpdateApi",
    ),
    "elasticache": ("ModifyCacheCluster", "ModifyReplicationGroup", "RebootCacheCluster"),
    "elasticloadbalancing": (
        "ModifyListener",
        "ModifyRule",
        "ModifyLoadBalancerAttributes",
        "SetSecurityGroups",
    ),
    "events": ("PutRule", "DisableRule", "PutTargets", "RemoveTargets", "DeleteRule", "EnableRule"),
    "kinesis": ("UpdateShardCount", "UpdateStreamMode", "DecreaseStreamRetentionPeriod", "DeleteStream"),
    "sns": ("SetTopicAttributes", "Unsubscribe", "SetSubscriptionAttributes", "Subscribe", "DeleteTopic"),
    "sqs": ("SetQueueAttributes", "RemovePermission", "PurgeQueue", "DeleteQueue", "AddPermission"),
    "ssm": ("PutParameter", "DeleteParameter", "DeleteParameters"),
    "states": ("UpdateStateMachine", "DeleteStateMachine"),
}

BY_CALL, BY_NAME = "EventName", "ResourceName"
Attribute = tuple[str, str]


class CloudTrailSource:
    """At most `MAX_REQUESTS` lookups, until the deadline."""

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
        lookups = _Lookups(scope, Deadline(self._deadline_s), self._pause)
        wanted = self._wanted(scope)
        asked: list[Resource] = []
        changes: list[ResourceChange] = []
        unread_because = "CloudTrail takes two requests a second"
        for resource, journalled in wanted[:MAX_LOOKED_UP]:
            if lookups.exhausted:
                break
            try:
                looked_up = list(self._look_up(resource, lookups))
            except ReadsExhausted as error:  # what was read of the others stays
                unread_because = str(error)
                break
            asked.append(resource)
            # The journal's own account comes last: of an event known to both, it counts.
            changes += recent(with_former_states((*looked_up, *journalled)), scope)
        gaps = [f"not all records of {name} were read" for name in lookups.unread]
        if left := len(wanted) - len(asked):
            gaps.append(f"{left} more resources were not looked up: {unread_because}")
        return self._observation(scope, asked, tuple(changes), gaps)

    def _wanted(self, scope: Scope) -> list[tuple[Resource, tuple[RecordedChange, ...]]]:
        """Whom the journal leaves questions about: first where something did change, then the nearest."""
        unclear, unknown = [], []
        changed = self._changed(scope)
        able = (r for r in scope.resources if attributes_of(r, self._place))
        for resource in [r for r in able if self._is_open(r, changed)][:MAX_EXAMINED]:
            journalled = self._journalled(resource, scope)
            if lacks_former_state(journalled, since(scope)):
                unclear.append((resource, journalled))
            elif not recent((r.change for r in journalled), scope):
                unknown.append((resource, journalled))
        return unclear + unknown

    def _is_open(self, resource: Resource, changed: Collection[str] | None) -> bool:
        """Whether the journal leaves open what happened there: something did, or it would not know."""
        # EventBridge hears of calls to IAM only where IAM is recorded.
        is_deaf = resource.service == "iam" and self._clients_of_iam is not self._clients
        return changed is None or is_deaf or resource.id in changed

    # Where the journal cannot be read its own source says so; here CloudTrail stands in for it.

    def _changed(self, scope: Scope) -> Collection[str] | None:
        try:
            return self._journal.changed(since(scope), scope.window.end)
        except AutoRepairError:
            return None

    def _journalled(self, resource: Resource, scope: Scope) -> tuple[RecordedChange, ...]:
        try:
            return self._journal.of(resource.id, scope.window.end)
        except AutoRepairError:
            return ()

    def _look_up(self, resource: Resource, lookups: "_Lookups") -> Iterator[RecordedChange]:
        clients = self._clients_of_iam if resource.service == "iam" else self._clients
        for attribute in attributes_of(resource, self._place):
            for document in lookups.records(clients, attribute):
                for recorded in changes_of(document, self._our_role, self.name):
                    if recorded.change.resource == resource.id:
                        yield recorded

    def _observation(
        self, scope: Scope, asked: list[Resource], changes: tuple[ResourceChange, ...], gaps: list[str]
    ) -> Observation:
        missing = tuple(MissingEvidence(self.name, gap, partly=True) for gap in gaps)
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


class _Lookups:
    """The requests of one observation: paced, bounded, and none made twice."""

    def __init__(self, scope: Scope, deadline: Deadline, pause: Callable[[float], None]) -> None:
        self._scope = scope
        self._deadline = deadline
        self._pause = pause
        self._made = 0
        self._known: dict[tuple[int, Attribute], list[Any]] = {}
        self.unread: list[str] = []  # names whose records were not all read, as far back as they may matter

    @property
    def exhausted(self) -> bool:
        """Whether no further request may be made."""
        return self._made >= MAX_REQUESTS or self._deadline.passed

    def records(self, clients: Clients, attribute: Attribute) -> list[Any]:
        """CloudTrail's records of that attribute before the window's end, newest first."""
        key = (id(clients), attribute)
        if key not in self._known:
            events = [event for page in self._pages(clients, attribute) for event in page]
            self._known[key] = [json.loads(event["CloudTrailEvent"]) for event in events]
        return self._known[key]

    def _pages(self, clients: Clients, attribute: Attribute) -> Iterator[list[Any]]:
        page: dict[str, Any] = {}
        is_old = False
        for _ in range(MAX_PAGES):
            if self.exhausted:
                break
            page = self._page(clients, attribute, **following(page))
            events = page.get("Events", [])
            yield events
            is_old = bool(events) and events[-1]["EventTime"] < since(self._scope)
            # What others changed with the same call is read only as far back as it may matter.
            if not following(page) or (is_old and attribute[0] == BY_CALL):
                return
        if not is_old:
            self.unread.append(attribute[1])

    def _page(self, clients: Clients, attribute: Attribute, **token: str) -> Any:
        if self._made:
            self._pause(PAUSE_S)
        self._made += 1
        # Without a start: what was there before may have been set weeks ago.
        return call(
            clients.client("cloudtrail").lookup_events,
            LookupAttributes=[{"AttributeKey": attribute[0], "AttributeValue": attribute[1]}],
            EndTime=self._scope.window.end,
            MaxResults=50,
            **token,
        )


def attributes_of(resource: Resource, place: Home) -> tuple[Attribute, ...]:
    """What CloudTrail is asked for changes of the resource, one request each; none where it cannot help."""
    service, name = resource.service, resource.name
    arn = resource.arn or arn_of(service, name, place)
    if service in _BY_CALL:
        return tuple((BY_CALL, call_name) for call_name in _BY_CALL[service])
    names: tuple[str, ...]
    if service == "kms":
        # Whatever the request called it: the examples of KMS's guide ("Logging AWS KMS API calls") have it.
        names = (arn,)
    elif service in _BY_NAME_OR_ARN:
        names = (name, arn)
    else:
        names = (name,) if service in _BY_NAME else ()
    return tuple((BY_NAME, value) for value in names if value)


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
