"""Image models answer images of the size and in the number asked for, and refuse what they cannot do."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.instance import Instance

MODEL = "amazon.titan-image-generator-v2:0"


def invoke(aws: Instance, model: str, request: dict[str, Any]) -> Any:
    answer = aws.client("bedrock-runtime").invoke_model(modelId=model, body=json.dumps(request))
    return json.loads(answer["body"].read())


@pytest.mark.parametrize("model", [MODEL, "amazon.nova-canvas-v1:0"])
def test_images_have_the_size_and_number_asked_for(embedded_aws: Instance, model: str) -> None:
    request = {
        "taskType": "TEXT_IMAGE",
        "textToImageParams": {"text": "a lighthouse"},
        "imageGenerationConfig": {"numberOfImages": 2, "width": 320, "height": 64},
    }
    first, second = (base64.b64decode(image) for image in invoke(embedded_aws, model, request)["images"])
    assert first.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", first[16:24]) == (320, 64)
    assert first != second


@pytest.mark.parametrize(
    "request_body",
    [
        {"inputText": "a lighthouse"},
        {"taskType": "TEXT_IMAGE", "textToImageParams": {}},
        {
            "taskType": "TEXT_IMAGE",
            "textToImageParams": {"text": "a lighthouse"},
            "imageGenerationConfig": {"numberOfImages": 6},
        },
    ],
)
def test_bad_requests_are_refused(embedded_aws: Instance, request_body: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        invoke(embedded_aws, MODEL, request_body)


def test_text_models_still_answer_text(embedded_aws: Instance) -> None:
    answer = invoke(embedded_aws, "amazon.titan-text-express-v1", {"inputText": "a lighthouse"})
    assert answer["results"][0]["outputText"]
