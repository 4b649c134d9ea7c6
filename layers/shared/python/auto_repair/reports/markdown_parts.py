"""Parts that several sections of the Markdown report are made of."""

from collections.abc import Iterable

from auto_repair.domain.evidence import EvidenceItem
from auto_repair.reports.escaping import code_cell, for_markdown, https_link

MOST_ROWS = 60  # evidence items, attempts and entries shown; the JSON report has them all
EVIDENCE_HEAD = ("Id", "Observed", "Baseline", "Source", "Query", "Window")


class Raw(str):
    """A cell that is Markdown already; every other cell is escaped."""

    __slots__ = ()


def table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    """A table; nothing without rows."""
    lines = [_row(cell if isinstance(cell, Raw) else for_markdown(cell) for cell in row) for row in rows]
    return "\n".join((_row(head), _row("---" for _ in head), *lines)) if lines else ""


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def bullets(lines: Iterable[str]) -> str:
    """A list of foreign lines."""
    return "\n".join(f"- {for_markdown(line)}" for line in lines)


def evidence_row(item: EvidenceItem) -> tuple[object, ...]:
    """One evidence item, with the query behind it and a way to look for oneself."""
    link = https_link(item.link)
    source = for_markdown(item.source, 200) + (f" ([console](<{link}>))" if link else "")
    window = f"{item.window.start:%H:%M:%S}–{item.window.end:%H:%M:%S}"
    identity, query = code_cell(item.id, 160), code_cell(item.query) if item.query else ""
    return Raw(identity), item.observed, item.baseline, Raw(source), Raw(query), window
