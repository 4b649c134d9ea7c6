"""ExecuteRepair and RollBackRepair: the only function that may change a target."""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from auto_repair.bootstrap.executor import execute_repair, roll_back_repair
from auto_repair.contracts.documents import decode, encode
from auto_repair.domain.case import Case
from auto_repair.domain.repair_progress import Progress, ProgressStatus
from auto_repair.observability import logger, metrics

OPERATIONS: dict[str, tuple[Callable[[], Callable[[Case], Progress]], str]] = {
    "apply": (execute_repair, "RepairApplied"),
    "roll_back": (roll_back_repair, "RepairRolledBack"),
}


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], _context: LambdaContext) -> Any:
    """How far the change, or its rollback, has come."""
    case = decode(Case, event["case"])
    operation, metric = OPERATIONS[event["operation"]]
    progress = operation()(case)
    logger.info(
        "repair advanced",
        incident=case.incident.id,
        operation=event["operation"],
        status=progress.status.value,
    )
    if progress.status is ProgressStatus.DONE:
        metrics.add_metric(metric, "Count", 1)
    return encode(progress)
