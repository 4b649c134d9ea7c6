"""Each call is told as what it did to which resource."""

import json
from itertools import chain
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest

from auto_repair.domain.changes import kinds
from auto_repair.domain.changes.kinds import all_kinds
from auto_repair.domain.changes.reading import RecordedChange, changes_of
from tests.unit.domain.changes.records import ACCOUNT, OURS, POLICY, bucket_policy, record

KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
KEY_ID = "kms:1234abcd-12ab-34cd-56ef-1234567890ab"
OF_KEY = [{"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": KEY}]
OF_ALIAS = [{**OF_KEY[0], "ARN": f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/images"}, *OF_KEY]
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:orders"
SECRET = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:prod/db-AbCdEf"
BALANCER = f"arn:aws:elasticloadbalancing:us-east-1:{ACCOUNT}:loadbalancer/app/shop/50dc6c495c0c9188"
MACHINE = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:checkout"
TEXT = json.dumps(POLICY)
QUEUE = f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/jobs"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:news"
CALLS = Path(__file__).parents[4] / "terraform" / "modules" / "change_journal" / "calls.json"
LONGEST_PATTERN = 2048  # characters, by EventBridge's quota


def changes(document: dict[str, Any]) -> tuple[RecordedChange, ...]:
    return changes_of(document, OURS, "change_journal")


def the_change(document: dict[str, Any]) -> RecordedChange:
    (change,) = changes(document)
    return change


def state(recorded: RecordedChange) -> Any:
    return json.loads(recorded.change.after) if recorded.change.after else None


def test_a_bucket_policy_is_kept_word_for_word() -> None:
    found = the_change(bucket_policy())
    assert (found.change.resource, found.change.action, found.aspect) == (
        "s3:images",
        "PutBucketPolicy",
        "policy",
    )
    assert state(found) == POLICY
    assert found.change.summary == "policy of 1 statement"


def test_a_policy_that_denies_says_so() -> None:
    statements = [*POLICY["Statement"], {"Effect": "Deny", "Principal": "*", "Action": "s3:*"}]
    found = the_change(bucket_policy({**POLICY, "Statement": statements}))
    assert found.change.summary == "policy of 2 statements, 1 of them to deny"


def test_a_deleted_bucket_policy_leaves_nothing() -> None:
    found = the_change(record("s3", "DeleteBucketPolicy", {"bucketName": "images", "policy": ""}))
    assert (found.aspect, found.ends, found.change.after) == ("policy", True, "")


@pytest.mark.parametrize(
    ("document", "resource", "aspect", "after"),
    [
        (
            record("iam", "PutRolePolicy", {"roleName": "r", "policyName": "p", "policyDocument": TEXT}),
            "iam:r",
            "policy p",
            POLICY,
        ),
        (
            record("iam", "AttachRolePolicy", {"roleName": "r", "policyArn": "arn:aws:iam::aws:policy/P"}),
            "iam:r",
            "attached arn:aws:iam::aws:policy/P",
            {"policyArn": "arn:aws:iam::aws:policy/P"},
        ),
        (
            record("iam", "UpdateAssumeRolePolicy", {"roleName": "r", "policyDocument": TEXT}),
            "iam:r",
            "trust",
            POLICY,
        ),
        (
            record(
                "kms",
                "PutKeyPolicy",
                {"keyId": KEY, "policyName": "default", "policy": TEXT},
                resources=OF_KEY,
            ),
            KEY_ID,
            "policy",
            POLICY,
        ),
        (
            record(
                "kms",
                "CreateGrant",
                {
                    "keyId": KEY,
                    "granteePrincipal": "arn:aws:iam::123456789012:role/r",
                    "operations": ["Decrypt"],
                },
                {"grantId": "f1", "keyId": KEY},
                resources=OF_KEY,
            ),
            KEY_ID,
            "grant f1",
            {"granteePrincipal": "arn:aws:iam::123456789012:role/r", "operations": ["Decrypt"]},
        ),
        (
            record("kms", "ScheduleKeyDeletion", {"keyId": KEY, "pendingWindowInDays": 7}, resources=OF_KEY),
            KEY_ID,
            "state",
            {"enabled": False, "pendingWindowInDays": 7},
        ),
        *(
            (record("kms", name, {"keyId": KEY}, resources=OF_KEY), KEY_ID, "state", {"enabled": enabled})
            for name, enabled in (
                ("DisableKey", False),
                ("EnableKey", True),
                ("CancelKeyDeletion", False),
                ("DeleteImportedKeyMaterial", False),
                ("ImportKeyMaterial", True),
            )
        ),
        (
            record("kms", "EnableKeyRotation", {"keyId": KEY, "rotationPeriodInDays": 90}, resources=OF_KEY),
            KEY_ID,
            "rotation",
            {"enabled": True, "rotationPeriodInDays": 90},
        ),
        (
            record("kms", "DisableKeyRotation", {"keyId": KEY}, resources=OF_KEY),
            KEY_ID,
            "rotation",
            {"enabled": False},
        ),
        (
            record(
                "kms",
                "UpdateAlias",
                {"aliasName": "alias/images", "targetKeyId": "1234abcd-12ab-34cd-56ef-1234567890ab"},
                {"keyId": KEY},
                resources=OF_ALIAS,
            ),
            KEY_ID,
            "alias/images",
            {"aliasName": "alias/images"},
        ),
        (
            record(
                "lambda",
                "UpdateFunctionCode20150331v2",
                {"functionName": FUNCTION, "s3Bucket": "builds", "s3Key": "7.zip", "publish": False},
                {"functionName": "orders", "codeSha256": "c2hh", "version": "$LATEST", "memorySize": 128},
            ),
            "lambda:orders",
            "code",
            {"codeSha256": "c2hh", "version": "$LATEST", "s3Bucket": "builds", "s3Key": "7.zip"},
        ),
        (
            record(
                "lambda",
                "UpdateFunctionConfiguration20150331v2",
                {"functionName": "orders", "memorySize": 256, "environment": {}},
                {"functionName": "orders", "memorySize": 256, "timeout": 3, "environment": {}},
            ),
            "lambda:orders",
            "configuration",
            {"memorySize": 256, "timeout": 3},
        ),
        (
            record(
                "lambda",
                "UpdateAlias20150331",
                {"functionName": "orders", "name": "live", "functionVersion": "8"},
                {"name": "live", "functionVersion": "8", "description": ""},
            ),
            "lambda:orders",
            "alias live",
            {"functionVersion": "8"},
        ),
        (
            record(
                "lambda",
                "PutFunctionConcurrency20171031",
                {"functionName": "orders", "reservedConcurrentExecutions": 0},
            ),
            "lambda:orders",
            "reserved concurrency",
            {"reservedConcurrentExecutions": 0},
        ),
        (
            record(
                "lambda",
                "AddPermission20150331v2",
                {
                    "functionName": "orders:live",
                    "statementId": "api",
                    "principal": "apigateway.amazonaws.com",
                },
                {"statement": '{"Sid": "api", "Effect": "Allow"}'},
            ),
            "lambda:orders",
            "permission api",
            {"Sid": "api", "Effect": "Allow"},
        ),
        (
            record(
                "lambda",
                "UpdateEventSourceMapping20150331",
                {"uUID": "u1", "enabled": False},
                {"uUID": "u1", "functionArn": FUNCTION, "batchSize": 10, "state": "Disabling"},
            ),
            "lambda:orders",
            "mapping u1",
            {"enabled": False, "batchSize": 10},
        ),
        (
            record(
                "dynamodb",
                "UpdateTable",
                {"provisionedThroughput": {"writeCapacityUnits": 1, "readCapacityUnits": 1}},
                {
                    "tableDescription": {
                        "tableName": "stock",
                        "provisionedThroughput": {"writeCapacityUnits": 25},
                    }
                },
            ),
            "dynamodb:stock",
            "table",
            {"provisionedThroughput": {"writeCapacityUnits": 1, "readCapacityUnits": 1}},
        ),
        (
            record(
                "sqs", "SetQueueAttributes", {"attributes": {"VisibilityTimeout": "1"}, "queueUrl": QUEUE}
            ),
            "sqs:jobs",
            "attributes",
            {"VisibilityTimeout": "1"},
        ),
        (
            record(
                "sns",
                "SetTopicAttributes",
                {"topicArn": TOPIC, "attributeName": "Policy", "attributeValue": TEXT},
            ),
            "sns:news",
            "attribute Policy",
            POLICY,
        ),
        (
            record("kinesis", "UpdateShardCount", {"streamName": "clicks", "targetShardCount": 1}),
            "kinesis:clicks",
            "shards",
            {"targetShardCount": 1},
        ),
        (
            record("events", "DisableRule", {"name": "nightly"}),
            "events:default/nightly",
            "rule",
            {"state": "DISABLED"},
        ),
        (
            record(
                "rds",
                "ModifyDBInstance",
                {"dBInstanceIdentifier": "db", "dBInstanceClass": "db.t3.micro", "applyImmediately": True},
            ),
            "rds:db",
            "instance",
            {"dBInstanceClass": "db.t3.micro", "applyImmediately": True},
        ),
        (
            record("elasticache", "ModifyCacheCluster", {"cacheClusterId": "c", "numCacheNodes": 1}),
            "elasticache:c",
            "cluster",
            {"numCacheNodes": 1},
        ),
        (
            record(
                "s3",
                "PutBucketPublicAccessBlock",
                {
                    "bucketName": "images",
                    "Host": "images.s3.amazonaws.com",
                    "publicAccessBlock": "",
                    "PublicAccessBlockConfiguration": {"BlockPublicPolicy": True},
                },
            ),
            "s3:images",
            "PublicAccessBlock",
            {"PublicAccessBlockConfiguration": {"BlockPublicPolicy": True}},
        ),
    ],
    ids=lambda value: value["eventName"] if isinstance(value, dict) and "eventName" in value else "",
)
def test_what_a_call_sets(document: dict[str, Any], resource: str, aspect: str, after: Any) -> None:
    found = the_change(document)
    assert (found.change.resource, found.aspect, state(found)) == (resource, aspect, after)
    assert found.change.event_id == document["eventID"]
    assert not found.ends


@pytest.mark.parametrize(
    ("document", "resource", "aspect"),
    [
        (record("iam", "DeleteRolePolicy", {"roleName": "r", "policyName": "p"}), "iam:r", "policy p"),
        (
            record("kms", "RevokeGrant", {"keyId": KEY, "grantId": "f1"}, resources=OF_KEY),
            KEY_ID,
            "grant f1",
        ),
        (
            record("kms", "RetireGrant", None, resources=OF_KEY, additionalEventData={"grantId": "f1"}),
            KEY_ID,
            "grant f1",
        ),
        # KMS itself, once the waiting time of a scheduled deletion is over.
        (record("kms", "DeleteKey", None, resources=OF_KEY, eventType="AwsServiceEvent"), KEY_ID, "state"),
        (
            record("kms", "DeleteAlias", {"aliasName": "alias/images"}, {"keyId": KEY}, resources=OF_ALIAS),
            KEY_ID,
            "alias/images",
        ),
        (
            record("lambda", "RemovePermission20150331v2", {"functionName": "orders", "statementId": "api"}),
            "lambda:orders",
            "permission api",
        ),
        (
            record("lambda", "DeleteFunctionConcurrency20171031", {"functionName": "orders"}),
            "lambda:orders",
            "reserved concurrency",
        ),
        (
            record("sqs", "SetQueueAttributes", {"attributes": {"Policy": ""}, "queueUrl": QUEUE}),
            "sqs:jobs",
            "policy",
        ),
        (record("ssm", "DeleteParameter", {"name": "/shop/limit"}), "ssm:/shop/limit", "value"),
        (
            record("states", "DeleteStateMachine", {"stateMachineArn": MACHINE}),
            "states:checkout",
            "definition",
        ),
    ],
    ids=lambda value: value["eventName"] if isinstance(value, dict) else "",
)
def test_what_a_call_ends(document: dict[str, Any], resource: str, aspect: str) -> None:
    found = the_change(document)
    assert (found.change.resource, found.aspect, found.ends, found.change.after) == (
        resource,
        aspect,
        True,
        "",
    )


@pytest.mark.parametrize(
    ("document", "resource", "told"),
    [
        (
            record(
                "apigateway",
                "UpdateStage",
                {
                    "restApiId": "a1b2c3",
                    "stageName": "prod",
                    "template": False,
                    "patchOperations": [{"op": "x"}],
                },
            ),
            "apigateway:a1b2c3",
            "prod",
        ),
        (
            record(
                "apigateway",
                "UpdateIntegration",
                {"apiId": "h1", "integrationId": "i", "timeoutInMillis": 50},
            ),
            "apigateway:h1",
            "timeoutInMillis 50",
        ),
        (
            record(
                "ec2",
                "RevokeSecurityGroupIngress",
                {
                    "groupId": "sg-0a",
                    "ipPermissions": {"items": [{"ipProtocol": "tcp", "fromPort": 5432, "toPort": 5432}]},
                },
            ),
            "ec2:sg-0a",
            "5432",
        ),
        (
            record(
                "ec2",
                "ModifySecurityGroupRules",
                {
                    "ModifySecurityGroupRulesRequest": {
                        "GroupId": "sg-0a",
                        "SecurityGroupRule": {"SecurityGroupRuleId": "sgr-1"},
                    }
                },
            ),
            "ec2:sg-0a",
            "sgr-1",
        ),
        (
            record(
                "elasticloadbalancing",
                "ModifyListener",
                {"listenerArn": f"{BALANCER.replace(':loadbalancer', ':listener')}/f2", "port": 81},
            ),
            "elasticloadbalancing:app/shop/50dc6c495c0c9188",
            "port 81",
        ),
        (
            record(
                "states",
                "UpdateStateMachine",
                {"stateMachineArn": MACHINE, "definition": "HIDDEN_DUE_TO_SECURITY_REASONS"},
                {"revisionId": "r7"},
            ),
            "states:checkout",
            "definition, revisionId r7",
        ),
        (
            record("events", "RemoveTargets", {"rule": "nightly", "eventBusName": "shop", "ids": ["t1"]}),
            "events:shop/nightly",
            "t1",
        ),
        (
            record(
                "sns",
                "Unsubscribe",
                {"subscriptionArn": f"{TOPIC}:2bcfbf39-05c3-41de-beaa-fcfcc21c8f55"},
            ),
            "sns:news",
            "2bcfbf39",
        ),
    ],
    ids=lambda value: value["eventName"] if isinstance(value, dict) else "",
)
def test_what_a_call_is_told_as(document: dict[str, Any], resource: str, told: str) -> None:
    found = the_change(document)
    assert found.change.resource == resource
    assert told in found.change.summary


@pytest.mark.parametrize(
    ("document", "resource"),
    [
        (
            record(
                "ssm",
                "PutParameter",
                {"name": "/shop/limit", "type": "String", "overwrite": True, "value": "tulip"},
                {"version": 4, "tier": "Standard"},
            ),
            "ssm:/shop/limit",
        ),
        (
            record("secretsmanager", "PutSecretValue", {"secretId": SECRET, "secretString": "tulip"}),
            "secretsmanager:prod/db",
        ),
        (
            record(
                "secretsmanager",
                "RotationFailed",
                None,
                eventType="AwsServiceEvent",
                additionalEventData={"SecretId": SECRET},
            ),
            "secretsmanager:prod/db",
        ),
        (
            record("rds", "ModifyDBInstance", {"dBInstanceIdentifier": "db", "masterUserPassword": "tulip"}),
            "rds:db",
        ),
        (
            record(
                "apigateway",
                "UpdateStage",
                {"restApiId": "a1", "stageName": "p", "variables": {"apiKey": "tulip"}},
            ),
            "apigateway:a1",
        ),
        (
            record(
                "apigateway",
                "UpdateStage",
                {
                    "restApiId": "a1",
                    "stageName": "p",
                    "updateStageInput": {
                        "patchOperations": [
                            {"op": "replace", "path": "/variables/dbPassword", "value": "tulip"},
                            {"op": "replace", "path": "/variables/limit", "value": "12"},
                        ]
                    },
                },
            ),
            "apigateway:a1",
        ),
        (
            record(
                "sns",
                "Subscribe",
                {"topicArn": TOPIC, "protocol": "email", "endpoint": "tulip@example.org"},
            ),
            "sns:news",
        ),
    ],
    ids=lambda value: value["eventName"] if isinstance(value, dict) else "",
)
def test_values_and_secrets_are_never_kept(document: dict[str, Any], resource: str) -> None:
    found = the_change(document)
    assert found.change.resource == resource
    assert "tulip" not in repr(found)


def test_one_call_may_change_several_resources() -> None:
    stopped = record(
        "ec2", "StopInstances", {"instancesSet": {"items": [{"instanceId": "i-1"}, {"instanceId": "i-2"}]}}
    )
    assert [found.change.resource for found in changes(stopped)] == ["ec2:i-1", "ec2:i-2"]
    deleted = record("ssm", "DeleteParameters", {"names": ["/a/b", "c"]})
    assert [found.change.resource for found in changes(deleted)] == ["ssm:/a/b", "ssm:c"]


def test_one_call_may_change_several_aspects() -> None:
    attributes = {"Policy": TEXT, "VisibilityTimeout": "1"}
    found = changes(record("sqs", "SetQueueAttributes", {"attributes": attributes, "queueUrl": QUEUE}))
    assert [recorded.aspect for recorded in found] == ["policy", "attributes"]
    assert len({recorded.change.event_id for recorded in found}) == 2


def test_a_detached_policy_was_attached() -> None:
    arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    found = the_change(record("iam", "DetachRolePolicy", {"roleName": "r", "policyArn": arn}))
    assert json.loads(found.change.before) == {"policyArn": arn}
    assert found.ends


def test_every_call_of_every_kind_can_be_read_without_its_parameters() -> None:
    """Records whose parameters CloudTrail left out, for instance since they were too long."""
    for kind in all_kinds():
        for name in kind.names:
            assert changes(record(kind.service, name)) == (), name


def test_no_call_belongs_to_two_kinds() -> None:
    calls = [(kind.service, name) for kind in all_kinds() for name in kind.names]
    assert len(calls) == len(set(calls))
    assert len(all_kinds()) == len([*iter_modules(kinds.__path__)])


def test_eventbridge_passes_on_exactly_the_calls_that_are_understood() -> None:
    passed_on = {
        (service, name)
        for services in json.loads(CALLS.read_text()).values()
        for service, names in services.items()
        for name in names
    }
    assert passed_on == {(kind.service, name) for kind in all_kinds() for name in kind.names}


def test_a_rotated_key_has_new_material() -> None:
    found = the_change(record("kms", "RotateKey", None, resources=OF_KEY, eventType="AwsServiceEvent"))
    told = (found.change.resource, found.aspect, found.change.summary)
    assert told == (KEY_ID, "material", "new key material")


def test_every_pattern_is_short_enough_for_eventbridge() -> None:
    for services in json.loads(CALLS.read_text()).values():
        pattern = {
            "source": [{"prefix": "aws."}],
            "detail-type": ["AWS API Call via CloudTrail", "AWS Service Event via CloudTrail"],
            "detail": {
                "eventSource": [f"{service}.amazonaws.com" for service in services],
                "eventName": [{"prefix": name} for name in sorted({*chain(*services.values())})],
                "errorCode": [{"exists": False}],
            },
        }
        assert len(json.dumps(pattern, separators=(",", ":"))) <= LONGEST_PATTERN
