"""What the policies of a function's role name: buckets, tables, parameters that its code may have built in.

Costlier than the other sources: for the function that an alarm is about, not for its neighbours.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.discovery import Discovery, home
from auto_repair.adapters.ssm_parameters import SsmParameters
from auto_repair.domain.addresses import resource_named
from auto_repair.domain.arns import Home, resource_of
from auto_repair.domain.evidence import Window
from auto_repair.domain.resources import Resource
from auto_repair.domain.topology import Topology
from auto_repair.ports import TopologySource
from auto_repair.settings import Settings

MAX_READS = 4  # of IAM
MAX_NAMED = 25  # resources of one role


class FunctionGrantsSource:
    """One call for the role's name, at most four of IAM, one where the policies name SSM parameters."""

    name = "function_grants"
    once = True

    def __init__(self, clients: Clients, parameters: SsmParameters, home: Home) -> None:
        self._clients = clients
        self._parameters = parameters
        self._home = home

    def discover(self, start: Resource, window: Window) -> Topology:
        """Resources that the role's own policies allow or deny by name; AWS's policies name none."""
        if start.service != "lambda":
            return Topology()
        client = self._clients.client("lambda")
        settings = call(client.get_function_configuration, FunctionName=start.name)
        role = resource_of(settings["Role"])
        found = Discovery(self.name, start, window)
        if role:
            found.needs(start, role, "its execution role")
            self._add_named(found, start, role)
        return found.topology(
            "iam:ListRolePolicies, iam:GetRolePolicy, iam:ListAttachedRolePolicies, iam:GetPolicyVersion "
            f"{role.name if role else ''}; ssm:GetParameters"
        )

    def _add_named(self, found: Discovery, function: Resource, role: Resource) -> None:
        named: dict[str, tuple[Resource, str]] = {}
        for policy, document in _Policies(self._clients.client("iam"), role.name, found).read():
            for resource in resources_in_policy(document):
                named.setdefault(resource.id, (resource, f"policy {policy} of its role"))
        if len(named) > MAX_NAMED:
            found.leaves_out(f"its role names {len(named)} resources; {MAX_NAMED} are looked at")
        kept = list(named.values())[:MAX_NAMED]
        for resource, because in kept:
            found.needs(function, resource, because)
        names = [resource.name for resource, _ in kept if resource.service == "ssm"]
        for name, value in (found.attempt(partial(self._parameters.values, names)) or {}).items():
            if resource_behind := resource_named(name, value, self._home):
                found.needs(function, resource_behind, f"value of parameter {name}")


class _Policies:
    """A role's policies, as many as the calls allow: those in the role first."""

    def __init__(self, client: Any, role: str, found: Discovery) -> None:
        self._client = client
        self._role = role
        self._found = found
        self._left = MAX_READS

    def read(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Names and documents. What is too much or refused is said to be missing."""
        unread = 0
        inline = self._ask(self._client.list_role_policies, RoleName=self._role)
        for name in inline.get("PolicyNames", ()):
            # The last call is for the list of the others.
            if self._left > 1:
                policy = self._ask(self._client.get_role_policy, RoleName=self._role, PolicyName=name)
                yield name, policy.get("PolicyDocument", {})
            else:
                unread += 1
        attached = self._ask(self._client.list_attached_role_policies, RoleName=self._role)
        for policy in attached.get("AttachedPolicies", ()):
            if ":iam::aws:policy/" in policy["PolicyArn"]:
                continue
            if self._left > 1:
                yield policy["PolicyName"], self._managed(policy["PolicyArn"])
            else:
                unread += 1
        is_cut = inline.get("IsTruncated") or attached.get("IsTruncated")
        self._found.lacks_more(is_cut, "policies of its role")
        if unread:
            self._found.leaves_out(
                f"{unread} policies of its role were not read: {MAX_READS} calls are the limit"
            )

    def _managed(self, arn: str) -> Mapping[str, Any]:
        version = self._ask(self._client.get_policy, PolicyArn=arn).get("Policy", {}).get("DefaultVersionId")
        if not version:
            return {}
        answer = self._ask(self._client.get_policy_version, PolicyArn=arn, VersionId=version)
        document: Mapping[str, Any] = answer.get("PolicyVersion", {}).get("Document", {})
        return document

    def _ask(self, method: Callable[..., Any], **arguments: str) -> Mapping[str, Any]:
        self._left -= 1
        return self._found.attempt(partial(call, method, **arguments)) or {}


def statements_of(document: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """A policy's statements; one alone may stand without a list around it."""
    held = document.get("Statement", ())
    return (held,) if isinstance(held, Mapping) else held


def resources_in_policy(document: Mapping[str, Any]) -> Iterator[Resource]:
    """Resources that the statements name one by one. What is denied by name is needed no less."""
    for statement in statements_of(document):
        for arn in _texts(statement.get("Resource", ())):
            if resource := resource_of(arn):
                yield resource


def _texts(value: str | Iterable[str]) -> Iterable[str]:
    return (value,) if isinstance(value, str) else value


def source(settings: Settings, clients: Clients) -> TopologySource:
    """The source, ready for use."""
    return FunctionGrantsSource(clients, SsmParameters(clients), home(settings))
