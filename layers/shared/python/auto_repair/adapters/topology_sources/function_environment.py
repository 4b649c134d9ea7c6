"""What a function's settings name: its role, environment variables, dead-letter queue, destinations, key."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.console_links import ConsoleLinks
from auto_repair.adapters.discovery import Discovery, home
from auto_repair.adapters.ssm_parameters import SsmParameters
from auto_repair.domain.addresses import parameter_named, resource_named
from auto_repair.domain.arns import Home, arn_of, resource_of
from auto_repair.domain.evidence import Window
from auto_repair.domain.resources import Resource
from auto_repair.domain.topology import Topology
from auto_repair.ports import TopologySource
from auto_repair.settings import Settings


class FunctionEnvironmentSource:
    """Two calls, three where a variable names an SSM parameter. Values are read, never repeated."""

    name = "function_environment"
    once = False

    def __init__(self, clients: Clients, parameters: SsmParameters, links: ConsoleLinks, home: Home) -> None:
        self._clients = clients
        self._parameters = parameters
        self._links = links
        self._home = home

    def discover(self, start: Resource, window: Window) -> Topology:
        """What a function needs; of its aliases and versions only what `$LATEST` says."""
        if start.service != "lambda":
            return Topology()
        client = self._clients.client("lambda")
        settings = call(client.get_function_configuration, FunctionName=start.name)
        found = Discovery(self.name, start, window)
        for arn, because in _attached(settings):
            _add(found, start, resource_of(arn), because)
        for arn, because in found.attempt(partial(self._destinations, start.name)) or ():
            _add(found, start, resource_of(arn), because)
        self._environment(found, start, settings.get("Environment", {}))
        return found.topology(
            f"lambda:GetFunctionConfiguration, lambda:ListFunctionEventInvokeConfigs {start.name}; "
            "ssm:GetParameters",
            self._links.function(start.name),
        )

    def _environment(self, found: Discovery, function: Resource, environment: Mapping[str, Any]) -> None:
        if "Error" in environment:  # the key that encrypts it is out of reach
            found.lacks(f"environment: {environment['Error'].get('Message', 'unreadable')}")
        labels: dict[str, str] = {}
        for label, value in environment.get("Variables", {}).items():
            resource = resource_named(label, value, self._home)
            _add(found, function, resource, f"environment variable {label}")
            parameter = resource.name if resource and resource.service == "ssm" else parameter_named(value)
            if parameter:
                labels.setdefault(parameter, label)
        self._behind_parameters(found, function, labels)

    def _behind_parameters(self, found: Discovery, function: Resource, labels: Mapping[str, str]) -> None:
        values = found.attempt(partial(self._parameters.values, labels)) or {}
        for name, value in values.items():
            label = labels.get(name, "")
            parameter = Resource("ssm", name, arn_of("ssm", name, self._home))
            found.needs(function, parameter, f"environment variable {label}")
            named = resource_named(name, value, self._home) or resource_named(label, value, self._home)
            _add(found, function, named, f"value of parameter {name}")

    def _destinations(self, function_name: str) -> list[tuple[str, str]]:
        answer = call(
            self._clients.client("lambda").list_function_event_invoke_configs, FunctionName=function_name
        )
        return [
            (destination["Destination"], f"destination {outcome}")
            for config in answer.get("FunctionEventInvokeConfigs", ())
            for outcome, destination in config.get("DestinationConfig", {}).items()
            if destination.get("Destination")
        ]


def _attached(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield settings.get("Role", ""), "its execution role"
    yield settings.get("DeadLetterConfig", {}).get("TargetArn", ""), "its dead-letter target"
    yield settings.get("KMSKeyArn", ""), "encrypts its environment"
    for mount in settings.get("FileSystemConfigs", ()):
        yield mount["Arn"], f"mounted at {mount['LocalMountPath']}"


def _add(found: Discovery, function: Resource, needed: Resource | None, because: str) -> None:
    if needed:
        found.needs(function, needed, because)


def source(settings: Settings, clients: Clients) -> TopologySource:
    """The source, ready for use."""
    return FunctionEnvironmentSource(
        clients, SsmParameters(clients), ConsoleLinks(settings.region), home(settings)
    )
