"""Who changed the function, as CloudTrail's event history tells. It lags by minutes."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, timedelta
from itertools import islice
from time import sleep
from typing import Any

from auto_repair.adapters.clients import Clients
from auto_repair.adapters.console_links import ConsoleLinks
from auto_repair.adapters.deadline import Deadline
from auto_repair.adapters.pages import following, pages
from auto_repair.domain.changes.actors import actor_of, role_of
from auto_repair.domain.changes.trail_record import plain_name
from auto_repair.domain.evidence import ChangeEvent, Evidence, EvidenceItem, MissingEvidence, Window
from auto_repair.domain.naming import executor_role
from auto_repair.domain.redaction import redact
from auto_repair.ports import EvidenceSource, Target
from auto_repair.settings import Settings

LOOK_BACK = timedelta(hours=24)
PAUSE_S = 0.5  # LookupEvents takes two requests a second
MAX_PAGES = 2  # of 50 events, for each name
MAX_SHOWN = 5
# What is worth telling of a request. CloudTrail itself leaves out the values of environment variables.
_TELLING = (
    "memorySize",
    "timeout",
    "runtime",
    "handler",
    "role",
    "layers",
    "environment",
    "ephemeralStorage",
    "reservedConcurrentExecutions",
    "name",
    "functionVersion",
    "routingConfig",
    "s3Key",
    "imageUri",
)


class ChangesSource:
    """Two lookups: CloudTrail knows a function as the request wrote it, by name or by ARN."""

    name = "changes"

    def __init__(
        self,
        clients: Clients,
        links: ConsoleLinks,
        *,
        our_role: str,
        arn_of: Callable[[str], str],
        deadline_s: float = 15.0,
        pause: Callable[[float], None] = sleep,
    ) -> None:
        self._clients = clients
        self._links = links
        self._our_role = our_role
        self._arn_of = arn_of
        self._deadline_s = deadline_s
        self._pause = pause

    def collect(self, target: Target) -> Evidence:
        """Changes of the last day before the window's end, oldest first; refused ones are none."""
        window = target.window
        if target.history:
            window = Window(window.end - max(LOOK_BACK, window.end - window.start), window.end)
        listed, gaps = self._events(target.function_name, window)
        events = {event["EventId"]: event for event in listed}
        found = [change for event in events.values() if (change := self._change(target, event))]
        found.sort(key=lambda change: change.at)
        item = EvidenceItem(
            id="changes",
            source=self.name,
            query=f"cloudtrail:LookupEvents ResourceName={target.function_name}",
            window=window,
            observed="; ".join(map(_shown, found[-MAX_SHOWN:])) or "no change is known",
            link=self._links.trail(target.function_name),
        )
        return Evidence(
            target.function_name,
            target.window,
            changes=tuple(found),
            items=(item,),
            missing=tuple(MissingEvidence(self.name, gap, partly=True) for gap in gaps),
        )

    def _events(self, function_name: str, window: Window) -> tuple[list[Mapping[str, Any]], list[str]]:
        """The window's events, and where there are more than were read."""
        events: list[Mapping[str, Any]] = []
        gaps: list[str] = []
        turns = self._turns()
        for name in (function_name, self._arn_of(function_name)):
            listed, is_all = self._listed(name, window, turns)
            events += listed
            if not is_all:
                gaps.append(
                    f"CloudTrail has more events of {name} than the {len(listed)} newest, which were read"
                )
        return events, gaps

    def _turns(self) -> Iterator[None]:
        """One for each request that may be made: the first one at once, the others at CloudTrail's pace."""
        deadline = Deadline(self._deadline_s)
        yield
        while not deadline.passed:
            self._pause(PAUSE_S)
            yield

    def _listed(
        self, name: str, window: Window, turns: Iterator[None]
    ) -> tuple[list[Mapping[str, Any]], bool]:
        """The window's events that name the function so, and whether that is all of them."""
        events: list[Mapping[str, Any]] = []
        answer = pages(
            self._clients.client("cloudtrail").lookup_events,
            LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": name}],
            EndTime=window.end,
            MaxResults=50,
        )
        for _, page in zip(islice(turns, MAX_PAGES), answer, strict=False):
            # Newest first. Without a start, it is the very question that the look around asks.
            found = page.get("Events", ())
            events += (event for event in found if event["EventTime"] >= window.start)
            is_past = any(event["EventTime"] < window.start for event in found)
            if is_past or not following(page):
                return events, True
        return events, False

    def _change(self, target: Target, event: Mapping[str, Any]) -> ChangeEvent | None:
        record = json.loads(event.get("CloudTrailEvent") or "{}")
        read_only = str(event.get("ReadOnly", record.get("readOnly", ""))).lower() == "true"
        if read_only or record.get("errorCode"):
            return None
        identity = record.get("userIdentity") or {}
        return ChangeEvent(
            at=event["EventTime"].astimezone(UTC),
            action=plain_name(event["EventName"]),
            resource=target.function_name,
            actor=actor_of(identity) or redact(event.get("Username", "")),
            summary=redact(_summary(record.get("requestParameters") or {})),
            ours=role_of(identity) == self._our_role,
        )


def _summary(parameters: Mapping[str, Any]) -> str:
    told = []
    for key in _TELLING:
        value = parameters.get(key)
        if key == "environment" and key in parameters:
            told.append("environment variables")
        elif value is not None:
            told.append(f"{key} {value if isinstance(value, str | int) else json.dumps(value)}")
    return ", ".join(told)[:300]


def _shown(change: ChangeEvent) -> str:
    what = f" ({change.summary})" if change.summary else ""
    who = "our own repair" if change.ours else change.actor or "unknown"
    return f"{change.at:%Y-%m-%d %H:%M:%S} UTC {change.action}{what} by {who}"


def source(settings: Settings, clients: Clients) -> EvidenceSource:
    """The source, ready for use."""
    _, partition, _, region, account, _ = settings.topic_arn.split(":", 5)
    return ChangesSource(
        clients,
        ConsoleLinks(settings.region),
        our_role=executor_role(settings.environment),
        arn_of=lambda name: f"arn:{partition}:lambda:{region}:{account}:function:{name}",
    )
