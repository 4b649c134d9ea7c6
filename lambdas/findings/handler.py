"""The findings of an incident: lists them, takes what people say of them, looks again at new evidence."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from auto_repair.bootstrap.findings import look_again, reconsider
from auto_repair.bootstrap.late_changes import take_late_change
from auto_repair.contracts.finding_requests import FindingRequest, Operation, read
from auto_repair.domain.errors import InvalidEvent
from auto_repair.observability import logger, metrics

METRICS = {Operation.ACCEPT: "FindingAccepted", Operation.DECLINE: "FindingDeclined"}


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """What was asked for, or `{"problem": …}`: a person's typing error is no failure of ours."""
    try:
        request = read(event)
        answer = _answer(request)
    except InvalidEvent as problem:
        logger.info("request not understood", problem=str(problem))
        return {"problem": str(problem)}
    logger.info("findings asked", operation=request.operation.value, incident=request.incident_id)
    return answer


def _answer(request: FindingRequest) -> dict[str, Any]:
    if request.operation in (Operation.NEW_EVIDENCE, Operation.LATE_CHANGE):
        take = take_late_change if request.operation is Operation.LATE_CHANGE else look_again
        look = take()(request)
        metrics.add_metric("IncidentReopened", "Count", int(look.reopened))
        return look.document()
    if not request.incident_id:
        return {"incidents": list(reconsider().newest(request.function_name))}
    findings = reconsider()(request)
    if request.operation in METRICS:
        metrics.add_metric(METRICS[request.operation], "Count", 1)
    return findings.document()
