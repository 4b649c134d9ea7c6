"""An EventBridge rule was changed, switched, or given other targets."""

from collections.abc import Iterator

from auto_repair.domain.changes.kind import Effect, Kind, set_to, settings
from auto_repair.domain.changes.resource_ids import rule_id
from auto_repair.domain.changes.trail_record import TrailRecord


def read(record: TrailRecord) -> Iterator[Effect]:
    """Calls about targets say `rule`, calls about the rule itself `name`."""
    rule = rule_id(record.text("eventBusName"), record.text("rule", "name"))
    match record.name:
        case "PutRule":
            asked = settings(record.parameters, "eventPattern", "scheduleExpression", "state")
            yield set_to(rule, "rule", asked)  # what is left out is not kept
        case "EnableRule" | "DisableRule":
            state = "ENABLED" if record.name == "EnableRule" else "DISABLED"
            yield set_to(rule, "rule", {"state": state}, partial=True)
        case "PutTargets" | "RemoveTargets":
            yield Effect(rule, "targets", _targets(record))
        case "DeleteRule":
            yield Effect(rule, "rule", ends=True)


def _targets(record: TrailRecord) -> str:
    """The targets' ARNs, or the ids of those taken away; what they are sent stays out."""
    listed = record.parameters.get("targets") or record.parameters.get("ids")
    entries = listed if isinstance(listed, list) else []
    return ", ".join(str(e.get("arn", "")) if isinstance(e, dict) else str(e) for e in entries)


KIND = Kind(
    "events", ("PutRule", "EnableRule", "DisableRule", "DeleteRule", "PutTargets", "RemoveTargets"), read
)
