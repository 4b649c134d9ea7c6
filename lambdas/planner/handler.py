"""DetermineAction: picks the repair or its next rung, within guardrails and the owner's policy."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from auto_repair.bootstrap.planner import determine_action
from auto_repair.contracts.documents import decode, encode
from auto_repair.domain.case import Case
from auto_repair.observability import logger, metrics


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], _context: LambdaContext) -> Any:
    """The plan."""
    case = decode(Case, event["case"])
    plan = determine_action()(case)
    logger.info("action determined", incident=case.incident.id, decision=plan.decision.value)
    metrics.add_metric("ActionDetermined", "Count", 1)
    return encode(plan)
