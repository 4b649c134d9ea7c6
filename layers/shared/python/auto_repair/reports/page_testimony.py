"""The page's sections about what was asked, said and remembered."""

from auto_repair.domain.precedents import Precedent
from auto_repair.reports import testimony
from auto_repair.reports.elements import Markup, element, joined
from auto_repair.reports.escaping import SAMPLE, clean, one_line
from auto_repair.reports.incident_report import IncidentReport
from auto_repair.reports.page_parts import (
    MOST_ROWS,
    Places,
    bullets,
    cite,
    description_list,
    evidence_places,
    meter,
    table,
)


def question(report: IncidentReport) -> Markup | None:
    """How a question in plain words was read."""
    facts, assumed = testimony.reading(report), testimony.assumptions(report.incident)
    if not facts:
        return None
    return joined(
        element("h2", "How the question was read"),
        element("p", f"“{one_line(report.incident.question, SAMPLE)}”", class_="lead"),
        description_list(facts, "facts plain"),
        element("h3", "Assumed, because the question leaves it open") if assumed else None,
        bullets(assumed),
    )


def answers(report: IncidentReport) -> Markup | None:
    """What people said about findings, and what late evidence changed."""
    rows, again = testimony.answers(report), testimony.reopenings(report)
    if not rows and not again:
        return None
    cells = (
        (r.finding, element("span", r.said, class_=_chip(r.said)), r.by, r.at, r.comment or "–") for r in rows
    )
    return joined(
        element("h2", "Said and seen since the diagnosis"),
        table(("Finding", "Said", "By", "When", "Comment"), cells) if rows else None,
        element("p", testimony.ANSWERED, class_="muted small") if rows else None,
        element("h3", "Re-opened") if again else None,
        bullets(again),
    )


def _chip(said: str) -> str:
    return "chip good" if said == "confirmed" else "chip warn"


def similar(report: IncidentReport) -> Markup | None:
    """Past incidents that looked like this one."""
    known = testimony.precedents(report)
    if not known:
        return None
    return joined(
        element("h2", "Similar incidents of the past"),
        table(("Likeness", "Incident", "What it was"), map(_precedent, known)),
        element("p", testimony.NO_PROOF, class_="muted small"),
    )


def _precedent(one: Precedent) -> tuple[object, ...]:
    where = f"{one.day}, {one_line(one.function_name, 160)}"
    compared = testimony.alike(one)
    outcome = one_line(one.outcome)
    return (
        element("span", meter(one.similarity), f" {one.likeness}", class_="likeness"),
        joined(one_line(one.incident_id, 200), element("span", where, class_="query")),
        joined(
            f"{outcome[:1].upper()}{outcome[1:]}",
            element("span", compared, class_="query") if compared else None,
        ),
    )


def counsel(report: IncidentReport) -> Markup | None:
    """What a model said, within its bounds."""
    said = testimony.counsel(report)
    if said is None:
        return None
    places = evidence_places(report)
    aside = testimony.about(said, report)
    cited = [cite(name, places) for name in (*said.evidence, *said.runbooks)[:MOST_ROWS]]
    moved = [_shift(testimony.shifted(s, report), s.evidence, places) for s in said.shifts[:MOST_ROWS]]
    return joined(
        element("h2", "In a model's words"),
        element("p", element("span", "note", class_="chip warn"), f" {aside}") if aside else None,
        element("p", clean(said.explanation, SAMPLE), class_="words") if said.explanation else None,
        element("p", "It cites", *cited, class_="small") if cited else None,
        bullets((*moved, *map(one_line, said.remarks[:MOST_ROWS]))),
        description_list(testimony.took(said), "facts plain"),
        element("p", testimony.BOUNDS, class_="muted small"),
    )


def _shift(told: str, evidence: tuple[str, ...], places: Places) -> Markup:
    return joined(told, *(cite(name, places) for name in evidence[:8]))
