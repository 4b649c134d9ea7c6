"""Who called whom in the last hours, as X-Ray saw it."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import Any

from auto_repair.adapters.api_gateway import Apis
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.discovery import Discovery, home
from auto_repair.adapters.pages import following, pages
from auto_repair.domain.arns import Home
from auto_repair.domain.evidence import Window
from auto_repair.domain.resources import Resource
from auto_repair.domain.topology import Topology
from auto_repair.domain.traces.resources import resource_of_node
from auto_repair.ports import TopologySource
from auto_repair.settings import Settings

LEAST = timedelta(hours=1)  # calls that stopped with the incident are worth knowing too
MOST = timedelta(hours=6)  # X-Ray answers for no longer span
MAX_PAGES = 3


@dataclass(frozen=True)
class Call:
    """One edge of the service graph."""

    caller: Resource
    callee: Resource
    count: int


class TracesSource:
    """One call, more only where X-Ray pages its answer (three at most), and one or two for each API whose
    id or name is not known yet."""

    name = "traces"
    once = True

    def __init__(self, clients: Clients, apis: Apis, home: Home) -> None:
        self._clients = clients
        self._apis = apis
        self._home = home

    def discover(self, start: Resource, window: Window) -> Topology:
        """Everything that traced calls connect with `start`, however far."""
        found = Discovery(self.name, start, window)
        first = max(min(window.start, window.end - LEAST), window.end - MOST)
        calls = list(calls_in(self._services(Window(first, window.end), found), self._home))
        if start.service == "apigateway" and not all(one.caller.name for one in calls):
            start = found.attempt(partial(self._apis.known, start)) or start
        near = _connected(calls, {_key(start), start.id})
        if not near:
            found.lacks(f"X-Ray has no traces of it since {first:%Y-%m-%d %H:%M} UTC")
        known = self._with_ids(near, start, found)
        for one in near:
            caller, callee = known.get(_key(one.caller)), known.get(_key(one.callee))
            if caller and callee:
                found.needs(caller, callee, f"{one.count} traced calls", seen=True)
        return found.topology(f"xray:GetServiceGraph since {first:%Y-%m-%d %H:%M}")

    def _services(self, span: Window, found: Discovery) -> list[Mapping[str, Any]]:
        graph = pages(self._clients.client("xray").get_service_graph, StartTime=span.start, EndTime=span.end)
        read = list(islice(graph, MAX_PAGES))
        found.lacks_more(following(read[-1]), "traced services")
        return [service for page in read for service in page.get("Services", ())]

    def _with_ids(self, near: Iterable[Call], start: Resource, found: Discovery) -> dict[str, Resource]:
        """Resources by key. X-Ray knows a REST API by its name only; one we cannot find is left out."""
        known = {_key(start): start}
        for resource in (end for one in near for end in (one.caller, one.callee)):
            if resource.name:
                known.setdefault(_key(resource), resource)
            elif _key(resource) not in known and (api := found.attempt(partial(self._apis.known, resource))):
                known[_key(resource)] = api
        return known


def calls_in(services: Iterable[Mapping[str, Any]], home: Home) -> Iterator[Call]:
    """The calls between resources; clients and nodes that stand for a whole service are left out."""
    services = list(services)
    nodes = {service["ReferenceId"]: resource_of_node(service, home) for service in services}
    for service in services:
        for edge in service.get("Edges", ()):
            caller, callee = nodes[service["ReferenceId"]], nodes.get(edge["ReferenceId"])
            if caller and callee and _key(caller) != _key(callee):
                yield Call(caller, callee, edge.get("SummaryStatistics", {}).get("TotalCount", 0))


def _connected(calls: Iterable[Call], starts: set[str]) -> list[Call]:
    calls = list(calls)
    near, waiting = set(starts), deque(starts)
    while waiting:
        here = waiting.popleft()
        for one in calls:
            ends = {_key(one.caller), _key(one.callee)}
            if here in ends:
                waiting.extend(ends - near)
                near |= ends
    return [one for one in calls if _key(one.caller) in near]


def _key(resource: Resource) -> str:
    """Tells nodes of the graph apart before the ids of APIs are known."""
    return f"{resource.service}:{resource.title or resource.name}"


def source(settings: Settings, clients: Clients) -> TopologySource:
    """The source, ready for use."""
    place = home(settings)
    return TracesSource(clients, Apis(clients, place), place)
