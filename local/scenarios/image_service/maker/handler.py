"""Has a model draw images and puts them into the bucket."""

import base64
import json
import os
from typing import Any

import boto3

MODEL = "amazon.titan-image-generator-v2:0"

bedrock = boto3.client("bedrock-runtime")
s3 = boto3.client("s3")


def handler(event: dict[str, Any], context: Any) -> list[str]:
    request = {
        "taskType": "TEXT_IMAGE",
        "textToImageParams": {"text": event["text"]},
        "imageGenerationConfig": {"numberOfImages": event["count"], "width": 512, "height": 512},
    }
    answer = bedrock.invoke_model(modelId=MODEL, body=json.dumps(request))
    images = json.loads(answer["body"].read())["images"]
    return [put(f"images/{number}.png", image) for number, image in enumerate(images, start=1)]


def put(key: str, image: str) -> str:
    body = base64.b64decode(image)
    s3.put_object(Bucket=os.environ["BUCKET"], Key=key, Body=body, ContentType="image/png")
    return key
