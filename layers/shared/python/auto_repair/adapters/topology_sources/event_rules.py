"""EventBridge: what a rule starts, and which rules start a queue, topic, stream or state machine."""

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

TARGETS = ("kinesis", "sns", "sqs", "states")  # a function's policy names its rules, on every bus


class EventRulesSource:
    """One call. Rules that start something are looked for on the default bus."""

    name = "event_rules"
    once = True  # who starts a neighbour is no cause of what its other neighbours suffer

    def __init__(self, clients: Clients, home: Home) -> None:
        self._clients = clients
        self._home = home

    def discover(self, start: Resource, window: Window) -> Topology:
        """One hop in either direction."""
        found = Discovery(self.name, start, window)
        if start.service == "events":
            return self._started_by(start, found)
        if start.service in TARGETS:
            return self._starting(start, found)
        return Topology()

    def _started_by(self, rule: Resource, found: Discovery) -> Topology:
        bus, _, name = rule.name.rpartition("/")
        answer = call(self._client.list_targets_by_rule, Rule=name, EventBusName=bus or "default")
        for target in answer.get("Targets", ()):
            needed = (
                (target["Arn"], f"target {target['Id']}"),
                (target.get("RoleArn", ""), f"role for target {target['Id']}"),
                (target.get("DeadLetterConfig", {}).get("Arn", ""), f"dead letters of {target['Id']}"),
            )
            for arn, because in needed:
                if resource := resource_of(arn):
                    found.needs(rule, resource, because)
        found.lacks_more(answer.get("NextToken"), "targets")
        return found.topology(f"events:ListTargetsByRule {rule.name}")

    def _starting(self, target: Resource, found: Discovery) -> Topology:
        arn = target.arn or arn_of(target.service, target.name, self._home)
        answer = call(self._client.list_rule_names_by_target, TargetArn=arn)
        for name in answer.get("RuleNames", ()):
            rule = f"default/{name}"
            found.needs(Resource("events", rule, arn_of("events", rule, self._home)), target, "its target")
        found.lacks_more(answer.get("NextToken"), "rules")
        return found.topology(f"events:ListRuleNamesByTarget {arn}")

    @property
    def _client(self) -> Any:
        return self._clients.client("events")


def source(settings: Settings, clients: Clients) -> TopologySource:
    """The source, ready for use."""
    return EventRulesSource(clients, home(settings))
