"""An incident as the tables hold it, for those who come back to it later."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from auto_repair.domain.answers import Answer
from auto_repair.domain.incident import Incident


@dataclass(frozen=True)
class IncidentRecord:
    """`incident` holds what identifies it and no more; `diagnosis` is its item of the diagnosis table."""

    incident: Incident
    status: str  # OPEN, JOINED, or how it ended
    diagnosis: Mapping[str, Any] = field(default_factory=dict)
    answers: tuple[Answer, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether the workflow is still at it."""
        return self.status == "OPEN"

    @property
    def executed_at(self) -> str:
        """The sort key of its item."""
        return str(self.diagnosis.get("executedAt", ""))

    @property
    def evidence_ref(self) -> str:
        """Where the evidence lies that its ranking rests on; empty before the diagnosis."""
        return str(self.diagnosis.get("evidenceRef", ""))

    @property
    def findings(self) -> tuple[str, ...]:
        """The ids of everything that was held possible, likeliest first, then what people spoke about."""
        reconsidered = self.diagnosis.get("reconsidered", {})
        ranked = (*reconsidered.get("hypotheses", ()), *self.diagnosis.get("hypotheses", ()))
        ids = [str(h["id"]) for h in ranked] + [answer.finding for answer in self.answers]
        return tuple(dict.fromkeys(ids))
