"""What an error message complains about: which AWS resource, which call, and what kind of refusal.

The wordings are those of AWS's services and of its SDKs. Most services explain a denial as "User: ARN is not
authorized to perform: ACTION on resource: ARN", and which kind of policy denied it; some say no more than
"Access Denied".
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from auto_repair.domain.arns import resource_of, resources_in
from auto_repair.domain.resources import Resource


class ComplaintKind(StrEnum):
    """How a call was refused."""

    DENIED_BY_IDENTITY_POLICY = "denied_by_identity_policy"  # what the caller's role may do
    DENIED_BY_RESOURCE_POLICY = "denied_by_resource_policy"  # whom the resource lets in
    DENIED_BY_KEY_POLICY = "denied_by_key_policy"  # whom the KMS key lets use it
    DENIED = "denied"  # by another kind of policy, or AWS does not say by which
    THROTTLED = "throttled"
    DISABLED = "disabled"  # the KMS key is switched off or waits to be deleted
    MISSING = "missing"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class Complaint:
    """One message, understood. What it does not tell is empty."""

    kind: ComplaintKind
    action: str = ""  # as AWS writes it, s3:ListBucket; SQS writes sqs:sendmessage
    resource_arn: str = ""
    resource: str = ""  # id of a resource that was given
    principal: str = ""  # ARN of the role, without its path, or of the user
    policy_kind: str = ""  # resource-based policy, service control policy, permissions boundary …
    explicit: bool = False  # a statement denies it, rather than none allowing it

    @property
    def is_denial(self) -> bool:
        """Whether somebody may not do something."""
        return self.kind.value.startswith("denied")


MAX_TEXT = 10_000  # characters of a message that are looked at

# The resource stands in quotes, also escaped ones of a JSON string, or without.
_NOT_AUTHORIZED = re.compile(
    r"(?P<who>(?<!\S)\S{1,300}) is not authorized to perform:? (?P<action>[\w-]+:\w+)"
    r"(?: on resource:? (?:\\?[\"'](?P<quoted>[^\"'\\]+)\\?[\"']|(?P<bare>[^\s\"'\\]+)))?"
    r"(?P<why>.{0,400})",
    re.DOTALL,
)
_POLICY = re.compile(
    r"(?:explicit deny in|because no|because the|[,;] no) (?:an? |the )?(?P<kind>[\w -]{2,40}?)"
    r" (?:polic(?:y|ies)|boundar(?:y|ies))\b",
    re.IGNORECASE,
)
_EXPLICIT = re.compile(r"with an explicit deny", re.IGNORECASE)
_SESSION = re.compile(r"arn:(aws[\w-]*):sts::(\d+):assumed-role/([^/\s]+)")

_CODE = re.compile(r"An error occurred \((?P<code>[\w.]+)\) when calling the (?P<operation>\w+) operation")
_ANY_CODE = re.compile(r"\b(?:[A-Z]\w{2,60}(?:Exception|Error|Fault)|[A-Z]\w{3,60})\b")
_CODES = {
    ComplaintKind.DENIED: (
        "AccessDenied AccessDeniedException AuthorizationError AuthorizationErrorException "
        "UnauthorizedOperation KMSAccessDeniedException Forbidden"
    ),
    ComplaintKind.THROTTLED: (
        "ProvisionedThroughputExceededException ThrottlingException Throttling ThrottledException "
        "TooManyRequestsException RequestLimitExceeded RequestThrottled SlowDown KMSThrottlingException "
        "BandwidthLimitExceeded"
    ),
    ComplaintKind.DISABLED: "DisabledException KMSInvalidStateException KMSDisabledException",
    ComplaintKind.MISSING: (
        "NoSuchBucket NoSuchKey ResourceNotFoundException QueueDoesNotExist NonExistentQueue "
        "ParameterNotFound NotFoundException StateMachineDoesNotExist KMSNotFoundException NotFound"
    ),
    ComplaintKind.UNREACHABLE: (
        "EndpointConnectionError ConnectTimeoutError ReadTimeoutError ECONNREFUSED ETIMEDOUT ENOTFOUND "
        "ECONNRESET"
    ),
}
_KIND_OF_CODE = {code: kind for kind, codes in _CODES.items() for code in codes.split()}
# Too common as plain words: these count only where AWS's code stands.
_VAGUE = frozenset({"Forbidden", "NotFound", "NotFoundException", "SlowDown", "Throttling"})
# HeadObject and HeadBucket have no body to tell a code in.
_KIND_OF_STATUS = {"403": ComplaintKind.DENIED, "404": ComplaintKind.MISSING}
_PHRASES = (
    (ComplaintKind.DENIED, re.compile(r"access denied|access to the resource \S+ is denied", re.IGNORECASE)),
    (ComplaintKind.THROTTLED, re.compile(r"rate exceeded|provisioned throughput", re.IGNORECASE)),
    (ComplaintKind.DISABLED, re.compile(r"arn:aws[\w-]*:kms:\S+ is (?:disabled|pending deletion)")),
    (
        ComplaintKind.UNREACHABLE,
        re.compile(
            r"could not connect to the endpoint url|(?:connect|read) timeout on endpoint url"
            r"|failed to establish a new connection|connection refused|name or service not known"
            r"|could not connect to server",
            re.IGNORECASE,
        ),
    ),
)

# The service of an operation that only one of them has.
_OPERATIONS = {
    "dynamodb": "GetItem PutItem UpdateItem DeleteItem Query Scan BatchGetItem BatchWriteItem "
    "TransactGetItems TransactWriteItems",
    "s3": "GetObject PutObject DeleteObject DeleteObjects HeadObject HeadBucket ListObjects ListObjectsV2 "
    "CopyObject CreateMultipartUpload UploadPart CompleteMultipartUpload",
    "sqs": "SendMessage SendMessageBatch ReceiveMessage DeleteMessage DeleteMessageBatch GetQueueUrl",
    "sns": "Publish PublishBatch",
    "kinesis": "PutRecords GetRecords GetShardIterator",
    "kms": "Encrypt Decrypt GenerateDataKey",
    "secretsmanager": "GetSecretValue BatchGetSecretValue",
    "ssm": "GetParameter GetParameters GetParametersByPath",
    "lambda": "Invoke",
    "states": "StartExecution StartSyncExecution",
    "bedrock": "InvokeModel InvokeModelWithResponseStream Converse ConverseStream",
}
_SERVICE_OF_OPERATION = {name: service for service, names in _OPERATIONS.items() for name in names.split()}
# What names a service where no operation does.
_SERVICE_OF_WORDS = (
    ("s3", re.compile(r"\bNoSuchBucket\b|\bNoSuchKey\b|\bspecified bucket\b")),
    ("kinesis", re.compile(r"\bfor shard shardId-")),
    ("dynamodb", re.compile(r"\bprovisioned throughput for the table\b|\byour table or index\b")),
    ("sqs", re.compile(r"\bQueueDoesNotExist\b|\bNonExistentQueue\b|\bspecified queue\b")),
    ("ssm", re.compile(r"\bParameterNotFound\b")),
    ("secretsmanager", re.compile(r"\bSecrets Manager can't find\b")),
    ("states", re.compile(r"\bStateMachineDoesNotExist\b")),
)
_PREFIXES = {"execute-api": "apigateway"}
_SERVICE_OF_LABEL = {**_PREFIXES, "cache": "elasticache", "bedrock-runtime": "bedrock"}
_HOST = re.compile(
    r"(?:https?://|ENOTFOUND |host name \"|server at \"|host \")(?P<host>[\w.-]+)(?P<path>/[\w./-]*)?"
)
_SHARD = re.compile(r"\bin stream (?P<name>[\w.-]+)")


def complaint(message: str, resources: Iterable[Resource]) -> Complaint | None:
    """What the message complains about, None when it is none of the complaints that we know.

    `resource` is one of `resources`: the one that the message names, or else the only one of the service.
    """
    text, known = message[:MAX_TEXT], tuple(resources)
    if found := _NOT_AUTHORIZED.search(text):
        return _denied(found, known)
    kind = _kind(text)
    if kind is None:
        return None
    arn, resource = _named(text, known)
    return Complaint(kind, resource_arn=arn, resource=resource)


def _denied(found: re.Match[str], known: tuple[Resource, ...]) -> Complaint:
    action, why = found["action"], found["why"] or ""
    # KMS writes "on the resource associated with this ciphertext".
    named = (found["quoted"] or found["bare"] or "").rstrip(".,;:)")
    service = _PREFIXES.get(action.split(":")[0].lower(), action.split(":")[0].lower())
    policy = _POLICY.search(why)
    policy_kind = _policy_kind(policy["kind"], policy[0]) if policy else ""
    resource = _match(named, service, known) if named else _only(service, known)
    return Complaint(
        _kind_of_denial(policy_kind, service),
        action=action,
        resource_arn=named if named.startswith("arn:") else "",
        resource=resource,
        principal=_principal(found["who"]),
        policy_kind=policy_kind,
        explicit=_EXPLICIT.search(why) is not None,
    )


def _policy_kind(kind: str, phrase: str) -> str:
    noun = "boundary" if "boundar" in phrase.lower() else "policy"
    known = kind if kind.startswith("VPC") else kind.lower()
    return f"{'session' if known == 'sessions' else known} {noun}"


def _kind_of_denial(policy_kind: str, service: str) -> ComplaintKind:
    if policy_kind == "identity-based policy":
        return ComplaintKind.DENIED_BY_IDENTITY_POLICY
    if policy_kind == "resource-based policy":
        is_key = service == "kms"
        return ComplaintKind.DENIED_BY_KEY_POLICY if is_key else ComplaintKind.DENIED_BY_RESOURCE_POLICY
    return ComplaintKind.DENIED


def _principal(who: str) -> str:
    """The role behind a session; a user as it is."""
    if session := _SESSION.search(who):
        return f"arn:{session[1]}:iam::{session[2]}:role/{session[3]}"
    return who if who.startswith("arn:") else ""


def _kind(message: str) -> ComplaintKind | None:
    """By the error code that stands in front, else by any code in the text, else by the words."""
    if (told := _CODE.search(message)) and (kind := _of_code(told["code"])):
        return kind
    codes = (_of_code(word) for word in _ANY_CODE.findall(message) if word not in _VAGUE)
    words = (kind for kind, phrase in _PHRASES if phrase.search(message))
    return next((kind for kind in (*codes, *words) if kind), None)


def _of_code(code: str) -> ComplaintKind | None:
    # SQS and KMS put the service in front: AWS.SimpleQueueService.NonExistentQueue, KMS.DisabledException.
    return _KIND_OF_STATUS.get(code) or _KIND_OF_CODE.get(code.rpartition(".")[2])


def _named(message: str, known: tuple[Resource, ...]) -> tuple[str, str]:
    """ARN and id of what the message is about: the first ARN of a known resource, else what the call and
    the words tell. Roles are those who complain, and a logger may add the function's own ARN."""
    service = _service(message)
    told = [r for r in resources_in(message) if r.service != "iam"]
    ids = {r.id for r in known}
    found = next((r for r in told if r.id in ids), None)
    if found is None:
        found = next((r for r in told if service in ("", r.service)), None)
    if found is not None:
        return found.arn, found.id if found.id in ids else ""
    return "", _by_host(message, known) or _by_stream(message, known) or _only(service, known)


