"""What people get by e-mail, chat or queue: short plain text, and the question before a change.

Two settings of the operators' manual choose the form of a result message:

- NOTIFICATION_TEMPLATE: `default` is the whole message; `custom` is three lines, for pagers and chats.
- EMAIL_TEMPLATE: `detailed` adds evidence, steps and links to the whole message; `brief` leaves them out.

Any other value counts as the first one named.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from shlex import quote

from auto_repair.domain.diagnosis import Diagnosis, Hypothesis
from auto_repair.domain.incident import Incident
from auto_repair.domain.plan import Plan
from auto_repair.reports import overview, testimony
from auto_repair.reports.conclusion import Conclusion, conclude
from auto_repair.reports.consequences import risks_of
from auto_repair.reports.escaping import DOCUMENT, SAMPLE, clean, for_subject, https_link, one_line
from auto_repair.reports.impact_path import impact_path, short_path
from auto_repair.reports.incident_report import IncidentReport, Standing
from auto_repair.reports.inquiry import inquiry
from auto_repair.reports.statements import (
    cause_in_words,
    decided_by,
    differences,
    result,
    sentence,
    standing,
)
from auto_repair.reports.wording import confidence, moment, price

MOST_SIMILAR = 2
MOST_REASONS = 6  # of any list in a message; the report has them all


def result_message(
    report: IncidentReport,
    report_uri: str,
    console_links: Mapping[str, str] | None = None,
    *,
    notification_template: str = "default",
    email_template: str = "detailed",
) -> tuple[str, str]:
    """Subject and body that tell how an incident ended. `console_links` maps a title to an https address."""
    conclusion = conclude(report)
    name = one_line(report.subject, 100)
    subject = for_subject(f"[{conclusion.label}] {name}: {_short(report, conclusion)}")
    if notification_template == "custom":
        return subject, _joined(_custom(report, conclusion, report_uri))
    blocks = list(_blocks(report, conclusion, report_uri))
    if email_template != "brief":
        blocks[-1:-1] = _details(report, console_links or {})
    return subject, _joined(blocks, gap="\n\n")


def approval_request(
    incident: Incident,
    plan: Plan,
    diagnosis: Diagnosis | None,
    task_token: str,
    expires_at: datetime,
    region: str,
) -> tuple[str, str]:
    """Subject and body that ask a person: what, why, the price, the way back, until when, and how to answer.

    The answers are AWS CLI commands for any POSIX shell; the caller's identity is filled in by the shell.
    """
    wanted = differences(plan.change) if plan.change else one_line(plan.repair)
    name = _function(incident)
    blocks = (
        f"May Lambda Auto-Repair change {name}? Nothing is changed before somebody says yes.",
        _read_as(incident, _asked_about(incident)),
        _list("The change", _change_lines(plan)),
        _document_lines(plan),
        # There is no report yet that could hold the rest.
        _list("Why", _why(plan, diagnosis), most=None),
        f"Price: {price(plan.extra_cost_usd_per_month)}.",
        f"Risk: {' '.join(risks_of(plan.change)) or 'none that we know of.'}",
        f"The way back: {_way_back(plan)}",
        f"No answer by {moment(expires_at)} means no: then nothing is changed.",
        _people(plan),
        f"Approve (bash or zsh):\n{_answer_command('approve', task_token, region)}",
        f"Reject (bash or zsh):\n{_answer_command('reject', task_token, region)}",
        _joined((_alarm(incident), f"Incident: {one_line(incident.id, 200)}")),
    )
    return for_subject(f"[Approval needed] {name}: {wanted}?"), _joined(blocks, gap="\n\n")


# --- result -----------------------------------------------------------------------------------------------


def _short(report: IncidentReport, conclusion: Conclusion) -> str:
    if report.change:
        return differences(report.change)
    return (report.diagnosis.summary if report.diagnosis else report.incident.problem) or conclusion.headline


def _custom(report: IncidentReport, conclusion: Conclusion, report_uri: str) -> Iterator[str]:
    yield conclusion.headline
    yield " ".join(_elsewhere(report)) or conclusion.explanation
    yield f"Report: {one_line(report_uri, SAMPLE)}"


def _blocks(report: IncidentReport, conclusion: Conclusion, report_uri: str) -> Iterator[str]:
    yield conclusion.headline
    yield _joined((*_elsewhere(report), conclusion.explanation))
    yield _read_as(report.incident, report.named(_asked_about(report.incident)))
    yield _looked_at(report)
    yield _change(report)
    yield _list("What a person should do", map(one_line, conclusion.next_steps))
    yield _undo(report)
    yield _joined(
        (
            # A cause elsewhere is told together with its alarm.
            "" if impact_path(report) else _alarm(report.incident),
            f"Report: {one_line(report_uri, SAMPLE)}",
            f"Incident: {one_line(report.incident.id, 200)}",
            _owner(report.plan),
        )
    )


def _elsewhere(report: IncidentReport) -> Iterator[str]:
    """What alarmed and why, where cause and alarm are two resources: the whole story in three lines."""
    path = impact_path(report)
    if path is None:
        return
    alarm, place = report.incident.alarm, one_line(report.named(path.way[-1].resource), 160)
    what = f"{one_line(alarm.name, 260)} on {place}" if alarm else place
    yield f"Alarm: {what}, {moment(report.incident.alarmed_at)}."
    yield f"Cause: {cause_in_words(report)}."
    is_proposed = report.change is not None and report.standing is Standing.UNTOUCHED
    proposed = f" Proposed: {differences(report.change)}." if report.change and is_proposed else ""
    yield f"Path: {short_path(tuple(s.resource for s in path.way), report)}.{proposed}"


def _read_as(incident: Incident, name: str) -> str:
    """How a question in words was read: whoever reads the answer must know what was assumed."""
    return _list(
        f"The question was “{one_line(incident.question)}”, read as", testimony.read_as(incident, name)
    )


def _looked_at(report: IncidentReport) -> str:
    """What was looked at where nobody can tell: whoever takes over need not look there again."""
    told = inquiry(report) if report.status == "CANNOT_TELL" else None
    return _list("Looked at", told.looked_at) if told else ""


def _asked_about(incident: Incident) -> str:
    """Id of the resource that a question was read to mean."""
    return incident.reading.resource if incident.reading else ""


_CHANGE_TITLES = {
    Standing.UNTOUCHED: "Not changed",
    Standing.CHANGED: "Changed",
    Standing.RESTORED: "Changed and taken back",
    Standing.TAKEN_OVER: "Changed, until somebody else changed it",
    Standing.UNCLEAR: "Perhaps changed",
}


def _change(report: IncidentReport) -> str:
    rows = overview.difference(report)
    if not rows:
        return ""
    lines = [f"{row.what}: {row.before} → {row.after}" for row in rows]
    facts = [f"decided: {decided_by(report)}", f"price: {price(_extra_cost(report))}"]
    return _list(_CHANGE_TITLES[report.standing], (*lines, *facts, standing(report)))


def _extra_cost(report: IncidentReport) -> float | None:
    return report.plan.extra_cost_usd_per_month if report.plan else None


def _undo(report: IncidentReport) -> str:
    commands = "\n".join(report.undo_commands)
    return f"To take it back, run one after the other:\n{commands}" if commands else ""


def _details(report: IncidentReport, console_links: Mapping[str, str]) -> Iterator[str]:
    cause = report.diagnosis.root_cause if report.diagnosis else None
    if cause:
        yield _list(f"Why we hold this cause {confidence(cause.confidence)}", _arguments(cause))
    similar = [one_line(precedent.text) for precedent in testimony.precedents(report)]
    yield _list("Similar incidents of the past", similar[:MOST_SIMILAR])
    yield _counsel(report)
    if report.verification and report.verification.checks:
        yield _list("How it was verified", _checks(report))
    if report.failure and report.failure.cause:
        yield f"What failed: {one_line(report.failure.cause)}"
    if report.joined_alarms:
        yield _list("Alarms that joined", map(one_line, report.joined_alarms))
    links = [
        f"{one_line(title, 80)}: {https_link(url)}" for title, url in console_links.items() if https_link(url)
    ]
    yield _list("Console", links)


def _counsel(report: IncidentReport) -> str:
    """The model's explanation, or why there is none."""
    said = testimony.counsel(report)
    if said is None:
        return ""
    words = " ".join((one_line(said.explanation, SAMPLE), testimony.about(said, report))).strip()
    return f"In a model's words: {words or one_line(' '.join(said.remarks))}"


