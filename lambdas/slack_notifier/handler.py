"""Forwards the topic's messages to a Slack channel. Subscribed only where a webhook is configured."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from auto_repair.adapters.slack_webhook import slack_webhook
from auto_repair.observability import logger, metrics


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    """Send every record; an error is raised so that SNS delivers again."""
    for record in event["Records"]:
        message = record["Sns"]
        slack_webhook().send(message.get("Subject") or "Lambda Auto-Repair", message["Message"])
        metrics.add_metric("SlackMessageSent", "Count", 1)
