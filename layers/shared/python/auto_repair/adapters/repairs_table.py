"""The repairs table: what was planned, done, verified and taken back, by function and time."""

from collections import Counter
from datetime import timedelta
from itertools import islice
from typing import Any

import msgspec

from auto_repair.adapters.dynamodb_items import to_item
from auto_repair.adapters.history_table import HistoryTable
from auto_repair.domain.incident import Incident
from auto_repair.domain.repair import Attempt, Change, Setting, SettingChange
from auto_repair.domain.timestamps import iso

# The operators' contract: previousMemory, newMemory, …
_NAMES = {
    Setting.MEMORY_MB: "Memory",
    Setting.TIMEOUT_S: "Timeout",
    Setting.RESERVED_CONCURRENCY: "Concurrency",
    Setting.VISIBILITY_TIMEOUT_S: "VisibilityTimeout",
}
_RECORD = "changeRecord"  # the change as data; `change` holds it in words
# A document that is cut cannot be restored. AWS bounds policies, so that the item stays small enough.
_WHOLE = (_RECORD, "previousConfig", "newConfig")
_MOMENTS = ("changedAt", "verifiedAt", "endedAt")
_SKEW = timedelta(days=1)


class RepairsTable:
    """Writes and reads repairs."""

    def __init__(self, history: HistoryTable, executed_by: str) -> None:
        self._history = history
        self._executed_by = executed_by

    def record(self, incident: Incident, executed_at: str, facts: dict[str, Any]) -> None:
        """Create or complete the item. A `change` among the facts is also spelled out by setting."""
        change = facts.get("change")
        spelled = attributes_of(change) if isinstance(change, Change) else {}
        self._history.record(
            incident.function_name,
            executed_at,
            {"incidentId": incident.id, **facts, **spelled},
            once={"executedBy": self._executed_by},
            whole=_WHOLE,
        )

    def attempts(self, function_name: str, limit: int) -> list[Attempt]:
        """Earlier repairs that had a change, newest first."""
        items = self._history.query(function_name, newest_first=True)
        return list(islice((_attempt(item) for item in items if _RECORD in item), limit))

    def repairs_of(self, incident: Incident) -> list[dict[str, Any]]:
        """The incident's items as they stand, oldest first."""
        items = self._history.query(
            incident.function_name,
            newest_first=False,
            since=iso(incident.opened_at - _SKEW),
            FilterExpression="incidentId = :incident",
            ExpressionAttributeValues=to_item({":incident": incident.id}),
        )
        return [{name: value for name, value in item.items() if name != _RECORD} for item in items]


def attributes_of(change: Change) -> dict[str, Any]:
    """The change as the table shows it: in words, as maps, and each number as an attribute of its own."""
    spelled: dict[str, Any] = {"change": str(change), _RECORD: msgspec.to_builtins(change)}
    several = Counter(s.setting for s in change.settings)
    for side, name in (("before", "previous"), ("after", "new")):
        values = {_key(s, several): getattr(s, side) for s in change.settings}
        spelled[f"{name}Config"] = values
        spelled |= {
            f"{name}{_NAMES[s.setting]}": getattr(s, side)
            for s in change.settings
            if s.setting in _NAMES and several[s.setting] == 1 and getattr(s, side) is not None
        }
    return spelled


def _key(setting: SettingChange, several: Counter[Setting]) -> str:
    if several[setting.setting] == 1:
        return setting.setting.value
    return f"{setting.setting.value} of {setting.resource.rsplit(':', 1)[-1]}"


def _attempt(item: dict[str, Any]) -> Attempt:
    return Attempt(
        incident_id=item["incidentId"],
        executed_at=item["executedAt"],
        repair=item.get("action", ""),
        status=item.get("status", ""),
        change=msgspec.convert(item[_RECORD], Change),
        started="startedAt" in item and not item.get("nothingWritten"),
        ended_at=max(str(item.get(name, "")) for name in _MOMENTS),
        changed_at=str(item.get("changedAt", "")),
    )
