"""ARNs as AWS writes them, and which resource each one is of."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_repair.domain.arns import Home, arn_of, arns_in, home_of, resource_of, resources_in

AT = "us-east-1:123456789012"
HOME = Home("aws", "us-east-1", "123456789012")
KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.mark.parametrize(
    ("arn", "resource_id", "own"),
    [
        (f"arn:aws:lambda:{AT}:function:orders", "lambda:orders", f"arn:aws:lambda:{AT}:function:orders"),
        (
            f"arn:aws:lambda:{AT}:function:orders:live",
            "lambda:orders",
            f"arn:aws:lambda:{AT}:function:orders",
        ),
        (
            f"arn:aws:lambda:{AT}:function:orders:$LATEST",
            "lambda:orders",
            f"arn:aws:lambda:{AT}:function:orders",
        ),
        (
            "arn:aws:apigateway:us-east-1::/restapis/a1b2c3/stages/prod",
            "apigateway:a1b2c3",
            "arn:aws:apigateway:us-east-1::/restapis/a1b2c3",
        ),
        (
            "arn:aws:apigateway:us-east-1::/apis/a1b2c3",
            "apigateway:a1b2c3",
            "arn:aws:apigateway:us-east-1::/apis/a1b2c3",
        ),
        (f"arn:aws:execute-api:{AT}:a1b2c3/*/GET/orders", "apigateway:a1b2c3", ""),
        ("arn:aws:s3:::images", "s3:images", "arn:aws:s3:::images"),
        ("arn:aws:s3:::images/*", "s3:images", "arn:aws:s3:::images"),
        ("arn:aws-cn:s3:::images/a/b.png", "s3:images", "arn:aws-cn:s3:::images"),
        (
            f"arn:aws:dynamodb:{AT}:table/stock/index/by-name",
            "dynamodb:stock",
            f"arn:aws:dynamodb:{AT}:table/stock",
        ),
        (
            f"arn:aws:dynamodb:{AT}:table/stock/stream/2026-01-31T00:00:00.000",
            "dynamodb:stock",
            f"arn:aws:dynamodb:{AT}:table/stock",
        ),
        (f"arn:aws:sqs:{AT}:jobs.fifo", "sqs:jobs.fifo", f"arn:aws:sqs:{AT}:jobs.fifo"),
        ("arn:aws:sqs:*:*:jobs", "sqs:jobs", ""),
        (f"arn:aws:sns:{AT}:news", "sns:news", f"arn:aws:sns:{AT}:news"),
        (f"arn:aws:sns:{AT}:news:{KEY}", "sns:news", f"arn:aws:sns:{AT}:news"),
        (f"arn:aws:kinesis:{AT}:stream/clicks", "kinesis:clicks", f"arn:aws:kinesis:{AT}:stream/clicks"),
        (
            f"arn:aws:kinesis:{AT}:stream/clicks/consumer/fan:1700000000",
            "kinesis:clicks",
            f"arn:aws:kinesis:{AT}:stream/clicks",
        ),
        (f"arn:aws:states:{AT}:stateMachine:flow", "states:flow", f"arn:aws:states:{AT}:stateMachine:flow"),
        (
            f"arn:aws:states:{AT}:execution:flow:run-1",
            "states:flow",
            f"arn:aws:states:{AT}:stateMachine:flow",
        ),
        (
            f"arn:aws:states:{AT}:express:flow:run-1:{KEY}",
            "states:flow",
            f"arn:aws:states:{AT}:stateMachine:flow",
        ),
        (f"arn:aws:events:{AT}:rule/nightly", "events:default/nightly", f"arn:aws:events:{AT}:rule/nightly"),
        (
            f"arn:aws:events:{AT}:rule/shop/nightly",
            "events:shop/nightly",
            f"arn:aws:events:{AT}:rule/shop/nightly",
        ),
        (f"arn:aws:rds:{AT}:db:orders-db", "rds:orders-db", f"arn:aws:rds:{AT}:db:orders-db"),
        (f"arn:aws:rds:{AT}:cluster:orders", "rds:cluster:orders", f"arn:aws:rds:{AT}:cluster:orders"),
        (f"arn:aws:ec2:{AT}:instance/i-0abc123", "ec2:i-0abc123", f"arn:aws:ec2:{AT}:instance/i-0abc123"),
        (
            f"arn:aws:elasticloadbalancing:{AT}:loadbalancer/app/web/50dc6c495c0c9188",
            "elasticloadbalancing:app/web/50dc6c495c0c9188",
            f"arn:aws:elasticloadbalancing:{AT}:loadbalancer/app/web/50dc6c495c0c9188",
        ),
        (
            f"arn:aws:elasticloadbalancing:{AT}:listener/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2",
            "elasticloadbalancing:app/web/50dc6c495c0c9188",
            f"arn:aws:elasticloadbalancing:{AT}:loadbalancer/app/web/50dc6c495c0c9188",
        ),
        (
            f"arn:aws:elasticloadbalancing:{AT}:targetgroup/web/73e2d6bc24d8a067",
            "elasticloadbalancing:targetgroup/web/73e2d6bc24d8a067",
            f"arn:aws:elasticloadbalancing:{AT}:targetgroup/web/73e2d6bc24d8a067",
        ),
        (
            f"arn:aws:elasticache:{AT}:cluster:sessions",
            "elasticache:sessions",
            f"arn:aws:elasticache:{AT}:cluster:sessions",
        ),
        (
            f"arn:aws:elasticache:{AT}:replicationgroup:sessions",
            "elasticache:replicationgroup:sessions",
            f"arn:aws:elasticache:{AT}:replicationgroup:sessions",
        ),
        (
            "arn:aws:iam::123456789012:role/service-role/orders-role",
            "iam:orders-role",
            "arn:aws:iam::123456789012:role/service-role/orders-role",
        ),
        ("arn:aws:sts::123456789012:assumed-role/orders-role/orders", "iam:orders-role", ""),
        (f"arn:aws:kms:{AT}:key/{KEY}", f"kms:{KEY}", f"arn:aws:kms:{AT}:key/{KEY}"),
        (
            f"arn:aws:ssm:{AT}:parameter/app/bucket",
            "ssm:/app/bucket",
            f"arn:aws:ssm:{AT}:parameter/app/bucket",
        ),
        (f"arn:aws:ssm:{AT}:parameter/bucket", "ssm:bucket", f"arn:aws:ssm:{AT}:parameter/bucket"),
        (
            f"arn:aws:secretsmanager:{AT}:secret:app/db-AbC1eF",
            "secretsmanager:app/db",
            f"arn:aws:secretsmanager:{AT}:secret:app/db-AbC1eF",
        ),
        (f"arn:aws:secretsmanager:{AT}:secret:app/db-??????", "secretsmanager:app/db", ""),
        (
            "arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-image-generator-v1",
            "bedrock:amazon.titan-image-generator-v1",
            "arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-image-generator-v1",
        ),
        (
            f"arn:aws:bedrock:{AT}:inference-profile/us.amazon.nova-lite-v1:0",
            "bedrock:us.amazon.nova-lite-v1:0",
            f"arn:aws:bedrock:{AT}:inference-profile/us.amazon.nova-lite-v1:0",
        ),
    ],
)
def test_an_arn_is_of_one_resource(arn: str, resource_id: str, own: str) -> None:
    found = resource_of(arn)
    assert found is not None
    assert (found.id, found.arn) == (resource_id, own)


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "*",
        "orders",
        "arn:aws:s3:::*",
        "arn:aws:s3:::images-*",
        "arn:aws:s3:::${bucket}/a",
        f"arn:aws:s3:{AT}:accesspoint/images",
        f"arn:aws:dynamodb:{AT}:table/stock*",
        f"arn:aws:lambda:{AT}:function:*",
        f"arn:aws:lambda:{AT}:function:${{stageVariables.function}}",
        f"arn:aws:lambda:{AT}:layer:shared:7",
        f"arn:aws:ssm:{AT}:parameter/app/*",
        f"arn:aws:kms:{AT}:alias/app",
        "arn:aws:iam::aws:policy/AdministratorAccess",
        "arn:aws:iam::123456789012:user/ann",
        "arn:aws:states:::lambda:invoke",
        "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/x",
        f"arn:aws:logs:{AT}:log-group:/aws/lambda/orders:*",
    ],
)
def test_patterns_and_other_things_are_no_resource(arn: str) -> None:
    assert resource_of(arn) is None


def test_a_denial_names_the_role_and_what_it_was_denied() -> None:
    text = (
        "User: arn:aws:sts::123456789012:assumed-role/orders-role/orders is not authorized to perform: "
        's3:GetObject on resource: "arn:aws:s3:::images/a.png" because no policy allows it. '
        f"See arn:aws:sqs:{AT}:jobs."
    )
    assert [resource.id for resource in resources_in(text)] == ["iam:orders-role", "s3:images", "sqs:jobs"]
    assert arns_in(text)[-1] == f"arn:aws:sqs:{AT}:jobs"


def test_the_function_in_the_address_of_an_integration_is_found() -> None:
    uri = (
        "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
        f"arn:aws:lambda:{AT}:function:orders:live/invocations"
    )
    assert [resource.id for resource in resources_in(uri)] == ["lambda:orders"]


def test_home() -> None:
    assert home_of(f"arn:aws:cloudwatch:{AT}:alarm:orders: errors") == HOME
    assert home_of("arn:aws:s3:::images") is None
    assert home_of("") is None


@pytest.mark.parametrize(
    ("service", "name"), [("apigateway", "a1"), ("iam", "r"), ("secretsmanager", "s"), ("other", "x")]
)
def test_no_arn_is_made_up_where_the_name_does_not_tell_it(service: str, name: str) -> None:
    assert arn_of(service, name, HOME) == ""


NAMES = st.from_regex(re.compile(r"[a-z][a-z0-9-]{2,20}", re.ASCII), fullmatch=True)
SERVICES = [
    "dynamodb",
    "elasticache",
    "elasticloadbalancing",
    "events",
    "kinesis",
    "kms",
    "lambda",
    "rds",
    "s3",
    "sns",
    "sqs",
    "ssm",
    "states",
]


@given(st.sampled_from(SERVICES), NAMES)
def test_what_we_name_is_what_we_read(service: str, name: str) -> None:
    name = {"events": f"default/{name}", "ssm": f"/app/{name}"}.get(service, name)
    arn = arn_of(service, name, HOME)
    found = resource_of(arn)
    assert found is not None
    assert (found.service, found.name, found.arn) == (service, name, arn)
    assert resources_in(f"because of {arn}, which …") == (found,)


@given(st.text(alphabet="arn:aws*/-_${}\"' lambda3", max_size=200))
def test_any_text_is_read_without_complaint(text: str) -> None:
    for arn in arns_in(text):
        assert arn in text
        resource_of(arn)
