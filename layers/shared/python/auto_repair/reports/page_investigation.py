"""The page's sections about everything around the alarm: path, impact, outlook, prevention, evidence."""

from collections.abc import Iterable

from auto_repair.domain.prevention import Advice
from auto_repair.domain.surroundings import ResourceChange, ResourceSignature
from auto_repair.reports import consequences, neighbours
from auto_repair.reports.elements import Markup, element, joined
from auto_repair.reports.escaping import one_line
from auto_repair.reports.impact_path import ImpactPath, Station, impact_path
from auto_repair.reports.incident_report import IncidentReport
from auto_repair.reports.page_parts import EVIDENCE_HEAD, evidence_row, figure, missing, table, table_of
from auto_repair.reports.path_drawing import draw_path
from auto_repair.reports.resource_charts import MeasuredResource, resource_charts
from auto_repair.reports.wording import clock, count, moment

LEGEND = (
    "Arrows go the way the trouble went: from what fails to what needs it. A solid one was seen in traces, a "
    "dashed one is read from configuration or inferred."
)


# --- path and impact --------------------------------------------------------------------------------------


def spread(report: IncidentReport) -> Markup | None:
    """The impact path, drawn and in words."""
    path = impact_path(report)
    if path is None:
        return None
    words = element("ol", *map(_step, path.way), class_="steps")
    return joined(
        element("h2", "How it spread, from the cause to the alarm"),
        element("div", element("div", draw_path(path), class_="path"), words, class_="spread"),
        _beside(path),
        element("p", LEGEND, class_="muted small"),
    )


def _step(station: Station) -> Markup:
    where = element("b", f"{station.service} {one_line(station.name, 160)}")
    since = element("span", f" {clock(station.since)}", class_="muted") if station.since else None
    return element("li", where, since, element("br"), one_line(station.wrong))


def _beside(path: ImpactPath) -> Markup | None:
    if not path.beside:
        return None
    names = ", ".join(f"{s.service} {one_line(s.name, 120)}" for s in path.beside)
    more = f" and {count(path.hidden, 'further resource')}" if path.hidden else ""
    return element("p", f"Affected too, and not on the way to this alarm: {names}{more}.", class_="small")


def impact(report: IncidentReport) -> Markup | None:
    """Which resources and entry points suffer."""
    rows = consequences.affected(report)
    if not rows:
        return None
    toll, spared = consequences.toll(report), consequences.spared(report)
    entry = element("span", "entry point", class_="chip calm")
    cells = (
        (joined(row.name, " ", entry if row.is_entry else None), row.wrong, row.since or "–", row.known)
        for row in rows
    )
    return joined(
        element("h2", "Whom it hurts"),
        element("p", toll, class_="toll") if toll else None,
        table(("Resource", "What is wrong there", "Since (UTC)", "How that is known"), cells),
        element("p", f"Measured, and well: {spared}.", class_="muted small") if spared else None,
    )


# --- what may come ----------------------------------------------------------------------------------------


def outlook(report: IncidentReport) -> Markup | None:
    """Limits that are being approached."""
    telling, quiet = consequences.foreseen(report), consequences.not_foreseen(report)
    if not telling:
        return None
    watched = f"Watched too: {'; '.join(quiet)}." if quiet else ""
    return joined(
        element("h2", "How it may go on"),
        element("ul", *(element("li", text) for text in telling), class_="next"),
        element("p", watched, class_="muted small") if watched else None,
    )


def prevention(report: IncidentReport) -> Markup | None:
    """What keeps the cause from coming back."""
    if not report.prevention:
        return None
    steps = map(_advice, report.prevention)
    return joined(element("h2", "What keeps it from coming back"), element("ul", *steps, class_="next"))


def _advice(advice: Advice) -> Markup:
    because = element("span", f" {one_line(advice.because)}", class_="muted small")
    return element("li", one_line(advice.text), because)


# --- evidence around --------------------------------------------------------------------------------------


def around(report: IncidentReport) -> Markup | None:
    """What was measured, changed and logged around the alarm."""
    known = report.surroundings
    if known is None:
        return None
    window, reference = known.scope.window, known.scope.reference
    spans = (
        f"{moment(window.start)} to {moment(window.end)}, compared with what was before, "
        f"from {moment(reference.start)} on"
    )
    return joined(
        element("h3", "Around the alarm ", element("span", spans, class_="muted small")),
        *(_measured(m, report) for m in resource_charts(report)),
        _changes(neighbours.changes(report), report),
        _messages(neighbours.messages(report), report),
        _items(report),
        missing(f"{gap.source}: {gap.reason}" for gap in known.missing),
    )


def _measured(measured: MeasuredResource, report: IncidentReport) -> Markup:
    return joined(
        element("h4", one_line(report.named(measured.resource), 160)),
        element("div", *map(figure, measured.charts), class_="charts"),
    )


def _changes(shown: Iterable[ResourceChange], report: IncidentReport) -> Markup | None:
    rows = [_change(c, f"change-{n}", report) for n, c in enumerate(shown, 1)]
    head = ("Changed at", "What", "Where", "By")
    return joined(element("h4", "Changes"), table_of(head, rows)) if rows else None


def _change(change: ResourceChange, anchor: str, report: IncidentReport) -> Markup:
    who: object = one_line(change.actor, 200) or "unknown"
    who = element("span", "our own repair", class_="chip calm") if change.ours else who
    told = element("span", one_line(change.summary), class_="query") if change.summary else None
    return element(
        "tr",
        element("td", moment(change.at), data_label="Changed at"),
        element("td", one_line(change.action, 120), told, data_label="What"),
        element("td", one_line(report.named(change.resource), 160), data_label="Where"),
        element("td", who, data_label="By"),
        id=anchor,
    )


def _messages(shown: tuple[ResourceSignature, ...], report: IncidentReport) -> Markup | None:
    rows = [(f"{s.count:,}", neighbours.before(s), _message(s, report), moment(s.first_seen)) for s in shown]
    head = ("Count", "Before", "Message", "First seen")
    return joined(element("h4", "Messages"), table(head, rows)) if rows else None


def _message(signature: ResourceSignature, report: IncidentReport) -> Markup:
    where = f"in {one_line(neighbours.heard_in(signature, report), 200)}"
    return joined(
        element("code", one_line(signature.sample or signature.template)),
        element("span", where, class_="query"),
    )


def _items(report: IncidentReport) -> Markup | None:
    shown = neighbours.items(report)
    if not shown:
        return None
    rows = (evidence_row(item, f"around-{n}") for n, item in enumerate(shown, 1))
    known = report.surroundings.items if report.surroundings else ()
    hidden = len(known) - len(shown)
    return joined(
        element("h4", "What was asked, and what came back"),
        table_of(EVIDENCE_HEAD, rows),
        element("p", f"{hidden:,} more in the JSON report.", class_="muted small") if hidden else None,
    )
