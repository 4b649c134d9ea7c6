"""One item of the repairs table, read leniently: reports are also written for records of older releases."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from auto_repair.domain.repair import LABELS, Setting
from auto_repair.reports.wording import parsed, setting_value


@dataclass(frozen=True)
class RepairRecord:
    """What the table holds about one attempt. Configurations are shown by label and value."""

    executed_at: str = ""
    status: str = ""
    action: str = ""
    change: str = ""
    reason: str = ""
    executed_by: str = ""
    previous: dict[str, str] = field(default_factory=dict)
    new: dict[str, str] = field(default_factory=dict)
    answer: str = ""  # approve, reject, expired, unclear
    answered_by: str = ""
    answered_at: datetime | None = None
    comment: str = ""
    changed_at: datetime | None = None

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "RepairRecord":
        """Understand an item; what is missing stays empty."""
        approval = item.get("approval")
        answer: Mapping[str, Any] = approval if isinstance(approval, Mapping) else {}
        return cls(
            executed_at=str(item.get("executedAt") or ""),
            status=str(item.get("status") or ""),
            action=str(item.get("action") or ""),
            change=str(item.get("change") or ""),
            reason=str(item.get("reason") or ""),
            executed_by=str(item.get("executedBy") or ""),
            previous=_configuration(item.get("previousConfig")),
            new=_configuration(item.get("newConfig")),
            answer=str(answer.get("decision") or ""),
            answered_by=str(answer.get("answeredBy") or ""),
            answered_at=parsed(answer.get("answeredAt")),
            comment=str(answer.get("comment") or ""),
            changed_at=parsed(item.get("changedAt")),
        )

    @property
    def difference(self) -> str:
        """What was changed, in words: as recorded, else from the configurations."""
        names = list(dict.fromkeys((*self.previous, *self.new)))
        pairs = (
            f"{name}: {self.previous.get(name, 'none')} → {self.new.get(name, 'none')}" for name in names
        )
        return self.change or "; ".join(pairs)


def _configuration(stored: Any) -> dict[str, str]:
    if isinstance(stored, str):
        try:
            stored = json.loads(stored)
        except ValueError:
            return {"configuration": stored} if stored else {}
    return {_label(k): _value(k, v) for k, v in stored.items()} if isinstance(stored, Mapping) else {}


def _label(name: Any) -> str:
    return LABELS[Setting(name)] if name in set(Setting) else str(name)


def _value(name: Any, value: Any) -> str:
    if name in set(Setting) and not isinstance(value, (str, Mapping, list)):
        return setting_value(Setting(name), value)
    return value if isinstance(value, str) else json.dumps(value, default=str)
