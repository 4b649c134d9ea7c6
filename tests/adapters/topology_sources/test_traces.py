"""X-Ray's service graph: nodes in X-Ray's words, calls between resources."""

from typing import Any

import pytest

from auto_repair.domain.arns import Home
from auto_repair.domain.errors import TransientError
from auto_repair.domain.resources import Resource
from auto_repair.domain.traces.resources import resource_of_node
from tests.adapters.conftest import NOW
from tests.adapters.topology_sources.conftest import AT, ORDERS, clients_answering, discovered, refusing, told

API = Resource("apigateway", "a1b2c3", title="shop")
REST_APIS = {"items": [{"id": "a1b2c3", "name": "shop", "createdDate": NOW}]}


def node(reference: int, name: str, kind: str, *to: int, calls: int = 12) -> dict[str, Any]:
    edges = [{"ReferenceId": n, "SummaryStatistics": {"TotalCount": calls}} for n in to]
    return {"ReferenceId": reference, "Name": name, "Names": [name], "Type": kind, "Edges": edges}


SHOP = [
    node(0, "shop/prod", "client", 1),
    node(1, "shop/prod", "AWS::ApiGateway::Stage", 2),
    node(2, "orders", "AWS::Lambda", 3),
    node(3, "orders", "AWS::Lambda::Function", 4, 5, 6, 7),
    node(4, "stock", "AWS::DynamoDB::Table"),
    node(5, "shop-images", "AWS::S3::Bucket"),
    node(6, "SSM", "AWS::SSM"),
    node(7, "https://sqs.us-east-1.amazonaws.com/123456789012/jobs", "AWS::SQS::Queue"),
    node(8, "elsewhere", "AWS::Lambda", 9),
    node(9, "ledger", "AWS::DynamoDB::Table"),
]
EDGES = [
    "apigateway:a1b2c3 → lambda:orders: 12 traced calls",
    "lambda:orders → dynamodb:stock: 12 traced calls",
    "lambda:orders → s3:shop-images: 12 traced calls",
    "lambda:orders → sqs:jobs: 12 traced calls",
]


@pytest.mark.parametrize(
    ("start", "calls"), [(ORDERS, 2), (API, 2), (Resource("apigateway", "", title="shop"), 2)]
)
def test_what_calls_connect_with_the_start(start: Resource, calls: int) -> None:
    clients = clients_answering(
        {
            "xray.get_service_graph": {"Services": SHOP},
            "apigateway.get_rest_apis": REST_APIS,
            "apigateway.get_rest_api": REST_APIS["items"][0],
        }
    )
    found = discovered("traces", clients, start)
    assert told(found) == EDGES
    assert all(edge.seen for edge in found.edges)
    assert found.missing == ()
    assert len(clients.calls) == calls
    queue = found.resource("sqs:jobs")
    assert queue is not None
    assert queue.arn == f"arn:aws:sqs:{AT}:jobs"


def test_the_last_hour_is_asked_for_in_bounded_pages() -> None:
    page = {"Services": SHOP[2:5], "NextToken": "more"}
    clients = clients_answering({"xray.get_service_graph": page})
    (gap,) = discovered("traces", clients, ORDERS).missing
    assert (gap.reason, gap.partly) == ("lambda:orders: there are more traced services than were read", True)
    assert clients.count("xray.get_service_graph") == 3
    asked = clients.calls[0][1]
    assert (asked["StartTime"], asked["EndTime"]) == (NOW.replace(hour=11), NOW)


def test_no_traces_are_said_to_be_missing() -> None:
    clients = clients_answering({"xray.get_service_graph": {"Services": SHOP[8:]}})
    found = discovered("traces", clients, ORDERS)
    assert found.edges == ()
    assert [gap.reason for gap in found.missing] == [
        "lambda:orders: X-Ray has no traces of it since 2026-01-31 11:00 UTC"
    ]


def test_an_api_that_cannot_be_looked_up_is_left_out_and_said() -> None:
    clients = clients_answering(
        {
            "xray.get_service_graph": {"Services": SHOP},
            "apigateway.get_rest_apis": refusing("AccessDeniedException", 403),
        }
    )
    found = discovered("traces", clients, ORDERS)
    assert told(found) == EDGES[1:]
    assert len(found.missing) == 1


def test_throttling_reaches_the_caller() -> None:
    clients = clients_answering({"xray.get_service_graph": refusing("ThrottledException", 429)})
    with pytest.raises(TransientError):
        discovered("traces", clients, ORDERS)


@pytest.mark.parametrize(
    ("name", "kind", "resource_id"),
    [
        ("orders:live", "AWS::Lambda", "lambda:orders"),
        (f"arn:aws:states:{AT}:stateMachine:flow", "AWS::StepFunctions::StateMachine", "states:flow"),
        ("shop@orders.c0ffee12.us-east-1.rds.amazonaws.com", "Database::SQL", "rds:orders"),
        ("d4e5f6.execute-api.us-east-1.amazonaws.com", "remote", "apigateway:d4e5f6"),
        ("example.com", "remote", None),
        ("S3", "AWS::S3", None),
        ("d4e5f6.execute-api.us-east-1.amazonaws.com", "client", None),
    ],
)
def test_nodes(name: str, kind: str, resource_id: str | None) -> None:
    found = resource_of_node(node(1, name, kind), Home("aws", "us-east-1", "123456789012"))
    assert (found.id if found else None) == resource_id