def _arguments(cause: Hypothesis) -> list[str]:
    because = [f"for: {one_line(reason.text)}" for reason in cause.because]
    return because + [f"against: {one_line(reason.text)}" for reason in cause.against]


def _checks(report: IncidentReport) -> Iterator[str]:
    for check in report.verification.checks if report.verification else ():
        compared = f"{one_line(check.before, 80)} → {one_line(check.after, 80)}"
        yield f"{one_line(check.name, 80)}: {compared}, {result(check)}"


# --- question ---------------------------------------------------------------------------------------------


def _change_lines(plan: Plan) -> list[str]:
    if plan.change is None:
        return [one_line(plan.repair)]
    lines = [one_line(setting) for setting in plan.change.settings]
    if plan.change.publishes:
        was = f" (now version {one_line(plan.change.alias_version, 40)})" if plan.change.alias_version else ""
        lines.append(f"alias {one_line(plan.change.alias, 140)} moves to a new version{was}")
    return lines


def _document_lines(plan: Plan) -> str:
    """What exactly changes in documents; the summary of them would ask for a blind yes."""
    changed = [s for s in plan.change.settings if s.diff] if plan.change else []
    return "\n\n".join(f"{one_line(s)}, line by line:\n{clean(s.diff, DOCUMENT)}" for s in changed)


