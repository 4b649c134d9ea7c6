"""One item of the repairs table, read leniently: reports are also written for records of older releases."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from auto_repair.domain.repair import DOCUMENTS, LABELS, Setting
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
    outcome: str = ""
    verdict: str = ""
    previous: dict[str, str] = field(default_factory=dict)
    new: dict[str, str] = field(default_factory=dict)
    steps: tuple[str, ...] = ()
    answer: str = ""  # approve, reject, expired, unclear
    answered_by: str = ""
    comment: str = ""
    asked_at: datetime | None = None
    answered_at: datetime | None = None
    started_at: datetime | None = None  # from here on the target may be changed
    changed_at: datetime | None = None
    verified_at: datetime | None = None

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "RepairRecord":
        """Understand an item; what is missing stays empty."""
        approval, steps = item.get("approval"), item.get("steps")
        answer: Mapping[str, Any] = approval if isinstance(approval, Mapping) else {}
        # Carrying out begins, and a rejected plan ends, with the answer.
        next_step = item.get("startedAt") or item.get("endedAt")
        return cls(
            executed_at=_text(item, "executedAt"),
            status=_text(item, "status"),
            action=_text(item, "action"),
            change=_text(item, "change"),
            reason=_text(item, "reason"),
            executed_by=_text(item, "executedBy"),
            outcome=_text(item, "outcome"),
            verdict=_text(item, "verdict"),
            previous=_configuration(item.get("previousConfig")),
            new=_configuration(item.get("newConfig")),
            steps=tuple(str(step) for step in steps) if isinstance(steps, list | tuple) else (),
            answer=_text(answer, "decision"),
            answered_by=_text(answer, "answeredBy"),
            comment=_text(answer, "comment"),
            asked_at=parsed(item.get("askedAt")),
            answered_at=parsed(answer.get("answeredAt") or (next_step if answer else None)),
            started_at=parsed(item.get("startedAt")),
            changed_at=parsed(item.get("changedAt")),
            verified_at=parsed(item.get("verifiedAt")),
        )

    @property
    def difference(self) -> str:
        """What was changed, in words: as recorded, else from the configurations."""
        names = list(dict.fromkeys((*self.previous, *self.new)))
        pairs = (
            f"{name}: {self.previous.get(name, 'none')} → {self.new.get(name, 'none')}" for name in names
        )
        return self.change or "; ".join(pairs)


def _text(item: Mapping[str, Any], name: str) -> str:
    return str(item.get(name) or "")


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
    is_text = isinstance(value, str) and name not in DOCUMENTS
    if name in set(Setting) and not is_text and not isinstance(value, Mapping | list):
        return setting_value(Setting(name), value)
    return value if isinstance(value, str) else json.dumps(value, default=str)
