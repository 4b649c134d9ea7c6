"""SQS queues that feed a function (`ports.Queues`)."""

from collections.abc import Mapping
from typing import Any

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients

# All that we ever want to know of a queue: whoever asks makes the same request, which is made only once.
ATTRIBUTES = ("KmsMasterKeyId", "MessageRetentionPeriod", "Policy", "RedrivePolicy", "VisibilityTimeout")


class SqsQueues:
    """Queues are named by ARN, as event source mappings name them."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    @property
    def _client(self) -> Any:
        return self._clients.client("sqs")

    def visibility_timeout(self, queue_arn: str) -> int:
        """Seconds for which a received message stays hidden."""
        return int(self.attributes(queue_arn)["VisibilityTimeout"])

    def attributes(self, queue_arn: str) -> Mapping[str, str]:
        """The `ATTRIBUTES` that the queue has."""
        url, names = self._url(queue_arn), list(ATTRIBUTES)
        answer = call(self._client.get_queue_attributes, QueueUrl=url, AttributeNames=names)
        attributes: Mapping[str, str] = answer.get("Attributes", {})
        return attributes

    def set_visibility_timeout(self, queue_arn: str, seconds: int) -> None:
        """Applies to messages received from now on."""
        call(
            self._client.set_queue_attributes,
            QueueUrl=self._url(queue_arn),
            Attributes={"VisibilityTimeout": str(seconds)},
        )

    def _url(self, queue_arn: str) -> str:
        _, _, _, _, account, name = queue_arn.split(":", 5)
        answer = call(self._client.get_queue_url, QueueName=name, QueueOwnerAWSAccountId=account)
        return str(answer["QueueUrl"])
