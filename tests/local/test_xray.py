"""Gap 20: X-Ray on the running instance, and its pure parts."""

from __future__ import annotations

import io
import json
import secrets
import time
import uuid
import zipfile
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.instance import Instance
from local.trace_store import FilterError, compile_filter, new_trace_id
from tests.local.state_machines import ACCOUNT


@pytest.fixture
def xray(embedded_aws: Instance) -> Any:
    return embedded_aws.client("xray")


def segment(trace_id: str, name: str, **fields: Any) -> dict[str, Any]:
    now = time.time()
    return {
        "id": secrets.token_hex(8),
        "trace_id": trace_id,
        "name": name,
        "start_time": now,
        "end_time": now + 0.5,
        **fields,
    }


def put(xray: Any, *segments: dict[str, Any]) -> Any:
    return xray.put_trace_segments(TraceSegmentDocuments=[json.dumps(item) for item in segments])


def summaries(xray: Any, filter_expression: str, since_s: float = 60) -> list[dict[str, Any]]:
    now = time.time()
    answer = xray.get_trace_summaries(
        StartTime=datetime.fromtimestamp(now - since_s, UTC),
        EndTime=datetime.fromtimestamp(now + 1, UTC),
        FilterExpression=filter_expression,
    )
    found: list[dict[str, Any]] = answer["TraceSummaries"]
    return found


def test_a_trace_is_summarised_and_got(xray: Any) -> None:
    trace_id, name = new_trace_id(), f"api-{uuid.uuid4().hex[:8]}"
    url = f"https://{name}.execute-api.us-east-1.amazonaws.com/prod/"
    http = {"request": {"url": url, "method": "GET"}, "response": {"status": 502}}
    root = segment(trace_id, name, origin="AWS::ApiGateway::Stage", http=http, fault=True)
    child = segment(
        trace_id,
        f"{name}-function",
        parent_id=root["id"],
        origin="AWS::Lambda::Function",
        fault=True,
        annotations={"tenant": "ours", "tries": 2},
    )
    assert put(xray, root, child)["UnprocessedTraceSegments"] == []
    (found,) = summaries(xray, f'service("{name}") AND fault = true')
    assert (found["Id"], found["HasFault"], found["HasError"]) == (trace_id, True, False)
    assert found["Http"] == {"HttpStatus": 502, "HttpURL": url, "HttpMethod": "GET"}
    assert found["Annotations"]["tenant"][0]["AnnotationValue"] == {"StringValue": "ours"}
    assert [service["Name"] for service in found["ServiceIds"]] == [name, f"{name}-function"]
    assert found["EntryPoint"]["Type"] == "AWS::ApiGateway::Stage"
    (trace,) = xray.batch_get_traces(TraceIds=[trace_id])["Traces"]
    assert [json.loads(part["Document"]) for part in trace["Segments"]] == [root, child]


def test_failure_that_its_caller_caught_is_found_in_the_service_that_failed(xray: Any) -> None:
    """Plain keywords only know how the whole request was answered."""
    trace_id, name = new_trace_id(), f"shop-{uuid.uuid4().hex[:8]}"
    url = f"https://{name}.execute-api.us-east-1.amazonaws.com/prod/orders"
    root = segment(trace_id, name, http={"request": {"url": url}, "response": {"status": 200}})
    put(xray, root, segment(trace_id, f"{name}-table", parent_id=root["id"], error=True, throttle=True))

    def matching(expression: str) -> list[str]:
        return [found["Id"] for found in summaries(xray, expression)]

    failed = "service() { fault = true OR error = true OR throttle = true }"
    assert matching(f'service("{name}") AND {failed}') == [trace_id]
    assert matching(f'http.url CONTAINS "{name}.execute-api." AND {failed}') == [trace_id]
    assert matching(f'service("{name}-table") {{ throttle }}') == [trace_id]
    assert matching(f'service("{name}") {{ error }}') == []
    assert matching(f'service("{name}") AND error') == []
    (found,) = summaries(xray, f'service("{name}")')
    assert (found["HasFault"], found["HasError"], found["HasThrottle"]) == (False, False, True)
    assert "parts" not in found


def test_what_is_no_segment_is_refused(xray: Any) -> None:
    answer = xray.put_trace_segments(TraceSegmentDocuments=["no JSON", '{"id": "1"}'])
    codes = [item["ErrorCode"] for item in answer["UnprocessedTraceSegments"]]
    assert codes == ["ParseError", "MissingTraceId"]


