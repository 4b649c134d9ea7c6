"""What a person can look at next where nobody can tell the cause, the most promising first."""

from collections.abc import Iterator

from auto_repair.domain.diagnosis import Hypothesis
from auto_repair.domain.surroundings import CLOCKS, ResourceChange
from auto_repair.reports.culprit import culprit
from auto_repair.reports.escaping import one_line
from auto_repair.reports.incident_report import IncidentReport
from auto_repair.reports.make_commands import make
from auto_repair.reports.statements import sentence
from auto_repair.reports.wording import confidence, count, moment

MOST_LEADS = 3
MOST_CHANGES = 3


def follow_leads(report: IncidentReport) -> list[str]:
    """What speaks most for a cause, what the log says most, what else was changed, and how to look again."""
    if report.diagnosis is None:
        return []
    unsure = [("Check whether it is", h) for h in report.diagnosis.hypotheses]
    unsure += [("Follow this lead, which is no cause yet:", h) for h in report.diagnosis.leads]
    return [
        *(f"{order} {_in_brief(h)}" for order, h in unsure[:MOST_LEADS]),
        *_frequent_error(report),
        *_other_changes(report),
        _look_again(report),
        *_tell(report),
    ]


def _in_brief(hypothesis: Hypothesis) -> str:
    because = f" {sentence(hypothesis.because[0].text)}" if hypothesis.because else ""
    return f"{one_line(hypothesis.title, 200)}, {confidence(hypothesis.confidence)}.{because}"


def _frequent_error(report: IncidentReport) -> Iterator[str]:
    known = report.evidence_before.signatures if report.evidence_before else ()
    if not known:
        return
    most = max(known, key=lambda signature: signature.count)
    name, said = one_line(report.subject, 100), one_line(most.sample or most.template, 300)
    often = f"{count(most.count, 'time')} since {moment(most.first_seen)}"
    yield f"Read the most frequent error in the log of {name}: {often}, {said.rstrip('.')}."


def _other_changes(report: IncidentReport) -> Iterator[str]:
    """The last changes before the alarm that no hypothesis and no lead rests on."""
    around, diagnosis = report.surroundings, report.diagnosis
    if around is None or diagnosis is None:
        return
    told_already = [culprit(h, around) for h in diagnosis.answerable]
    until = around.scope.symptom.at + CLOCKS
    known = [c for c in around.changes if not c.ours and c.at <= until and c not in told_already]
    if known:
        told = "; ".join(_changed(change, report) for change in reversed(known[-MOST_CHANGES:]))
        yield f"See whether one of the last changes before it has a part in it: {told}."


def _changed(change: ResourceChange, report: IncidentReport) -> str:
    where = one_line(report.named(change.resource), 120)
    by = one_line(change.actor, 120) or "somebody unknown"
    return f"{one_line(change.action, 80)} on {where} at {moment(change.at)} by {by}"


def _look_again(report: IncidentReport) -> str:
    incident, harmed = report.incident, report.impact.since if report.impact else None
    since = f"{incident.since or harmed or incident.started_at:%Y-%m-%dT%H:%M:%SZ}"
    # The function may be well where the alarm is on what stands before it: look where it hurts.
    command = make("investigate", TARGET=incident.target, SINCE=since, ENV=report.environment)
    return f"If it goes on, look again once more is measured: {command}"


def _tell(report: IncidentReport) -> Iterator[str]:
    """How a lead that proved right is confirmed; a finding is confirmed as any other."""
    for lead in (report.diagnosis.leads if report.diagnosis else ())[:1]:
        command = make("findings", INCIDENT=report.incident.id, ACCEPT=lead.id, ENV=report.environment)
        yield f"If that lead proves right, say so, for later incidents are compared with it: {command}"
