"""What feeds the function by polling: event source mappings, and the queues behind them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from auto_repair.adapters.clients import Clients
from auto_repair.adapters.console_links import ConsoleLinks
from auto_repair.adapters.deadline import Deadline
from auto_repair.adapters.pages import following, pages
from auto_repair.adapters.sqs_queues import SqsQueues
from auto_repair.domain.errors import AutoRepairError
from auto_repair.domain.evidence import EventSource, Evidence, EvidenceItem, MissingEvidence
from auto_repair.ports import EvidenceSource, Target
from auto_repair.settings import Settings

MAX_PAGES = 3
MAX_QUEUES = 5  # queues that are asked for their visibility timeout
_KINDS = {"sqs": "sqs", "kinesis": "kinesis", "dynamodb": "dynamodb", "kafka": "kafka"}
_OFF = ("Disabled", "Disabling")


class EventSourcesSource:
    """One call for each name that mappings may hold, and two for each queue."""

    name = "event_sources"

    def __init__(
        self, clients: Clients, queues: SqsQueues, links: ConsoleLinks, deadline_s: float = 15.0
    ) -> None:
        self._clients = clients
        self._queues = queues
        self._links = links
        self._deadline_s = deadline_s

    def collect(self, target: Target) -> Evidence:
        """Mappings of the function and of the alias. Queues and mappings that are not read are missing."""
        deadline = Deadline(self._deadline_s)
        # Lambda lists a mapping under the name that it was made with.
        names = [target.function_name] + ([f"{target.function_name}:{target.alias}"] if target.alias else [])
        listings = [self._mappings(name, deadline) for name in names]
        mappings = {m["UUID"]: m for listing, _ in listings for m in listing}
        found, gaps = self._with_visibility(map(event_source_from, mappings.values()), deadline)
        item = EvidenceItem(
            id="configuration.event_sources",
            source=self.name,
            query=f"lambda:ListEventSourceMappings {', '.join(names)}; sqs:GetQueueAttributes",
            window=target.window,
            observed="; ".join(map(_shown, found)) or "none",
            link=self._links.function(target.function_name),
        )
        return Evidence(
            target.function_name,
            target.window,
            event_sources=tuple(found),
            items=(item,),
            missing=(
                *(MissingEvidence(self.name, cut, partly=True) for _, cut in listings if cut),
                *(MissingEvidence(self.name, gap[:400]) for gap in gaps),
            ),
        )

    def _mappings(self, name: str, deadline: Deadline) -> tuple[list[Mapping[str, Any]], str]:
        """What Lambda lists under the name, and why that is not all of it; empty where it is."""
        found: list[Mapping[str, Any]] = []
        listed = pages(self._clients.client("lambda").list_event_source_mappings, FunctionName=name)
        for page in islice(listed, MAX_PAGES):
            found += page.get("EventSourceMappings", ())
            if not following(page):
                return found, ""
            if deadline.passed:
                break
        return found, f"{name} has more event source mappings than the {len(found)} that were read"

    def _with_visibility(
        self, sources: Iterable[EventSource], deadline: Deadline
    ) -> tuple[list[EventSource], list[str]]:
        """The sources with what their queues say, and what no queue was asked for or did not say."""
        found: list[EventSource] = []
        gaps: list[str] = []
        asked = unasked = 0
        for event_source in sources:
            if event_source.kind == "sqs" and (asked == MAX_QUEUES or deadline.passed):
                unasked += 1
            elif event_source.kind == "sqs":
                asked += 1
                try:
                    seconds = self._queues.visibility_timeout(event_source.arn)
                    event_source = replace(event_source, visibility_timeout_s=seconds)
                except AutoRepairError as error:
                    gaps.append(str(error))
            found.append(event_source)
        if unasked:
            gaps.append(f"{unasked} queues were not asked for their visibility timeout")
        return found, gaps


def event_source_from(mapping: Mapping[str, Any]) -> EventSource:
    """An event source from Lambda's answer."""
    arn = mapping.get("EventSourceArn", "")
    service = arn.split(":")[2] if arn.count(":") > 2 else ""
    self_managed = "SelfManagedEventSource" in mapping
    return EventSource(
        kind="kafka" if self_managed else _KINDS.get(service, "other"),
        arn=arn,
        enabled=mapping.get("State") not in _OFF,
        maximum_concurrency=mapping.get("ScalingConfig", {}).get("MaximumConcurrency"),
        batch_size=mapping.get("BatchSize"),
    )


def _shown(event_source: EventSource) -> str:
    parts = [f"{event_source.kind} {event_source.arn.rsplit(':', 1)[-1]}"]
    parts += [] if event_source.enabled else ["disabled"]
    if event_source.visibility_timeout_s is not None:
        parts.append(f"visibility timeout {event_source.visibility_timeout_s} s")
    if event_source.maximum_concurrency is not None:
        parts.append(f"at most {event_source.maximum_concurrency} at once")
    return ", ".join(parts)


def source(settings: Settings, clients: Clients) -> EvidenceSource:
    """The source, ready for use."""
    return EventSourcesSource(clients, SqsQueues(clients), ConsoleLinks(settings.region))
