"""What stands behind a load balancer: functions and instances."""

from functools import partial

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.discovery import Discovery, home
from auto_repair.domain.arns import Home, arn_of, resource_of
from auto_repair.domain.evidence import Window
from auto_repair.domain.resources import Resource
from auto_repair.domain.topology import Topology
from auto_repair.ports import TopologySource
from auto_repair.settings import Settings

MAX_GROUPS = 3  # target groups that are asked for their targets


class LoadBalancerTargetsSource:
    """One call, and one for each target group, of three at most."""

    name = "load_balancer_targets"
    once = False

    def __init__(self, clients: Clients, home: Home) -> None:
        self._clients = clients
        self._home = home

    def discover(self, start: Resource, window: Window) -> Topology:
        """Registered targets, healthy or not; addresses are no resources."""
        if start.service != "elasticloadbalancing" or not start.name.startswith(("app/", "net/")):
            return Topology()
        client = self._clients.client("elbv2")
        arn = start.arn or arn_of(start.service, start.name, self._home)
        groups = call(client.describe_target_groups, LoadBalancerArn=arn).get("TargetGroups", [])
        found = Discovery(self.name, start, window)
        if len(groups) > MAX_GROUPS:
            found.leaves_out(f"it has {len(groups)} target groups; {MAX_GROUPS} are looked at")
        for group in groups[:MAX_GROUPS]:
            ask = partial(call, client.describe_target_health, TargetGroupArn=group["TargetGroupArn"])
            for health in (found.attempt(ask) or {}).get("TargetHealthDescriptions", ()):
                if target := self._target(health["Target"]["Id"]):
                    found.needs(start, target, f"target group {group['TargetGroupName']}")
        return found.topology(f"elasticloadbalancing:DescribeTargetGroups, DescribeTargetHealth {start.name}")

    def _target(self, target_id: str) -> Resource | None:
        if target_id.startswith("i-"):
            return Resource("ec2", target_id, arn_of("ec2", target_id, self._home))
        return resource_of(target_id)


def source(settings: Settings, clients: Clients) -> TopologySource:
    """The source, ready for use."""
    return LoadBalancerTargetsSource(clients, home(settings))
