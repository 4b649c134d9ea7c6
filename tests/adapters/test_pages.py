"""Answers in pages: each is asked for with the mark that the one before it ended with."""

from itertools import islice
from typing import Any

import pytest
from botocore.session import Session

from auto_repair.adapters.incident_reads import IncidentReads
from auto_repair.adapters.pages import following, pages
from auto_repair.domain.errors import AwsCallFailed
from tests.adapters.topology_sources.conftest import clients_answering, refusing

SDK = Session()


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("apigateway", "GetResources"),
        ("apigateway", "GetRestApis"),
        ("apigatewayv2", "GetApis"),
        ("apigatewayv2", "GetIntegrations"),
        ("cloudformation", "ListStackResources"),
        ("cloudtrail", "LookupEvents"),
        ("cloudwatch", "DescribeAlarms"),
        ("cloudwatch", "GetMetricData"),
        ("cloudwatch", "ListMetrics"),
        ("codedeploy", "ListDeployments"),
        ("config", "GetResourceConfigHistory"),
        ("dynamodb", "Query"),
        ("lambda", "ListAliases"),
        ("lambda", "ListEventSourceMappings"),
        ("lambda", "ListProvisionedConcurrencyConfigs"),
        ("logs", "FilterLogEvents"),
        ("ssm", "DescribeParameters"),
        ("xray", "GetServiceGraph"),
    ],
)
def test_marks_are_those_that_the_sdk_knows_of_each_operation(service: str, operation: str) -> None:
    known = SDK.get_paginator_model(service).get_paginator(operation)
    assert following({known["output_token"]: "more"}) == {known["input_token"]: "more"}


def listed(Marker: str = "", **_: Any) -> dict[str, Any]:  # as Lambda calls it
    number = int(Marker or 0)
    aliases: dict[str, Any] = {"Aliases": [{"Name": f"a{number}"}]}
    return aliases if number == 2 else {**aliases, "NextMarker": str(number + 1)}


def test_pages_follow_each_other_to_the_last_one() -> None:
    clients = clients_answering({"lambda.list_aliases": listed})
    found = [page["Aliases"] for page in pages(clients.client("lambda").list_aliases, FunctionName="orders")]
    assert found == [[{"Name": "a0"}], [{"Name": "a1"}], [{"Name": "a2"}]]
    assert [arguments for _, arguments in clients.calls] == [
        {"FunctionName": "orders"},
        {"FunctionName": "orders", "Marker": "1"},
        {"FunctionName": "orders", "Marker": "2"},
    ]


def test_no_page_is_asked_for_that_nobody_wants() -> None:
    clients = clients_answering({"lambda.list_aliases": listed})
    read = list(islice(pages(clients.client("lambda").list_aliases, FunctionName="orders"), 2))
    assert len(read) == clients.count("lambda.list_aliases") == 2
    assert following(read[-1]) == {"Marker": "2"}


def test_pages_that_were_read_for_the_incident_are_not_read_again() -> None:
    clients = clients_answering({"lambda.list_aliases": listed})
    reads = IncidentReads(clients)
    reads.begin("20260131T120000Z-orders-3fa9c2d1")
    for _ in range(2):
        assert len(list(pages(reads.client("lambda").list_aliases, FunctionName="orders"))) == 3
    assert clients.count("lambda.list_aliases") == 3


def test_refused_page_is_an_error_of_our_own() -> None:
    clients = clients_answering({"lambda.list_aliases": refusing("AccessDeniedException")})
    with pytest.raises(AwsCallFailed, match="AccessDenied"):
        list(pages(clients.client("lambda").list_aliases, FunctionName="orders"))
