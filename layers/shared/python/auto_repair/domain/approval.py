"""A person's answer to a plan that asks. Anything but a clear yes is a no."""

from dataclasses import dataclass
from typing import Any

EXPIRED = {"decision": "expired"}


@dataclass(frozen=True)
class Approval:
    """The answer and who gave it, as they said themselves (CloudTrail holds the proof)."""

    approved: bool
    decision: str  # approve, reject, expired, unclear
    answered_by: str = "unknown"
    comment: str = ""


def read(answer: Any) -> Approval:
    """Understand the task output `{"decision": "approve"|"reject", "answeredBy": "…", "comment": "…"}`."""
    if not isinstance(answer, dict):
        return Approval(
            False, "unclear", comment=f"expected an object with 'decision', got {str(answer)[:80]!r}"
        )
    said = answer.get("decision")
    who = str(answer.get("answeredBy") or "unknown")[:256]
    comment = str(answer.get("comment") or "")[:1000]
    if said == "approve":  # letter for letter, as the workflow's own choice compares it
        return Approval(True, "approve", who, comment)
    word = str(said).strip().lower()
    if word in ("reject", "expired"):
        return Approval(False, word, who, comment)
    problem = f"'decision' is exactly approve or reject, got {str(said)[:40]!r}"
    return Approval(False, "unclear", who, f"{comment} ({problem})" if comment else problem)
