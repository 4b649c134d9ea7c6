"""ParseAlarmEvent: validates the event and opens, joins or rejects its incident."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from auto_repair.bootstrap.coordinator import parse_alarm_event
from auto_repair.contracts.documents import encode
from auto_repair.domain.timestamps import parse
from auto_repair.observability import logger, metrics


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """The state document of a new execution: `{"incident": …}`."""
    incident = parse_alarm_event()(event["event"], event["execution_arn"], parse(event["started_at"]))
    logger.info("incident parsed", incident=incident.id, disposition=incident.disposition.value)
    metrics.add_metric(f"Incident{incident.disposition.value.capitalize()}", "Count", 1)
    return {"incident": encode(incident)}
