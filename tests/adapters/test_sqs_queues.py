"""Queues are read and changed by the ARN that event source mappings name."""

import pytest

from auto_repair.adapters.clients import Clients
from auto_repair.adapters.sqs_queues import SqsQueues
from auto_repair.domain.errors import ResourceMissing

ARN = "arn:aws:sqs:us-east-1:123456789012:orders"


def test_visibility_timeout_is_read_and_set(clients: Clients) -> None:
    clients.client("sqs").create_queue(QueueName="orders", Attributes={"VisibilityTimeout": "30"})
    queues = SqsQueues(clients)
    assert queues.visibility_timeout(ARN) == 30
    queues.set_visibility_timeout(ARN, 180)
    assert queues.visibility_timeout(ARN) == 180


def test_missing_queue_says_so(clients: Clients) -> None:
    with pytest.raises(ResourceMissing):
        SqsQueues(clients).visibility_timeout(ARN)