def _why(plan: Plan, diagnosis: Diagnosis | None) -> list[str]:
    cause = diagnosis.root_cause if diagnosis else None
    summary = [sentence(diagnosis.summary)] if diagnosis else []
    sure = [f"{one_line(cause.title, 200)}: {confidence(cause.confidence)}"] if cause else []
    way = one_line(" → ".join(cause.path), SAMPLE) if cause and len(cause.path) > 1 else ""
    path = [f"from there to the alarm: {way}"] if way else []
    return [*summary, *sure, *path, *map(one_line, plan.reasons)]


def _way_back(plan: Plan) -> str:
    undo = plan.undo or (plan.change.inverse() if plan.change else None)
    back = "; ".join(one_line(setting) for setting in undo.settings) if undo else "the former configuration"
    return f"{back}. It happens by itself if the change does not help; the report will hold the commands."


def _answer_command(decision: str, task_token: str, region: str) -> str:
    """The shell fills in who answers; without a shell the text still is valid JSON."""
    who = "$(aws sts get-caller-identity --query Arn --output text)"
    output = json.dumps({"decision": decision, "answeredBy": who}, separators=(",", ":")).replace('"', '\\"')
    where = f" --region {quote(region)}" if region else ""
    token = "'" + task_token.replace("'", "'\"'\"'") + "'"
    return f'aws stepfunctions send-task-success{where} --task-token {token} --task-output "{output}"'


# --- parts ------------------------------------------------------------------------------------------------


def _alarm(incident: Incident) -> str:
    """Which alarm it answers: whoever is woken may have heard of several."""
    alarm = incident.alarm
    return f"Alarm: {one_line(alarm.name, 260)}, {moment(incident.alarmed_at)}" if alarm else ""


def _owner(plan: Plan | None) -> str:
    return f"Owner: {one_line(plan.contact, 256)}" if plan and plan.contact else ""


def _people(plan: Plan) -> str:
    """Whom the owner's entry names; IAM decides who can answer."""
    may = f"Who may say yes: {one_line(', '.join(plan.approvers))}" if plan.approvers else ""
    return _joined((may, _owner(plan)))


def _function(incident: Incident) -> str:
    return one_line(incident.function_name, 100)


def _list(title: str, lines: Iterable[str], most: int | None = MOST_REASONS) -> str:
    told = list(lines)
    shown = told[:most]
    hidden = [f"… and {len(told) - len(shown)} more in the report"] if len(told) > len(shown) else []
    rows = "\n".join(f"- {line}" for line in (*shown, *hidden))
    return f"{title}:\n{rows}" if rows else ""


def _joined(blocks: Iterable[str], gap: str = "\n") -> str:
    return gap.join(block for block in blocks if block)
