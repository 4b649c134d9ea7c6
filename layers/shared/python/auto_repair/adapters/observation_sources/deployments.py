"""What was deployed: CodeDeploy's deployments of functions, and the stack that a resource belongs to."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from typing import Any

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.domain.changes.telling import recent, since, told
from auto_repair.domain.citations import EvidenceItem, MissingEvidence
from auto_repair.domain.errors import AutoRepairError, AwsCallFailed
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import Observation, ResourceChange, Scope
from auto_repair.ports import ObservationSource
from auto_repair.settings import Settings

MAX_DEPLOYMENTS = 25  # that one BatchGetDeployments takes
_NO_STACK = "ValidationError"  # what DescribeStackResources answers for a resource that is in none
_STATUS = re.compile(r"(CREATE|UPDATE|DELETE|IMPORT)_")


class DeploymentsSource:
    """At most three requests."""

    name = "deployments"

    def __init__(self, clients: Clients) -> None:
        self._client = clients.client

    def observe(self, scope: Scope) -> Observation:
        """Deployments of the last day that touched one of the resources."""
        found: list[ResourceChange] = []
        missing: list[MissingEvidence] = []
        for read in (self._of_stacks, self._of_functions):
            try:
                found += read(scope)
            except AutoRepairError as error:
                missing.append(MissingEvidence(self.name, str(error)[:400]))
        changes = recent(found, scope)
        item = EvidenceItem(
            id=self.name,
            source=self.name,
            query="cloudformation:DescribeStackResources, codedeploy:ListDeployments",
            window=scope.window,
            observed=told(changes) if changes else "no deployment is known",
        )
        items = (item,) if len(missing) < 2 else ()
        return Observation(changes=changes, items=items, missing=tuple(missing))

    def _of_stacks(self, scope: Scope) -> Iterator[ResourceChange]:
        """When CloudFormation last worked on the resources that are in one stack with the nearest one."""
        seen: set[str] = set()
        for nearest in scope.resources[:1]:
            for entry in self._stack_of(nearest):
                known = next(
                    (r for r in scope.resources if _is(r, str(entry.get("PhysicalResourceId", "")))), None
                )
                if known and known.id not in seen:
                    seen.add(known.id)
                    yield _stack_change(known.id, entry)

    def _stack_of(self, resource: Resource) -> Iterable[Mapping[str, Any]]:
        try:
            answer = call(
                self._client("cloudformation").describe_stack_resources, PhysicalResourceId=resource.name
            )
        except AwsCallFailed as error:
            if error.code != _NO_STACK:
                raise
            return ()
        return tuple(answer.get("StackResources", ()))

    def _of_functions(self, scope: Scope) -> Iterator[ResourceChange]:
        functions = [r for r in scope.resources if r.service == "lambda"]
        if not functions:
            return
        listed = call(
            self._client("codedeploy").list_deployments,
            createTimeRange={"start": since(scope), "end": scope.window.end},
        )
        if ids := listed.get("deployments", ())[:MAX_DEPLOYMENTS]:
            answer = call(self._client("codedeploy").batch_get_deployments, deploymentIds=ids)
            for deployment in answer.get("deploymentsInfo", ()):
                for function in functions:
                    if deployment.get("computePlatform") == "Lambda" and _names(deployment, function.name):
                        yield _deployment(function.id, deployment)


def _is(resource: Resource, physical_id: str) -> bool:
    """CloudFormation calls a resource by its name, its ARN or its URL."""
    return physical_id in (resource.name, resource.arn) or (
        physical_id.startswith("https://sqs.")
        and resource.service == "sqs"
        and physical_id.endswith(f"/{resource.name}")
    )


def _stack_change(resource_id: str, entry: Mapping[str, Any]) -> ResourceChange:
    status = str(entry.get("ResourceStatus", ""))
    begun = _STATUS.match(status)
    return ResourceChange(
        resource=resource_id,
        at=entry["Timestamp"].astimezone(UTC),
        action=f"{begun[1].capitalize()}Stack" if begun else "UpdateStack",
        actor="CloudFormation",
        summary=f"stack {entry.get('StackName')}, {entry.get('LogicalResourceId')}: {status}",
        source=DeploymentsSource.name,
    )


def _names(deployment: Mapping[str, Any], function: str) -> bool:
    """Whether the deployment's AppSpec, where CodeDeploy has it at hand, is about the function."""
    revision = deployment.get("revision") or {}
    texts = [(revision.get(kind) or {}).get("content", "") for kind in ("appSpecContent", "string")]
    return any(re.search(rf"(?<![\w-]){re.escape(function)}(?![\w-])", text or "") for text in texts)


def _deployment(resource_id: str, deployment: Mapping[str, Any]) -> ResourceChange:
    told_as = f"{deployment.get('applicationName')}/{deployment.get('deploymentGroupName')}"
    return ResourceChange(
        resource=resource_id,
        at=(deployment.get("startTime") or deployment["createTime"]).astimezone(UTC),
        action="CreateDeployment",
        actor=f"CodeDeploy, started by {deployment.get('creator', 'unknown')}",
        summary=f"deployment {deployment.get('deploymentId')} of {told_as}: {deployment.get('status')}",
        source=DeploymentsSource.name,
        event_id=str(deployment.get("deploymentId", "")),
    )


def source(_settings: Settings, clients: Clients) -> ObservationSource:
    """The source, ready for use."""
    return DeploymentsSource(clients)
