"""A mapping is refused when the queue's visibility timeout is below the function's timeout.

The emulator creates such SQS event source mappings.
"""

from __future__ import annotations

from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import lambda_svc, sqs

from local.shims import wrap


def install() -> None:
    wrap(lambda_svc, "_create_esm")(_create)
    wrap(lambda_svc, "_update_esm")(_update)


def _create(original: Any, data: Any) -> Any:
    return _refusal(data.get("EventSourceArn", ""), data.get("FunctionName", "")) or original(data)


def _update(original: Any, mapping_id: Any, data: Any) -> Any:
    mapping = lambda_svc._esms.get(mapping_id) or {}
    changed = data.get("FunctionName", "")  # AWS looks again only when the function changes
    return _refusal(mapping.get("EventSourceArn", ""), changed) or original(mapping_id, data)


def _refusal(source_arn: str, function_ref: str) -> Any:
    queue = sqs._queue_by_arn(source_arn) if ":sqs:" in source_arn else None
    _, config, _ = lambda_svc._get_func_record_for_ref(function_ref)
    if queue is None or config is None:
        return None
    visible_again = int(queue["attributes"].get("VisibilityTimeout", "30"))
    if visible_again >= config["Timeout"]:
        return None
    message = (
        f"Queue visibility timeout: {visible_again} seconds is less than "
        f"Function timeout: {config['Timeout']} seconds"
    )
    return error_response_json("InvalidParameterValueException", message, 400, {"Type": "User"})
