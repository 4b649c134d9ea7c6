"""Who made a call, in readable form, and with what."""

from collections.abc import Mapping
from typing import Any

from auto_repair.domain.redaction import redact

# Part of the user agent → the tool. The more telling first: providers name the SDK that they use, too.
_TOOLS = (
    ("OpenTofu/", "OpenTofu"),
    ("Terraform/", "Terraform"),
    ("terraform-provider-aws/", "Terraform"),
    ("Pulumi/", "Pulumi"),
    ("aws-cdk/", "CDK"),
    ("aws-sam-cli/", "SAM"),
    ("aws-cli/", "the AWS CLI"),
    ("signin.amazonaws.com", "the console"),
    ("console.amazonaws.com", "the console"),
    ("console.aws.amazon.com", "the console"),
    ("S3Console/", "the console"),
    ("Mozilla/", "the console"),
)
_SERVICES = {"cloudformation.amazonaws.com": "CloudFormation", "codedeploy.amazonaws.com": "CodeDeploy"}


def role_of(identity: Mapping[str, Any]) -> str:
    """Name of the role behind a session, empty for other identities."""
    context = identity.get("sessionContext")
    issuer = context.get("sessionIssuer") if isinstance(context, Mapping) else None
    return str(issuer.get("userName") or "") if isinstance(issuer, Mapping) else ""


def actor_of(identity: Mapping[str, Any]) -> str:
    """`role/session` for roles, else the user or service; people's addresses are left out."""
    if role := role_of(identity):
        session = str(identity.get("arn", "")).rsplit("/", 1)[-1]
        return redact(f"{role}/{session}" if session and session != role else role)
    return redact(str(identity.get("userName") or identity.get("invokedBy") or identity.get("type") or ""))


def tool_of(identity: Mapping[str, Any], user_agent: str, source_address: str) -> str:
    """What the call was made with: `Terraform`, `CloudFormation`, `the console`; empty if nothing says so."""
    caller = str(identity.get("invokedBy") or source_address)
    if caller in _SERVICES:
        return _SERVICES[caller]
    if caller.endswith(".amazonaws.com"):
        return caller if role_of(identity) or identity.get("userName") else ""  # else it is the actor
    return next((tool for sign, tool in _TOOLS if sign in user_agent), "")
