"""A past incident that looked like the present one, as a diagnosis keeps it and a report tells it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Precedent:
    """One past incident. `similarity` is 0..1; `agree` and `differ` say in words what that rests on.

    `cause` and `declined` are ids of hypotheses; `cause` is empty when nobody knows it. `known_by` tells how
    it is known, `ending` what became of the repair, empty where none was made.
    """

    incident_id: str
    function_name: str
    at: datetime
    similarity: float
    cause: str = ""
    known_by: str = ""
    declined: tuple[str, ...] = ()  # causes that a person ruled out
    repair: str = ""
    ending: str = ""
    agree: tuple[str, ...] = ()
    differ: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """`94 % like incident X of 3 May 2026, cause Y (as a person confirmed), repaired by Z, held`."""
        return f"{self.likeness} like incident {self.incident_id} of {self.day}, {self.outcome}"

    @property
    def outcome(self) -> str:
        """`cause Y (as a person confirmed), repaired by Z, held`."""
        known = f"cause {self.cause} ({self.known_by})" if self.cause else "cause unknown"
        ruled_out = f", not {' or '.join(self.declined)} as a person said" if self.declined else ""
        repaired = f", repaired by {self.repair}, {self.ending}" if self.repair and self.ending else ""
        return f"{known}{ruled_out}{repaired}"

    @property
    def likeness(self) -> str:
        """`94 %`."""
        return f"{self.similarity:.0%}".replace("%", " %")

    @property
    def day(self) -> str:
        """`3 May 2026`."""
        return f"{self.at.day} {self.at:%B %Y}"
