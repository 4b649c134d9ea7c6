"""Keeps the journal of changes, run by EventBridge for every call that changes something we know."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from auto_repair.bootstrap.change_recorder import ask_for_wanted_looks, record_change
from auto_repair.domain.errors import InvalidEvent
from auto_repair.observability import logger, metrics


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, list[str]]:
    """Which resources changed, or which incidents the schedule takes up again.

    What cannot be read is raised, and ends in the queue of undelivered events.
    """
    if isinstance(event, dict) and event.get("detail-type") == "Scheduled Event":
        return {"asked": list(ask_for_wanted_looks()())}
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