def test_the_service_graph_has_an_edge_from_caller_to_called(xray: Any) -> None:
    trace_id, name = new_trace_id(), f"shop-{uuid.uuid4().hex[:8]}"
    api = segment(trace_id, f"{name}-api", origin="AWS::ApiGateway::Stage")
    call = {"id": secrets.token_hex(8), "name": "orders", "start_time": 1, "end_time": 2}
    function = segment(trace_id, f"{name}-function", parent_id=api["id"], subsegments=[call])
    table = segment(
        trace_id, f"{name}-table", parent_id=call["id"], origin="AWS::DynamoDB::Table", throttle=True
    )
    put(xray, api, function, table)
    now = time.time()
    graph = xray.get_service_graph(
        StartTime=datetime.fromtimestamp(now - 60, UTC), EndTime=datetime.fromtimestamp(now + 1, UTC)
    )
    nodes = {node["Name"]: node for node in graph["Services"] if node["Name"].startswith(name)}
    assert nodes[f"{name}-api"]["Root"] is True
    (edge,) = nodes[f"{name}-api"]["Edges"]
    assert edge["ReferenceId"] == nodes[f"{name}-function"]["ReferenceId"]
    (edge,) = nodes[f"{name}-function"]["Edges"]
    assert edge["ReferenceId"] == nodes[f"{name}-table"]["ReferenceId"]
    assert edge["SummaryStatistics"]["ErrorStatistics"]["ThrottleCount"] == 1


def test_a_traced_function_leaves_segments(embedded_aws: Instance, xray: Any) -> None:
    archive, name = io.BytesIO(), f"traced-{uuid.uuid4().hex[:8]}"
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("index.py", "def handler(event, context):\n    return 1 / event['by']\n")
    lambda_, iam = embedded_aws.client("lambda"), embedded_aws.client("iam")
    arn = lambda_.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="index.handler",
        Role=iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"],
        Code={"ZipFile": archive.getvalue()},
        TracingConfig={"Mode": "Active"},
    )["FunctionArn"]
    lambda_.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.2})
    lambda_.invoke(FunctionName=name, Payload=b'{"by": 1}')
    lambda_.invoke(FunctionName=name, Payload=b'{"by": 0}')
    fine, failed = summaries(xray, f'service(id(name: "{name}", type: "AWS::Lambda"))')
    assert (fine["HasFault"], failed["HasFault"]) == (False, True)
    assert summaries(xray, f'service("{name}") AND fault')[0]["Id"] == failed["Id"]
    (trace,) = xray.batch_get_traces(TraceIds=[failed["Id"]])["Traces"]
    service, function = (json.loads(part["Document"]) for part in trace["Segments"])
    assert (service["origin"], function["origin"]) == ("AWS::Lambda", "AWS::Lambda::Function")
    assert function["parent_id"] == service["id"]
    assert function["cause"]["exceptions"][0]["type"] == "ZeroDivisionError"
    assert function["aws"]["function_arn"] == arn


def test_iam_applies(embedded_aws: Instance) -> None:
    iam, name = embedded_aws.client("iam"), f"role-{uuid.uuid4().hex[:8]}"
    trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    role = iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]["Arn"]
    keys = embedded_aws.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    client = embedded_aws.client(
        "xray",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    with pytest.raises(ClientError, match="xray:PutTraceSegments"):
        put(client, segment(new_trace_id(), "denied"))


FOUND: dict[str, Any] = {
    "HasFault": True,
    "HasError": False,
    "HasThrottle": False,
    "IsPartial": False,
    "ResponseTime": 2.0,
    "Duration": 3.0,
    "Http": {"HttpStatus": 502, "HttpURL": "https://example.com/orders"},
    "Annotations": {"tenant": [{"AnnotationValue": {"StringValue": "ours"}}]},
}
FOUND["parts"] = [
    {**FOUND, "HasFault": False, "EntryPoint": {"Name": "api", "Type": "AWS::ApiGateway::Stage"}},
    {**FOUND, "EntryPoint": {"Name": "f", "Type": "AWS::Lambda"}},
]


@pytest.mark.parametrize(
    ("expression", "matches"),
    [
        ("", True),
        ("fault", True),
        ("error", False),
        ("!error AND fault = true", True),
        ("ok", False),
        ("responsetime > 1.5", True),
        ("duration <= 2", False),
        ("http.status = 502", True),
        ('annotation.tenant = "ours"', True),
        ('annotation[tenant] = "theirs"', False),
        ('service("f") { fault }', True),
        ('service("api") { fault }', False),
        ("service() { fault }", True),
        ("service() { error }", False),
        ('http.url CONTAINS "/orders"', True),
        ('http.url CONTAINS "/stock"', False),
        ('service(id(name: "f", type: "AWS::Lambda"))', True),
        ('service("g") OR (fault AND http.status >= 500)', True),
    ],
)
def test_filter_expressions(expression: str, matches: bool) -> None:
    assert compile_filter(expression)(FOUND) is matches


@pytest.mark.parametrize("expression", ["gremlins", "service(", "fault fault"])
def test_bad_filter_expressions_are_refused(expression: str) -> None:
    with pytest.raises(FilterError):
        compile_filter(expression)
