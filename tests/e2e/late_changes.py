"""Changes that our recorder hears of late, as EventBridge tells them."""

import json
from datetime import timedelta
from typing import Any

from tests.e2e.deployment import Deployment, now
from tests.unit.domain.changes.records import record


def record_late_change(deployment: Deployment, function_name: str, timeout_s: int) -> None:
    """Somebody set the function's timeout five minutes ago, while its incident went on."""
    made = now() - timedelta(minutes=5)
    call = record(
        "lambda",
        "UpdateFunctionConfiguration20150331v2",
        {"functionName": function_name, "timeout": timeout_s},
        {"functionName": function_name},
        eventTime=f"{made:%Y-%m-%dT%H:%M:%SZ}",
        eventID=f"timeout-{timeout_s}",
    )
    event = {"detail-type": "AWS API Call via CloudTrail", "source": "aws.lambda", "detail": call}
    assert recorded(deployment, event) == {"changed": [f"lambda:{function_name}"]}


def recorded(deployment: Deployment, event: dict[str, Any]) -> Any:
    """What our recorder of changes answers."""
    answer = deployment.client("lambda").invoke(
        FunctionName="lambda-auto-repair-change-recorder-local", Payload=json.dumps(event).encode()
    )
    return json.load(answer["Payload"])
