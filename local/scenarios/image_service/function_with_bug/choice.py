"""Which image to show: a release that asks the listing for what only HeadObject answers."""

import secrets
from typing import Any


def choose(images: list[dict[str, Any]]) -> str:
    """The key of one of the listed images that browsers can show."""
    shown = [image for image in images if image["ContentType"].startswith("image/")]
    return str(secrets.choice(shown)["Key"])
