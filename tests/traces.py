"""X-Ray's documents of traced requests, in the forms that API Gateway, Lambda and the SDKs give them."""

import json
from collections.abc import Iterable
from functools import partial
from typing import Any
from zlib import crc32

from auto_repair.domain.arns import Home
from auto_repair.domain.resources import Resource
from auto_repair.domain.traces.resources import resource_of_span
from auto_repair.domain.traces.spans import Trace, trace_of
from tests.builders import ACCOUNT, NOW, REGION

TRACE = "1-697df3c0-a006649127e371903a2de979"
BEGAN = NOW.timestamp() - 120
Document = dict[str, Any]
RESOURCE = partial(resource_of_span, home=Home("aws", REGION, ACCOUNT))
KNOWN = (  # what the documents name
    Resource("apigateway", "a1b2c3", title="shop"),
    Resource("lambda", "orders"),
    Resource("dynamodb", "stock"),
    Resource("s3", "images"),
)

THROTTLED = (
    "An error occurred (ProvisionedThroughputExceededException) when calling the PutItem operation (reached "
    "max retries: 9): The level of configured provisioned throughput for the table was exceeded."
)
DENIED = "An error occurred (AccessDenied) when calling the PutObject operation: Access Denied"


def _timed(name: str, id_: str, begin: float, end: float | None, **facts: Any) -> Document:
    """`begin` and `end` in seconds after the request came in."""
    end_time: Document = {"in_progress": True} if end is None else {"end_time": BEGAN + end}
    return {"id": id_, "name": name, "start_time": BEGAN + begin, **end_time, **facts}


def raised(kind: str, message: str, *, remote: bool = False) -> Document:
    """What the Python SDK and Lambda write of an exception."""
    one = {
        "id": f"{crc32(message.encode()):016x}",
        "message": message,
        "type": kind,
        "remote": remote,
        "stack": [{"path": "app.py", "line": 7}],
    }
    return {"cause": {"working_directory": "/var/task", "exceptions": [one]}}


def stage(status: int, end: float = 1.0, **facts: Any) -> Document:
    """API Gateway's own segment, with its call of the function."""
    answered = {"fault": True} if status >= 500 else {"error": True} if status >= 400 else {}
    call = _timed(
        "Lambda",
        "5a00000000000001",
        0.01,
        end - 0.01,
        namespace="aws",
        http={
            "request": {"url": f"https://lambda.{REGION}.amazonaws.com/functions/orders", "method": "POST"},
            "response": {"status": 200, "content_length": 62},
        },
        aws={
            "function_name": "orders",
            "region": REGION,
            "operation": "Invoke",
            "resource_names": ["orders"],
        },
    )
    url = "https://a1b2c3.execute-api.eu-central-1.amazonaws.com/prod/orders?email=ann@example.com"
    return _timed(
        "shop/prod",
        "5e00000000000001",
        0,
        end,
        trace_id=TRACE,
        origin="AWS::ApiGateway::Stage",
        resource_arn=f"arn:aws:apigateway:{REGION}::/restapis/a1b2c3/stages/prod",
        http={"request": {"url": url, "method": "POST"}, "response": {"status": status}},
        aws={"api_gateway": {"account_id": ACCOUNT, "rest_api_id": "a1b2c3", "stage": "prod"}},
        subsegments=[call],
        **answered,
        **facts,
    )


def lambda_segments(
    *parts: Document,
    begin: float = 0.02,
    end: float | None = 0.9,
    parent: str = "5a00000000000001",
    **facts: Any,
) -> tuple[Document, Document]:
    """The two segments of an invocation: Lambda's own says 200 even of a function that raised."""
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:orders"
    service = _timed(
        "orders",
        "5e00000000000002",
        begin,
        end,
        trace_id=TRACE,
        origin="AWS::Lambda",
        resource_arn=arn,
        http={"response": {"status": 200}},
        aws={"request_id": "5a4ac9f8-8a01-4a5c-a3f8-0d2d0a1a0001"},
        **({"parent_id": parent} if parent else {}),
    )
    function = _timed(
        "orders",
        "5e00000000000003",
        begin + 0.05,
        end,
        trace_id=TRACE,
        parent_id="5e00000000000002",
        origin="AWS::Lambda::Function",
        aws={"function_arn": arn, "resource_names": ["orders"], "account_id": ACCOUNT},
        subsegments=list(parts),
        **facts,
    )
    return service, function


def aws_call(
    name: str, id_: str, begin: float, end: float | None, *, status: int = 200, **facts: Any
) -> Document:
    """A call as the Python SDK records it: what is refused is an error and, having raised, a fault."""
    refused = (
        {"error": True, "fault": True} if 400 <= status < 500 else {"fault": True} if status >= 500 else {}
    )
    answered = {} if end is None else {"http": {"response": {"status": status}}}
    return _timed(name, id_, begin, end, namespace="aws", **{**refused, **answered, **facts})


def inferred(call: Document, origin: str) -> Document:
    """What X-Ray makes of a call to a service that writes no segments."""
    kept = {k: v for k, v in call.items() if k not in ("namespace", "cause", "subsegments")}
    return {**kept, "id": f"1f{call['id'][2:]}", "parent_id": call["id"], "inferred": True, "origin": origin}


def table_call(begin: float = 0.1, end: float = 0.8, *, status: int = 200, **facts: Any) -> Document:
    aws = {"table_name": "stock", "operation": "PutItem", "region": REGION, "resource_names": ["stock"]}
    return aws_call("DynamoDB", "c100000000000001", begin, end, status=status, aws=aws, **facts)


def bucket_call(begin: float = 0.1, end: float | None = 0.3, *, status: int = 200, **facts: Any) -> Document:
    aws = {"bucket_name": "images", "key": "cat.png", "operation": "PutObject", "region": REGION}
    return aws_call("S3", "c200000000000001", begin, end, status=status, aws=aws, **facts)


def throttled_table() -> Document:
    refusal = raised("ProvisionedThroughputExceededException", THROTTLED, remote=True)
    return table_call(status=400, throttle=True, **refusal)


def denied_bucket(**facts: Any) -> Document:
    return bucket_call(status=403, **raised("ClientError", DENIED, remote=True), **facts)


def read(*documents: Document, trace_id: str = TRACE, complete: bool = True) -> Trace:
    """The trace of those documents."""
    return trace_of(trace_id, map(json.dumps, documents), complete=complete)


def answer(trace_id: str, documents: Iterable[Document], *, cut: bool = False) -> Document:
    """The trace as BatchGetTraces gives it."""
    segments = [{"Id": d["id"], "Document": json.dumps(d)} for d in documents]
    return {"Id": trace_id, "Duration": 1.0, "LimitExceeded": cut, "Segments": segments}
