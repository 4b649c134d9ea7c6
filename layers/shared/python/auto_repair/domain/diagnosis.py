"""Findings, hypotheses and the diagnosis."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from auto_repair.domain.counsel import Counsel
from auto_repair.domain.evidence import Evidence
from auto_repair.domain.precedents import Precedent

if TYPE_CHECKING:
    from auto_repair.domain.repair import Repair


@dataclass(frozen=True)
class Reason:
    """One argument, with the ids of the evidence items that it rests on."""

    text: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """One failure mode's match. `confidence` is the share of such matches that are right, 0..1.

    `resource`: id of the resource at fault, where that is not the function itself.
    """

    confidence: float
    because: tuple[Reason, ...]
    against: tuple[Reason, ...] = ()
    advice: str = ""  # what a person should do, where no repair is right
    repairable: bool = True
    resource: str = ""


@dataclass(frozen=True)
class FailureMode:
    """A recognisable way to fail: a pure detector, and the repair that cures it, if one does.

    `is_symptom`: what it finds may itself be the effect of a cause in another resource.
    """

    name: str
    title: str
    detect: Callable[[Evidence], Finding | None]
    repair: "Repair | None" = None
    is_symptom: bool = False


@dataclass(frozen=True)
class Hypothesis:
    """A cause held possible in one incident, with what speaks for and against it.

    `resource`: id of the resource at fault, empty for the function itself. `path`: ids from there to the
    alarm. `since`: when it began to work, where that is known.
    """

    failure_mode: str
    title: str
    confidence: float
    because: tuple[Reason, ...]
    against: tuple[Reason, ...] = ()
    repair: str | None = None
    advice: str = ""
    resource: str = ""
    path: tuple[str, ...] = ()
    since: datetime | None = None

    @property
    def id(self) -> str:
        """What people accept or decline: the failure mode, and the resource where it is another one."""
        return f"{self.failure_mode}@{self.resource}" if self.resource else self.failure_mode


class Verdict(StrEnum):
    """What the diagnosis came to."""

    ROOT_CAUSE_FOUND = "ROOT_CAUSE_FOUND"
    NOTHING_WRONG = "NOTHING_WRONG"
    CANNOT_TELL = "CANNOT_TELL"


class InquiryOutcome(StrEnum):
    """What the look at everything around an alarm came to; the root-cause engine's outcomes by name."""

    INCIDENT = "incident"
    NO_INCIDENT = "no_incident"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True)
class Inquiry:
    """What was made of everything observed around an alarm.

    `probability`, 0..1: of an incident in it. `reasons`: why it names no cause. `leads`: where a person may
    look all the same, the likeliest first; too weak to be causes, and never repaired.
    """

    outcome: InquiryOutcome
    probability: float = 0.0
    reasons: tuple[str, ...] = ()
    leads: tuple[Hypothesis, ...] = ()


@dataclass(frozen=True)
class Diagnosis:
    """The ranked outcome, likeliest first. `summary` is one sentence for a person.

    `at` is when it was made, `similar` the past incidents that were heard, the likest first. `inquiry` is
    None where nobody looked around, and in diagnoses of before it was kept.
    """

    verdict: Verdict
    summary: str
    hypotheses: tuple[Hypothesis, ...] = ()
    missing: tuple[str, ...] = ()
    look_around: bool = False  # the function's own evidence leaves open why: its surroundings may tell
    needs_person: str = ""  # why a person must agree to any repair; empty: not needed
    at: datetime | None = None
    similar: tuple[Precedent, ...] = ()
    counsel: Counsel | None = None  # of a model, where one was asked
    inquiry: Inquiry | None = None

    @property
    def root_cause(self) -> Hypothesis | None:
        """The hypothesis held responsible, if the verdict names one."""
        return self.hypotheses[0] if self.verdict is Verdict.ROOT_CAUSE_FOUND else None

    @property
    def leads(self) -> tuple[Hypothesis, ...]:
        """Too weak to be causes; a person may follow them."""
        return self.inquiry.leads if self.inquiry else ()

    @property
    def answerable(self) -> tuple[Hypothesis, ...]:
        """All that a person may confirm or rule out."""
        return (*self.hypotheses, *self.leads)
