"""Queues, streams, tables, buckets, topics, rules, state machines and load balancers."""

import json
from typing import Any

import pytest

from auto_repair.domain.errors import ResourceMissing
from auto_repair.domain.resources import Resource
from tests.adapters.topology_sources.conftest import (
    AT,
    ORDERS,
    clients_answering,
    discovered,
    refusing,
    told,
)

FUNCTION = f"arn:aws:lambda:{AT}:function"
QUEUE = f"arn:aws:sqs:{AT}:jobs"
KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY = f"arn:aws:kms:{AT}:key/{KEY_ID}"


MAPPINGS = {
    "EventSourceMappings": [
        {
            "UUID": KEY_ID,
            "EventSourceArn": QUEUE,
            "FunctionArn": f"{FUNCTION}:orders:live",
            "State": "Enabled",
        },
        {
            "UUID": KEY_ID,
            "EventSourceArn": f"arn:aws:dynamodb:{AT}:table/stock/stream/2026-01-31T00:00:00.000",
            "FunctionArn": f"{FUNCTION}:orders",
            "State": "Disabled",
            "DestinationConfig": {"OnFailure": {"Destination": f"arn:aws:sqs:{AT}:failed"}},
        },
        {"UUID": KEY_ID, "FunctionArn": f"{FUNCTION}:orders", "State": "Enabled"},
    ]
}


class TestEventSources:
    @pytest.mark.parametrize(
        ("start", "asked"),
        [
            (ORDERS, {"FunctionName": "orders"}),
            (Resource("sqs", "jobs"), {"EventSourceArn": QUEUE}),
            (
                Resource("kinesis", "clicks"),
                {"EventSourceArn": f"arn:aws:kinesis:{AT}:stream/clicks"},
            ),
        ],
    )
    def test_either_direction_is_one_call(self, start: Resource, asked: dict[str, str]) -> None:
        clients = clients_answering({"lambda.list_event_source_mappings": MAPPINGS})
        found = discovered("event_sources", clients, start)
        assert told(found) == [
            "sqs:jobs → lambda:orders: event source mapping",
            "dynamodb:stock → lambda:orders: event source mapping (disabled)",
            "lambda:orders → sqs:failed: destination for failed events",
        ]
        assert clients.calls == [("lambda.list_event_source_mappings", asked)]


