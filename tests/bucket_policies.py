"""A bucket of images, its policies, and the evidence of a function that is suddenly refused."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from auto_repair.domain.evidence import ErrorSignature, Evidence
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import MetricRole, ResourceChange, ResourceSeries, Surroundings
from auto_repair.domain.topology import Edge, Topology
from tests.builders import (
    ACCOUNT,
    BUCKET,
    FUNCTION,
    a_run,
    a_signature,
    ago,
    evidence,
    in_turn,
    some_surroundings,
)

ROLE = f"arn:aws:iam::{ACCOUNT}:role/orders-role"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/orders-role/{FUNCTION}"
DEPLOYER = f"arn:aws:sts::{ACCOUNT}:assumed-role/platform/alice"
OBJECT = f"{BUCKET}/cat.png"

ALLOW = {
    "Sid": "AllowApp",
    "Effect": "Allow",
    "Principal": {"AWS": ROLE},
    "Action": ["s3:GetObject", "s3:PutObject"],
    "Resource": f"{BUCKET}/*",
}
DENY = {
    "Sid": "DenyImages",
    "Effect": "Deny",
    "Principal": {"AWS": ROLE},
    "Action": "s3:GetObject",
    "Resource": f"{BUCKET}/*",
}


def policy(*statements: dict[str, Any]) -> str:
    """A policy document as a person writes it."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=2)


FORMER = policy(ALLOW)
DENYING = policy(ALLOW, DENY)


def refused(
    because: str = "with an explicit deny in a resource-based policy",
    *,
    action: str = "s3:GetObject",
    resource: str = OBJECT,
) -> str:
    """What S3 says, as the SDK for Python raises it."""
    return (
        f"An error occurred (AccessDenied) when calling the {action.partition(':')[2]} operation: "
        f'User: {SESSION} is not authorized to perform: {action} on resource: "{resource}" {because}'
    )


def logged(message: str | None = None, **facts: Any) -> ErrorSignature:
    """The function's own log line, handled by its code; first seen 5 minutes ago."""
    sample = refused() if message is None else message
    return a_signature("ClientError", "An error occurred", **({"sample": sample, "count": 12} | facts))


def a_policy_change(
    before: str | None = FORMER, after: str = DENYING, at: datetime | None = None, **facts: Any
) -> ResourceChange:
    """Somebody put a policy on the bucket, 6 minutes ago. `before` is None where there was none."""
    defaults: dict[str, Any] = {
        "action": "PutBucketPolicy",
        "actor": DEPLOYER,
        "source": "change_journal",
        "event_id": "event-1",
        "before": before or "",
        "after": after,
        "had_none": before is None,
    }
    return ResourceChange("s3:images", at or ago(minutes=6), **(defaults | facts))


def another_change(resource: str, action: str, **facts: Any) -> ResourceChange:
    """A change of something else, 330 s ago: between the policy's change and the first refusal."""
    defaults: dict[str, Any] = {
        "at": ago(minutes=5, seconds=30),
        "actor": DEPLOYER,
        "source": "change_journal",
    }
    return ResourceChange(resource, action=action, **(defaults | facts))


def around(*changes: ResourceChange, **facts: Any) -> Surroundings:
    """API → function → bucket and role, with these changes."""
    plain = some_surroundings()
    resources = (*plain.scope.topology.resources, Resource("iam", "orders-role", ROLE))
    edges = (*plain.scope.topology.edges, Edge(f"lambda:{FUNCTION}", "iam:orders-role", "execution role"))
    scope = replace(plain.scope, topology=Topology(resources, edges))
    return some_surroundings(**({"scope": scope, "changes": changes} | facts))


def denied(
    *changes: ResourceChange, signatures: tuple[ErrorSignature, ...] | None = None, **facts: Any
) -> Evidence:
    """A function that answers 500 because S3 refuses it: its runs all end well."""
    seen = (logged(),) if signatures is None else signatures
    defaults: dict[str, Any] = {
        "signatures": seen,
        "invocations": in_turn([a_run()] * 12, every_s=20),
        "surroundings": around(*(changes or (a_policy_change(),))),
    }
    return evidence(**(defaults | facts))


def answers(role: MetricRole, *values: float, since: datetime) -> ResourceSeries:
    """A metric of the API by the minute from `since` on."""
    start = since.timestamp()
    times = tuple(start + 60 * i for i in range(len(values)))
    return ResourceSeries("apigateway:a1b2c3", role.value, "Average", role, "", 60, times, values)
