"""The Markdown report's sections about everything around the alarm."""

from collections.abc import Iterator

from auto_repair.domain.surroundings import ResourceChange
from auto_repair.reports import consequences, neighbours
from auto_repair.reports.escaping import SAMPLE, code_cell, for_markdown
from auto_repair.reports.impact_path import impact_path
from auto_repair.reports.incident_report import IncidentReport
from auto_repair.reports.markdown_parts import EVIDENCE_HEAD, Raw, bullets, evidence_row, table
from auto_repair.reports.resource_charts import resource_charts
from auto_repair.reports.wording import moment


def spread(report: IncidentReport) -> Iterator[str]:
    """The impact path as a chain of arrows."""
    path = impact_path(report)
    if path is None:
        return
    yield for_markdown(path.text, SAMPLE)
    inferred = [link for link in path.links if link.is_on_path and not link.is_seen]
    pairs = (
        f"{report.named(link.target)} needs {report.named(link.source)}: {link.because}" for link in inferred
    )
    listed = bullets(pairs)
    yield f"Not seen in traces, but read from configuration or inferred:\n\n{listed}" if inferred else ""
    names = ", ".join(f"{s.service} {s.name}" for s in path.beside)
    yield f"Affected too: {for_markdown(names)}." if names else ""


def impact(report: IncidentReport) -> Iterator[str]:
    """Which resources and entry points suffer."""
    rows = consequences.affected(report)
    toll, spared = consequences.toll(report), consequences.spared(report)
    if not rows:
        return
    yield for_markdown(toll)
    cells = (
        (f"{row.name}{' (entry point)' if row.is_entry else ''}", row.wrong, row.since, row.known)
        for row in rows
    )
    yield table(("Resource", "What is wrong there", "Since (UTC)", "How that is known"), cells)
    yield f"Measured, and well: {for_markdown(spared)}." if spared else ""


def outlook(report: IncidentReport) -> Iterator[str]:
    """Limits that are being approached."""
    telling, quiet = consequences.foreseen(report), consequences.not_foreseen(report)
    if not telling:
        return
    yield bullets(telling)
    yield f"Watched too: {for_markdown('; '.join(quiet), SAMPLE)}." if quiet else ""


def prevention(report: IncidentReport) -> Iterator[str]:
    """What keeps the cause from coming back."""
    yield bullets(f"{advice.text} ({advice.because})" for advice in report.prevention)


def around(report: IncidentReport) -> Iterator[str]:
    """What was measured, changed and logged around the alarm."""
    known = report.surroundings
    if known is None:
        return
    window, reference = known.scope.window, known.scope.reference
    compared = f"compared with what was before, from {moment(reference.start)} on"
    yield f"### Around the alarm: {moment(window.start)} to {moment(window.end)}, {compared}"
    for measured in resource_charts(report):
        yield f"**{for_markdown(report.named(measured.resource), 200)}**"
        yield bullets(f"{chart.title}: {'. '.join(chart.lines)}" for chart in measured.charts)
    changes = (_change(change, report) for change in neighbours.changes(report))
    yield table(("Changed at", "What", "Where", "By"), changes)
    yield table(("Count", "Before", "Message", "In", "First seen"), _messages(report))
    items = neighbours.items(report)
    yield table(EVIDENCE_HEAD, map(evidence_row, items))
    hidden = len(known.items) - len(items)
    yield f"{hidden:,} more in the JSON report." if hidden else ""
    yield "\n".join(f"- missing: {for_markdown(f'{gap.source}: {gap.reason}')}" for gap in known.missing)


def _change(change: ResourceChange, report: IncidentReport) -> tuple[object, ...]:
    who = "our own repair" if change.ours else change.actor or "unknown"
    what = f"{change.action}: {change.summary}" if change.summary else change.action
    return moment(change.at), what, report.named(change.resource), who


def _messages(report: IncidentReport) -> Iterator[tuple[object, ...]]:
    for s in neighbours.messages(report):
        text = Raw(code_cell(s.sample or s.template))
        where = neighbours.heard_in(s, report)
        yield f"{s.count:,}", neighbours.before(s), text, where, moment(s.first_seen)
