"""The facts at the head of a report."""

from dataclasses import dataclass

from auto_repair.domain.evidence import Evidence
from auto_repair.domain.incident import Trigger
from auto_repair.domain.repair import Change
from auto_repair.domain.repair_progress import Progress
from auto_repair.reports.charts import Chart, small_multiples
from auto_repair.reports.escaping import DOCUMENT, clean, one_line
from auto_repair.reports.incident_report import IncidentReport
from auto_repair.reports.plot import Mark
from auto_repair.reports.statements import decided_by, name_of
from auto_repair.reports.wording import confidence, moment, parsed, price, setting_value, span


@dataclass(frozen=True)
class Fact:
    """A label and what is to be said under it."""

    label: str
    text: str
    link: str = ""


@dataclass(frozen=True)
class Difference:
    """One setting, or the version behind an alias, before and after."""

    what: str
    before: str
    after: str
    lines: str = ""  # of a document: its unified diff


def facts(report: IncidentReport) -> tuple[Fact, ...]:
    """Who, where and when; facts that are not known are left out."""
    incident = report.incident
    alarm = incident.alarm
    place = " · ".join(filter(None, (report.environment, report.region, report.account)))
    subject = report.subject + (f", called through alias {incident.alias}" if incident.alias else "")
    harmed_since = report.impact.since if report.impact else None
    plan = report.plan
    known = (
        ("Function" if incident.has_function else "Resource", subject),
        ("Alarm", alarm.name if alarm else ""),
        ("Alarm is on" if alarm else "About", report.named(incident.resource) if incident.resource else ""),
        ("Alarm's reason", alarm.reason if alarm else ""),
        ("It joins", "; ".join(child.name for child in alarm.children) if alarm else ""),
        ("Asked", incident.question),
        ("Trigger", "started by hand" if incident.trigger is Trigger.MANUAL else ""),
        ("Since, as a person told", moment(incident.since) if incident.since else ""),
        ("First harm measured", moment(harmed_since) if harmed_since else ""),
        ("Alarm fired" if alarm else "Started", moment(incident.alarmed_at if alarm else incident.opened_at)),
        ("Reported", moment(report.reported_at) if report.reported_at else ""),
        ("Decided", decided_by(report)),
        ("May say yes", ", ".join(plan.approvers) if plan and report.is_asked else ""),
        ("Owner", plan.contact if plan else ""),
        ("Where", place),
        ("Also joined", "; ".join(report.joined_alarms)),
    )
    shown = (Fact(label, text) for label, text in known if text)
    return (*shown, Fact("Incident", incident.id, _execution_page(incident.execution_arn)))


def _execution_page(arn: str) -> str:
    """The console page of the execution in the standard partition; the others have other hosts."""
    parts = arn.split(":")
    if parts[:3] != ["arn", "aws", "states"] or len(parts) < 8:
        return ""
    host = f"https://{parts[3]}.console.aws.amazon.com"
    return f"{host}/states/home?region={parts[3]}#/v2/executions/details/{arn}"


def figures(report: IncidentReport) -> tuple[Fact, ...]:
    """The few numbers worth large print."""
    cause = report.diagnosis.root_cause if report.diagnosis else None
    plan = report.plan
    priced = plan is not None and plan.change is not None and plan.extra_cost_usd_per_month is not None
    known = (
        ("Confidence", confidence(cause.confidence) if cause else ""),
        ("Alarm to live change", _since_alarm(report)),
        ("Runs in the log since", str(report.verification.invocations_seen) if report.verification else ""),
        ("Cost", price(plan.extra_cost_usd_per_month) if plan and priced else ""),
    )
    return tuple(Fact(label, text) for label, text in known if text)


def difference(report: IncidentReport) -> tuple[Difference, ...]:
    """What was changed, would be, or was and is back again: one row per setting."""
    change = report.change
    if change is None:
        return ()
    rows = [
        Difference(
            name_of(s, change),
            setting_value(s.setting, s.before),
            setting_value(s.setting, s.after),
            clean(s.diff, DOCUMENT),
        )
        for s in change.settings
    ]
    if change.publishes:
        rows.append(_alias_move(change, report.repair))
    return tuple(rows)


def _alias_move(change: Change, repair: Progress | None) -> Difference:
    before = f"version {one_line(change.alias_version, 40)}" if change.alias_version else "its former version"
    published = one_line(repair.published_version, 40) if repair else ""
    after = f"version {published}" if published else "a new version"
    return Difference(f"alias {one_line(change.alias, 140)}", before, after)


def charts(report: IncidentReport) -> tuple[Chart, ...]:
    """The pictures of this incident, with our changes marked."""
    marks = [Mark(at, "earlier repair") for a in report.earlier_repairs if (at := parsed(a.changed_at))]
    marks += [Mark(r.changed_at, "change") for r in report.records[:-1] if r.changed_at]
    if report.changed_at:
        marks.append(Mark(report.changed_at, "change"))
    if report.restored_at:
        marks.append(Mark(report.restored_at, "taken back", restores=True))
    return small_multiples(report.evidence_before, report.evidence_after, marks)


def looks(report: IncidentReport) -> tuple[tuple[str, Evidence], ...]:
    """Each look at the function that was taken, with its name."""
    named = (("Before the decision", report.evidence_before), ("After the change", report.evidence_after))
    return tuple((name, evidence) for name, evidence in named if evidence)


def _since_alarm(report: IncidentReport) -> str:
    alarmed_at = report.incident.alarmed_at
    if report.changed_at is None or report.changed_at < alarmed_at:
        return ""
    return span((report.changed_at - alarmed_at).total_seconds())


def change_facts(report: IncidentReport) -> tuple[Fact, ...]:
    """On whose word, by whom, at what price and when callers saw it."""
    plan, repair = report.plan, report.repair
    last = report.records[-1] if report.records else None
    known = (
        ("Repair", plan.repair if plan else ""),
        ("On whose word", decided_by(report)),
        ("Carried out by", last.executed_by if last else ""),
        ("Live since", moment(report.changed_at) if report.changed_at else ""),
        ("Back since", moment(report.restored_at) if report.restored_at else ""),
        ("Price", price(plan.extra_cost_usd_per_month) if plan else ""),
        ("Revision", repair.revision_id if repair else ""),
    )
    return tuple(Fact(label, text) for label, text in known if text)
