"""What every piece of evidence has in common: the span of time, the query, the value, and what is missing."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Window:
    """A half-open span of time, UTC."""

    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return (self.end - self.start).total_seconds()

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end


@dataclass(frozen=True)
class EvidenceItem:
    """One citable observation. `id` is unique within an incident, such as `metrics.errors`."""

    id: str
    source: str
    query: str
    window: Window
    observed: str
    baseline: str = ""
    link: str = ""


@dataclass(frozen=True)
class MissingEvidence:
    """A source that gave nothing or not all, and why. It lowers confidence and is said aloud."""

    source: str
    reason: str
    partly: bool = False  # it was read, and not to its end: what was found says nothing about the rest