def _match(named: str, service: str, known: tuple[Resource, ...]) -> str:
    """The known resource that is named by an ARN, or by its plain name as Secrets Manager does."""
    told = resource_of(named.partition(" ")[0])  # an object's key may hold spaces
    wanted = told.id if told else f"{service}:{named}"
    return next((r.id for r in known if r.id == wanted or (r.arn and r.arn == named)), "")


def _service(message: str) -> str:
    told = _CODE.search(message)
    by_operation = _SERVICE_OF_OPERATION.get(told["operation"], "") if told else ""
    by_words = (service for service, words in _SERVICE_OF_WORDS if words.search(message))
    return by_operation or next(by_words, "")


def _only(service: str, known: tuple[Resource, ...]) -> str:
    """The one resource of the service, if there is exactly one."""
    ids = {r.id for r in known if r.service == service}
    return ids.pop() if len(ids) == 1 else ""


def _by_host(message: str, known: tuple[Resource, ...]) -> str:
    """From the address that was called: BUCKET.s3.REGION.amazonaws.com, DB.….rds.amazonaws.com."""
    found = _HOST.search(message)
    if not found:
        return ""
    host, path = found["host"].lower(), (found["path"] or "").split("/")
    services = {_SERVICE_OF_LABEL.get(label, label) for label in host.split(".")}
    of_service = [r for r in known if r.service in services]
    named = (r.id for r in of_service if host.startswith(f"{r.name.lower()}.") or r.name in path)
    return next(named, "") or (_only(of_service[0].service, known) if of_service else "")


def _by_stream(message: str, known: tuple[Resource, ...]) -> str:
    found = _SHARD.search(message)
    return next((r.id for r in known if found and r.id == f"kinesis:{found['name']}"), "")
