"""What a function's settings, its role and its own policy tell about its neighbours."""

import json
from typing import Any

import pytest

from auto_repair.adapters.clients import Clients
from auto_repair.adapters.topology_sources.function_grants import resources_in_policy
from auto_repair.domain.errors import AwsCallFailed, ResourceMissing
from auto_repair.domain.resources import Resource
from tests.adapters.topology_sources.conftest import (
    AT,
    ORDERS,
    ShapedClients,
    clients_answering,
    discovered,
    refusing,
    told,
)

ROLE = "arn:aws:iam::123456789012:role/orders-role"
QUEUE = f"arn:aws:sqs:{AT}:failed"
KEY = f"arn:aws:kms:{AT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


class TestEnvironment:
    def clients(self, variables: dict[str, str], **more: Any) -> ShapedClients:
        configuration = {
            "FunctionName": "orders",
            "Role": ROLE,
            "KMSKeyArn": KEY,
            "DeadLetterConfig": {"TargetArn": QUEUE},
            "FileSystemConfigs": [
                {
                    "Arn": f"arn:aws:elasticfilesystem:{AT}:access-point/fsap-0123456789abcdef0",
                    "LocalMountPath": "/mnt/files",
                }
            ],
            "Environment": {"Variables": variables},
        }
        destination = {"OnFailure": {"Destination": f"arn:aws:sns:{AT}:trouble"}, "OnSuccess": {}}
        return clients_answering(
            {
                "lambda.get_function_configuration": configuration,
                "lambda.list_function_event_invoke_configs": {
                    "FunctionEventInvokeConfigs": [{"DestinationConfig": destination}]
                },
                **more,
            }
        )

    def test_settings_name_what_the_function_needs(self) -> None:
        clients = self.clients({"TABLE_NAME": "stock", "STAGE": "prod", "API_TOKEN": "hidden"})
        found = discovered("function_environment", clients, ORDERS)
        assert told(found) == [
            "lambda:orders → iam:orders-role: its execution role",
            "lambda:orders → sqs:failed: its dead-letter target",
            f"lambda:orders → kms:{KEY[-36:]}: encrypts its environment",
            "lambda:orders → elasticfilesystem:access-point/fsap-0123456789abcdef0: mounted at /mnt/files",
            "lambda:orders → sns:trouble: destination OnFailure",
            "lambda:orders → dynamodb:stock: environment variable TABLE_NAME",
        ]
        assert len(clients.calls) == 2
        assert found.items[0].id == "topology.function_environment.lambda:orders"
        assert "hidden" not in repr(found)

    def test_a_bucket_behind_a_parameter_is_found(self) -> None:
        parameter = {"Name": "/shop/bucket-name", "Type": "String", "Value": "shop-images"}
        clients = self.clients(
            {"BUCKET_NAME_PARAMETER": "/shop/bucket-name", "WORK": "/opt/work", "PAGE": "/"},
            **{"ssm.get_parameters": {"Parameters": [parameter]}},
        )
        found = discovered("function_environment", clients, ORDERS)
        assert told(found)[-2:] == [
            "lambda:orders → ssm:/shop/bucket-name: environment variable BUCKET_NAME_PARAMETER",
            "lambda:orders → s3:shop-images: value of parameter /shop/bucket-name",
        ]
        assert clients.calls[-1][1] == {"Names": ["/shop/bucket-name"], "WithDecryption": False}

    def test_a_secret_parameter_is_a_neighbour_whose_value_nobody_reads(self) -> None:
        parameter = {"Name": "/shop/bucket-name", "Type": "SecureString", "Value": "AQICAHhcipher"}
        clients = self.clients(
            {"PARAMETER": "/shop/bucket-name"}, **{"ssm.get_parameters": {"Parameters": [parameter]}}
        )
        found = discovered("function_environment", clients, ORDERS)
        assert told(found)[-1] == "lambda:orders → ssm:/shop/bucket-name: environment variable PARAMETER"

    def test_what_is_refused_leaves_the_rest(self) -> None:
        clients = self.clients(
            {"PARAMETER": "/shop/bucket-name", "TABLE_NAME": "stock"},
            **{
                "ssm.get_parameters": refusing("AccessDeniedException"),
                "lambda.list_function_event_invoke_configs": refusing("AccessDeniedException", 403),
            },
        )
        found = discovered("function_environment", clients, ORDERS)
        assert told(found)[-1] == "lambda:orders → dynamodb:stock: environment variable TABLE_NAME"
        assert len(found.missing) == 2

    def test_an_environment_that_lambda_cannot_decrypt_is_said(self) -> None:
        error = {"ErrorCode": "AccessDeniedException", "Message": "Lambda was unable to decrypt"}
        clients = self.clients({})
        clients._answers["lambda.get_function_configuration"] = lambda **_: {
            "FunctionName": "orders",
            "Role": ROLE,
            "Environment": {"Error": error},
        }
        found = discovered("function_environment", clients, ORDERS)
        assert "unable to decrypt" in found.missing[0].reason

    def test_no_such_function(self) -> None:
        clients = clients_answering(
            {"lambda.get_function_configuration": refusing("ResourceNotFoundException", 404)}
        )
        with pytest.raises(ResourceMissing):
            discovered("function_environment", clients, ORDERS)


