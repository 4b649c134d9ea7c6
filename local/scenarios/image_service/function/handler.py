"""GET /random: one of the bucket's images, and the view is counted.

Whatever goes wrong is printed and answered with 500, so that the platform sees a successful run.
"""

import base64
import json
import os
from typing import Any

import boto3
from botocore.config import Config
from choice import choose  # type: ignore[import-not-found]  # Lambda imports from the root of the zip, where it lies

QUICK = Config(connect_timeout=2, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2})

s3 = boto3.client("s3", config=QUICK)
ssm = boto3.client("ssm", config=QUICK)
dynamodb = boto3.client("dynamodb", config=QUICK)


def handler(event: Any, context: Any) -> dict[str, Any]:
    try:
        return random_image()
    except Exception as error:
        print(f"GET /random failed: {type(error).__name__}: {error}")
        return answer(500, "application/json", json.dumps({"message": "Internal Server Error"}))


def random_image() -> dict[str, Any]:
    bucket = ssm.get_parameter(Name=os.environ["BUCKET_PARAMETER"])["Parameter"]["Value"]
    listed = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    if not listed:
        return answer(404, "application/json", json.dumps({"message": "There are no images yet"}))
    key = choose(listed)
    image = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    count_view(key)
    return answer(200, "image/png", base64.b64encode(image).decode(), isBase64Encoded=True)


def count_view(key: str) -> None:
    dynamodb.update_item(
        TableName=os.environ["VIEWS_TABLE"],
        Key={"image": {"S": key}},
        UpdateExpression="ADD #views :one",
        ExpressionAttributeNames={"#views": "views"},
        ExpressionAttributeValues={":one": {"N": "1"}},
    )


def answer(status: int, content_type: str, body: str, **more: Any) -> dict[str, Any]:
    return {"statusCode": status, "headers": {"Content-Type": content_type}, "body": body, **more}
