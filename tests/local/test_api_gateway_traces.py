"""A traced stage leaves segments which the traced function behind it continues."""

from __future__ import annotations

import json
import secrets
import time
import urllib.error
import urllib.request
from typing import Any

from local.instance import Instance
from tests.local.functions import Function, deploy, unique
from tests.local.state_machines import REGION

ANSWERING = """
import os

def handler(event, context):
    wanted = (event.get("queryStringParameters") or {}).get("status", "200")
    return {"statusCode": int(wanted), "body": os.environ["_X_AMZN_TRACE_ID"]}
"""


def api(aws: Instance, function: Function, *, traced: bool) -> tuple[str, str]:
    """A REST API in front of the function: its name and id."""
    gateway, name = aws.client("apigateway"), unique("api")
    api_id = gateway.create_rest_api(name=name)["id"]
    root = gateway.get_resources(restApiId=api_id)["items"][0]["id"]
    method = {"restApiId": api_id, "resourceId": root, "httpMethod": "GET"}
    gateway.put_method(**method, authorizationType="NONE")
    uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function.arn}/invocations"
    gateway.put_integration(**method, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    deployment = gateway.create_deployment(restApiId=api_id)["id"]
    gateway.create_stage(restApiId=api_id, stageName="live", deploymentId=deployment, tracingEnabled=traced)
    aws.client("lambda").add_permission(
        FunctionName=function.name,
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )
    return name, api_id


def get(aws: Instance, api_id: str, status: int, **headers: str) -> tuple[str, str]:
    """The trace header of the answer, and the body: the trace header the function saw."""
    url = f"{aws.endpoint}/restapis/{api_id}/live/_user_request_/?status={status}"
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.headers.get("X-Amzn-Trace-Id", ""), response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.headers.get("X-Amzn-Trace-Id", ""), error.read().decode()


def segments(aws: Instance, trace_id: str) -> dict[str, dict[str, Any]]:
    """The trace's segments by their origin."""
    (trace,) = aws.client("xray").batch_get_traces(TraceIds=[trace_id])["Traces"]
    documents = [json.loads(part["Document"]) for part in trace["Segments"]]
    return {document["origin"]: document for document in documents}


def root_of(header: str) -> str:
    return dict(part.split("=") for part in header.split(";"))["Root"]


def test_the_function_continues_the_stages_trace(embedded_aws: Instance) -> None:
    function = deploy(embedded_aws, ANSWERING, TracingConfig={"Mode": "Active"})
    name, api_id = api(embedded_aws, function, traced=True)
    answered, seen = get(embedded_aws, api_id, 500)
    found = segments(embedded_aws, root_of(answered))
    stage, service = found["AWS::ApiGateway::Stage"], found["AWS::Lambda"]
    assert (stage["name"], stage["http"]["response"]["status"]) == (f"{name}/live", 500)
    assert stage["resource_arn"] == f"arn:aws:apigateway:{REGION}::/restapis/{api_id}/stages/live"
    assert stage["annotations"] == {"aws:api_id": api_id, "aws:api_stage": "live"}
    assert stage["fault"] is True
    assert "fault" not in service  # it cannot see what the function's answer means
    assert service["parent_id"] == stage["subsegments"][0]["id"]
    assert found["AWS::Lambda::Function"]["parent_id"] == service["id"]
    assert seen == f"Root={root_of(answered)};Parent={found['AWS::Lambda::Function']['id']};Sampled=1"


def test_a_clients_trace_is_continued(embedded_aws: Instance) -> None:
    function = deploy(embedded_aws, ANSWERING, TracingConfig={"Mode": "Active"})
    _, api_id = api(embedded_aws, function, traced=True)
    trace_id = f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"
    get(embedded_aws, api_id, 404, **{"X-Amzn-Trace-Id": f"Root={trace_id}"})
    stage = segments(embedded_aws, trace_id)["AWS::ApiGateway::Stage"]
    assert stage["error"] is True
    assert "fault" not in stage


def test_a_stage_without_tracing_leaves_none(embedded_aws: Instance) -> None:
    function = deploy(embedded_aws, ANSWERING, TracingConfig={"Mode": "Active"})
    _, api_id = api(embedded_aws, function, traced=False)
    answered, seen = get(embedded_aws, api_id, 200)
    assert not answered
    assert set(segments(embedded_aws, root_of(seen))) == {"AWS::Lambda", "AWS::Lambda::Function"}
