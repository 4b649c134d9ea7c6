"""The Markdown report's sections about what was asked, said and remembered."""

from collections.abc import Iterable, Iterator

from auto_repair.reports import testimony
from auto_repair.reports.escaping import SAMPLE, code_span, for_markdown
from auto_repair.reports.incident_report import IncidentReport
from auto_repair.reports.markdown_parts import MOST_ROWS, bullets, table
from auto_repair.reports.overview import Fact


def question(report: IncidentReport) -> Iterator[str]:
    """How a question in plain words was read."""
    facts, assumed = testimony.reading(report), testimony.assumptions(report.incident)
    if not facts:
        return
    yield f"“{for_markdown(report.incident.question, SAMPLE)}”"
    yield _facts(facts)
    yield f"Assumed, because the question leaves it open:\n\n{bullets(assumed)}" if assumed else ""


def answers(report: IncidentReport) -> Iterator[str]:
    """What people said about findings, and what late evidence changed."""
    rows, again = testimony.answers(report), testimony.reopenings(report)
    cells = ((row.finding, row.said, row.by, row.at, row.comment) for row in rows)
    yield table(("Finding", "Said", "By", "When", "Comment"), cells)
    yield testimony.ANSWERED if rows else ""
    yield f"Re-opened:\n\n{bullets(again)}" if again else ""


def similar(report: IncidentReport) -> Iterator[str]:
    """Past incidents that looked like this one."""
    known = testimony.precedents(report)
    cells = (
        (p.likeness, f"{p.incident_id} ({p.function_name})", p.day, p.outcome, testimony.alike(p))
        for p in known
    )
    yield table(("Likeness", "Incident", "Of", "What it was", "What is alike, and what is not"), cells)
    yield testimony.NO_PROOF if known else ""


def counsel(report: IncidentReport) -> Iterator[str]:
    """What a model said, within its bounds."""
    said = testimony.counsel(report)
    if said is None:
        return
    yield for_markdown(testimony.about(said, report))
    yield for_markdown(said.explanation, SAMPLE)
    cited = _cited((*said.evidence, *said.runbooks)[:MOST_ROWS])
    yield f"It cites {cited}." if cited else ""
    moved = (
        f"- {for_markdown(testimony.shifted(shift, report))} {_cited(shift.evidence[:8])}".rstrip()
        for shift in said.shifts[:MOST_ROWS]
    )
    yield "\n".join((*moved, *filter(None, [bullets(said.remarks[:MOST_ROWS])])))
    yield _facts(testimony.took(said))
    yield testimony.BOUNDS


def how_to_answer(report: IncidentReport) -> str:
    """The commands by which a person confirms the cause or rules it out."""
    return "\n".join(f"- {asked} {code_span(run, SAMPLE)}" for asked, run in testimony.how_to_answer(report))


def _facts(facts: Iterable[Fact]) -> str:
    return "\n".join(f"- {fact.label}: {for_markdown(fact.text)}" for fact in facts)


def _cited(names: Iterable[str]) -> str:
    return " ".join(code_span(name, 80) for name in names)