def test_a_table_its_key_and_its_streams_consumers() -> None:
    table = {
        "TableName": "stock",
        "LatestStreamArn": f"arn:aws:dynamodb:{AT}:table/stock/stream/2026-01-31T00:00:00.000",
        "SSEDescription": {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": KEY},
    }
    clients = clients_answering(
        {
            "dynamodb.describe_table": {"Table": table},
            "lambda.list_event_source_mappings": {
                "EventSourceMappings": MAPPINGS["EventSourceMappings"][1:2]
            },
        }
    )
    assert told(discovered("table_dependencies", clients, Resource("dynamodb", "stock")))[:2] == [
        f"dynamodb:stock → kms:{KEY_ID}: encrypts it",
        "dynamodb:stock → lambda:orders: event source mapping (disabled)",
    ]
    plain = clients_answering({"dynamodb.describe_table": {"Table": {"TableName": "stock"}}})
    assert discovered("table_dependencies", plain, Resource("dynamodb", "stock")).edges == ()
    assert len(plain.calls) == 1


class TestBucket:
    BUCKET = Resource("s3", "images")

    def answers(self, key: str) -> dict[str, Any]:
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
        return {
            "s3.get_bucket_notification_configuration": {
                "LambdaFunctionConfigurations": [
                    {"LambdaFunctionArn": f"{FUNCTION}:thumbnails", "Events": ["s3:ObjectCreated:*"]}
                ],
                "QueueConfigurations": [{"QueueArn": QUEUE, "Events": ["s3:ObjectRemoved:*"]}],
            },
            "s3.get_bucket_encryption": {"ServerSideEncryptionConfiguration": {"Rules": [rule]}},
            "kms.describe_key": {"KeyMetadata": {"KeyId": KEY_ID, "Arn": KEY}},
        }

    @pytest.mark.parametrize(("key", "calls"), [(KEY, 2), (KEY_ID, 2), ("alias/images", 3)])
    def test_notifications_and_key(self, key: str, calls: int) -> None:
        clients = clients_answering(self.answers(key))
        assert told(discovered("bucket_dependencies", clients, self.BUCKET)) == [
            "s3:images → lambda:thumbnails: event notification",
            "s3:images → sqs:jobs: event notification",
            f"s3:images → kms:{KEY_ID}: encrypts its objects by default",
        ]
        assert len(clients.calls) == calls

    @pytest.mark.parametrize("key", ["alias/aws/s3", f"arn:aws:kms:{AT}:alias/aws/s3"])
    def test_keys_of_aws_are_nobodys_dependency(self, key: str) -> None:
        clients = clients_answering(self.answers(key))
        assert len(discovered("bucket_dependencies", clients, self.BUCKET).edges) == 2
        assert len(clients.calls) == 2

    def test_refused_or_absent_encryption(self) -> None:
        absent = refusing("ServerSideEncryptionConfigurationNotFoundError", 404)
        for reply, gaps in ((absent, 0), (refusing("AccessDenied", 403), 1)):
            clients = clients_answering(self.answers(KEY) | {"s3.get_bucket_encryption": reply})
            found = discovered("bucket_dependencies", clients, self.BUCKET)
            assert (len(found.edges), len(found.missing)) == (2, gaps)

    def test_no_such_bucket(self) -> None:
        gone = refusing("NoSuchBucket", 404)
        with pytest.raises(ResourceMissing):
            discovered(
                "bucket_dependencies",
                clients_answering({"s3.get_bucket_notification_configuration": gone}),
                self.BUCKET,
            )


def test_a_queue_its_dead_letters_key_and_writers() -> None:
    condition = {"ArnEquals": {"aws:SourceArn": f"arn:aws:sns:{AT}:news"}}
    attributes = {
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": f"arn:aws:sqs:{AT}:dead", "maxReceiveCount": 5}),
        "KmsMasterKeyId": KEY_ID,
        "Policy": json.dumps(
            {
                "Statement": [
                    {"Effect": "Allow", "Condition": condition},
                    {"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
                ]
            }
        ),
    }
    clients = clients_answering(
        {
            "sqs.get_queue_url": {"QueueUrl": "https://queue"},
            "sqs.get_queue_attributes": {"Attributes": attributes},
        }
    )
    assert told(discovered("queue_dependencies", clients, Resource("sqs", "jobs"))) == [
        "sqs:jobs → sqs:dead: dead-letter queue",
        f"sqs:jobs → kms:{KEY_ID}: encrypts it",
        "sns:news → sqs:jobs: may write to it",
    ]
    assert clients.calls[0][1] == {"QueueName": "jobs", "QueueOwnerAWSAccountId": "123456789012"}
    assert len(clients.calls) == 2


def test_a_queues_policy_may_hold_one_statement_without_a_list() -> None:
    condition = {"ArnLike": {"aws:SourceArn": f"arn:aws:sns:{AT}:news"}}
    statement = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*", "Condition": condition}
    answer = {"Attributes": {"Policy": json.dumps({"Statement": statement})}}
    clients = clients_answering(
        {"sqs.get_queue_url": {"QueueUrl": "https://queue"}, "sqs.get_queue_attributes": answer}
    )
    found = discovered("queue_dependencies", clients, Resource("sqs", "jobs"))
    assert told(found) == ["sns:news → sqs:jobs: may write to it"]


def test_a_queue_without_settings() -> None:
    clients = clients_answering(
        {"sqs.get_queue_url": {"QueueUrl": "https://queue"}, "sqs.get_queue_attributes": {}}
    )
    assert discovered("queue_dependencies", clients, Resource("sqs", "jobs")).edges == ()


def test_a_topics_subscribers_without_anybodys_address() -> None:
    def subscription(protocol: str, endpoint: str) -> dict[str, str]:
        return {"Protocol": protocol, "Endpoint": endpoint, "TopicArn": f"arn:aws:sns:{AT}:news"}

    answer = {
        "Subscriptions": [
            subscription("lambda", f"{FUNCTION}:orders:live"),
            subscription("sqs", QUEUE),
            subscription("email", "ann@example.com"),
            subscription("https", "https://example.com/hook"),
        ]
    }
    clients = clients_answering({"sns.list_subscriptions_by_topic": answer})
    found = discovered("topic_subscriptions", clients, Resource("sns", "news"))
    assert told(found) == [
        "sns:news → lambda:orders: subscription",
        "sns:news → sqs:jobs: subscription",
    ]
    assert "example.com" not in repr(found)


class TestRules:
    @pytest.mark.parametrize(
        ("rule", "asked"),
        [
            ("default/nightly", {"Rule": "nightly", "EventBusName": "default"}),
            (
                "aws.partner/example.com/1/nightly",
                {"Rule": "nightly", "EventBusName": "aws.partner/example.com/1"},
            ),
        ],
    )
    def test_targets(self, rule: str, asked: dict[str, str]) -> None:
        target = {
            "Id": "t1",
            "Arn": f"{FUNCTION}:orders",
            "RoleArn": "arn:aws:iam::123456789012:role/rule-role",
            "DeadLetterConfig": {"Arn": QUEUE},
        }
        clients = clients_answering({"events.list_targets_by_rule": {"Targets": [target]}})
        assert told(discovered("event_rules", clients, Resource("events", rule))) == [
            f"events:{rule} → lambda:orders: target t1",
            f"events:{rule} → iam:rule-role: role for target t1",
            f"events:{rule} → sqs:jobs: dead letters of t1",
        ]
        assert clients.calls == [("events.list_targets_by_rule", asked)]

    def test_rules_that_start_something(self) -> None:
        clients = clients_answering({"events.list_rule_names_by_target": {"RuleNames": ["nightly"]}})
        found = discovered("event_rules", clients, Resource("states", "flow"))
        assert told(found) == ["events:default/nightly → states:flow: its target"]
        assert clients.calls[0][1] == {"TargetArn": f"arn:aws:states:{AT}:stateMachine:flow"}


def test_tasks_of_a_state_machine() -> None:
    definition = {
        "StartAt": "A",
        "States": {
            "Classic": {"Type": "Task", "Resource": f"{FUNCTION}:classic"},
            "Sdk": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName": "worker:live", "Payload.$": "$"},
            },
            "Jsonata": {
                "Type": "Task",
                "Resource": "arn:aws:states:::dynamodb:putItem",
                "Arguments": {"TableName": "stock", "Item": {"id": {"S": "{% $id %}"}}},
            },
            "Late": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Arguments": {"FunctionName": "{% $states.input.function %}"},
            },
            "Both": {
                "Type": "Parallel",
                "Branches": [
                    {
                        "States": {
                            "Send": {
                                "Type": "Task",
                                "Resource": "arn:aws:states:::sqs:sendMessage",
                                "Parameters": {
                                    "QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/jobs"
                                },
                            }
                        }
                    }
                ],
            },
            "Each": {
                "Type": "Map",
                "ItemProcessor": {"States": {"One": {"Type": "Task", "Resource": f"{FUNCTION}:one"}}},
            },
            "Done": {"Type": "Succeed"},
        },
    }
    answer = {
        "stateMachineArn": f"arn:aws:states:{AT}:stateMachine:flow",
        "name": "flow",
        "definition": json.dumps(definition),
        "roleArn": "arn:aws:iam::123456789012:role/flow-role",
        "type": "STANDARD",
        "creationDate": "2026-01-31T00:00:00Z",
    }
    clients = clients_answering({"stepfunctions.describe_state_machine": answer})
    assert told(discovered("state_machine_tasks", clients, Resource("states", "flow"))) == [
        "states:flow → iam:flow-role: its execution role",
        "states:flow → lambda:classic: state Classic",
        "states:flow → lambda:worker: state Sdk",
        "states:flow → dynamodb:stock: state Jsonata",
        "states:flow → sqs:jobs: state Send",
        "states:flow → lambda:one: state One",
    ]
    assert len(clients.calls) == 1


