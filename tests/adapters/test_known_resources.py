"""What questions may be about, as SSM, API Gateway and CloudWatch tell it."""

from collections.abc import Callable
from threading import Event
from typing import Any

import pytest

from auto_repair.adapters.known_resources import MEASURED, MOST_PAGES, known_resources
from auto_repair.domain.question.known import Known, together
from auto_repair.domain.question.services import NOUNS
from auto_repair.domain.resources import Resource
from tests.adapters.conftest import NOW, SETTINGS
from tests.adapters.topology_sources.conftest import AT, ShapedClients, clients_answering, refusing

# Of each service one resource that sends metrics, as CloudWatch names it; and what it is to us.
MACHINE = f"arn:aws:states:{AT}:stateMachine:refunds"
SENT = {
    "AWS/Bedrock": ({"ModelId": "anthropic.claude-v2"}, "bedrock:anthropic.claude-v2"),
    "AWS/DynamoDB": ({"TableName": "stock"}, "dynamodb:stock"),
    "AWS/EC2": ({"InstanceId": "i-0123456789abcdef0"}, "ec2:i-0123456789abcdef0"),
    "AWS/ElastiCache": ({"CacheClusterId": "sessions-001"}, "elasticache:sessions-001"),
    "AWS/ApplicationELB": (
        {"LoadBalancer": "app/front/50dc6c495c0c9188"},
        "elasticloadbalancing:app/front/50dc6c495c0c9188",
    ),
    "AWS/Events": ({"RuleName": "nightly", "EventBusName": "shop"}, "events:shop/nightly"),
    "AWS/Kinesis": ({"StreamName": "clicks"}, "kinesis:clicks"),
    "AWS/Lambda": ({"FunctionName": "billing"}, "lambda:billing"),
    "AWS/RDS": ({"DBInstanceIdentifier": "ledger"}, "rds:ledger"),
    "AWS/S3": ({"BucketName": "images", "StorageType": "AllStorageTypes"}, "s3:images"),
    "AWS/SNS": ({"TopicName": "news"}, "sns:news"),
    "AWS/SQS": ({"QueueName": "orders-dlq"}, "sqs:orders-dlq"),
    "AWS/States": ({"StateMachineArn": MACHINE}, "states:refunds"),
}
PARAMETERS = {"Parameters": [{"Name": f"{SETTINGS.policy_prefix}/orders/policy"}]}
REST = {"items": [{"id": "a1b2c3", "name": "image-api", "createdDate": NOW}]}
HTTP = {
    "Items": [
        {"ApiId": "d4e5f6", "Name": "orders-api", "ProtocolType": "HTTP", "RouteSelectionExpression": "x"}
    ]
}
ALWAYS = ["lambda:orders", "apigateway:a1b2c3", "apigateway:d4e5f6"]


def metric(namespace: str, name: str, dimensions: dict[str, str]) -> dict[str, Any]:
    """As `ListMetrics` tells it."""
    told = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    return {"Namespace": namespace, "MetricName": name, "Dimensions": told}


def listed(Namespace: str, MetricName: str, Dimensions: list[dict[str, str]], **_: Any) -> dict[str, Any]:
    """CloudWatch of an account with one resource of each service: those with the dimension asked for."""
    dimensions, _id = SENT[Namespace]
    found = [metric(Namespace, MetricName, dimensions)] if Dimensions[0]["Name"] in dimensions else []
    return {"Metrics": found}


def account(list_metrics: Any = listed, **more: Any) -> ShapedClients:
    answers = {
        "ssm.describe_parameters": PARAMETERS,
        "apigateway.get_rest_apis": REST,
        "apigatewayv2.get_apis": HTTP,
        "cloudwatch.list_metrics": list_metrics,
    }
    return clients_answering(answers | {name.replace("__", "."): answer for name, answer in more.items()})


def known(clients: ShapedClients, *services: str, **within: float) -> Known:
    """The first part: what is told of these services."""
    return next(known_resources(SETTINGS, clients, services, **within))


def ids(part: Known) -> list[str]:
    return [resource.id for resource in part.resources]


def asked(clients: ShapedClients) -> list[str]:
    """The namespaces that CloudWatch was asked about."""
    return sorted(a["Namespace"] for name, a in clients.calls if name == "cloudwatch.list_metrics")


def test_without_a_service_everything_is_listed_at_once() -> None:
    (part,) = known_resources(SETTINGS, account(), ())
    assert sorted(ids(part)) == sorted([*ALWAYS, *(found for _, found in SENT.values())])
    assert part.gaps == ()


def test_what_is_measured_has_its_arn() -> None:
    part = known(account())
    arns = {resource.id: resource.arn for resource in part.resources}
    assert arns["sqs:orders-dlq"] == f"arn:aws:sqs:{AT}:orders-dlq"
    assert arns["states:refunds"] == MACHINE
    assert arns["apigateway:a1b2c3"] == "arn:aws:apigateway:us-east-1::/restapis/a1b2c3"


def test_services_of_the_question_come_first_and_the_rest_only_when_asked_for() -> None:
    clients = account()
    parts = known_resources(SETTINGS, clients, {"sqs", "dynamodb"})
    assert ids(next(parts)) == [*ALWAYS, "dynamodb:stock", "sqs:orders-dlq"]
    assert asked(clients) == ["AWS/DynamoDB", "AWS/DynamoDB", "AWS/SQS"]
    rest = next(parts)
    assert {"s3:images", "lambda:billing", "rds:ledger"} <= set(ids(rest))
    assert not set(ALWAYS) & set(ids(rest))
    assert asked(clients).count("AWS/SQS") == 1
    assert next(parts, None) is None


