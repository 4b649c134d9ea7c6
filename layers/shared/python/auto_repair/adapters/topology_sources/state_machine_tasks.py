"""What a state machine calls: the functions, tables, queues and topics that its definition names."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.discovery import Discovery, home
from auto_repair.domain.addresses import resource_named
from auto_repair.domain.arns import Home, arn_of, resource_of
from auto_repair.domain.evidence import Window
from auto_repair.domain.resources import Resource
from auto_repair.domain.topology import Topology
from auto_repair.ports import TopologySource
from auto_repair.settings import Settings

# Fields that name what a task works on, whose values may be plain names.
_FIELDS = {"Bucket": "s3", "FunctionName": "lambda", "ModelId": "bedrock", "TableName": "dynamodb"}


class StateMachineTasksSource:
    """One call."""

    name = "state_machine_tasks"
    once = False

    def __init__(self, clients: Clients, home: Home) -> None:
        self._clients = clients
        self._home = home

    def discover(self, start: Resource, window: Window) -> Topology:
        """What a state machine needs. What a task computes at run time is not told."""
        if start.service != "states":
            return Topology()
        arn = start.arn or arn_of("states", start.name, self._home)
        machine = call(self._clients.client("stepfunctions").describe_state_machine, stateMachineArn=arn)
        found = Discovery(self.name, start, window)
        if role := resource_of(machine.get("roleArn", "")):
            found.needs(start, role, "its execution role")
        for needed, because in named_in(json.loads(machine["definition"]), self._home):
            found.needs(start, needed, because)
        return found.topology(f"states:DescribeStateMachine {arn}")


def named_in(definition: Mapping[str, Any], home: Home) -> Iterator[tuple[Resource, str]]:
    """Resources that a definition names, with the state that does; also in branches and maps."""
    for name, state in definition.get("States", {}).items():
        for field, value in _texts({key: state.get(key) for key in ("Resource", "Parameters", "Arguments")}):
            if resource := _named(field, value, home):
                yield resource, f"state {name}"
        inner = (*state.get("Branches", ()), state.get("Iterator"), state.get("ItemProcessor"))
        for part in filter(None, inner):
            yield from named_in(part, home)


def _named(field: str, value: str, home: Home) -> Resource | None:
    if value.startswith(("$", "{%")):  # a path or an expression
        return None
    if field in _FIELDS and not value.startswith("arn:"):
        plain = value.partition(":")[0] if field == "FunctionName" else value
        return Resource(_FIELDS[field], plain, arn_of(_FIELDS[field], plain, home))
    return resource_named("", value, home)


def _texts(value: Any, field: str = "") -> Iterator[tuple[str, str]]:
    """Every text within, with the field that it stands under."""
    if isinstance(value, str):
        yield field, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, field)


def source(settings: Settings, clients: Clients) -> TopologySource:
    """The source, ready for use."""
    return StateMachineTasksSource(clients, home(settings))