def test_targets_of_a_load_balancer() -> None:
    name = "app/web/50dc6c495c0c9188"
    groups = [
        {
            "TargetGroupArn": f"arn:aws:elasticloadbalancing:{AT}:targetgroup/g{n}/1",
            "TargetGroupName": f"g{n}",
        }
        for n in range(4)
    ]
    targets = [{"Target": {"Id": target}} for target in ("i-0abc123", f"{FUNCTION}:orders", "10.0.0.7")]
    clients = clients_answering(
        {
            "elbv2.describe_target_groups": {"TargetGroups": groups},
            "elbv2.describe_target_health": {"TargetHealthDescriptions": targets},
        }
    )
    found = discovered("load_balancer_targets", clients, Resource("elasticloadbalancing", name))
    assert told(found) == [
        f"elasticloadbalancing:{name} → ec2:i-0abc123: target group g0",
        f"elasticloadbalancing:{name} → lambda:orders: target group g0",
    ]
    assert len(clients.calls) == 4
    assert "4 target groups" in found.missing[0].reason
    assert clients.calls[0][1] == {
        "LoadBalancerArn": f"arn:aws:elasticloadbalancing:{AT}:loadbalancer/{name}"
    }


@pytest.mark.parametrize(
    ("source", "start", "answers", "what"),
    [
        (
            "event_sources",
            ORDERS,
            {"lambda.list_event_source_mappings": MAPPINGS | {"NextMarker": "m"}},
            "event source mappings",
        ),
        (
            "table_dependencies",
            Resource("dynamodb", "stock"),
            {
                "dynamodb.describe_table": {
                    "Table": {
                        "LatestStreamArn": f"arn:aws:dynamodb:{AT}:table/stock/stream/2026-01-31T00:00:00.000"
                    }
                },
                "lambda.list_event_source_mappings": MAPPINGS | {"NextMarker": "m"},
            },
            "event source mappings",
        ),
        (
            "topic_subscriptions",
            Resource("sns", "orders"),
            {"sns.list_subscriptions_by_topic": {"Subscriptions": [], "NextToken": "t"}},
            "subscriptions",
        ),
        (
            "event_rules",
            Resource("events", "default/nightly"),
            {
                "events.list_targets_by_rule": {
                    "Targets": [{"Id": "1", "Arn": QUEUE}],
                    "NextToken": "t",
                }
            },
            "targets",
        ),
        (
            "event_rules",
            Resource("sqs", "jobs"),
            {"events.list_rule_names_by_target": {"RuleNames": [], "NextToken": "t"}},
            "rules",
        ),
        (
            "api_integrations",
            Resource("apigateway", "a1b2c3", "arn:aws:apigateway:us-east-1::/restapis/a1b2c3", "shop"),
            {"apigateway.get_resources": {"items": [], "position": "p"}},
            "resources of the API",
        ),
        (
            "api_integrations",
            Resource("apigateway", "h1", "arn:aws:apigateway:us-east-1::/apis/h1", "shop"),
            {
                "apigatewayv2.get_integrations": {"Items": [], "NextToken": "t"},
                "apigatewayv2.get_authorizers": {"Items": []},
            },
            "integrations",
        ),
    ],
)
def test_list_that_is_longer_than_what_is_read_is_told(
    source: str, start: Resource, answers: dict[str, Any], what: str
) -> None:
    (gap,) = discovered(source, clients_answering(answers), start).missing
    assert (gap.source, gap.reason) == (source, f"{start}: there are more {what} than were read")
    assert gap.partly  # nobody can make more of it readable
