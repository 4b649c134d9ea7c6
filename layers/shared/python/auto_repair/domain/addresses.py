"""What settings name: an ARN, an address that AWS hands out, or a plain name under a telling label.

Values may be secrets. What is not recognised is never repeated, and a label such as `CLIENT_SECRET` tells
nothing about where its value comes from.
"""

import re

from auto_repair.domain.arns import Home, arn_of, resource_of
from auto_repair.domain.resources import Resource

_AWS = r"amazonaws\.com(?:\.cn)?"
_BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
_PLACE = r"(?P<region>[a-z0-9-]+)"
# Addresses by service. Whatever follows the name (a port, a path) does not matter.
_ADDRESSES = tuple(
    (service, re.compile(form))
    for service, form in (
        ("sqs", rf"https?://(?:sqs\.{_PLACE}\.)?[\w.:-]+/(?P<account>\d{{12}})/(?P<name>[\w-]+(?:\.fifo)?)$"),
        ("s3", rf"s3://(?P<name>{_BUCKET})(?:/|$)"),
        (
            "s3",
            rf"(?:https?://)?(?P<name>{_BUCKET})\.s3(?:[.-](?:dualstack\.)?[a-z0-9-]+)?\.{_AWS}(?:[:/]|$)",
        ),
        ("s3", rf"https?://s3(?:[.-](?:dualstack\.)?[a-z0-9-]+)?\.{_AWS}/(?P<name>{_BUCKET})(?:/|$)"),
        ("apigateway", rf"(?:(?:https?|wss)://)?(?P<name>[a-z0-9]+)\.execute-api\.[a-z0-9-]+\.{_AWS}"),
        ("rds", rf"(?:\w+://(?:[^@/]*@)?)?(?P<name>[a-z][a-z0-9-]*)\.[a-z0-9]+\.{_PLACE}\.rds\.{_AWS}"),
        (
            "rds:cluster",
            rf"(?:\w+://(?:[^@/]*@)?)?(?P<name>[a-z][a-z0-9-]*)\.cluster-(?:ro-)?[a-z0-9]+\.{_PLACE}\.rds\.{_AWS}",
        ),
        (
            "elasticache:replicationgroup",
            r"(?:\w+://(?:[^@/]*@)?)?(?:(?:master|replica|clustercfg)\.(?P<name>[a-z][a-z0-9-]*)\.[a-z0-9]+"
            rf"|(?P<primary>[a-z][a-z0-9-]*)\.[a-z0-9]+\.ng\.\d+)\.[a-z0-9]+\.cache\.{_AWS}",
        ),
        (
            "elasticache",
            rf"(?:\w+://(?:[^@/]*@)?)?(?P<name>[a-z][a-z0-9-]*)\.[a-z0-9]+\.(?:cfg|\d+)\.[a-z0-9]+\.cache\.{_AWS}",
        ),
    )
)
# How labels of plain names end, written small and without punctuation, and what such names look like.
_LABELS = (
    ("s3", re.compile(r"bucket(?:name|id)?$"), re.compile(_BUCKET)),
    ("dynamodb", re.compile(r"table(?:name)?$"), re.compile(r"[\w.-]{3,255}")),
    ("sqs", re.compile(r"queue(?:name)?$"), re.compile(r"[\w-]{1,80}(?:\.fifo)?")),
    ("kinesis", re.compile(r"stream(?:name)?$"), re.compile(r"[\w.-]{1,128}")),
    ("lambda", re.compile(r"(?:lambda|lambdaname|functionname)$"), re.compile(r"[\w-]{1,64}")),
    ("bedrock", re.compile(r"model(?:id)?$"), re.compile(r"[a-z0-9-]+\.[\w.:-]+")),
)
_PARAMETER = re.compile(r"(?:/[\w.-]+){1,15}")
_LOCAL = re.compile(r"/(?:bin|dev|etc|home|lib|mnt|opt|proc|root|srv|tmp|usr|var)(?:/|$)")
_OF_A_PARAMETER = re.compile(r"(?:ssm)?param(?:eter)?(?:name|path)?$")


def resource_named(label: str, value: str, home: Home) -> Resource | None:
    """The resource that `value` names, which stands under `label` (an environment variable, a parameter)."""
    value = value.strip()
    if value.startswith("arn:"):
        return resource_of(value)
    return _at(value, home) or _labelled(label, value, home)


def parameter_named(value: str) -> str:
    """The name of the SSM parameter that `value` may be, else nothing. Paths of the file system are none."""
    return value if _PARAMETER.fullmatch(value) and not _LOCAL.match(value) else ""


def _at(value: str, home: Home) -> Resource | None:
    for kind, pattern in _ADDRESSES:
        found = pattern.match(value)
        if not found:
            continue
        groups = found.groupdict()
        service, _, sort = kind.partition(":")
        name = groups["name"] or groups["primary"]
        place = Home(
            home.partition, groups.get("region") or home.region, groups.get("account") or home.account
        )
        return _resource(service, f"{sort}:{name}" if sort else name, place)
    return None


def _labelled(label: str, value: str, home: Home) -> Resource | None:
    plain = _OF_A_PARAMETER.sub("", re.sub(r"[\W_]", "", label).lower())
    for service, ending, form in _LABELS:
        if ending.search(plain) and form.fullmatch(value):
            return _resource(service, value, home)
    return None


def _resource(service: str, name: str, home: Home) -> Resource:
    return Resource(service, name, arn_of(service, name, home))