def test_of_a_service_that_nothing_measures_only_functions_and_apis_are_listed_first() -> None:
    clients = account()
    assert ids(next(known_resources(SETTINGS, clients, {"iam"}))) == ALWAYS
    assert asked(clients) == []


def test_every_measured_service_has_a_word() -> None:
    assert MEASURED.keys() <= NOUNS.keys()


def test_a_cluster_is_known_as_its_arn_names_it() -> None:
    def clusters(Namespace: str, MetricName: str, Dimensions: list[dict[str, str]]) -> Any:
        told = [{"DBClusterIdentifier": "ledger"}, {"DBClusterIdentifier": "ledger", "Role": "WRITER"}]
        by_cluster = Dimensions == [{"Name": "DBClusterIdentifier"}]
        return {"Metrics": [metric(Namespace, MetricName, d) for d in told] if by_cluster else []}

    part = known(account(clusters), "rds")
    assert ids(part) == [*ALWAYS, "rds:cluster:ledger"]


def test_a_resource_that_is_told_twice_is_known_once() -> None:
    def both(Namespace: str, MetricName: str, **_: Any) -> Any:
        told = [{"FunctionName": "orders"}, {"FunctionName": "orders", "Resource": "orders:live"}]
        return {"Metrics": [metric(Namespace, MetricName, d) for d in told]}

    part = known(account(both), "lambda")
    assert ids(part) == ALWAYS
    assert part.resources[0].arn == f"arn:aws:lambda:{AT}:function:orders"


def test_our_own_parts_are_left_out() -> None:
    ours = {
        "AWS/Lambda": {"FunctionName": "lambda-auto-repair-collector-test"},
        "AWS/Events": {
            "RuleName": "lambda-auto-repair-alarm-rule-orders",
            "EventBusName": "lambda-auto-repair-test",
        },
    }

    def listing(Namespace: str, MetricName: str, **_: Any) -> Any:
        return {"Metrics": [metric(Namespace, MetricName, ours[Namespace])]}

    assert ids(known(account(listing), "lambda", "events")) == ALWAYS


def test_metrics_that_name_no_resource_are_passed_over() -> None:
    """An answer may hold more than was asked for: an index of a table is its table's, a total nobody's."""

    def listing(Namespace: str, MetricName: str, **_: Any) -> Any:
        told = [{}, {"TableName": "stock", "GlobalSecondaryIndexName": "by-day"}, {"Operation": "Query"}]
        return {"Metrics": [metric(Namespace, MetricName, d) for d in told]}

    assert ids(known(account(listing), "dynamodb")) == [*ALWAYS, "dynamodb:stock"]


def pages_of(count: int) -> Callable[..., Any]:
    def listing(Namespace: str, MetricName: str, NextToken: str = "0", **_: Any) -> Any:
        page = int(NextToken)
        more = {"NextToken": str(page + 1)} if page + 1 < count else {}
        return {"Metrics": [metric(Namespace, MetricName, {"QueueName": f"queue-{page}"})], **more}

    return listing


def test_all_pages_are_read() -> None:
    part = known(account(pages_of(MOST_PAGES)), "sqs")
    assert ids(part)[len(ALWAYS) :] == [f"sqs:queue-{n}" for n in range(MOST_PAGES)]
    assert part.gaps == ()


def test_more_pages_than_are_read_are_said() -> None:
    clients = account(pages_of(MOST_PAGES + 1))
    part = known(clients, "sqs")
    assert asked(clients) == ["AWS/SQS"] * MOST_PAGES
    assert part.gaps == ("Not all queues are known: there are more than were read.",)


def test_what_cannot_be_read_is_said_once_for_each_reason_and_the_rest_is_known() -> None:
    clients = account(refusing("AccessDenied", 403), apigateway__get_rest_apis=refusing("TooManyRequests"))
    part = known(clients, "sqs", "dynamodb")
    assert ids(part) == ["lambda:orders", "apigateway:d4e5f6"]
    rest, measured = part.gaps
    assert rest.startswith("Not all REST APIs are known: ")
    assert measured.startswith("Not all tables and queues are known: ")
    assert "AccessDenied" in measured


def test_more_apis_than_one_page_holds_are_said() -> None:
    part = known(account(apigateway__get_rest_apis=REST | {"position": "more"}), "sqs")
    assert part.gaps == ("Not all REST APIs are known: there are more than were read.",)


def test_what_does_not_answer_in_time_is_said() -> None:
    over = Event()

    def silent(**_: Any) -> Any:
        over.wait(30)
        return {"Metrics": []}

    clients = account(silent)
    for service in ("ssm", "apigateway", "apigatewayv2", "cloudwatch"):
        clients.client(service)  # making them takes longer than their answers
    part = known(clients, "sqs", deadline_s=0.5, grace_s=0.5)
    over.set()
    assert ids(part) == ALWAYS
    assert part.gaps == ("Not all queues are known: there was no answer in time.",)


def test_onboarded_functions_are_read_page_by_page_until_time_is_up() -> None:
    endless = PARAMETERS | {"NextToken": "more"}
    part = known(account(ssm__describe_parameters=endless), "sqs", deadline_s=0.05)
    assert len(part.gaps) == 1
    assert part.gaps[0].startswith("Not all onboarded functions are known: ")


@pytest.mark.parametrize("order", [1, -1])
def test_of_a_resource_told_twice_the_fuller_account_counts(order: int) -> None:
    parts = [
        Known((Resource("sqs", "jobs"), Resource("s3", "images")), ("one",)),
        Known((Resource("sqs", "jobs", "arn", "title"),), ("two", "one")),
    ][::order]
    whole = together(parts)
    assert set(whole.resources) == {Resource("sqs", "jobs", "arn", "title"), Resource("s3", "images")}
    assert sorted(whole.gaps) == ["one", "two"]
