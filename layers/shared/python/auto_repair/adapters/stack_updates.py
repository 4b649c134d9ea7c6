"""When CloudFormation last worked on the resources around a symptom.

A stack is found by a resource in it, and its answer tells of all others in it, so each stack is asked once.
"""

import re
from collections.abc import Mapping
from datetime import UTC
from itertools import islice
from typing import Any

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.deadline import Deadline
from auto_repair.adapters.pages import following, pages
from auto_repair.domain.arns import Home, arn_of, resource_of
from auto_repair.domain.errors import AutoRepairError, AwsCallFailed
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import ResourceChange, Scope

# Resources whose stack is asked for, nearest first: each that is in none costs a request too.
MOST_LOOKUPS = 4
MOST_TOLD = 100  # resources that DescribeStackResources tells of a stack
MOST_PAGES = 5  # of ListStackResources, for stacks with more; CloudFormation allows 500 resources in one
_NO_STACK = "ValidationError"  # what DescribeStackResources answers for a resource that is in none
_STATUS = re.compile(r"(CREATE|UPDATE|DELETE|IMPORT)_")
# What the type of a resource is called: AWS::KIND::Anything. A bucket's policy counts as the bucket's.
_KINDS = {
    "apigateway": ("ApiGateway", "ApiGatewayV2"),
    "dynamodb": ("DynamoDB",),
    "ec2": ("EC2",),
    "elasticache": ("ElastiCache",),
    "elasticloadbalancing": ("ElasticLoadBalancingV2",),
    "events": ("Events",),
    "iam": ("IAM",),
    "kinesis": ("Kinesis",),
    "kms": ("KMS",),
    "lambda": ("Lambda",),
    "rds": ("RDS",),
    "s3": ("S3",),
    "secretsmanager": ("SecretsManager",),
    "sns": ("SNS",),
    "sqs": ("SQS",),
    "ssm": ("SSM",),
    "states": ("StepFunctions",),
}
_BY_ARN = ("elasticloadbalancing", "secretsmanager", "sns", "states")
Entry = Mapping[str, Any]  # CloudFormation's StackResource
_NOT_ASKED_FOR = ("events",)  # how CloudFormation calls a rule depends on its bus, and is not documented


class StackUpdates:
    """At most `MOST_LOOKUPS` requests, and `MOST_PAGES` more for each stack that is large."""

    def __init__(self, clients: Clients, place: Home) -> None:
        self._client = clients.client
        self._place = place

    def changes(self, scope: Scope, deadline: Deadline) -> tuple[list[ResourceChange], list[str]]:
        """The newest work on each part of a resource, and what could not be learnt.

        Raises the error of the first lookup; what fails later is told.
        """
        found: list[ResourceChange] = []
        gaps: list[str] = []
        left = [r for r in _suspects(scope) if self._physical_id(r)]
        asked = 0
        while left and asked < MOST_LOOKUPS and not deadline.passed:
            try:
                entries, gap = self._stack_of(left[0], deadline)
            except AutoRepairError as error:
                if not asked:
                    raise
                gaps.append(str(error))
                break
            asked += 1
            gaps += [gap] if gap else []
            told = [_change(owner, e) for e in entries if (owner := self._owner(e, scope))]
            found += told
            settled = {left[0].id, *(change.resource for change in told)}
            left = [r for r in left if r.id not in settled]
        if left:
            names = ", ".join(r.id for r in left)
            gaps.append(f"CloudFormation was asked about {asked} resources, and not about {names}")
        return list(dict.fromkeys(found)), gaps  # of two resources with one name, the stack is told twice

    def _stack_of(self, resource: Resource, deadline: Deadline) -> tuple[list[Entry], str]:
        """The resources of the stack that it is in, none where it is in none; and why these are not all."""
        try:
            answer = call(
                self._client("cloudformation").describe_stack_resources,
                PhysicalResourceId=self._physical_id(resource),
            )
        except AwsCallFailed as error:
            if error.code != _NO_STACK:
                raise
            return [], ""
        entries = list(answer.get("StackResources", ()))
        if len(entries) < MOST_TOLD:
            return entries, ""
        try:
            entries, whole = self._large(entries[0], deadline)
            why = "" if whole else "it has more"
        except AutoRepairError as error:
            why = str(error)
        gap = f"only {len(entries)} resources of stack {entries[0]['StackName']} are known: {why}"
        return entries, gap if why else ""

    def _large(self, known: Entry, deadline: Deadline) -> tuple[list[Entry], bool]:
        """The resources of a large stack, and whether these are all."""
        entries: list[Entry] = []
        page: dict[str, Any] = {}
        listed = pages(self._client("cloudformation").list_stack_resources, StackName=known["StackId"])
        for page in islice(listed, MOST_PAGES):
            entries += (
                {**e, "StackName": known["StackName"], "Timestamp": e["LastUpdatedTimestamp"]}
                for e in page["StackResourceSummaries"]
            )
            if deadline.passed:
                break
        return entries, not following(page)

    def _owner(self, entry: Entry, scope: Scope) -> Resource | None:
        """The resource around the symptom that the entry is about: itself, its policy, its alias …"""
        kind = str(entry.get("ResourceType", "")).split("::")[1:2]
        physical_id = str(entry.get("PhysicalResourceId", ""))  # of a deleted one there may be none
        own = resource_of(physical_id) if physical_id.startswith("arn:") else None
        return next(
            (
                r
                for r in scope.resources
                if kind and kind[0] in _KINDS.get(r.service, ()) and self._is(r, physical_id, own)
            ),
            None,
        )

    def _is(self, resource: Resource, physical_id: str, own: Resource | None) -> bool:
        if own is not None:
            return own.id == resource.id
        if resource.service == "sqs":  # older queues have addresses of other forms
            return physical_id.endswith(f"/{resource.name}")
        return physical_id in (resource.name, self._physical_id(resource))

    def _physical_id(self, resource: Resource) -> str:
        """What CloudFormation calls it: its name, ARN or address. Empty where that is not known."""
        if resource.service not in _KINDS or resource.service in _NOT_ASKED_FOR:
            return ""
        if resource.service in _BY_ARN:
            return resource.arn or arn_of(resource.service, resource.name, self._place)
        if resource.service == "sqs":
            suffix = "amazonaws.com.cn" if self._place.partition == "aws-cn" else "amazonaws.com"
            return f"https://sqs.{self._place.region}.{suffix}/{self._place.account}/{resource.name}"
        # A cluster is `cluster:NAME` to us, as its ARN says it.
        return (
            resource.name.rpartition(":")[2] if resource.service in ("elasticache", "rds") else resource.name
        )


def _suspects(scope: Scope) -> list[Resource]:
    """What suffers itself and all that it needs, nearest first, then the others."""
    needed = scope.needed
    return sorted(scope.resources, key=lambda resource: resource.id not in needed)


def _change(resource: Resource, entry: Entry) -> ResourceChange:
    status = str(entry.get("ResourceStatus", ""))
    begun = _STATUS.match(status)
    return ResourceChange(
        resource=resource.id,
        at=entry["Timestamp"].astimezone(UTC),
        action=f"{begun[1].capitalize()}Stack" if begun else "UpdateStack",
        actor="CloudFormation",
        summary=f"stack {entry.get('StackName')}, {entry.get('LogicalResourceId')}: {status}",
    )
