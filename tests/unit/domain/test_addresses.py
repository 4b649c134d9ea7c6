"""What the values of a function's environment name."""

import pytest

from auto_repair.domain.addresses import parameter_named, resource_named
from auto_repair.domain.arns import Home

HOME = Home("aws", "us-east-1", "123456789012")


@pytest.mark.parametrize(
    ("label", "value", "resource_id"),
    [
        ("ANY", "arn:aws:sns:us-east-1:123456789012:news", "sns:news"),
        ("ANY", "https://sqs.eu-central-1.amazonaws.com/123456789012/jobs", "sqs:jobs"),
        (
            "ANY",
            "https://vpce-1a-2b.sqs.us-east-1.vpce.amazonaws.com/123456789012/jobs.fifo",
            "sqs:jobs.fifo",
        ),
        ("ANY", "s3://images/raw/", "s3:images"),
        ("ANY", "https://images.s3.eu-central-1.amazonaws.com/a.png", "s3:images"),
        ("ANY", "images.s3.amazonaws.com", "s3:images"),
        ("ANY", "https://s3.us-west-2.amazonaws.com/images/a.png", "s3:images"),
        ("ANY", "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod", "apigateway:a1b2c3d4e5"),
        ("ANY", "orders.c0ffee12.us-east-1.rds.amazonaws.com", "rds:orders"),
        ("ANY", "orders.cluster-c0ffee12.us-east-1.rds.amazonaws.com:5432", "rds:cluster:orders"),
        ("ANY", "orders.cluster-ro-c0ffee12.us-east-1.rds.amazonaws.com", "rds:cluster:orders"),
        ("ANY", f"postgres://{'app:hidden'}@orders.c0ffee12.us-east-1.rds.amazonaws.com/shop", "rds:orders"),
        ("ANY", "sessions.abc123.0001.use1.cache.amazonaws.com:6379", "elasticache:sessions"),
        ("ANY", "sessions.abc123.cfg.use1.cache.amazonaws.com:11211", "elasticache:sessions"),
        (
            "ANY",
            "rediss://master.sessions.abc123.use1.cache.amazonaws.com:6379",
            "elasticache:replicationgroup:sessions",
        ),
        (
            "ANY",
            "sessions.abc123.ng.0001.use1.cache.amazonaws.com",
            "elasticache:replicationgroup:sessions",
        ),
        ("IMAGES_BUCKET", "shop-images", "s3:shop-images"),
        ("BUCKET_NAME_PARAMETER", "shop-images", "s3:shop-images"),
        ("/shop/bucket-name", "shop-images", "s3:shop-images"),
        ("tableName", "stock", "dynamodb:stock"),
        ("JOBS_QUEUE", "jobs.fifo", "sqs:jobs.fifo"),
        ("CLICK_STREAM", "clicks", "kinesis:clicks"),
        ("WORKER_FUNCTION_NAME", "worker", "lambda:worker"),
        ("MODEL_ID", "amazon.titan-image-generator-v1", "bedrock:amazon.titan-image-generator-v1"),
    ],
)
def test_values_that_name_a_resource(label: str, value: str, resource_id: str) -> None:
    found = resource_named(label, value, HOME)
    assert found is not None
    assert found.id == resource_id


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("STAGE", "prod"),
        ("CLIENT_SECRET", "hunter2-hunter2"),
        ("DB_SECRET_NAME", "hunter2/hunter2"),
        ("STREAM_KEY", "abcdef"),
        ("TABLE_PREFIX", "shop-"),
        ("BUCKET_REGION", "us-east-1"),
        ("IMAGES_BUCKET", "Not A Bucket"),
        ("MODEL", "large"),
        ("ACTIVATION_FUNCTION", "relu"),
        ("HOST", "orders.proxy-c0ffee12.us-east-1.rds.amazonaws.com"),
        ("URL", "https://example.com/a"),
        ("EMPTY", ""),
    ],
)
def test_values_that_name_none(label: str, value: str) -> None:
    assert resource_named(label, value, HOME) is None


def test_a_queue_lives_where_its_url_says() -> None:
    found = resource_named("", "https://sqs.eu-central-1.amazonaws.com/000000000000/jobs", HOME)
    assert found is not None
    assert found.arn == "arn:aws:sqs:eu-central-1:000000000000:jobs"


@pytest.mark.parametrize("value", ["/shop/bucket-name", "/shop"])
def test_parameters(value: str) -> None:
    assert parameter_named(value) == value


@pytest.mark.parametrize("value", ["/var/cache", "/opt/bin", "/", "shop/bucket", "/a b", "//a", ""])
def test_paths_are_no_parameters(value: str) -> None:
    assert parameter_named(value) == ""
