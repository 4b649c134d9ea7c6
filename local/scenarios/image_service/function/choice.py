"""Which image to show."""

import random
from typing import Any


def choose(images: list[dict[str, Any]]) -> str:
    """The key of one of the listed images."""
    return str(random.choice(images)["Key"])  # noqa: S311  # a picture, no secret
