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
        told = (self.diagnosis.get("reconsidered", {}), self.diagnosis)
        held = [h for facts in told for h in facts.get("hypotheses", ())]
        leads = [h for facts in told for h in (facts.get("inquiry") or {}).get("leads", ())]
        ids = [str(h["id"]) for h in (*held, *leads)] + [answer.finding for answer in self.answers]
        return tuple(dict.fromkeys(ids))
