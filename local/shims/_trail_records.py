"""CloudTrail's record of an API call."""

from __future__ import annotations

import functools
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote
from xml.etree.ElementTree import Element, ParseError

import botocore.session
from botocore.exceptions import UnknownServiceError
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region, get_request_client_ip, new_uuid

from local.shims._api_calls import Request
from local.shims.cloudwatch_query_protocol import decode

_SOURCES = {"bedrock-runtime": "bedrock", "bedrock-agent": "bedrock", "bedrock-agent-runtime": "bedrock"}

# Lambda's event names carry the version of its API.
_LAMBDA_SUFFIXES = {
    "20150331v2": (
        "AddPermission",
        "GetFunction",
        "GetFunctionConfiguration",
        "GetPolicy",
        "RemovePermission",
        "UpdateFunctionCode",
        "UpdateFunctionConfiguration",
    ),
    "20150331": (
        "CreateAlias",
        "CreateEventSourceMapping",
        "CreateFunction",
        "DeleteAlias",
        "DeleteEventSourceMapping",
        "DeleteFunction",
        "GetAlias",
        "GetEventSourceMapping",
        "ListAliases",
        "ListEventSourceMappings",
        "ListFunctions",
        "ListVersionsByFunction",
        "PublishVersion",
        "UpdateAlias",
        "UpdateEventSourceMapping",
    ),
    "20160819": ("GetAccountSettings",),
    "20170331v2": ("TagResource", "UntagResource"),
    "20170331": ("ListTags",),
    "20171031": ("DeleteFunctionConcurrency", "PutFunctionConcurrency"),
    "20181031": (
        "AddLayerVersionPermission",
        "DeleteLayerVersion",
        "GetLayerVersion",
        "GetLayerVersionPolicy",
        "ListLayers",
        "ListLayerVersions",
        "PublishLayerVersion",
        "RemoveLayerVersionPermission",
    ),
    "20190930": ("GetFunctionConcurrency",),
}
_LAMBDA_NAMES = {name: name + suffix for suffix, names in _LAMBDA_SUFFIXES.items() for name in names}

# Calls on data, which a trail records only if asked to: by service, as operation names or prefixes of them.
_DATA_CALLS = {
    "lambda": ("Invoke",),
    "s3": (
        "GetObject",
        "HeadObject",
        "PutObject",
        "DeleteObject",
        "ListObject",
        "CopyObject",
        "Upload",
        "Complete",
    ),
    "dynamodb": (
        "GetItem",
        "PutItem",
        "UpdateItem",
        "DeleteItem",
        "Query",
        "Scan",
        "Batch",
        "Transact",
        "Execute",
    ),
    "sns": ("Publish",),
    "sqs": ("SendMessage", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility"),
    "logs": ("PutLogEvents",),
    "monitoring": ("PutMetricData", "GetMetricData", "GetMetricStatistics", "GetMetricWidgetImage"),
    "events": ("PutEvents",),
    "xray": ("PutTraceSegments", "PutTelemetryRecords"),
    "kinesis": ("PutRecord", "GetRecords"),
    "states": ("StartSyncExecution",),
}
_READS = (
    "AssumeRole",
    "Batch",
    "Converse",
    "Decrypt",
    "Describe",
    "Encrypt",
    "Filter",
    "GenerateDataKey",
    "Get",
    "Head",
    "InvokeModel",
    "List",
    "Lookup",
    "Retrieve",
    "Search",
    "Simulate",
    "StartQuery",
    "Test",
    "Validate",
)

# Only what is known of AWS, which documents no list: queues, topics, rules, parameters and state machines are
# left out, so that nobody comes to rely on a name under which AWS may not know them.
_RESOURCES = {
    "functionName": "AWS::Lambda::Function",
    "tableName": "AWS::DynamoDB::Table",
    "bucketName": "AWS::S3::Bucket",
    "dBInstanceIdentifier": "AWS::RDS::DBInstance",
    "roleName": "AWS::IAM::Role",
    "policyArn": "AWS::IAM::Policy",
    "secretId": "AWS::SecretsManager::Secret",
}
HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"


@dataclass(frozen=True)
class Answer:
    """What the service answered."""

    status: int
    headers: Mapping[str, str]
    body: Any


def is_management(request: Request) -> bool:
    """Whether every trail records the call."""
    return bool(request.operation) and not request.operation.startswith(
        _DATA_CALLS.get(request.service, ("\0",))
    )


def record(request: Request, answer: Answer, request_id: str) -> dict[str, Any]:
    """The record, as CloudTrail stores and delivers it."""
    read_only = request.operation.startswith(_READS)
    parameters = _parameters(request)
    built: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": _identity(request),
        "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "eventSource": f"{_SOURCES.get(request.service, request.service)}.amazonaws.com",
        "eventName": event_name(request),
        "awsRegion": get_region(),
        "sourceIPAddress": get_request_client_ip(),
        "userAgent": request.headers.get("user-agent", ""),
        "requestParameters": parameters or None,
        "responseElements": None,
        "requestID": request_id,
        "eventID": new_uuid(),
        "readOnly": read_only,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": get_account_id(),
        "eventCategory": "Management",
    }
    if touched := _touched(request, parameters):
        built["resources"] = touched
    if answer.status >= 400:
        built["errorCode"], built["errorMessage"] = _error(answer)
    elif not read_only:
        built["responseElements"] = _response_elements(request, answer)
    return built


