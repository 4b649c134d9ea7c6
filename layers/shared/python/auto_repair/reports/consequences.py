"""Whom an incident hurts, what will run out, and what keeps it from coming back, in words and figures."""

from dataclasses import dataclass

from auto_repair.domain.diagnosis import Hypothesis
from auto_repair.domain.forecast import Course
from auto_repair.domain.impact import Affected, Basis
from auto_repair.domain.repair import Change, Setting
from auto_repair.reports.escaping import one_line
from auto_repair.reports.impact_path import harm
from auto_repair.reports.incident_report import IncidentReport
from auto_repair.reports.wording import clock, count, listed

MOST_AFFECTED = 12

_TELLING = (Course.REACHED, Course.WILL_REACH, Course.NOT_SOON)

# What carrying out a change of each setting may cost others, whatever it cures.
_RISKS = {
    Setting.MEMORY_MB: "New environments start once, so that some calls are slower for a moment.",
    Setting.TIMEOUT_S: "A run that hangs is paid for longer, and new environments start once.",
    Setting.RESERVED_CONCURRENCY: "What is reserved is taken from what all other functions share.",
    Setting.VISIBILITY_TIMEOUT_S: "A message whose run fails comes back that much later.",
    Setting.BUCKET_POLICY: (
        "Whatever the present policy allows or forbids is gone, for everybody who uses the bucket."
    ),
}


@dataclass(frozen=True)
class AffectedRow:
    """One resource that suffers, ready to be shown. `since` is a time of day, `known` how it is known."""

    name: str
    is_entry: bool
    wrong: str
    since: str
    known: str


def affected(report: IncidentReport) -> tuple[AffectedRow, ...]:
    """Whoever suffers, the nearest to the cause first; nobody where nobody's harm was measured."""
    found = report.impact
    if found is None or found.since is None:
        return ()
    return tuple(_row(one, report) for one in found.affected[:MOST_AFFECTED])


def _row(one: Affected, report: IncidentReport) -> AffectedRow:
    return AffectedRow(
        one_line(report.named(one.resource), 160),
        one.is_entry,
        one_line(harm(one)) + _usual(one),
        clock(one.since).removesuffix(" UTC") if one.since else "",
        "measured" if one.basis is Basis.MEASURED else "follows from who needs whom",
    )


def _usual(one: Affected) -> str:
    return f" ({one.usual:,.0f} would be usual)" if one.failed and one.usual >= 0.5 else ""


def toll(report: IncidentReport) -> str:
    """`120 failed calls at apigateway:shop since 12:01:00 UTC.`; empty where nobody counted."""
    found = report.impact
    if found is None or found.since is None or found.failed_calls is None:
        return ""
    entries = [one_line(report.named(e.resource), 160) for e in found.entry_points if e.failed is not None]
    return (
        f"{count(round(found.failed_calls), 'failed call')} at {listed(entries)} since {clock(found.since)}."
    )


def spared(report: IncidentReport) -> str:
    """Whoever needs the cause and is well all the same."""
    names = report.impact.spared[:MOST_AFFECTED] if report.impact else ()
    return listed([one_line(report.named(name), 160) for name in names])


def foreseen(report: IncidentReport) -> tuple[str, ...]:
    """What is running out, the most urgent first."""
    return tuple(one_line(s.text) for s in report.outlook if s.forecast.course in _TELLING)


def not_foreseen(report: IncidentReport) -> tuple[str, ...]:
    """Limits that were watched too, and of which nothing is to be said or nobody can tell."""
    return tuple(one_line(s.text) for s in report.outlook if s.forecast.course not in _TELLING)


def risks(report: IncidentReport) -> tuple[str, ...]:
    """What the change may cost others."""
    return risks_of(report.change)


def risks_of(change: Change | None) -> tuple[str, ...]:
    """What any change may cost others; nothing where there is none."""
    settings = change.settings if change else ()
    return tuple(dict.fromkeys(_RISKS[s.setting] for s in settings))


def why_not(hypothesis: Hypothesis, cause: Hypothesis) -> str:
    """Why another hypothesis is held responsible instead."""
    if hypothesis.against:
        return one_line(hypothesis.against[0].text)
    points = round(100 * (cause.confidence - hypothesis.confidence))
    return f"less speaks for it than for “{one_line(cause.title, 120)}” ({points} points)"
