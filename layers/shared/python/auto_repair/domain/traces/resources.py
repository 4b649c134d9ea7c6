"""Which resource a node of the service graph or a span of a trace stands for."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from auto_repair.domain.addresses import resource_named
from auto_repair.domain.arns import Home, arn_of, resource_of
from auto_repair.domain.resources import Resource
from auto_repair.domain.traces.spans import Span, Trace

# A function has two nodes, the service's and its own; both are the function.
_TYPES = {
    "AWS::DynamoDB::Table": "dynamodb",
    "AWS::Kinesis::Stream": "kinesis",
    "AWS::Lambda": "lambda",
    "AWS::Lambda::Function": "lambda",
    "AWS::S3::Bucket": "s3",
    "AWS::SNS::Topic": "sns",
    "AWS::SQS::Queue": "sqs",
    "AWS::StepFunctions::StateMachine": "states",
}
STAGE = "AWS::ApiGateway::Stage"
# What the SDKs record of a call's parameters. Of other services they record none.
_FIELDS = {
    "table_name": "dynamodb",
    "bucket_name": "s3",
    "queue_url": "sqs",
    "queue_name": "sqs",
    "topic_arn": "sns",
    "function_name": "lambda",
}
# Calls are named after the client of each SDK: DynamoDB, dynamodb, DynamoDb, AmazonDynamoDBv2.
_SERVICES = {
    "bedrockruntime": "bedrock",
    "dynamodb": "dynamodb",
    "kinesis": "kinesis",
    "kms": "kms",
    "lambda": "lambda",
    "s3": "s3",
    "secretsmanager": "secretsmanager",
    "sfn": "states",
    "sns": "sns",
    "sqs": "sqs",
    "ssm": "ssm",
    "stepfunctions": "states",
}
_BRAND = re.compile(r"^(?:amazon|aws)|v2$|client$")
# What AWS lets names consist of. A trace holds what the traced code wrote, which may be anything.
_NAME = re.compile(r"[\w./:+=@-]{1,300}", re.ASCII)


def resource_of_node(node: Mapping[str, Any], home: Home) -> Resource | None:
    """The resource that a node of the service graph stands for."""
    kind, name = node.get("Type", ""), node.get("Name", "")
    if kind == "client":
        return None
    return _resource(kind, name, replace(home, account=node.get("AccountId") or home.account))


def resource_of_span(span: Span, home: Home) -> Resource | None:
    """The resource that did the work of a span; None for a part of a program, and where nothing tells."""
    place = replace(
        home,
        account=str(span.aws.get("account_id") or home.account),
        region=str(span.aws.get("region") or home.region),
    )
    if span.arn and not span.is_part:
        return resource_of(span.arn)
    if span.is_call:
        called = _called(span, place)
        return called if called or span.namespace == "aws" else resource_named("", _host(span.name), place)
    return _resource(span.origin, span.name, place) if span.origin else None


def service_called(span: Span) -> str:
    """The service that an AWS call goes to, as ARNs name it; empty where we do not know it."""
    plain = re.sub(r"[\W_]", "", span.name).lower()
    return _SERVICES.get(_BRAND.sub("", plain), "") if span.is_call else ""


def owner(trace: Trace, span: Span, resource: Callable[[Span], Resource | None]) -> str:
    """Who did the work of a span: the id of a resource, else the name that X-Ray has for it."""
    for here in trace.above(span):
        if found := resource(here):
            return found.id if found.name else str(found)
        if here.is_call or not here.is_part:
            return here.name
    return span.name


def _called(span: Span, place: Home) -> Resource | None:
    named = ((service, span.aws.get(name)) for name, service in _FIELDS.items())
    for service, value in named:
        if isinstance(value, str) and value:
            return _plain(service, value, place)
    names = span.aws.get("resource_names") or span.aws.get("table_names")
    service = service_called(span) or _TYPES.get(span.origin, "")
    # A batch may go to several tables, and nobody says which of them is meant.
    if service and isinstance(names, list) and len(names) == 1 and isinstance(names[0], str):
        return _plain(service, names[0], place)
    return None


def _plain(service: str, value: str, place: Home) -> Resource | None:
    if value.startswith("arn:"):
        return resource_of(value)
    # A queue is called by its URL, a function perhaps with its alias.
    name = re.split(r"[:/]", value)[-1] if service == "sqs" else value
    name = name.partition(":")[0] if service == "lambda" else name
    return Resource(service, name, arn_of(service, name, place)) if _NAME.fullmatch(name) else None


def _resource(kind: str, name: str, home: Home) -> Resource | None:
    if name.startswith("arn:"):
        return resource_of(name)
    if kind == STAGE:
        return Resource("apigateway", "", title=name.rpartition("/")[0])
    if kind in _TYPES:
        return _plain(_TYPES[kind], name.partition(":")[0] if _TYPES[kind] != "sqs" else name, home)
    # Others are called by their address: database@host, or the host alone.
    return resource_named("", _host(name), home)


def _host(name: str) -> str:
    return name.rpartition("@")[2]
