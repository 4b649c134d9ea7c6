"""Holds a whole picture in memory, as naive image code does."""

from typing import Any

PAGE = 4096


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    picture = bytearray(event["picture_mb"] * 1024 * 1024)
    # Memory counts once it is written to, here as on AWS.
    for offset in range(0, len(picture), PAGE):
        picture[offset] = 1
    print(f"thumbnail of a picture of {event['picture_mb']} MB written")
    return {"pages": sum(picture[::PAGE])}
