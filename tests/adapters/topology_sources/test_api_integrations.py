"""What stands behind an API, asked for by id or by name."""

from datetime import timedelta
from typing import Any

import pytest

from auto_repair.domain.errors import ResourceMissing
from auto_repair.domain.resources import Resource
from tests.adapters.conftest import NOW
from tests.adapters.topology_sources.conftest import AT, clients_answering, discovered, refusing, told

REST = Resource("apigateway", "a1b2c3", "arn:aws:apigateway:us-east-1::/restapis/a1b2c3", "shop")
HTTP = Resource("apigateway", "d4e5f6", "arn:aws:apigateway:us-east-1::/apis/d4e5f6", "shop")
TO = "arn:aws:apigateway:us-east-1"


def invocation(function: str) -> str:
    return f"{TO}:lambda:path/2015-03-31/functions/arn:aws:lambda:{AT}:function:{function}/invocations"


def method(uri: str, authorization: str = "NONE", **more: Any) -> dict[str, Any]:
    integration = {"type": "AWS_PROXY", "httpMethod": "POST", "uri": uri, **more}
    return {"httpMethod": "GET", "authorizationType": authorization, "methodIntegration": integration}


def resources(**methods: dict[str, Any]) -> dict[str, Any]:
    return {"items": [{"id": "r", "path": "/x", "resourceMethods": methods}, {"id": "root", "path": "/"}]}


def rest_api(api_id: str, name: str, age_days: int = 0) -> dict[str, Any]:
    return {"id": api_id, "name": name, "createdDate": NOW - timedelta(days=age_days)}


class TestRest:
    def test_integrations_of_every_kind(self) -> None:
        answer = resources(
            GET=method(invocation("orders:live")),
            PUT=method(
                f"{TO}:sqs:path/123456789012/jobs", credentials="arn:aws:iam::123456789012:role/api-role"
            ),
            HEAD=method(f"{TO}:s3:path/images/{{key}}"),
            POST=method(
                f"{TO}:dynamodb:action/PutItem",
                requestTemplates={"application/json": '{"TableName": "stock", "Item": {}}'},
            ),
            PATCH=method(
                f"{TO}:states:action/StartExecution",
                requestTemplates={
                    "application/json": f'{{"stateMachineArn": "arn:aws:states:{AT}:stateMachine:flow"}}'
                },
            ),
            OPTIONS={"httpMethod": "OPTIONS", "methodIntegration": {"type": "MOCK"}},
        )
        clients = clients_answering({"apigateway.get_resources": answer})
        found = discovered("api_integrations", clients, REST)
        assert told(found) == [
            "apigateway:a1b2c3 → lambda:orders: integration of GET /x",
            "apigateway:a1b2c3 → sqs:jobs: integration of PUT /x",
            "apigateway:a1b2c3 → iam:api-role: integration of PUT /x",
            "apigateway:a1b2c3 → s3:images: integration of HEAD /x",
            "apigateway:a1b2c3 → dynamodb:stock: integration of POST /x",
            "apigateway:a1b2c3 → states:flow: integration of PATCH /x",
        ]
        assert len(clients.calls) == 1
        assert found.missing == ()

    def test_an_authorizers_function_is_needed_too(self) -> None:
        authorizers = {"items": [{"id": "1", "name": "tokens", "authorizerUri": invocation("authorize")}]}
        clients = clients_answering(
            {
                "apigateway.get_resources": resources(GET=method(invocation("orders"), "CUSTOM")),
                "apigateway.get_authorizers": authorizers,
            }
        )
        assert told(discovered("api_integrations", clients, REST)) == [
            "apigateway:a1b2c3 → lambda:orders: integration of GET /x",
            "apigateway:a1b2c3 → lambda:authorize: authorizer tokens",
        ]

    def test_stage_variables_are_said_to_hide_the_function(self) -> None:
        answer = resources(GET=method(invocation("${stageVariables.function}")))
        found = discovered("api_integrations", clients_answering({"apigateway.get_resources": answer}), REST)
        assert found.edges == ()
        assert "stage variables" in found.missing[0].reason

    def test_an_alarms_name_leads_to_the_id(self) -> None:
        apis = {"items": [rest_api("old111", "shop", age_days=9), rest_api("a1b2c3", "shop")]}
        clients = clients_answering(
            {
                "apigateway.get_rest_apis": apis,
                "apigateway.get_resources": resources(GET=method(invocation("orders"))),
            }
        )
        found = discovered("api_integrations", clients, Resource("apigateway", "", title="shop"))
        assert found.resources[0] == REST
        (gap,) = found.missing
        assert gap.reason == "apigateway:shop: 2 APIs have that name; the newest, a1b2c3, is looked at"
        assert gap.partly
        assert told(found) == ["apigateway:a1b2c3 → lambda:orders: integration of GET /x"]
        assert len(clients.calls) == 2

    def test_metrics_write_names_without_their_accents(self) -> None:
        clients = clients_answering(
            {
                "apigateway.get_rest_apis": {"items": [rest_api("a1b2c3", "café")]},
                "apigateway.get_resources": {"items": []},
            }
        )
        found = discovered("api_integrations", clients, Resource("apigateway", "", title="caf"))
        assert found.resources[0].title == "café"

    def test_pages_are_bounded(self) -> None:
        page = resources(GET=method(invocation("orders"))) | {"position": "next"}
        clients = clients_answering({"apigateway.get_resources": page})
        discovered("api_integrations", clients, REST)
        assert [arguments.get("position") for _, arguments in clients.calls] == [None, "next"]


