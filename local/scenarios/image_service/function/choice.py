"""Which image to show."""

import secrets
from typing import Any


def choose(images: list[dict[str, Any]]) -> str:
    """The key of one of the listed images."""
    return str(secrets.choice(images)["Key"])
