"""What happened when, from the first deviation to the message that people got."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from auto_repair.domain.answers import Say
from auto_repair.domain.approval import Approval
from auto_repair.domain.evidence import ChangeEvent, Evidence
from auto_repair.domain.incident import Trigger
from auto_repair.domain.plan import Decision
from auto_repair.domain.repair_progress import Progress, ProgressStatus
from auto_repair.domain.surroundings import ResourceChange
from auto_repair.reports import neighbours, statements
from auto_repair.reports.conclusion import Tone
from auto_repair.reports.culprit import culprit
from auto_repair.reports.escaping import one_line
from auto_repair.reports.impact_path import harm
from auto_repair.reports.incident_report import IncidentReport
from auto_repair.reports.repair_record import RepairRecord
from auto_repair.reports.wording import confidence, count, parsed

MOST_CHANGES = 10  # of the function itself, the newest
MOST_MESSAGES = 6  # new log messages
MOST_DEVIATIONS = 20
MOST_JOINED = 10
MOST_ENTRIES = 150  # shown; everything above together, with a long ladder of repairs, stays below


@dataclass(frozen=True)
class Entry:
    """One thing that happened. `at` is None where nobody wrote down the time."""

    at: datetime | None
    what: str
    detail: str = ""
    tone: Tone = Tone.CALM


def timeline(report: IncidentReport) -> tuple[Entry, ...]:
    """All entries in the order of time. One without a time stays behind the one it followed."""
    ordered: list[tuple[datetime, Entry]] = []
    latest = report.incident.started_at
    for entry in _in_order_of_the_workflow(report):
        latest = entry.at or latest
        ordered.append((latest, entry))
    return tuple(entry for _, entry in sorted(ordered, key=lambda pair: pair[0]))


def _in_order_of_the_workflow(report: IncidentReport) -> Iterator[Entry]:
    yield from _changes_around(report)
    yield from _earlier_repairs(report)
    if report.evidence_before:
        yield from _changes(report.evidence_before)
        yield from _first_deviation(report.evidence_before)
    yield from _deviations_around(report)
    yield from _messages_around(report)
    yield from _opening(report)
    yield from _diagnosis(report)
    yield from _attempts(report)
    yield from _verification(report)
    if report.rollback:
        yield from _rollback(report.rollback)
    yield from _ending(report)
    yield from _since_then(report)


def _changes_around(report: IncidentReport) -> Iterator[Entry]:
    """Changes of all resources; the one held responsible stands out."""
    responsible = culprit(report.cause, report.surroundings)
    for change in neighbours.changes(report):
        where = report.named(change.resource)
        detail = " · ".join(filter(None, (change.summary, f"by {_who(change)}")))
        is_cause = change is responsible
        what = f"{'Cause' if is_cause else 'Change'}: {change.action} on {where}"
        yield Entry(change.at, what, detail, Tone.BAD if is_cause else Tone.CALM)


def _who(change: ResourceChange) -> str:
    return "our own repair" if change.ours else change.actor or "somebody unknown"


def _deviations_around(report: IncidentReport) -> Iterator[Entry]:
    """When each resource's own metrics first showed harm."""
    for one in report.deviations[:MOST_DEVIATIONS]:
        yield Entry(one.since, f"First deviation of {report.named(one.resource)}", harm(one), Tone.BAD)


def _messages_around(report: IncidentReport) -> Iterator[Entry]:
    """Messages that were not there before, as far as is known."""
    for message in neighbours.messages(report)[:MOST_MESSAGES]:
        if not message.count_before:
            detail = f"{message.count:,} × {message.template}"
            new = "First" if message.traced else "New"
            yield Entry(message.first_seen, f"{new} in {neighbours.heard_in(message, report)}", detail)


def _changes(evidence: Evidence) -> Iterator[Entry]:
    told = [(c.at, c.action) for c in evidence.surroundings.changes] if evidence.surroundings else []
    own = [c for c in evidence.changes if not any(_is_same(c, at, action) for at, action in told)]
    for change in sorted(own, key=lambda c: c.at)[-MOST_CHANGES:]:
        actor = "our own repair" if change.ours else change.actor
        detail = " · ".join(filter(None, (change.resource, change.summary, f"by {actor}" if actor else "")))
        yield Entry(change.at, f"Change: {change.action}", detail)


