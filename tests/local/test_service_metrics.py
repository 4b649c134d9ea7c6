"""Gap 22 and the queues: metrics that services write about themselves."""

from __future__ import annotations

import http.client
import io
import json
import time
import uuid
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

from local.instance import Instance
from local.settings import HOST
from tests.local.state_machines import ACCOUNT, REGION

FAILING = "def handler(event, context):\n    raise ValueError('secret detail')\n"


def measured(
    aws: Instance, namespace: str, name: str, dimensions: dict[str, str], statistic: str
) -> float | None:
    now = datetime.now(UTC)
    points = aws.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=1),
        Period=7 * 86400,
        Statistics=[statistic],
    )["Datapoints"]
    return max((point[statistic] for point in points), default=None)


def failing_function(aws: Instance) -> str:
    archive, name = io.BytesIO(), f"failing-{uuid.uuid4().hex[:8]}"
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("index.py", FAILING)
    role = aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    lambda_ = aws.client("lambda")
    arn: str = lambda_.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="index.handler",
        Role=role["Role"]["Arn"],
        Code={"ZipFile": archive.getvalue()},
    )["FunctionArn"]
    lambda_.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.2})
    lambda_.add_permission(
        FunctionName=name,
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )
    return arn


def get(aws: Instance, path: str) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection(HOST, aws.port, timeout=20)
    connection.request("GET", path)
    response = connection.getresponse()
    answer = response.status, json.load(response)
    connection.close()
    return answer


def test_an_http_api_is_measured_and_keeps_its_secrets(embedded_aws: Instance) -> None:
    gateway = embedded_aws.client("apigatewayv2")
    api = gateway.create_api(Name="http", ProtocolType="HTTP")["ApiId"]
    integration = gateway.create_integration(
        ApiId=api,
        IntegrationType="AWS_PROXY",
        IntegrationUri=failing_function(embedded_aws),
        PayloadFormatVersion="2.0",
    )["IntegrationId"]
    gateway.create_route(ApiId=api, RouteKey="GET /", Target=f"integrations/{integration}")
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    status, body = get(embedded_aws, f"/restapis/{api}/$default/_user_request_/")
    assert (status, body) == (500, {"message": "Internal Server Error"})
    for dimensions in ({"ApiId": api}, {"ApiId": api, "Stage": "$default"}):
        assert measured(embedded_aws, "AWS/ApiGateway", "5xx", dimensions, "Sum") == 1
        assert measured(embedded_aws, "AWS/ApiGateway", "4xx", dimensions, "Sum") == 0
        assert measured(embedded_aws, "AWS/ApiGateway", "Count", dimensions, "SampleCount") == 1


def test_a_rest_api_is_measured_by_name_and_stage(embedded_aws: Instance) -> None:
    gateway, name = embedded_aws.client("apigateway"), f"rest-{uuid.uuid4().hex[:8]}"
    api = gateway.create_rest_api(name=name)["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    gateway.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
    function = failing_function(embedded_aws)
    gateway.put_integration(
        restApiId=api,
        resourceId=root,
        httpMethod="GET",
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function}/invocations",
    )
    gateway.create_deployment(restApiId=api, stageName="live")
    status, body = get(embedded_aws, f"/restapis/{api}/live/_user_request_/")
    assert (status, body) == (502, {"message": "Internal server error"})
    for dimensions in ({"ApiName": name}, {"ApiName": name, "Stage": "live"}):
        assert measured(embedded_aws, "AWS/ApiGateway", "5XXError", dimensions, "Sum") == 1
        assert measured(embedded_aws, "AWS/ApiGateway", "Latency", dimensions, "Maximum")
    by_method = {"ApiName": name, "Stage": "live", "Method": "GET", "Resource": "/"}
    assert measured(embedded_aws, "AWS/ApiGateway", "5XXError", by_method, "Sum") is None
    detailed = {"op": "replace", "path": "/*/*/metrics/enabled", "value": "true"}
    gateway.update_stage(restApiId=api, stageName="live", patchOperations=[detailed])
    get(embedded_aws, f"/restapis/{api}/live/_user_request_/")
    assert measured(embedded_aws, "AWS/ApiGateway", "5XXError", by_method, "Sum") == 1


def test_queues_are_measured(embedded_aws: Instance) -> None:
    sqs, name = embedded_aws.client("sqs"), f"queue-{uuid.uuid4().hex[:8]}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    for _ in range(2):
        sqs.send_message(QueueUrl=url, MessageBody=ACCOUNT)
    deadline = time.monotonic() + 10
    visible = None
    while visible != 2 and time.monotonic() < deadline:
        time.sleep(0.3)
        visible = measured(
            embedded_aws, "AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": name}, "Maximum"
        )
    assert visible == 2
    age = measured(embedded_aws, "AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": name}, "Maximum")
    assert age is not None
    assert 0 < age < 10
