"""A queue's settings, its policy among them."""

from collections.abc import Iterator

from auto_repair.domain.changes.kind import Effect, Kind, document, policy_words, set_to, settings
from auto_repair.domain.changes.resource_ids import queue_id
from auto_repair.domain.changes.trail_record import TrailRecord


def read(record: TrailRecord) -> Iterator[Effect]:
    """Only the attributes that were given; an empty policy takes the policy away."""
    queue = queue_id(record.text("queueUrl"))
    given = record.parameters.get("attributes")
    attributes = dict(given) if isinstance(given, dict) else {}
    match record.name:
        case "SetQueueAttributes":
            if "Policy" in attributes:
                policy = document(attributes.pop("Policy"))
                yield Effect(queue, "policy", policy_words(policy) if policy else "", policy, ends=not policy)
            if attributes:
                yield set_to(queue, "attributes", settings(attributes), partial=True)
        case "AddPermission" | "RemovePermission":
            yield Effect(queue, "statements", record.text("label"))
        case "PurgeQueue":
            yield Effect(queue, "messages", "all messages deleted")
        case "DeleteQueue":
            yield Effect(queue, "queue", ends=True)


KIND = Kind(
    "sqs", ("SetQueueAttributes", "AddPermission", "RemovePermission", "PurgeQueue", "DeleteQueue"), read
)
