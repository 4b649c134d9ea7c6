"""Gap 21: CloudTrail's records, against the form AWS documents."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.instance import Instance
from tests.local.state_machines import ACCOUNT, REGION, allow


@dataclass(frozen=True)
class Session:
    """Credentials of a role that was assumed."""

    aws: Instance
    role: str
    name: str
    keys: dict[str, str]

    def client(self, service: str) -> Any:
        return self.aws.client(
            service,
            aws_access_key_id=self.keys["AccessKeyId"],
            aws_secret_access_key=self.keys["SecretAccessKey"],
            aws_session_token=self.keys["SessionToken"],
        )


@pytest.fixture
def session(embedded_aws: Instance) -> Session:
    """A role that may change the memory of functions and nothing else."""
    iam, name = embedded_aws.client("iam"), f"executor-{uuid.uuid4().hex[:8]}"
    trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    role = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    policy = {"Version": "2012-10-17", "Statement": [allow("lambda:UpdateFunctionConfiguration", "*")]}
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
    assumed = embedded_aws.client("sts").assume_role(RoleArn=role["Role"]["Arn"], RoleSessionName="repair")
    return Session(embedded_aws, name, "repair", assumed["Credentials"])


@pytest.fixture
def function(embedded_aws: Instance, session: Session) -> str:
    archive, name = io.BytesIO(), f"function-{uuid.uuid4().hex[:8]}"
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("index.py", "def handler(event, context): pass")
    lambda_ = embedded_aws.client("lambda")
    lambda_.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="index.handler",
        Role=f"arn:aws:iam::{ACCOUNT}:role/{session.role}",
        Code={"ZipFile": archive.getvalue()},
        Environment={"Variables": {"SECRET": "value"}},
    )
    lambda_.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.2})
    return name


def found(aws: Instance, key: str, value: str) -> list[dict[str, Any]]:
    answer = aws.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": key, "AttributeValue": value}]
    )
    events: list[dict[str, Any]] = answer["Events"]
    return events


def test_a_change_by_a_role(embedded_aws: Instance, session: Session, function: str) -> None:
    session.client("lambda").update_function_configuration(FunctionName=function, MemorySize=256)
    event = found(embedded_aws, "ResourceName", function)[0]
    assert event["EventName"] == "UpdateFunctionConfiguration20150331v2"
    assert event["EventSource"] == "lambda.amazonaws.com"
    assert (event["Username"], event["ReadOnly"]) == ("repair", "false")
    assert event["Resources"] == [{"ResourceType": "AWS::Lambda::Function", "ResourceName": function}]
    record = json.loads(event["CloudTrailEvent"])
    identity = record["userIdentity"]
    assert identity["type"] == "AssumedRole"
    assert identity["arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/{session.role}/repair"
    assert identity["principalId"].endswith(":repair")
    assert identity["accessKeyId"] == session.keys["AccessKeyId"]
    issuer = identity["sessionContext"]["sessionIssuer"]
    assert issuer["principalId"] == identity["principalId"].partition(":")[0]
    assert (issuer["type"], issuer["userName"]) == ("Role", session.role)
    assert issuer["arn"] == f"arn:aws:iam::{ACCOUNT}:role/{session.role}"
    assert set(identity["sessionContext"]["attributes"]) == {"creationDate", "mfaAuthenticated"}
    assert record["requestParameters"] == {"functionName": function, "memorySize": 256}
    assert record["responseElements"]["memorySize"] == 256
    assert record["responseElements"]["environment"] == {}
    assert (record["awsRegion"], record["recipientAccountId"]) == (REGION, ACCOUNT)
    assert (record["eventType"], record["eventCategory"]) == ("AwsApiCall", "Management")
    assert (record["readOnly"], record["managementEvent"]) == (False, True)
    assert "errorCode" not in record


def test_a_denied_call(embedded_aws: Instance, session: Session, function: str) -> None:
    with pytest.raises(ClientError):
        session.client("lambda").delete_function(FunctionName=function)
    (event,) = found(embedded_aws, "EventName", "DeleteFunction20150331")
    record = json.loads(event["CloudTrailEvent"])
    assert record["errorCode"] == "AccessDenied"
    assert "is not authorized to perform: lambda:DeleteFunction" in record["errorMessage"]
    assert record["responseElements"] is None


@pytest.mark.parametrize(
    ("method", "arguments", "name"),
    [
        ("put_function_concurrency", {"ReservedConcurrentExecutions": 5}, "PutFunctionConcurrency20171031"),
        ("delete_function_concurrency", {}, "DeleteFunctionConcurrency20171031"),
        ("publish_version", {}, "PublishVersion20150331"),
        ("create_alias", {"Name": "live", "FunctionVersion": "$LATEST"}, "CreateAlias20150331"),
        ("get_function_configuration", {}, "GetFunctionConfiguration20150331v2"),
        (
            "add_permission",
            {"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com"},
            "AddPermission20150331v2",
        ),
    ],
)
def test_lambda_event_names(
    embedded_aws: Instance, function: str, method: str, arguments: dict[str, Any], name: str
) -> None:
    getattr(embedded_aws.client("lambda"), method)(FunctionName=function, **arguments)
    event = found(embedded_aws, "ResourceName", function)[0]
    assert event["EventName"] == name
    assert json.loads(event["CloudTrailEvent"])["requestParameters"]["functionName"] == function


def test_names_and_sources_of_other_services(embedded_aws: Instance) -> None:
    name = f"name-{uuid.uuid4().hex[:8]}"
    embedded_aws.client("s3").create_bucket(Bucket=name)
    embedded_aws.client("s3").put_bucket_policy(Bucket=name, Policy=json.dumps({"Statement": []}))
    (newest, created) = found(embedded_aws, "ResourceName", name)
    assert (newest["EventName"], newest["EventSource"]) == ("PutBucketPolicy", "s3.amazonaws.com")
    assert created["EventName"] == "CreateBucket"
    assert created["Username"] == "root"
    embedded_aws.client("sns").create_topic(Name=name, Attributes={"DisplayName": "d"})
    (topic,) = found(embedded_aws, "EventName", "CreateTopic")[:1]
    assert json.loads(topic["CloudTrailEvent"])["requestParameters"]["name"] == name


def test_the_body_of_a_buckets_change_is_on_record(embedded_aws: Instance) -> None:
    name, s3 = f"bucket-{uuid.uuid4().hex[:8]}", embedded_aws.client("s3")
    policy = {"Version": "2012-10-17", "Statement": []}
    s3.create_bucket(Bucket=name)
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))
    tags = [{"Key": "team", "Value": "blue"}, {"Key": "tier", "Value": "1"}]
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags})
    tagged, changed = (
        json.loads(event["CloudTrailEvent"]) for event in found(embedded_aws, "ResourceName", name)[:2]
    )
    common = {"bucketName": name, "Host": f"127.0.0.1:{embedded_aws.port}"}
    assert changed["requestParameters"] == {**common, "policy": "", "bucketPolicy": policy}
    assert tagged["requestParameters"] == {
        **common,
        "tagging": "",
        "Tagging": {"xmlns": "http://s3.amazonaws.com/doc/2006-03-01/", "TagSet": {"Tag": tags}},
    }
    bucket = {"accountId": "000000000000", "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{name}"}
    assert changed["resources"] == [bucket]


def test_a_change_of_a_key_is_found_by_its_arn(embedded_aws: Instance) -> None:
    kms = embedded_aws.client("kms")
    key = kms.create_key()["KeyMetadata"]
    kms.update_key_description(KeyId=key["KeyId"], Description="described")
    event = found(embedded_aws, "ResourceName", key["Arn"])[0]
    assert event["EventName"] == "UpdateKeyDescription"
    assert found(embedded_aws, "ResourceName", key["KeyId"]) == []
    record = json.loads(event["CloudTrailEvent"])
    assert record["resources"] == [{"accountId": "000000000000", "type": "AWS::KMS::Key", "ARN": key["Arn"]}]


def test_a_change_of_a_queue_is_found_by_the_calls_name_only(embedded_aws: Instance) -> None:
    sqs = embedded_aws.client("sqs")
    url = sqs.create_queue(QueueName=f"queue-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "5"})
    event = found(embedded_aws, "EventName", "SetQueueAttributes")[0]
    assert json.loads(event["CloudTrailEvent"])["requestParameters"]["queueUrl"] == url
    assert event["Resources"] == []


def test_calls_on_data_are_left_out(embedded_aws: Instance) -> None:
    table = f"table-{uuid.uuid4().hex[:8]}"
    dynamodb = embedded_aws.client("dynamodb")
    dynamodb.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.put_item(TableName=table, Item={"id": {"S": "1"}})
    dynamodb.get_item(TableName=table, Key={"id": {"S": "1"}})
    assert [event["EventName"] for event in found(embedded_aws, "ResourceName", table)] == ["CreateTable"]


def test_pages_have_fifty_events(embedded_aws: Instance) -> None:
    for _ in range(60):
        embedded_aws.client("kms").list_keys()
    cloudtrail = embedded_aws.client("cloudtrail")
    attributes = [{"AttributeKey": "EventName", "AttributeValue": "ListKeys"}]
    first = cloudtrail.lookup_events(LookupAttributes=attributes)
    assert len(first["Events"]) == 50
    second = cloudtrail.lookup_events(LookupAttributes=attributes, NextToken=first["NextToken"])
    assert len(second["Events"]) >= 10
    assert not {event["EventId"] for event in first["Events"]} & {
        event["EventId"] for event in second["Events"]
    }


def test_changes_reach_eventbridge_and_the_log_group_while_a_trail_is_logging(
    embedded_aws: Instance, session: Session, function: str
) -> None:
    name = f"trail-{uuid.uuid4().hex[:8]}"
    sqs, events, iam = (embedded_aws.client(service) for service in ("sqs", "events", "iam"))
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    url = sqs.create_queue(QueueName=name, Attributes={"Policy": policy})["QueueUrl"]
    pattern = {
        "source": ["aws.lambda"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {"requestParameters": {"functionName": [function]}},
    }
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": queue}])
    session.client("lambda").update_function_configuration(FunctionName=function, MemorySize=192)
    assert "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)

    embedded_aws.client("logs").create_log_group(logGroupName=name)
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}:*"
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    role = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]
    allowed = {"Version": "2012-10-17", "Statement": [allow("logs:PutLogEvents", group)]}
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(allowed))
    cloudtrail = embedded_aws.client("cloudtrail")
    cloudtrail.create_trail(
        Name=name,
        S3BucketName=name,
        CloudWatchLogsLogGroupArn=group,
        CloudWatchLogsRoleArn=role,
        TagsList=[{"Key": "Project", "Value": "p"}],
    )
    cloudtrail.start_logging(Name=name)
    embedded_aws.client("lambda").get_waiter("function_updated_v2").wait(FunctionName=function)
    session.client("lambda").update_function_configuration(FunctionName=function, MemorySize=256)
    (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    event = json.loads(message["Body"])
    assert event["detail"]["eventName"] == "UpdateFunctionConfiguration20150331v2"
    assert event["detail"]["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"] == session.role
    logged = embedded_aws.client("logs").filter_log_events(logGroupName=name)["events"]
    assert event["detail"] in [json.loads(entry["message"]) for entry in logged]
    trail = cloudtrail.get_trail(Name=name)["Trail"]
    assert (trail["CloudWatchLogsLogGroupArn"], trail["CloudWatchLogsRoleArn"]) == (group, role)
    (tags,) = cloudtrail.list_tags(ResourceIdList=[trail["TrailARN"]])["ResourceTagList"]
    assert tags["TagsList"] == [{"Key": "Project", "Value": "p"}]
    cloudtrail.delete_trail(Name=name)
