"""AWS/SQS metrics of existing queues, written once per minute of the scaled clock."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import cloudwatch, sqs

from local.cloudwatch.periods import real_seconds

logger = logging.getLogger("sqs")

_COUNTERS = {
    "ApproximateNumberOfMessages": "ApproximateNumberOfMessagesVisible",
    "ApproximateNumberOfMessagesNotVisible": "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed": "ApproximateNumberOfMessagesDelayed",
}


def install() -> None:
    threading.Thread(target=_measure_for_ever, name="sqs-metrics", daemon=True).start()


def _measure_for_ever() -> None:
    while True:
        time.sleep(real_seconds(60))
        for (account, region, _), queue in list(sqs._queues._data.items()):
            with request_scope(account, region):
                try:
                    _measure(queue)
                except Exception:
                    logger.exception("A queue could not be measured")


def _measure(queue: dict[str, Any]) -> None:
    sqs._refresh_counts(queue)
    attributes: Mapping[str, str] = queue["attributes"]
    dimensions = {"QueueName": attributes["QueueArn"].rpartition(":")[2]}
    for attribute, metric in _COUNTERS.items():
        cloudwatch.record_metric("AWS/SQS", metric, float(attributes[attribute]), "Count", dimensions)
    now = time.time()
    oldest = min((message.get("sent_at", now) for message in queue["messages"]), default=now)
    cloudwatch.record_metric("AWS/SQS", "ApproximateAgeOfOldestMessage", now - oldest, "Seconds", dimensions)