INTEGRATIONS = {
    "Items": [
        {"IntegrationId": "i1", "IntegrationUri": f"arn:aws:lambda:{AT}:function:orders"},
        {
            "IntegrationId": "i2",
            "IntegrationSubtype": "SQS-SendMessage",
            "RequestParameters": {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/jobs"},
            "CredentialsArn": "arn:aws:iam::123456789012:role/api-role",
        },
        {
            "IntegrationId": "i3",
            "IntegrationUri": (
                f"arn:aws:elasticloadbalancing:{AT}:listener/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2"
            ),
        },
        {"IntegrationId": "i4", "IntegrationUri": "https://example.com"},
    ]
}


class TestHttp:
    def test_integrations_and_authorizers(self) -> None:
        authorizers = {
            "Items": [
                {"AuthorizerId": "1", "Name": "tokens", "AuthorizerUri": invocation("authorize")},
                {"AuthorizerId": "2", "Name": "jwt", "AuthorizerType": "JWT"},
            ]
        }
        clients = clients_answering(
            {
                "apigatewayv2.get_integrations": INTEGRATIONS,
                "apigatewayv2.get_authorizers": authorizers,
            }
        )
        assert told(discovered("api_integrations", clients, HTTP)) == [
            "apigateway:d4e5f6 → lambda:orders: integration i1",
            "apigateway:d4e5f6 → sqs:jobs: integration i2",
            "apigateway:d4e5f6 → iam:api-role: integration i2",
            "apigateway:d4e5f6 → elasticloadbalancing:app/web/50dc6c495c0c9188: integration i3",
            "apigateway:d4e5f6 → lambda:authorize: authorizer tokens",
        ]
        assert len(clients.calls) == 2

    @pytest.mark.parametrize(
        "start", [Resource("apigateway", "d4e5f6"), Resource("apigateway", "", title="shop")]
    )
    def test_what_is_no_rest_api_is_looked_for_among_the_others(self, start: Resource) -> None:
        api = {"ApiId": "d4e5f6", "Name": "shop", "CreatedDate": NOW}
        required = {"ProtocolType": "HTTP", "RouteSelectionExpression": "$request.method"}
        clients = clients_answering(
            {
                "apigateway.get_rest_api": refusing("NotFoundException", 404),
                "apigateway.get_rest_apis": {"items": [rest_api("a1b2c3", "other")]},
                "apigatewayv2.get_api": api,
                "apigatewayv2.get_apis": {"Items": [api | required]},
                "apigatewayv2.get_integrations": INTEGRATIONS,
                "apigatewayv2.get_authorizers": refusing("AccessDeniedException", 403),
            }
        )
        found = discovered("api_integrations", clients, start)
        assert found.resources[0] == HTTP
        assert len(found.edges) == 4
        assert len(found.missing) == 1
        assert len(clients.calls) == 4


def test_no_such_api() -> None:
    clients = clients_answering(
        {"apigateway.get_rest_apis": {"items": []}, "apigatewayv2.get_apis": {"Items": []}}
    )
    with pytest.raises(ResourceMissing, match="shop"):
        discovered("api_integrations", clients, Resource("apigateway", "", title="shop"))
