"""Which resource did the work of a span: what the SDKs, Lambda and X-Ray itself write of it."""

from typing import Any

import pytest

from auto_repair.domain.arns import Home
from auto_repair.domain.resources import Resource
from auto_repair.domain.traces.resources import resource_of_span, service_called
from auto_repair.domain.traces.spans import Span
from tests.builders import ACCOUNT, REGION

HOME = Home("aws", REGION, ACCOUNT)


def span(name: str, *, aws: dict[str, Any] | None = None, **facts: Any) -> Span:
    return Span("1", name, 0.0, 1.0, aws=aws or {}, **facts)


CALL: dict[str, Any] = {"namespace": "aws", "is_part": True}


@pytest.mark.parametrize(
    ("made", "resource_id"),
    [
        (span("DynamoDB", aws={"table_name": "stock"}, **CALL), "dynamodb:stock"),
        (span("dynamodb", aws={"table_names": ["stock"]}, **CALL), "dynamodb:stock"),
        (span("dynamodb", aws={"table_names": ["stock", "orders"]}, **CALL), None),
        (span("S3", aws={"bucket_name": "images", "key": "a.png"}, **CALL), "s3:images"),
        (
            span("SQS", aws={"queue_url": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/jobs"}, **CALL),
            "sqs:jobs",
        ),
        (span("SNS", aws={"topic_arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:news"}, **CALL), "sns:news"),
        (span("Lambda", aws={"function_name": "resize:live"}, **CALL), "lambda:resize"),
        (
            span(
                "lambda",
                aws={"function_name": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:resize:2"},
                **CALL,
            ),
            "lambda:resize",
        ),
        (span("AmazonDynamoDBv2", aws={"resource_names": ["stock"]}, **CALL), "dynamodb:stock"),
        (span("Secrets Manager", aws={"operation": "GetSecretValue"}, **CALL), None),
        (span("DynamoDB", aws={"table_name": 7}, **CALL), None),
        (span("DynamoDB", aws={"table_name": "x$(shell id)'\"<b>"}, **CALL), None),
        (span("S3", aws={"resource_names": ["a b"]}, **CALL), None),
        (span("x`id`", origin="AWS::Lambda"), None),
        (
            span("DynamoDB", aws={"table_name": "stock"}, inferred=True, origin="AWS::DynamoDB::Table"),
            "dynamodb:stock",
        ),
        (span("SNS", inferred=True, origin="AWS::SNS"), None),
        (span("pay.example.com", namespace="remote", is_part=True), None),
        (
            span("shop@orders.c0ffee12.eu-central-1.rds.amazonaws.com", namespace="remote", is_part=True),
            "rds:orders",
        ),
        (
            span(
                "shop/prod",
                origin="AWS::ApiGateway::Stage",
                arn=f"arn:aws:apigateway:{REGION}::/restapis/a1b2c3/stages/prod",
            ),
            "apigateway:a1b2c3",
        ),
        (span("orders", origin="AWS::Lambda::Function"), "lambda:orders"),
        # A part of the code that merely says which function it is in.
        (span("Initialization", aws={"function_arn": "arn:…"}, is_part=True), None),
    ],
)
def test_resources(made: Span, resource_id: str | None) -> None:
    found = resource_of_span(made, HOME)
    assert (found.id if found else None) == resource_id


def test_call_into_another_account_and_region() -> None:
    elsewhere = {"table_name": "stock", "region": "eu-west-1", "account_id": "000000000000"}
    assert resource_of_span(span("DynamoDB", aws=elsewhere, **CALL), HOME) == Resource(
        "dynamodb", "stock", "arn:aws:dynamodb:eu-west-1:000000000000:table/stock"
    )


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("Secrets Manager", "secretsmanager"),
        ("secretsmanager", "secretsmanager"),
        ("AWSSecretsManager", "secretsmanager"),
        ("Amazon S3", "s3"),
        ("SFN", "states"),
        ("orders", ""),
    ],
)
def test_services(name: str, service: str) -> None:
    assert service_called(span(name, **CALL)) == service
    assert service_called(span(name)) == ""
