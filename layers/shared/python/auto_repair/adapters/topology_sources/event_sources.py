"""Queues and streams and the functions that Lambda's event source mappings feed from them."""

from collections.abc import Mapping
from typing import Any

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.discovery import Discovery, home
from auto_repair.domain.arns import Home, arn_of, resource_of
from auto_repair.domain.evidence import Window
from auto_repair.domain.resources import Resource
from auto_repair.domain.topology import Topology
from auto_repair.ports import TopologySource
from auto_repair.settings import Settings

POLLED = ("kinesis", "sqs")  # a table's stream is asked about by the source that knows the table


class EventSourcesSource:
    """One call, for the first hundred mappings. That there are more is said."""

    name = "event_sources"
    once = False

    def __init__(self, clients: Clients, home: Home) -> None:
        self._clients = clients
        self._home = home

    def discover(self, start: Resource, window: Window) -> Topology:
        """What a function consumes, or who consumes a queue or stream."""
        asked = self._asked(start)
        if not asked:
            return Topology()
        answer = call(self._clients.client("lambda").list_event_source_mappings, **asked)
        found = Discovery(self.name, start, window)
        add_mappings(found, answer)
        return found.topology(f"lambda:ListEventSourceMappings {' '.join(asked.values())}")

    def _asked(self, start: Resource) -> dict[str, str]:
        if start.service == "lambda":
            return {"FunctionName": start.name}
        if start.service in POLLED:
            return {"EventSourceArn": start.arn or arn_of(start.service, start.name, self._home)}
        return {}


def add_mappings(found: Discovery, answer: Mapping[str, Any]) -> None:
    """What one page of Lambda's list tells."""
    for mapping in answer.get("EventSourceMappings", ()):
        _add_mapping(found, mapping)
    found.lacks_more(answer.get("NextMarker"), "event source mappings")


def _add_mapping(found: Discovery, mapping: Mapping[str, Any]) -> None:
    """The source needs its consumer, and the consumer the place for what it fails to consume."""
    function = resource_of(mapping.get("FunctionArn", ""))
    if not function:
        return
    state = mapping.get("State", "")
    because = "event source mapping" + ("" if state == "Enabled" else f" ({state.lower()})")
    if source := resource_of(mapping.get("EventSourceArn", "")):
        found.needs(source, function, because)
    on_failure = mapping.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", "")
    if destination := resource_of(on_failure):
        found.needs(function, destination, "destination for failed events")


def source(settings: Settings, clients: Clients) -> TopologySource:
    """The source, ready for use."""
    return EventSourcesSource(clients, home(settings))