def event_name(request: Request) -> str:
    """The operation in CloudTrail's spelling."""
    is_lambda = request.service == "lambda"
    return _LAMBDA_NAMES.get(request.operation, request.operation) if is_lambda else request.operation


def resources(record: Mapping[str, Any]) -> list[dict[str, str]]:
    """The resources a call names, as LookupEvents finds them."""
    parameters = record["requestParameters"]
    found = []
    for key, kind in _RESOURCES.items():
        value = (parameters or {}).get(key)
        if isinstance(value, str):
            found.append({"ResourceType": kind, "ResourceName": value})
            if key == "functionName" and value.startswith("arn:"):
                found.append({"ResourceType": kind, "ResourceName": value.split(":")[6]})
    keys = (item for item in record.get("resources", ()) if item["type"] == "AWS::KMS::Key")
    found += [{"ResourceType": item["type"], "ResourceName": item["ARN"]} for item in keys]
    return found


def _touched(request: Request, parameters: Mapping[str, Any]) -> list[dict[str, str]]:
    """The ARNs that S3 and KMS put into their records."""
    if request.client_name == "s3" and parameters.get("bucketName"):
        kind, arn = "AWS::S3::Bucket", f"arn:aws:s3:::{parameters['bucketName']}"
    elif request.client_name == "kms" and ":key/" in request.resource_arn:
        kind, arn = "AWS::KMS::Key", request.resource_arn
    else:
        return []
    return [{"accountId": get_account_id(), "type": kind, "ARN": arn}]


def user_name(identity: Mapping[str, Any]) -> str:
    """Who LookupEvents says it was: the user, or the session of a role."""
    if identity["type"] == "AssumedRole":
        return str(identity["arn"]).rpartition("/")[2]
    return str(identity.get("userName", "root"))


def _identity(request: Request) -> dict[str, Any]:
    found = iam_evaluator.resolve_caller_identity(request.access_key) or {}
    arn, account = str(found.get("userArn", "")), str(found.get("accountId", get_account_id()))
    identity = {
        "type": "Root" if arn.endswith(":root") else "IAMUser",
        "principalId": found.get("userId", ""),
        "arn": arn,
        "accountId": account,
        "accessKeyId": request.access_key,
    }
    session = found.get("session")
    if session:
        issued = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(session.get("IssuedAt", time.time())))
        context = {
            "sessionIssuer": _issuer(request.role, account),
            "attributes": {"creationDate": issued, "mfaAuthenticated": "false"},
        }
        return {**identity, "type": "AssumedRole", "sessionContext": context}
    return identity if identity["type"] == "Root" else {**identity, "userName": arn.rpartition("/")[2]}


def _issuer(role_name: str, account: str) -> dict[str, str]:
    from ministack.services import iam

    role = iam._roles.get_scoped(account, None, role_name) or {}
    return {
        "type": "Role",
        "principalId": role.get("RoleId", ""),
        "arn": role.get("Arn", f"arn:aws:iam::{account}:role/{role_name}"),
        "accountId": account,
        "userName": role_name,
    }


def _parameters(request: Request) -> dict[str, Any]:
    operation = _operation(request.client_name, request.operation)
    content = _json_body(request.body)
    if operation is None:
        return {_lower(name): value for name, value in content.items()}
    shape = operation.input_shape
    if "Action" in request.params:
        fields = {
            name: value[0] if isinstance(value, list) else value for name, value in request.params.items()
        }
        content = decode(shape, fields)
    else:
        content = {**content, **_located(operation, request)}
    if request.client_name == "s3":
        return _s3_parameters(content, request)
    shown = _shown(shape, content)
    return shown if isinstance(shown, dict) else {}


def _s3_parameters(content: Mapping[str, Any], request: Request) -> dict[str, Any]:
    """What is in the URL, the query string as it is, and the body: a policy as an object, XML as its tree."""
    found = {
        "bucketName": content.get("Bucket"),
        "key": content.get("Key"),
        "Host": request.headers.get("host", ""),
        **{name: _first(value) for name, value in request.params.items()},
    }
    if request.operation == "PutBucketPolicy":
        found["bucketPolicy"] = _json_body(request.body)
    elif request.body:
        found.update(_xml_tree(request.body))
    return {name: value for name, value in found.items() if value is not None}


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value


