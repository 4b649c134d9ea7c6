"""The policies and settings of a sound image service: what it is set up with and what mending restores."""

from pathlib import Path
from typing import Any

from local.scenarios.image_service.service import ImageService
from local.scenarios.model import JsonObject
from local.scenarios.stage import policy

HERE = Path(__file__).parent
THROUGHPUT = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 40}


def bucket_policy(service: ImageService) -> JsonObject:
    """Nobody comes without TLS, as many a company asks of every bucket."""
    arn = f"arn:aws:s3:::{service.bucket}"
    statement = {
        "Sid": "DenyInsecureTransport",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return policy(statement)


def key_policy(service: ImageService) -> JsonObject:
    """The account's administrators decide who administers the key; the maker may write with it.

    The function that shows the images reads by a grant.
    """
    maker_arn = f"arn:aws:iam::{service.account}:role/{service.maker}-role"
    owner: JsonObject = {
        "Sid": "Administration",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{service.account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    writer: JsonObject = {
        "Sid": "ImagesAreWritten",
        "Effect": "Allow",
        "Principal": {"AWS": maker_arn},
        "Action": "kms:GenerateDataKey",
        "Resource": "*",
    }
    return policy(owner, writer)


def function_permissions(service: ImageService) -> list[JsonObject]:
    """What the function's role allows: reading images and their place, counting views, traces."""
    place = f"{service.region}:{service.account}"
    return [
        allow("s3:ListBucket", f"arn:aws:s3:::{service.bucket}"),
        allow("s3:GetObject", f"arn:aws:s3:::{service.bucket}/*"),
        allow("ssm:GetParameter", f"arn:aws:ssm:{place}:parameter{service.parameter}"),
        allow("dynamodb:UpdateItem", f"arn:aws:dynamodb:{place}:table/{service.table}"),
        allow(["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*"),
    ]


def maker_permissions(service: ImageService) -> list[JsonObject]:
    return [
        allow("s3:PutObject", f"arn:aws:s3:::{service.bucket}/*"),
        allow("bedrock:InvokeModel", f"arn:aws:bedrock:{service.region}::foundation-model/*"),
    ]


def deployer_permissions(service: ImageService) -> list[JsonObject]:
    place = f"{service.region}:{service.account}"
    functions = f"arn:aws:lambda:{place}:function:{service.name}*"
    updates = ["lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration", "lambda:GetFunction"]
    return [
        allow(["s3:PutBucketPolicy", "s3:PutBucketTagging"], f"arn:aws:s3:::{service.bucket}"),
        allow("iam:PutRolePolicy", f"arn:aws:iam::{service.account}:role/{service.name}*"),
        allow(["kms:ListGrants", "kms:RevokeGrant"], service.key_arn),
        allow([*updates, "lambda:GetFunctionConfiguration"], functions),
        allow(["dynamodb:UpdateTable", "dynamodb:DescribeTable"], f"arn:aws:dynamodb:{place}:table/*"),
        allow("ssm:PutParameter", f"arn:aws:ssm:{place}:parameter/*"),
    ]


def function_files(*changed: str) -> dict[str, str]:
    """The function's source files; files of `changed`, a folder beside it, replace those of the same name."""
    folders = [HERE / "function", *(HERE / name for name in changed)]
    return {path.name: path.read_text() for folder in folders for path in sorted(folder.glob("*.py"))}


def allow(actions: str | list[str], resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}
