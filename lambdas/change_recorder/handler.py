"""Keeps the journal of changes, run by EventBridge for every call that changes something we know."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from auto_repair.bootstrap.change_recorder import record_change
from auto_repair.domain.errors import InvalidEvent
from auto_repair.observability import logger, metrics


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, list[str]]:
    """Which resources changed. What cannot be read is raised, and ends in the queue of undelivered events."""
    try:
        changed = record_change()(event)
    except InvalidEvent:
        logger.exception(
            "event not understood", event_id=event.get("id") if isinstance(event, dict) else None
        )
        raise
    if changed:
        logger.info("change recorded", resources=list(changed))
        metrics.add_metric("ChangeRecorded", "Count", len(changed))
    return {"changed": list(changed)}
