"""Gaps 15 and 16: actions and condition keys as IAM has them."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.instance import Instance
from tests.local.state_machines import ACCOUNT, REGION, allow

As = Callable[..., Callable[[str], Any]]


@pytest.fixture
def acting(embedded_aws: Instance) -> As:
    """`acting(*statements)` makes clients of a role with these statements."""

    def assume(*statements: dict[str, Any]) -> Callable[[str], Any]:
        iam, name = embedded_aws.client("iam"), f"role-{uuid.uuid4().hex[:8]}"
        trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        if statements:
            policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
            iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)
        keys = embedded_aws.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        return lambda service: embedded_aws.client(
            service,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )

    return assume


@pytest.fixture
def function(embedded_aws: Instance) -> str:
    """The ARN of a function with the alias `live`."""
    archive, name = io.BytesIO(), f"function-{uuid.uuid4().hex[:8]}"
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("index.py", "def handler(event, context): pass")
    role = embedded_aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    lambda_ = embedded_aws.client("lambda")
    arn: str = lambda_.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="index.handler",
        Role=role["Role"]["Arn"],
        Code={"ZipFile": archive.getvalue()},
    )["FunctionArn"]
    lambda_.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.2})
    version = lambda_.publish_version(FunctionName=name)["Version"]
    lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
    return arn


def refusal(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    assert caught.value.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException")
    return str(caught.value)


def test_moving_an_alias_is_not_listing_aliases(acting: As, function: str) -> None:
    listing = acting(allow("lambda:ListAliases", function))("lambda")
    message = refusal(
        lambda: listing.update_alias(FunctionName=function, Name="live", FunctionVersion="$LATEST")
    )
    assert f"lambda:UpdateAlias on resource: {function} because no identity-based policy allows" in message
    moving = acting(allow("lambda:UpdateAlias", function))("lambda")
    assert moving.update_alias(FunctionName=function, Name="live", FunctionVersion="$LATEST")


@pytest.mark.parametrize(
    ("method", "arguments", "action"),
    [
        ("delete_function_concurrency", {}, "lambda:DeleteFunctionConcurrency"),
        ("get_function_concurrency", {}, "lambda:GetFunctionConcurrency"),
        (
            "put_function_event_invoke_config",
            {"MaximumRetryAttempts": 1},
            "lambda:PutFunctionEventInvokeConfig",
        ),
        ("get_alias", {"Name": "live"}, "lambda:GetAlias"),
        ("delete_alias", {"Name": "live"}, "lambda:DeleteAlias"),
    ],
)
def test_operations_are_authorised_by_their_own_names(
    acting: As, function: str, method: str, arguments: dict[str, Any], action: str
) -> None:
    client = acting(allow("lambda:ListAliases", "*"), allow("lambda:PutFunctionConcurrency", "*"))("lambda")
    message = refusal(lambda: getattr(client, method)(FunctionName=function, **arguments))
    assert f"is not authorized to perform: {action} " in message


def test_s3_names_the_resource_in_quotation_marks(embedded_aws: Instance, acting: As) -> None:
    bucket = f"bucket-{uuid.uuid4().hex[:8]}"
    embedded_aws.client("s3").create_bucket(Bucket=bucket)
    message = refusal(lambda: acting(allow("s3:ListBucket", "*"))("s3").get_object(Bucket=bucket, Key="a"))
    denied = f's3:GetObject on resource: "arn:aws:s3:::{bucket}/a" because no identity-based policy allows'
    assert denied in message


def test_calls_without_a_function_are_checked(acting: As) -> None:
    client = acting()("lambda")
    assert "lambda:GetAccountSettings" in refusal(client.get_account_settings)
    assert "lambda:UpdateEventSourceMapping" in refusal(
        lambda: client.update_event_source_mapping(UUID=str(uuid.uuid4()), Enabled=False)
    )


def test_an_alias_is_called_by_its_qualified_arn(acting: As, function: str) -> None:
    client = acting(allow("lambda:InvokeFunction", function))("lambda")
    assert client.invoke(FunctionName=function)["StatusCode"] == 200
    message = refusal(lambda: client.invoke(FunctionName=function, Qualifier="live"))
    assert f"lambda:InvokeFunction on resource: {function}:live" in message
    allowed = acting(allow("lambda:InvokeFunction", f"{function}:*"))("lambda")
    assert allowed.invoke(FunctionName=function, Qualifier="live")["StatusCode"] == 200


def test_converse_is_invoke_model(acting: As) -> None:
    messages = [{"role": "user", "content": [{"text": "Hello"}]}]
    model = "amazon.nova-micro-v1:0"
    arn = f"arn:aws:bedrock:{REGION}::foundation-model/{model}"
    allowed = acting(allow("bedrock:InvokeModel", arn))("bedrock-runtime")
    assert allowed.converse(modelId=model, messages=messages)["output"]
    denied = acting()("bedrock-runtime")
    assert "bedrock:InvokeModel" in refusal(lambda: denied.converse(modelId=model, messages=messages))


def test_metrics_may_be_limited_to_a_namespace(acting: As) -> None:
    statement = {
        **allow("cloudwatch:PutMetricData", "*"),
        "Condition": {"StringEquals": {"cloudwatch:namespace": "LambdaAutoRepair"}},
    }
    client = acting(statement)("cloudwatch")
    datum = [{"MetricName": "Repairs", "Value": 1}]
    client.put_metric_data(Namespace="LambdaAutoRepair", MetricData=datum)
    assert "cloudwatch:PutMetricData" in refusal(
        lambda: client.put_metric_data(Namespace="Other", MetricData=datum)
    )


def test_tags_of_alarms_may_be_limited_to_the_account(embedded_aws: Instance, acting: As) -> None:
    name = f"alarm-{uuid.uuid4().hex[:8]}"
    arn = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"
    embedded_aws.client("cloudwatch").put_composite_alarm(
        AlarmName=name, AlarmRule="FALSE", Tags=[{"Key": "auto-repair:target", "Value": "sqs:orders"}]
    )
    alarms = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:*"
    client = acting(allow("cloudwatch:ListTagsForResource", alarms))("cloudwatch")
    assert client.list_tags_for_resource(ResourceARN=arn)["Tags"] == [
        {"Key": "auto-repair:target", "Value": "sqs:orders"}
    ]
    other = acting(allow("cloudwatch:ListTagsForResource", f"{arn}-other"))("cloudwatch")
    message = refusal(lambda: other.list_tags_for_resource(ResourceARN=arn))
    assert f"cloudwatch:ListTagsForResource on resource: {arn} " in message


def test_items_may_be_limited_to_a_partition(embedded_aws: Instance, acting: As) -> None:
    table = f"table-{uuid.uuid4().hex[:8]}"
    embedded_aws.client("dynamodb").create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "tenant", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "tenant", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    statement = {
        **allow("dynamodb:*", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}"),
        "Condition": {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["ours"]}},
    }
    client = acting(statement)("dynamodb")
    client.put_item(TableName=table, Item={"tenant": {"S": "ours"}})
    refusal(lambda: client.put_item(TableName=table, Item={"tenant": {"S": "theirs"}}))
    refusal(lambda: client.get_item(TableName=table, Key={"tenant": {"S": "theirs"}}))

    def query(tenant: str) -> Any:
        return client.query(
            TableName=table,
            KeyConditionExpression="#t = :t",
            ExpressionAttributeNames={"#t": "tenant"},
            ExpressionAttributeValues={":t": {"S": tenant}},
        )

    assert query("ours")["Count"] == 1
    refusal(lambda: query("theirs"))
    writes = [{"PutRequest": {"Item": {"tenant": {"S": "theirs"}}}}]
    refusal(lambda: client.batch_write_item(RequestItems={table: writes}))
