"""A topic's settings and who is subscribed to it."""

import json
from collections.abc import Iterator

from auto_repair.domain.changes.kind import Effect, Kind, document, policy_words, set_to, settings
from auto_repair.domain.changes.resource_ids import id_of
from auto_repair.domain.changes.trail_record import TrailRecord

_POLICIES = ("Policy", "DataProtectionPolicy")


def read(record: TrailRecord) -> Iterator[Effect]:
    """One attribute at a time; a subscription's ARN names its topic."""
    topic = id_of("sns", record.text("topicArn", "subscriptionArn"))
    name, value = record.text("attributeName"), record.parameters.get("attributeValue", "")
    match record.name:
        case "SetTopicAttributes" if name in _POLICIES:
            policy = document(value)
            yield Effect(topic, f"attribute {name}", policy_words(policy), policy)
        case "SetTopicAttributes":
            yield Effect(topic, f"attribute {name}", name, json.dumps(settings({name: value})))
        case "SetSubscriptionAttributes":
            told = settings({name: value})
            yield set_to(topic, f"subscription {record.text('subscriptionArn')} {name}", told)
        case "Subscribe":
            yield Effect(topic, "subscriptions", f"{record.text('protocol')} {_endpoint(record)}".strip())
        case "Unsubscribe":
            yield Effect(topic, "subscriptions", record.text("subscriptionArn"))
        case "DeleteTopic":
            yield Effect(topic, "topic", ends=True)


def _endpoint(record: TrailRecord) -> str:
    """Where messages go: an ARN; addresses of people are nobody's business."""
    endpoint = record.text("endpoint")
    return endpoint if endpoint.startswith("arn:") else ""


KIND = Kind(
    "sns",
    ("SetTopicAttributes", "SetSubscriptionAttributes", "Subscribe", "Unsubscribe", "DeleteTopic"),
    read,
)
