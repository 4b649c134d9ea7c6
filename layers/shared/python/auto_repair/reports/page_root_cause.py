"""The page's account of the cause: what it is, since when and by whom, and what else was considered."""

from collections.abc import Iterable

from auto_repair.domain.diagnosis import Hypothesis, Reason
from auto_repair.reports import testimony
from auto_repair.reports.consequences import why_not
from auto_repair.reports.culprit import culprit, difference
from auto_repair.reports.elements import Markup, element, joined
from auto_repair.reports.escaping import one_line
from auto_repair.reports.impact_path import short_path
from auto_repair.reports.incident_report import IncidentReport
from auto_repair.reports.inquiry import LEADS, inquiry
from auto_repair.reports.overview import Fact
from auto_repair.reports.page_parts import (
    MOST_ROWS,
    Places,
    bullets,
    cite,
    description_list,
    difference_lines,
    evidence_places,
    meter,
    missing,
)
from auto_repair.reports.wording import confidence, moment


def root_cause(report: IncidentReport) -> Markup | None:
    """The cause with its change, then the alternatives."""
    diagnosis = report.diagnosis
    if diagnosis is None:
        return None
    places = evidence_places(report)
    cause = diagnosis.root_cause
    others = diagnosis.hypotheses[1:MOST_ROWS] if cause else diagnosis.hypotheses[:MOST_ROWS]
    return joined(
        element("h2", "Root cause" if cause else "No root cause was found"),
        _hypothesis(cause, report, places) if cause else element("p", one_line(diagnosis.summary)),
        _changed(report),
        _how_to_answer(report),
        element("h3", "Also considered") if others else None,
        *(_hypothesis(h, report, places) for h in others),
        _looked_around(report, places),
        _no_competition() if cause and not others else None,
        missing(diagnosis.missing),
    )


def _looked_around(report: IncidentReport, places: Places) -> Markup | None:
    """What the look around came to where it named no cause, and its leads."""
    told = inquiry(report)
    if told is None:
        return None
    leads = report.diagnosis.leads if report.diagnosis else ()
    return joined(
        element("h3", told.title),
        element("p", told.outcome),
        bullets(told.reasons),
        element("p", f"Looked at {'; '.join(told.looked_at)}.", class_="small muted"),
        element("p", f"{LEADS}.") if leads else None,
        *(_hypothesis(lead, report, places) for lead in leads),
    )


def _how_to_answer(report: IncidentReport) -> Markup | None:
    """The commands by which a person confirms the cause or rules it out."""
    lines = [
        element("div", f"{asked} ", element("code", run)) for asked, run in testimony.how_to_answer(report)
    ]
    return element("div", *lines, class_="small answer") if lines else None


def _no_competition() -> Markup:
    return element("p", "No competing explanation matched the evidence.", class_="muted small")


def _hypothesis(hypothesis: Hypothesis, report: IncidentReport, places: Places) -> Markup:
    cause = report.cause
    is_other = cause is not None and hypothesis is not cause
    against = hypothesis.against[1:] if is_other else hypothesis.against
    return element(
        "div",
        _title(hypothesis),
        description_list(_facts(hypothesis, report), "facts plain") if report.surroundings else None,
        element("p", element("b", "Why not: "), why_not(hypothesis, cause)) if is_other and cause else None,
        _reasons(hypothesis.because, "for", places),
        _reasons(against, "against", places),
        element("p", one_line(hypothesis.advice)) if hypothesis.advice else None,
        class_="hypothesis",
    )


def _title(hypothesis: Hypothesis) -> Markup:
    share = min(max(hypothesis.confidence, 0.0), 1.0)
    sure = element("span", meter(share), " ", confidence(share), class_="muted small")
    return element("h3", one_line(hypothesis.title, 200), sure)


def _facts(hypothesis: Hypothesis, report: IncidentReport) -> tuple[Fact, ...]:
    """Where, since when, by whom, on which way; the id is for whoever accepts or declines it."""
    change = culprit(hypothesis, report.surroundings)
    since = change.at if change else hypothesis.since
    known = (
        ("Where", report.named(hypothesis.resource) if hypothesis.resource else ""),
        ("Since", moment(since) if since else ""),
        ("By", (change.actor or "somebody unknown") if change else ""),
        ("Way to the alarm", short_path(hypothesis.path, report)),
        ("Id", hypothesis.id),
    )
    return tuple(Fact(label, text) for label, text in known if text)


def _changed(report: IncidentReport) -> Markup | None:
    """The change held responsible, line by line."""
    change = culprit(report.cause, report.surroundings)
    if change is None:
        return None
    lines = difference(change)
    what = f"{one_line(change.action, 120)}: before and after"
    unknown = "What it was before or became after that is not known."
    return joined(
        element("h3", what),
        difference_lines(lines) if lines else element("p", unknown, class_="muted small"),
    )


def _reasons(reasons: Iterable[Reason], kind: str, places: Places) -> Markup | None:
    rows = [element("li", one_line(r.text), *(cite(i, places) for i in r.evidence[:8])) for r in reasons]
    label = "speaks for it" if kind == "for" else "speaks against it"
    return element("ul", *rows[:MOST_ROWS], class_=f"reasons {kind}", aria_label=label) if rows else None
