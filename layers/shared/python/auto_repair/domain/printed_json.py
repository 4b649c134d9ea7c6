"""JSON as programs print it: anybody may have written anything into it."""

import json
import re
from typing import Any

_HALF = re.compile(r"\\u[dD][89a-fA-F]")  # of a character beyond the first 65,536


def read_json(text: str) -> Any:
    """The value; None where the text is none, or one nested deeper than can be read.

    Halves of characters, which cannot be stored, become question marks.
    """
    try:
        value = json.loads(text)
        if _HALF.search(text):
            value = json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))
    except (ValueError, RecursionError):
        return None
    return value