def _is_same(change: ChangeEvent, at: datetime, action: str) -> bool:
    """Whether the surroundings tell it too; there, actions have no version: UpdateFunctionCode20150331v2."""
    return change.at == at and change.action.startswith(action)


def _earlier_repairs(report: IncidentReport) -> Iterator[Entry]:
    """Our own changes on behalf of other incidents, as our record has them: CloudTrail lags, or is silent."""
    for attempt in report.earlier_repairs[-MOST_CHANGES:]:
        status = attempt.status.lower().replace("_", " ")
        detail = f"{attempt.change}; {status}; incident {attempt.incident_id}"
        tone = Tone.GOOD if attempt.status == "VERIFIED" else Tone.CALM
        yield Entry(
            parsed(attempt.changed_at), f"Our own earlier repair is live: {attempt.repair}", detail, tone
        )


def _first_deviation(evidence: Evidence) -> Iterator[Entry]:
    seen = [(i.ended_at, f"{i.status} {i.error_type}".strip()) for i in evidence.failures]
    seen += [(s.first_seen, s.error_type or s.template) for s in evidence.signatures]
    if not seen:  # metrics know the minute only, logs the moment
        series = (evidence.metric("Errors"), evidence.metric("Throttles"))
        points = ((t, s.name, v) for s in series for t, v in zip(s.times, s.values, strict=True))
        seen = [(t, f"{name} {value:g}") for t, name, value in points if value > 0]
    if seen:
        at, what = min(seen)
        yield Entry(at, "First deviation seen", what, Tone.BAD)


def _opening(report: IncidentReport) -> Iterator[Entry]:
    incident = report.incident
    for child in incident.alarm.children if incident.alarm else ():
        yield Entry(child.changed_at, f"Joined alarm in {child.state}: {child.name}", child.reason, Tone.BAD)
    if incident.alarm:
        yield Entry(
            incident.alarm.changed_at, f"Alarm fired: {incident.alarm.name}", incident.alarm.reason, Tone.BAD
        )
    how = "started by hand" if incident.trigger is Trigger.MANUAL else "from the alarm"
    if incident.since:
        yield Entry(incident.since, "Trouble began, as a person told", incident.question)
    if incident.problem:
        yield Entry(incident.opened_at, "Event rejected", incident.problem, Tone.WARN)
    else:
        yield Entry(incident.opened_at, "Incident opened", f"{how}, as {incident.id}")
    for alarm in report.joined_alarms[:MOST_JOINED]:
        yield Entry(None, "Another alarm joined", alarm)
    if len(report.joined_alarms) > MOST_JOINED:
        yield Entry(None, f"{count(len(report.joined_alarms) - MOST_JOINED, 'further alarm')} joined")


def _diagnosis(report: IncidentReport) -> Iterator[Entry]:
    diagnosis = report.first_diagnosis or report.diagnosis
    if diagnosis is None:
        return
    cause = diagnosis.root_cause
    what = f"Diagnosed: {cause.title}, {confidence(cause.confidence)}" if cause else "Diagnosed"
    yield Entry(report.diagnosed_at, what, diagnosis.summary)


def _attempts(report: IncidentReport) -> Iterator[Entry]:
    """Each rung with plan, answer, steps and, unless it is the last one, what it came to."""
    if report.plan and not report.records and not report.plan.change:
        decision = report.plan.decision
        word = "no repair" if decision is Decision.NOTHING else decision.replace("_", " ")
        yield Entry(parsed(report.plan.planned_at), f"Decided: {word}", "; ".join(report.plan.reasons))
    records = report.records or _record_of_plan(report)
    for number, record in enumerate(records, 1):
        rung = f", rung {number} of {len(records)}" if len(records) > 1 else ""
        is_last = number == len(records)
        yield Entry(
            parsed(record.executed_at), f"Planned{rung}: {record.action or 'no repair'}", record.difference
        )
        yield from _question(record, report.approval if is_last else None)
        yield from _carried_out(record, rung, _progress_of(record, report.repair, is_last))
        if not is_last and record.verdict:
            verdict = record.verdict.replace("_", " ")
            yield Entry(record.verified_at, f"Verified{rung}: {verdict}", record.outcome, Tone.WARN)


