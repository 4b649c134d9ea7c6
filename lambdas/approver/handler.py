"""AwaitApproval: asks a person; Step Functions waits for the answer."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from auto_repair.bootstrap.approver import await_approval
from auto_repair.contracts.documents import decode
from auto_repair.domain.case import Case
from auto_repair.observability import logger, metrics


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, str]:
    """The id of the message that was sent."""
    case = decode(Case, event["case"])
    message_id = await_approval()(case, event["task_token"])
    logger.info("approval asked", incident=case.incident.id, message_id=message_id)
    metrics.add_metric("ApprovalAsked", "Count", 1)
    return {"message_id": message_id}
