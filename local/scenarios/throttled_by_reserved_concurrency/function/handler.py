"""Takes an order; busy shops take longer."""

import time
from typing import Any


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    time.sleep(event["seconds"])
    print("order taken")
    return {"taken": True}