def _progress_of(record: RepairRecord, repair: Progress | None, is_last: bool) -> Progress | None:
    """The executor's account if it is about this record: a last rung that was declined has none."""
    if repair is None or repair.planned_at:
        return repair if repair and repair.planned_at == record.executed_at else None
    return repair if is_last else None


def _record_of_plan(report: IncidentReport) -> tuple[RepairRecord, ...]:
    """What the table would say, for when it could not be read."""
    plan = report.plan
    if plan is None or plan.change is None:
        return ()
    return (RepairRecord(executed_at=plan.planned_at, action=plan.repair, change=str(plan.change)),)


def _question(record: RepairRecord, approval: Approval | None) -> Iterator[Entry]:
    if not (approval or record.answer or record.asked_at):
        return
    yield Entry(record.asked_at, "Asked people")
    said = approval.decision if approval else record.answer
    who = approval.answered_by if approval else record.answered_by
    comment = approval.comment if approval else record.comment
    if said == "expired":
        yield Entry(record.answered_at, "No answer in time: that is a no", tone=Tone.WARN)
    elif said:
        tone = Tone.GOOD if said == "approve" else Tone.WARN
        yield Entry(record.answered_at, f"Answered: {said}", one_line(f"by {who} {comment}"), tone)


def _carried_out(record: RepairRecord, rung: str, repair: Progress | None) -> Iterator[Entry]:
    """The executor's own account where there is one, else the record's."""
    for step in repair.steps if repair else record.steps:
        yield Entry(None, "Executor", step)
    live_at = parsed(repair.changed_at) if repair else record.changed_at
    if live_at or (repair and repair.status is ProgressStatus.DONE):
        yield Entry(live_at, f"Change is live{rung}", "from now on callers see it", Tone.GOOD)


def _verification(report: IncidentReport) -> Iterator[Entry]:
    verification = report.verification
    if verification:
        tone = {"repaired": Tone.GOOD, "cannot_tell_yet": Tone.WARN}.get(verification.outcome, Tone.BAD)
        outcome = verification.outcome.replace("_", " ")
        yield Entry(parsed(verification.verified_at), f"Verified: {outcome}", verification.reason, tone)


def _rollback(rollback: Progress) -> Iterator[Entry]:
    for step in rollback.steps:
        yield Entry(None, "Executor", step)
    if rollback.status is ProgressStatus.DONE:
        back_at = parsed(rollback.changed_at)
        yield Entry(back_at, "Former configuration is live", "from now on callers see it", Tone.GOOD)
    if rollback.status in (ProgressStatus.LEFT, ProgressStatus.KEPT):
        yield Entry(None, "Nothing taken back", rollback.reason, Tone.WARN)
    if rollback.status is ProgressStatus.GAVE_UP:
        yield Entry(None, "Rollback given up", rollback.reason, Tone.BAD)


def _ending(report: IncidentReport) -> Iterator[Entry]:
    if report.failure:
        where = f" in {report.failure.state}" if report.failure.state else ""
        yield Entry(
            None,
            f"Our workflow failed{where}",
            f"{report.failure.error} {report.failure.cause}".strip(),
            Tone.BAD,
        )
    yield Entry(report.reported_at, "People notified, report written")


def _since_then(report: IncidentReport) -> Iterator[Entry]:
    """What people said about findings, and what was seen late."""
    for answer in report.answers:
        tone = Tone.GOOD if answer.say is Say.ACCEPT else Tone.WARN
        detail = f"by {answer.by}" + (f": “{answer.comment}”" if answer.comment else "")
        yield Entry(
            parsed(answer.at), f"Finding {answer.said}: {report.title_of(answer.finding)}", detail, tone
        )
    for again in report.reopenings:
        yield Entry(
            again.at, "Verdict re-opened by late evidence", statements.reopened(again, report), Tone.WARN
        )
