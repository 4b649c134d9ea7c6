"""A table's capacity, billing, indexes and policy."""

from collections.abc import Iterator

from auto_repair.domain.changes.kind import Effect, Kind, document, policy_words, set_to, settings
from auto_repair.domain.changes.resource_ids import id_of
from auto_repair.domain.changes.trail_record import TrailRecord

_SETTINGS = (
    "billingMode",
    "provisionedThroughput",
    "onDemandThroughput",
    "globalSecondaryIndexUpdates",
    "streamSpecification",
    "sSESpecification",
    "tableClass",
    "deletionProtectionEnabled",
)


def read(record: TrailRecord) -> Iterator[Effect]:
    """Answers describe the table as it was still being changed: only what was asked for is taken."""
    description = record.answer.get("tableDescription")
    described = description.get("tableName") if isinstance(description, dict) else None
    table = id_of("dynamodb", record.text("tableName", "resourceArn") or str(described or ""))
    match record.name:
        case "UpdateTable":
            yield set_to(table, "table", settings(record.parameters, *_SETTINGS), partial=True)
        case "UpdateTimeToLive":
            yield set_to(table, "time to live", settings(record.parameters, "timeToLiveSpecification"))
        case "PutResourcePolicy":
            policy = document(record.parameters.get("policy"))
            yield Effect(table, "policy", policy_words(policy), policy)
        case "DeleteResourcePolicy":
            yield Effect(table, "policy", ends=True)
        case "DeleteTable":
            yield Effect(table, "table", ends=True)


KIND = Kind(
    "dynamodb",
    ("UpdateTable", "UpdateTimeToLive", "PutResourcePolicy", "DeleteResourcePolicy", "DeleteTable"),
    read,
)
