"""CollectMetricsAndLogs and LookAround: gather the evidence of an incident and store it."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from auto_repair.bootstrap.collector import collect_metrics_and_logs, widen_evidence
from auto_repair.contracts.documents import decode, encode
from auto_repair.domain.case import Case
from auto_repair.observability import logger, metrics


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], _context: LambdaContext) -> Any:
    """Where the evidence lies and what is missing from it."""
    case = decode(Case, event["case"])
    if event["operation"] == "look_around":
        reference = widen_evidence(case.incident.id)(case)
    else:
        reference = collect_metrics_and_logs(case.incident.id)(case, attempt=event["attempt"])
    logger.info("evidence collected", incident=case.incident.id, missing=list(reference.missing))
    metrics.add_metric("EvidenceSourceMissed", "Count", len(reference.missing))
    return encode(reference)
