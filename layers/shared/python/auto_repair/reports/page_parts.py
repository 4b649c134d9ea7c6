"""Parts that several sections of the page are made of."""

from collections.abc import Iterable, Mapping

from auto_repair.domain.evidence import EvidenceItem
from auto_repair.reports import neighbours
from auto_repair.reports.charts import Chart
from auto_repair.reports.elements import Markup, element, joined
from auto_repair.reports.escaping import SENTENCE, clean, https_link, one_line
from auto_repair.reports.incident_report import IncidentReport
from auto_repair.reports.overview import Fact

MOST_ROWS = 60  # evidence items, attempts and entries shown; the JSON report has them all
EVIDENCE_HEAD = ("Id", "Observed", "Baseline", "Source")

Places = Mapping[str, str]  # anchors in the page, by the ids that are cited

_SIGNS = {
    "ok-bar": '<rect class="ok" x="2" width="12" height="10"/>',
    "bad-bar": '<rect class="bad" x="2" width="12" height="10"/>',
    "dot": '<circle class="ok" cx="8" cy="5" r="3"/>',
    "cross": '<path class="cross" d="M5 2l6 6m0-6l-6 6"/>',
    "limit": '<path class="limit" d="M0 5h16"/>',
    "curve": '<path class="curve" d="M0 8l5-5 5 3 6-5"/>',
    "change": '<path class="mark" d="M8 0v10"/>',
    "alarm": '<path class="mark alarm" d="M8 0v10"/>',
    "reference": '<rect class="reference" x="1" width="14" height="10"/>',
}


def table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> Markup:
    """A table of cells; on a phone each row becomes a block with labels."""
    cells = (
        element("tr", *(element("td", cell, data_label=label) for label, cell in zip(head, row, strict=True)))
        for row in rows
    )
    return table_of(head, cells)


def table_of(head: tuple[str, ...], rows: Iterable[Markup]) -> Markup:
    """A table of rows that are markup already."""
    titles = element("tr", *(element("th", label, scope="col") for label in head))
    return element("table", element("thead", titles), element("tbody", *rows))


def description_list(facts: Iterable[Fact], kind: str) -> Markup | None:
    """Labels and what stands under them; None without facts."""
    pairs = [(element("dt", f.label), element("dd", _linked(f))) for f in facts]
    if not pairs:
        return None
    rows = [element("div", *pair) if kind == "figures" else joined(*pair) for pair in pairs]
    return element("dl", *rows, class_=kind)


def _linked(fact: Fact) -> object:
    text, link = one_line(fact.text), https_link(fact.link)
    return element("a", text, href=link, rel="noopener noreferrer") if link else text


def missing(sources: Iterable[str]) -> Markup | None:
    """What could not be read; None when everything could."""
    named = "; ".join(one_line(s, 200) for s in sources)
    if not named:
        return None
    chip = element("span", "missing", class_="chip warn")
    return element("p", chip, f" {named}. What is missing lowers the confidence.", class_="small")


def bullets(lines: Iterable[object]) -> Markup | None:
    """A list of lines; None without any."""
    rows = [element("li", line) for line in lines]
    return element("ul", *rows, class_="next") if rows else None


def meter(share: float) -> Markup:
    """A bar filled to that share, 0..1."""
    filled = element("span", style=f"width:{min(max(share, 0.0), 1.0):.0%}")
    return element("span", filled, class_="meter", aria_hidden="true")


def evidence_places(report: IncidentReport) -> dict[str, str]:
    """Anchor of each piece of evidence that is shown: of the first look, and of what lies around."""
    items = report.evidence_before.items if report.evidence_before else ()
    own = {item.id: f"evidence-{number}" for number, item in enumerate(items[:MOST_ROWS], 1)}
    return neighbours.places(report) | own


def cite(item_id: str, places: Places) -> Markup:
    """An id that is cited, leading to what it names where that is shown."""
    name = one_line(item_id, 80)
    place = places.get(item_id)
    if place is None:
        return joined(" ", element("span", name, class_="cite"))
    return joined(" ", element("a", name, class_="cite", href=f"#{place}"))


def figure(chart: Chart) -> Markup:
    """A chart with its title, what it shows in words, and its legend."""
    signs = (element("li", _sign(kind), meaning) for kind, meaning in chart.keys)
    caption = element(
        "figcaption", element("b", chart.title), *(element("span", line) for line in chart.lines)
    )
    return element("figure", caption, chart.svg, element("ul", *signs, class_="legend"))


def _sign(kind: str) -> Markup:
    return element("svg", Markup(_SIGNS[kind]), class_="chart", viewBox="0 0 16 10", aria_hidden="true")


def evidence_row(item: EvidenceItem, anchor: str) -> Markup:
    """One evidence item, with the query behind it and a way to look for oneself."""
    link = https_link(item.link)
    query = element("code", clean(item.query, SENTENCE), class_="query") if item.query else None
    console = joined(" ", element("a", "console", href=link, rel="noopener noreferrer")) if link else None
    return element(
        "tr",
        element("td", element("code", one_line(item.id, 160)), query, data_label="Id"),
        element("td", one_line(item.observed), data_label="Observed"),
        element("td", one_line(item.baseline) or "–", data_label="Baseline"),
        element("td", one_line(item.source, 200), console, data_label="Source"),
        id=anchor,
    )


def difference_lines(lines: str) -> Markup:
    """A unified diff, line by line."""
    return element("pre", *(joined(_line(line), "\n") for line in lines.splitlines()), class_="diff")


def _line(line: str) -> Markup:
    kind = {"+": "ins", "-": "del"}.get(line[:1], "span")
    return element(kind, line)
