"""Renders invoices one after the other; each takes a tenth of a second."""

import time
from typing import Any


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    for _ in range(event["invoices"]):
        time.sleep(0.1)
    print(f"{event['invoices']} invoices exported")
    return {"exported": event["invoices"]}
