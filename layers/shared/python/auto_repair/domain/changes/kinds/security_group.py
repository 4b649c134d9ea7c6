"""A security group lets other traffic through."""

from collections.abc import Iterator

from auto_repair.domain.changes.kind import Effect, Kind, settings, words
from auto_repair.domain.changes.trail_record import TrailRecord


def read(record: TrailRecord) -> Iterator[Effect]:
    """The rules that were added, taken away or changed; what else the group allows is in no record."""
    request = record.parameters.get("ModifySecurityGroupRulesRequest")
    nested = request if isinstance(request, dict) else {}
    group = record.text("groupId") or str(nested.get("GroupId", ""))
    rules = settings(record.parameters, "ipPermissions", "securityGroupRuleIds") | settings(
        nested, "SecurityGroupRule"
    )
    yield Effect(f"ec2:{group}", "rules", words(rules))


KIND = Kind(
    "ec2",
    (
        "AuthorizeSecurityGroupIngress",
        "AuthorizeSecurityGroupEgress",
        "RevokeSecurityGroupIngress",
        "RevokeSecurityGroupEgress",
        "ModifySecurityGroupRules",
    ),
    read,
)
