"""What ARNs name, in the vocabulary of `Resource`."""

import re
from dataclasses import dataclass

from auto_repair.domain.resources import Resource

_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):(?P<service>[a-z0-9-]+):(?P<region>[a-z0-9*-]*):(?P<account>[\w*-]*):"
    r"(?P<rest>\S+)"
)
# One ARN may stand in another, as in the address of an API's integration: each is found on its own.
_IN_TEXT = re.compile(r"arn:aws[a-z-]*:(?:(?!arn:aws)[^\s\"'`<>,;|\\^(){}\[\]])+")
_END = r"(?=[:/]|$)"
_WORD = r"[\w.+=,@-]+"

# By the ARN's service, what its last part looks like. A name that holds a wildcard or a variable is none.
_FORMS = {
    "apigateway": rf"/(?:restapis|apis)/(?P<name>\w+){_END}",
    "bedrock": (
        r"(?:foundation-model|(?:application-)?inference-profile|provisioned-model|custom-model"
        r"|custom-model-deployment|imported-model)/(?P<name>[\w.:/-]+)$"
    ),
    "dynamodb": rf"table/(?P<name>[\w.-]+){_END}",
    "ec2": r"instance/(?P<name>i-[0-9a-f]+)$",
    "elasticache": (r"(?:cluster:(?P<name>[\w-]+)|(?P<other>(?:replicationgroup|serverlesscache):[\w-]+))$"),
    "elasticfilesystem": r"(?P<name>(?:access-point|file-system)/[\w-]+)$",
    "elasticloadbalancing": (
        r"(?:loadbalancer/(?P<name>[\w/-]+)|(?P<other>targetgroup/[\w-]+/\w+))$"
        r"|listener(?:-rule)?/(?P<balancer>(?:app|net|gwy)/[\w-]+/\w+)/"
    ),
    "events": r"rule/(?P<name>[\w./-]+)$",
    "execute-api": rf"(?P<name>[a-z0-9]+){_END}",
    "iam": rf"role/(?:[!-~]*/)?(?P<name>{_WORD})$",
    "kinesis": rf"stream/(?P<name>[\w.-]+){_END}",
    "kms": r"key/(?P<name>[\w-]+)$",
    "lambda": rf"function:(?P<name>[\w-]+){_END}",
    "rds": r"(?:db:(?P<name>[\w-]+)|(?P<other>cluster:[\w-]+))$",
    "s3": rf"(?P<name>[\w.-]+){_END}",
    # An ARN ends with six characters of Secrets Manager's own; policies write ?????? or * for them.
    "secretsmanager": r"secret:(?P<name>[\w/+=.@-]+?)(?:-(?:[A-Za-z0-9]{6}|\?{6}|\*))?$",
    "sns": r"(?P<name>[\w-]+(?:\.fifo)?)(?=:|$)",
    "sqs": r"(?P<name>[\w-]+(?:\.fifo)?)$",
    "ssm": r"parameter/(?P<name>[\w./-]+)$",
    "states": r"(?:stateMachine|execution|express|mapRun):(?P<name>[^\s:/*?$<>{}\[\]]+)(?=[:/]|$)",
    "sts": rf"assumed-role/(?P<name>{_WORD}){_END}",
}
_PATTERNS = {service: re.compile(form) for service, form in _FORMS.items()}
_OURS = {"execute-api": "apigateway", "sts": "iam"}
SERVICES = frozenset(_OURS.get(service, service) for service in _FORMS)  # whose resources have an id
# What stands between the account and the name, where name and place are all that an ARN needs.
_PREFIXES = {
    "dynamodb": "table/",
    "ec2": "instance/",
    "kinesis": "stream/",
    "kms": "key/",
    "lambda": "function:",
    "sns": "",
    "sqs": "",
    "states": "stateMachine:",
}


@dataclass(frozen=True)
class Home:
    """Where a resource lives."""

    partition: str
    region: str
    account: str


def home_of(arn: str) -> Home | None:
    """Partition, region and account that the ARN names; None when it does not name all three."""
    found = _ARN.match(arn)
    if not found or not found["region"] or not found["account"].isdigit() or "*" in found["region"]:
        return None
    return Home(found["partition"], found["region"], found["account"])


def resource_of(arn: str) -> Resource | None:
    """The one resource that the ARN is of or in: a function's version belongs to the function, an object to
    its bucket, an execution to its state machine, a role's session to the role. None for services we do
    not know and for patterns that several resources match.

    The `arn` of the answer is the resource's own, empty where this ARN does not tell it.
    """
    parts = _ARN.fullmatch(arn)
    if not parts or parts["service"] not in _PATTERNS:
        return None
    found = _PATTERNS[parts["service"]].match(parts["rest"])
    # Access points of S3 have an account, buckets have none.
    if not found or (parts["service"] == "s3" and parts["account"]):
        return None
    service = _OURS.get(parts["service"], parts["service"])
    name = _name(service, next(group for group in found.groups() if group))
    own = _own(arn, parts, found, service, name)
    return Resource(service, name, "" if re.search(r"[*?]", own) else own)


def arns_in(text: str) -> tuple[str, ...]:
    """The ARNs in a text, in order, each once."""
    return tuple(dict.fromkeys(found.rstrip(".:") for found in _IN_TEXT.findall(text)))


def resources_in(text: str) -> tuple[Resource, ...]:
    """The resources whose ARNs stand in a text, in order, each once."""
    found = {resource.id: resource for arn in arns_in(text) if (resource := resource_of(arn))}
    return tuple(found.values())


def arn_of(service: str, name: str, home: Home) -> str:
    """The ARN of a resource, empty where service, name and place do not tell it (an API may be REST or
    HTTP, a role may have a path, a secret's ARN ends with characters of AWS's own)."""
    start = f"arn:{home.partition}:{service}"
    here = f"{start}:{home.region}:{home.account}:"
    if service == "s3":
        return f"{start}:::{name}"
    if service in _PREFIXES:
        return f"{here}{_PREFIXES[service]}{name}"
    if service == "ssm":
        return f"{here}parameter/{name.removeprefix('/')}"
    if service == "events":
        return f"{here}rule/{name.removeprefix('default/')}"
    if service in ("elasticache", "rds"):
        kind = "db" if service == "rds" else "cluster"
        return here + (name if ":" in name else f"{kind}:{name}")
    if service == "elasticloadbalancing":
        return here + (name if name.startswith("targetgroup/") else f"loadbalancer/{name}")
    return ""


def _name(service: str, name: str) -> str:
    if service == "events" and "/" not in name:
        return f"default/{name}"
    # Only parameters in a hierarchy are called with the slash; an ARN has one for all.
    if service == "ssm" and "/" in name:
        return f"/{name}"
    return name


def _own(arn: str, parts: re.Match[str], found: re.Match[str], service: str, name: str) -> str:
    if parts["service"] in _OURS:
        return ""
    home = Home(parts["partition"], parts["region"], parts["account"])
    if service == "apigateway":
        return arn[: parts.start("rest") + found.end("name")]
    if service == "secretsmanager" and not re.search(r"-[A-Za-z0-9]{6}$", arn):
        return ""
    return arn_of(service, name, home) or arn