class TestGrants:
    """IAM hands out decoded documents, which only the SDK's own parsing shows: against moto."""

    TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})

    def function(self, clients: Clients, inline: dict[str, Any], managed: dict[str, Any]) -> None:
        iam = clients.client("iam")
        role = iam.create_role(RoleName="orders-role", AssumeRolePolicyDocument=self.TRUST)["Role"]["Arn"]
        for name, document in inline.items():
            iam.put_role_policy(RoleName="orders-role", PolicyName=name, PolicyDocument=json.dumps(document))
        for name, document in managed.items():
            arn = iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(document))["Policy"]["Arn"]
            iam.attach_role_policy(RoleName="orders-role", PolicyArn=arn)
        clients.client("lambda").create_function(
            FunctionName="orders",
            Role=role,
            Runtime="python3.13",
            Handler="app.handler",
            Code={"ZipFile": b"none"},
        )

    def policy(self, *resources: str, effect: str = "Allow") -> dict[str, Any]:
        statement = {"Effect": effect, "Action": "*", "Resource": list(resources)}
        return {"Version": "2012-10-17", "Statement": [statement]}

    def test_the_bucket_behind_a_parameter_that_only_the_role_names(self, clients: Clients) -> None:
        parameter = f"arn:aws:ssm:{AT}:parameter/shop/bucket-name"
        self.function(
            clients,
            {"parameters": self.policy(parameter, f"arn:aws:logs:{AT}:log-group:*")},
            {"tables": self.policy(f"arn:aws:dynamodb:{AT}:table/stock", effect="Deny")},
        )
        clients.client("ssm").put_parameter(Name="/shop/bucket-name", Value="shop-images", Type="String")
        found = discovered("function_grants", clients, ORDERS)
        assert told(found) == [
            "lambda:orders → iam:orders-role: its execution role",
            "lambda:orders → ssm:/shop/bucket-name: policy parameters of its role",
            "lambda:orders → s3:shop-images: value of parameter /shop/bucket-name",
        ]
        # Two lists, the inline policy, and no two calls left for the other.
        (gap,) = found.missing
        assert gap.reason == "lambda:orders: 1 policies of its role were not read: 4 calls are the limit"
        assert gap.partly

    def test_policies_of_its_own_are_read_and_those_of_aws_skipped(self, clients: Clients) -> None:
        self.function(clients, {}, {"tables": self.policy(f"arn:aws:dynamodb:{AT}:table/stock")})
        managed = clients.client("iam").create_policy(
            PolicyName="unread", PolicyDocument=json.dumps(self.policy("*"))
        )
        assert managed["Policy"]["Arn"].endswith(":policy/unread")
        found = discovered("function_grants", clients, ORDERS)
        assert told(found)[1:] == ["lambda:orders → dynamodb:stock: policy tables of its role"]
        assert found.missing == ()

    def test_resources_of_statements(self) -> None:
        single = {"Statement": {"Effect": "Allow", "Resource": "arn:aws:s3:::images/*"}}
        assert list(resources_in_policy(single)) == [Resource("s3", "images", "arn:aws:s3:::images")]
        assert list(resources_in_policy({"Statement": [{"NotResource": "arn:aws:s3:::images"}]})) == []
        assert list(resources_in_policy({})) == []

    def test_refused_reads_are_said(self) -> None:
        configuration = {"FunctionName": "orders", "Role": ROLE}
        answers = {
            "lambda.get_function_configuration": configuration,
            "iam.list_role_policies": refusing("AccessDenied", 403),
            "iam.list_attached_role_policies": refusing("AccessDenied", 403),
        }
        found = discovered("function_grants", clients_answering(answers), ORDERS)
        assert told(found) == ["lambda:orders → iam:orders-role: its execution role"]
        assert [gap.partly for gap in found.missing] == [False, False]