def _xml_root(body: bytes) -> Element | None:
    try:
        root: Element = fromstring(body)
    except (ParseError, DefusedXmlException):
        return None
    return root


def _xml_tree(body: bytes) -> dict[str, Any]:
    """`<A><B>1</B></A>` → {"A": {"B": "1"}}, with the namespace; elements of one name become a list."""
    if (root := _xml_root(body)) is None:
        return {}
    namespace, _, name = root.tag.rpartition("}")
    tree = _xml_value(root)
    xmlns = {"xmlns": namespace[1:]} if namespace else {}
    return {name: {**xmlns, **tree} if isinstance(tree, dict) else tree}


def _xml_value(element: Element) -> Any:
    if not len(element):
        return element.text or ""
    members: dict[str, list[Any]] = {}
    for child in element:
        members.setdefault(child.tag.rpartition("}")[2], []).append(_xml_value(child))
    return {name: items[0] if len(items) == 1 else items for name, items in members.items()}


def _located(operation: Any, request: Request) -> dict[str, Any]:
    """Members of a REST request that stand in its path and query string."""
    labels = re.sub(
        r"\\\{(\w+)\\?\+?\\\}", r"(?P<\1>.+?)", re.escape(operation.http["requestUri"].split("?")[0])
    )
    match = re.fullmatch(labels.rstrip("/") + "/?", request.path)
    found: dict[str, Any] = {
        name: unquote(value) for name, value in (match.groupdict() if match else {}).items()
    }
    for name, member in (operation.input_shape.members if operation.input_shape else {}).items():
        location = member.serialization.get("name", name)
        if member.serialization.get("location") == "querystring" and location in request.params:
            value = request.params[location]
            found[name] = value[0] if isinstance(value, list) else value
        elif location in found and location != name:
            found[name] = found.pop(location)
    return found


def _response_elements(request: Request, answer: Answer) -> Any:
    operation = _operation(request.client_name, request.operation)
    content = _json_body(answer.body)
    if operation is None or operation.output_shape is None or not content:
        return None
    return _shown(operation.output_shape, content) or None


def _shown(shape: Any, value: Any) -> Any:
    """A value with its members' names as CloudTrail writes them and without secrets."""
    if shape is None or value is None:
        return value
    if shape.metadata.get("sensitive"):
        return None if shape.type_name in ("map", "blob") else HIDDEN
    if shape.type_name == "structure" and isinstance(value, dict):
        members = {
            _lower(name): _shown(shape.members[name], item)
            for name, item in _by_member(shape, value).items()
            if name in shape.members
        }
        return {name: item for name, item in members.items() if item is not None}
    if shape.type_name == "list" and isinstance(value, list):
        return [_shown(shape.member, item) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: _shown(shape.value, item) for key, item in value.items()}
    return None if shape.type_name == "blob" else value


def _by_member(shape: Any, value: Mapping[str, Any]) -> dict[str, Any]:
    """Wire names may differ from member names."""
    names = {member.serialization.get("name", name): name for name, member in shape.members.items()}
    return {names.get(key, key): item for key, item in value.items()}


def _error(answer: Answer) -> tuple[str, str]:
    content = _json_body(answer.body)
    code = str(content.get("__type") or answer.headers.get("x-amzn-errortype") or "")
    message = str(content.get("message") or content.get("Message") or "")
    if not code and isinstance(answer.body, bytes):
        code, message = _xml_error(answer.body)
    code = code.rpartition("#")[2].split(":")[0]
    return ("AccessDenied" if code == "AccessDeniedException" else code), message


def _xml_error(body: bytes) -> tuple[str, str]:
    if (root := _xml_root(body)) is None:
        return "", ""
    texts = {element.tag.rpartition("}")[2]: element.text or "" for element in root.iter()}
    return texts.get("Code", ""), texts.get("Message", "")


def _json_body(body: Any) -> dict[str, Any]:
    try:
        content = json.loads(body or b"{}")
    except (ValueError, TypeError):
        return {}
    return content if isinstance(content, dict) else {}


def _lower(name: str) -> str:
    """`FunctionName` → functionName, `ARN` → aRN, as CloudTrail has it."""
    return name[:1].lower() + name[1:]


@functools.cache
def _operation(client_name: str, operation: str) -> Any:
    model = _model(client_name)
    return model.operation_model(operation) if model and operation in model.operation_names else None


@functools.cache
def _model(client_name: str) -> Any:
    try:
        return _session().get_service_model(client_name)
    except UnknownServiceError:
        return None


@functools.cache
def _session() -> Any:
    return botocore.session.get_session()
