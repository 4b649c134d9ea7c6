"""What people say about the findings of an incident, and what is left of a diagnosis after it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from auto_repair.domain.diagnosis import Diagnosis, Hypothesis, Inquiry, Reason, Verdict

MAX_TEXT = 400  # of the sentence that tells of one answer


class Say(StrEnum):
    """What can be said about a finding."""

    ACCEPT = "accept"
    DECLINE = "decline"


@dataclass(frozen=True)
class Answer:
    """One person's word about one finding; a later one about the same finding replaces it."""

    finding: str  # id of the hypothesis
    say: Say
    by: str
    at: str  # ISO 8601 UTC
    comment: str = ""

    @property
    def text(self) -> str:
        """`ruled out by ada on 2026-01-31 12:00 UTC (“the code did not change”)`."""
        when = f"{self.at[:10]} {self.at[11:16]} UTC"
        comment = f" (“{self.comment}”)" if self.comment else ""
        return f"{self.said} by {self.by} on {when}{comment}"[:MAX_TEXT]

    @property
    def said(self) -> str:
        """`confirmed` or `ruled out`."""
        return {Say.ACCEPT: "confirmed", Say.DECLINE: "ruled out"}[self.say]


@dataclass(frozen=True)
class Reopening:
    """Evidence that arrived after the end changed the verdict.

    `before` and `after` are ids of findings, empty where none was held responsible.
    """

    at: datetime
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Answered:
    """A diagnosis as people's answers leave it, and the answers."""

    diagnosis: Diagnosis | None
    answers: tuple[Answer, ...] = ()


def accepted(answers: Sequence[Answer]) -> str:
    """The finding that people confirmed, the last one where they confirmed several; else empty."""
    said = [answer for answer in answers if answer.say is Say.ACCEPT]
    return max(said, key=lambda answer: answer.at).finding if said else ""


def declined(answers: Sequence[Answer]) -> tuple[str, ...]:
    """The findings that people ruled out."""
    return tuple(sorted(answer.finding for answer in answers if answer.say is Say.DECLINE))


def heard(diagnosis: Diagnosis, answers: Sequence[Answer]) -> Diagnosis:
    """The diagnosis with what people said in its summary, and the confirmed cause first.

    Its confidence stays what the evidence makes it: a person's word stands beside it, not in it.
    """
    confirmed = next((a for a in answers if a.finding == accepted(answers) and a.say is Say.ACCEPT), None)
    told = [f"Cause {a.finding} was {a.text}." for a in answers]
    cause = next((h for h in diagnosis.answerable if confirmed and h.id == confirmed.finding), None)
    if confirmed and cause:
        diagnosis = _led_by(diagnosis, cause, confirmed)
    return replace(diagnosis, summary=" ".join([diagnosis.summary, *told]))


def _led_by(diagnosis: Diagnosis, cause: Hypothesis, answer: Answer) -> Diagnosis:
    because = (Reason(answer.text), *cause.because)
    others = tuple(h for h in diagnosis.hypotheses if h.id != cause.id)
    summary = f"{cause.title}: {cause.because[0].text}." if cause.because else f"{cause.title}."
    return replace(
        diagnosis,
        verdict=Verdict.ROOT_CAUSE_FOUND,
        summary=summary,
        hypotheses=(replace(cause, because=because), *others),
        look_around=False,
        inquiry=_without(diagnosis.inquiry, cause),
    )


def _without(inquiry: Inquiry | None, cause: Hypothesis) -> Inquiry | None:
    """A lead that a person confirmed is one no more."""
    return inquiry and replace(inquiry, leads=tuple(h for h in inquiry.leads if h.id != cause.id))
