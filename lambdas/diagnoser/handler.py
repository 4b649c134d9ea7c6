"""DiagnoseIssue: matches failure modes against the evidence and ranks the hypotheses."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from auto_repair.bootstrap.diagnoser import diagnose_issue
from auto_repair.contracts.documents import decode, encode
from auto_repair.domain.case import Case
from auto_repair.observability import logger, metrics


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], _context: LambdaContext) -> Any:
    """The diagnosis."""
    case = decode(Case, event["case"])
    diagnosis = diagnose_issue()(case)
    logger.info("issue diagnosed", incident=case.incident.id, verdict=diagnosis.verdict.value)
    metrics.add_metric("IssueDiagnosed", "Count", 1)
    return encode(diagnosis)
