"""NotifyResult and RecordFailure; also closes incidents whose execution ended without telling anybody."""

import json
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from auto_repair.bootstrap.notifier import close_failed_execution, notify_result, record_failure
from auto_repair.contracts.documents import decode, encode
from auto_repair.domain.case import Case, WorkflowError
from auto_repair.domain.timestamps import from_epoch_ms
from auto_repair.observability import logger, metrics


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], _context: LambdaContext) -> Any:
    """The notice, the recorded failure, or the id of the incident that was closed."""
    if event.get("detail-type") == "Step Functions Execution Status Change":
        return _close(event["detail"])
    case = decode(Case, event["case"])
    if event["operation"] == "record_failure":
        caught = event["case"].get("error") or {}
        metrics.add_metric("IncidentFailed", "Count", 1)
        error = WorkflowError(error=caught.get("Error", ""), cause=caught.get("Cause", ""))
        return encode(record_failure()(case, error))
    notice = notify_result()(case, attempt=event["attempt"])
    logger.info("result notified", incident=case.incident.id, report=notice.report)
    metrics.add_metric("ResultNotified", "Count", 1)
    return encode(notice)


def _close(detail: dict[str, Any]) -> dict[str, str]:
    metrics.add_metric("IncidentFailed", "Count", 1)
    closed = close_failed_execution()(
        json.loads(detail.get("input") or "null"),
        detail["executionArn"],
        from_epoch_ms(detail["startDate"]),
        detail["status"],
    )
    logger.warning("failed execution closed", execution=detail["executionArn"], incident=closed)
    return {"incident": closed}
