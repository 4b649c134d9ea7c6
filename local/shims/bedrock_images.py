"""InvokeModel of image models answers a text completion: here it answers images, as Titan and Nova Canvas do.

The images are real ones of the size and in the number asked for, of one colour each.
"""

from __future__ import annotations

import base64
import json
import re
import struct
import zlib
from typing import Any

from ministack.services import bedrock_runtime

from local.shims import wrap

_IMAGE_MODELS = re.compile(r"(^|[./])amazon\.(titan-image-generator|nova-canvas)")
_DEFAULT_SIDE = 512
_MAX_IMAGES = 5


def install() -> None:
    wrap(bedrock_runtime, "_invoke_model")(_invoke_model)


def _invoke_model(original: Any, model_id: str, headers: Any, body: bytes) -> Any:
    if not _IMAGE_MODELS.search(model_id):
        return original(model_id, headers, body)
    try:
        request = json.loads(body or b"{}")
        images = _images(request)
    except (ValueError, TypeError, AttributeError) as error:
        return bedrock_runtime._error("ValidationException", f"Malformed input request: {error}", 400)
    content = {"images": [base64.b64encode(image).decode() for image in images]}
    return 200, {"Content-Type": "application/json"}, json.dumps(content).encode()


def _images(request: dict[str, Any]) -> list[bytes]:
    """ValueError for a request that the models refuse."""
    if request.get("taskType") != "TEXT_IMAGE":
        raise ValueError("only the task TEXT_IMAGE is supported")
    text = (request.get("textToImageParams") or {}).get("text")
    if not text:
        raise ValueError("required key [textToImageParams.text] not found")
    wanted = request.get("imageGenerationConfig") or {}
    count = int(wanted.get("numberOfImages", 1))
    if not 1 <= count <= _MAX_IMAGES:
        raise ValueError(f"numberOfImages: {count} is not between 1 and {_MAX_IMAGES}")
    size = int(wanted.get("width", _DEFAULT_SIDE)), int(wanted.get("height", _DEFAULT_SIDE))
    return [_png(*size, colour=zlib.crc32(f"{text} {number}".encode())) for number in range(count)]


def _png(width: int, height: int, colour: int) -> bytes:
    """A picture of one colour."""
    row = b"\0" + struct.pack(">I", colour)[1:] * width  # no filter, then red, green and blue
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
            _chunk(b"IDAT", zlib.compress(row * height)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    checked = kind + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))
