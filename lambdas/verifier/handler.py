"""VerifyRepair: compares the function since the change with the function before."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from auto_repair.bootstrap.verifier import verify_repair
from auto_repair.contracts.documents import decode, encode
from auto_repair.domain.case import Case
from auto_repair.domain.verification import NextStep
from auto_repair.observability import logger, metrics


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], _context: LambdaContext) -> Any:
    """The verification."""
    case = decode(Case, event["case"])
    verification = verify_repair()(case)
    logger.info(
        "repair looked at",
        incident=case.incident.id,
        outcome=verification.outcome.value,
        next_step=verification.next_step.value,
    )
    if verification.next_step is NextStep.FINISH:
        metrics.add_metric("RepairVerified", "Count", 1)
    return encode(verification)
