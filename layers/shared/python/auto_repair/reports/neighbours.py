"""What a report shows of an alarm's surroundings: the most telling of it, in reading order."""

from auto_repair.domain.evidence import EvidenceItem
from auto_repair.domain.surroundings import ResourceChange, ResourceSignature
from auto_repair.reports.culprit import culprit
from auto_repair.reports.incident_report import IncidentReport

MOST_ITEMS = 60
MOST_CHANGES = 30
MOST_MESSAGES = 15


def items(report: IncidentReport) -> tuple[EvidenceItem, ...]:
    """Evidence items; those that a hypothesis or a lead cites come first."""
    known = report.surroundings.items if report.surroundings else ()
    hypotheses = report.diagnosis.answerable if report.diagnosis else ()
    cited = {name for h in hypotheses for reason in (*h.because, *h.against) for name in reason.evidence}
    return tuple(sorted(known, key=lambda item: item.id not in cited)[:MOST_ITEMS])


def changes(report: IncidentReport) -> tuple[ResourceChange, ...]:
    """Changes of all resources, oldest first: the newest ones and whichever is held responsible."""
    known = report.surroundings.changes if report.surroundings else ()
    responsible = culprit(report.cause, report.surroundings)
    newest = sorted(known, key=lambda c: (c is responsible, c.at))[-MOST_CHANGES:]
    return tuple(sorted(newest, key=lambda c: c.at))


def messages(report: IncidentReport) -> tuple[ResourceSignature, ...]:
    """Messages of logs and traces: those that were not there before come first, then the most frequent."""
    known = report.surroundings.signatures if report.surroundings else ()
    return tuple(sorted(known, key=lambda s: (s.count_before > 0, -s.count))[:MOST_MESSAGES])


def heard_in(message: ResourceSignature, report: IncidentReport) -> str:
    """Where the message was found."""
    place = "traces of requests through" if message.traced else "the log of"
    return f"{place} {report.named(message.resource)}"


def before(message: ResourceSignature) -> str:
    """How often it was there in the time to compare with."""
    return "not known" if message.traced else f"{message.count_before:,}"


def places(report: IncidentReport) -> dict[str, str]:
    """Anchors in the page, by the id under which hypotheses cite them."""
    told = {f"change.{c.event_id}": f"change-{n}" for n, c in enumerate(changes(report), 1)}
    return told | {item.id: f"around-{n}" for n, item in enumerate(items(report), 1)}