class TestPolicy:
    def statement(self, arn: str, effect: str = "Allow") -> dict[str, Any]:
        return {"Effect": effect, "Condition": {"ArnLike": {"AWS:SourceArn": arn}}}

    def answers(self, *statements: dict[str, Any]) -> dict[str, Any]:
        return {"lambda.get_policy": {"Policy": json.dumps({"Statement": list(statements)})}}

    def test_callers_of_every_kind(self) -> None:
        answers = self.answers(
            self.statement(f"arn:aws:execute-api:{AT}:a1b2c3/*/GET/orders"),
            self.statement(f"arn:aws:execute-api:{AT}:a1b2c3/*/POST/orders"),
            self.statement(f"arn:aws:events:{AT}:rule/nightly"),
            self.statement(f"arn:aws:sns:{AT}:news"),
            self.statement("arn:aws:s3:::images"),
            self.statement(f"arn:aws:sns:{AT}:refused", effect="Deny"),
            {"Effect": "Allow", "Principal": "*"},
        )
        clients = clients_answering(answers | {"apigateway.get_rest_api": {"id": "a1b2c3", "name": "shop"}})
        found = discovered("function_policy", clients, ORDERS)
        assert told(found) == [
            f"{caller} → lambda:orders: may invoke it"
            for caller in ("apigateway:a1b2c3", "events:default/nightly", "sns:news", "s3:images")
        ]
        api = found.resource("apigateway:a1b2c3")
        assert api == Resource(
            "apigateway", "a1b2c3", "arn:aws:apigateway:us-east-1::/restapis/a1b2c3", "shop"
        )
        assert len(clients.calls) == 2

    def test_an_http_api_is_recognised(self) -> None:
        answers = self.answers(self.statement(f"arn:aws:execute-api:{AT}:d4e5f6/*/*"))
        answers["apigateway.get_rest_api"] = refusing("NotFoundException", 404)
        answers["apigatewayv2.get_api"] = {"ApiId": "d4e5f6", "Name": "shop"}
        found = discovered("function_policy", clients_answering(answers), ORDERS)
        api = found.resource("apigateway:d4e5f6")
        assert api is not None
        assert (api.title, api.arn) == ("shop", "arn:aws:apigateway:us-east-1::/apis/d4e5f6")

    def test_no_policy_is_no_caller_but_a_refusal_is_an_error(self) -> None:
        missing = clients_answering({"lambda.get_policy": refusing("ResourceNotFoundException", 404)})
        found = discovered("function_policy", missing, ORDERS)
        assert (found.edges, found.items[0].observed) == ((), "nothing")
        denied = clients_answering({"lambda.get_policy": refusing("AccessDeniedException", 403)})
        with pytest.raises(AwsCallFailed):
            discovered("function_policy", denied, ORDERS)
