"""A load balancer's attributes, networks or listeners were changed."""

from collections.abc import Iterator

from auto_repair.domain.changes.kind import Effect, Kind, settings, words
from auto_repair.domain.changes.resource_ids import id_of
from auto_repair.domain.changes.trail_record import TrailRecord

_ARNS = ("loadBalancerArn", "listenerArn", "ruleArn")


def read(record: TrailRecord) -> Iterator[Effect]:
    """The ARN of a listener or of a rule names its load balancer."""
    balancer = id_of("elasticloadbalancing", record.text(*_ARNS))
    yield Effect(balancer, record.name, words(settings(record.parameters, leave_out=_ARNS)))


KIND = Kind(
    "elasticloadbalancing",
    (
        "ModifyLoadBalancerAttributes",
        "SetSecurityGroups",
        "SetSubnets",
        "CreateListener",
        "ModifyListener",
        "DeleteListener",
        "CreateRule",
        "ModifyRule",
        "DeleteRule",
        "DeleteLoadBalancer",
    ),
    read,
)
