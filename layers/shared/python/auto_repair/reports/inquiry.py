"""What the look around an alarm came to where it named no cause: what was looked at, why that is not enough,
and the leads that are left."""

from dataclasses import dataclass

from auto_repair.domain.diagnosis import Diagnosis, InquiryOutcome, Verdict
from auto_repair.domain.surroundings import Surroundings
from auto_repair.reports.escaping import one_line
from auto_repair.reports.incident_report import IncidentReport
from auto_repair.reports.wording import count, listed, moment

MOST_NAMED = 8
LEADS = "Leads, not causes: too little speaks for them"

_OUTCOMES = {
    Verdict.CANNOT_TELL: {
        InquiryOutcome.CANNOT_TELL: "What was seen around {} is not enough to name a cause.",
        InquiryOutcome.NO_INCIDENT: "Nothing out of the ordinary was seen around {}.",
        InquiryOutcome.INCIDENT: "Something is wrong around {}, and no resource stands out as its cause.",
    },
    Verdict.ROOT_CAUSE_FOUND: {
        InquiryOutcome.CANNOT_TELL: "Whether anything else around {} has a part in it cannot be told.",
        InquiryOutcome.NO_INCIDENT: "Nothing else out of the ordinary was seen around {}.",
    },
    Verdict.NOTHING_WRONG: {
        InquiryOutcome.NO_INCIDENT: "Nothing out of the ordinary was seen around {}.",
    },
}


@dataclass(frozen=True)
class InquiryInWords:
    """`outcome` is a sentence, `reasons` say why there is no more to it, `looked_at` what was looked at."""

    title: str
    outcome: str
    reasons: tuple[str, ...]
    looked_at: tuple[str, ...]

    @property
    def in_short(self) -> str:
        """The outcome with its reasons, in one sentence."""
        return f"{self.outcome.rstrip('.')}: {'; '.join(self.reasons)}." if self.reasons else self.outcome


def inquiry(report: IncidentReport) -> InquiryInWords | None:
    """In words; None where nobody looked around, or where the cause that was found there says it all."""
    around, diagnosis = report.surroundings, report.diagnosis
    outcome = _outcome(diagnosis)
    if around is None or diagnosis is None or diagnosis.inquiry is None or not outcome:
        return None
    name = one_line(report.named(around.scope.symptom.resource), 160)
    reasons = tuple(one_line(reason).rstrip(".") for reason in diagnosis.inquiry.reasons)
    return InquiryInWords(f"The look around {name}", outcome.format(name), reasons, _looked_at(around))


def _outcome(diagnosis: Diagnosis | None) -> str:
    held = diagnosis.inquiry if diagnosis else None
    return _OUTCOMES[diagnosis.verdict].get(held.outcome, "") if diagnosis and held else ""


def _looked_at(around: Surroundings) -> tuple[str, ...]:
    scope = around.scope
    measured = [s for s in around.series if s.times]
    unmeasured = [r for r in scope.resources if r.id not in {s.resource for s in measured}]
    names = listed([one_line(r, 120) for r in unmeasured], MOST_NAMED)
    traced = sum(s.traced for s in around.signatures)
    seen = (
        count(len(measured), "metric"),
        count(len(around.changes), "change"),
        count(len(around.signatures) - traced, "log message"),
        *([count(traced, "failure") + " in traces"] if traced else ()),
    )
    known = (
        f"{count(len(scope.resources), 'resource')}: {listed(seen)}",
        f"from {moment(scope.window.start)} to {moment(scope.window.end)}, compared with "
        f"{moment(scope.reference.start)} to {moment(scope.reference.end)}",
        f"no metric was read of {names}" if names else "",
    )
    return tuple(filter(None, known))
