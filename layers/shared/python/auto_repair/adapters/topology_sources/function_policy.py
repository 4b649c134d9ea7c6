"""Who invokes a function: the sources that its resource policy names (APIs, rules, topics, buckets)."""

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from auto_repair.adapters.api_gateway import Apis
from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.console_links import ConsoleLinks
from auto_repair.adapters.discovery import Discovery, home
from auto_repair.domain.arns import resources_in
from auto_repair.domain.errors import ResourceMissing
from auto_repair.domain.evidence import Window
from auto_repair.domain.resources import Resource
from auto_repair.domain.topology import Topology
from auto_repair.ports import TopologySource
from auto_repair.settings import Settings

MAX_APIS = 2  # that are asked for their names


class FunctionPolicySource:
    """One call, and one or two for the name of each API, of two at most. Policies of aliases are not read:
    the API's own integrations tell of those."""

    name = "function_policy"
    once = True  # who else calls a neighbour is no cause of what its other neighbours suffer

    def __init__(self, clients: Clients, apis: Apis, links: ConsoleLinks) -> None:
        self._clients = clients
        self._apis = apis
        self._links = links

    def discover(self, start: Resource, window: Window) -> Topology:
        """The callers of a function."""
        if start.service != "lambda":
            return Topology()
        found = Discovery(self.name, start, window)
        callers = {caller.id: caller for caller in invokers(self._statements(start.name))}
        for caller in callers.values():
            found.needs(caller, start, "may invoke it")
        apis = [caller for caller in callers.values() if caller.service == "apigateway"]
        for api in apis[:MAX_APIS]:
            if named := found.attempt(partial(self._apis.known, api)):
                found.knows(named)
        return found.topology(f"lambda:GetPolicy {start.name}", self._links.function(start.name))

    def _statements(self, function_name: str) -> list[Mapping[str, Any]]:
        try:
            answer = call(self._clients.client("lambda").get_policy, FunctionName=function_name)
        except ResourceMissing:  # no policy
            return []
        statements: list[Mapping[str, Any]] = json.loads(answer["Policy"]).get("Statement", [])
        return statements


def invokers(statements: list[Mapping[str, Any]]) -> Iterator[Resource]:
    """The resources that statements allow to invoke, as their conditions name them."""
    for statement in statements:
        if statement.get("Effect") == "Allow":
            yield from resources_in(json.dumps(statement.get("Condition", {})))


def source(settings: Settings, clients: Clients) -> TopologySource:
    """The source, ready for use."""
    return FunctionPolicySource(clients, Apis(clients, home(settings)), ConsoleLinks(settings.region))
