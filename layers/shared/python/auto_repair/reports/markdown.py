"""The report of one incident as Markdown, for tickets, chats and terminals."""

from collections.abc import Iterable, Iterator

from auto_repair.domain.evidence import Evidence
from auto_repair.domain.repair import Check
from auto_repair.reports import consequences, markdown_investigation, markdown_testimony, overview
from auto_repair.reports.conclusion import Conclusion, conclude
from auto_repair.reports.escaping import (
    DOCUMENT,
    SAMPLE,
    code_block,
    code_cell,
    code_span,
    for_markdown,
    https_link,
)
from auto_repair.reports.incident_report import IncidentReport, Standing
from auto_repair.reports.markdown_parts import EVIDENCE_HEAD, MOST_ROWS, Raw, bullets, evidence_row, table
from auto_repair.reports.markdown_root_cause import root_cause
from auto_repair.reports.repair_record import RepairRecord
from auto_repair.reports.statements import change_title, result, standing
from auto_repair.reports.timeline import MOST_ENTRIES, Entry, timeline
from auto_repair.reports.wording import count, moment, parsed, span


def render(report: IncidentReport) -> str:
    """A Markdown document (CommonMark with tables)."""
    conclusion = conclude(report)
    sections = (
        _overview(report, conclusion),
        _section("How the question was read", markdown_testimony.question(report)),
        _section("What a person should do or look at", _numbered(conclusion.next_steps)),
        _section("Root cause", root_cause(report)),
        _section("Said and seen since the diagnosis", markdown_testimony.answers(report)),
        _section("Similar incidents of the past", markdown_testimony.similar(report)),
        _section("In a model's words", markdown_testimony.counsel(report)),
        _section("How it spread", markdown_investigation.spread(report)),
        _section("Whom it hurts", markdown_investigation.impact(report)),
        _section(change_title(report), _changes(report)),
        _section("Verification", _verification(report)),
        _section("How to take it back", _rollback(report)),
        _section("How it may go on", markdown_investigation.outlook(report)),
        _section("What keeps it from coming back", markdown_investigation.prevention(report)),
        _section("What failed in our own workflow", _failure(report)),
        _section("Timeline", [_timeline(report)]),
        _section("Evidence", _evidence(report)),
    )
    return "\n\n".join(block for section in sections for block in section) + "\n"


def _section(title: str, blocks: Iterable[str]) -> list[str]:
    content = [block for block in blocks if block]
    return [f"## {title}", *content] if content else []


def _overview(report: IncidentReport, conclusion: Conclusion) -> Iterator[str]:
    yield f"# {for_markdown(conclusion.headline)}"
    yield f"**{for_markdown(conclusion.label)}**"
    if conclusion.explanation:
        yield for_markdown(conclusion.explanation, SAMPLE)
    facts = (*overview.figures(report), *overview.facts(report))
    yield "\n".join(f"- {fact.label}: {_linked(fact)}" for fact in facts)


def _linked(fact: overview.Fact) -> str:
    text, link = for_markdown(fact.text), https_link(fact.link)
    return f"[{text}](<{link}>)" if link else text


# --- changes and verification -----------------------------------------------------------------------------


def _changes(report: IncidentReport) -> Iterator[str]:
    if report.plan is None:
        return
    rows = overview.difference(report)
    yield standing(report)
    yield table(_CHANGE_HEADS[report.standing], ((r.what, r.before, r.after) for r in rows))
    yield from (code_block(row.lines, "diff", limit=DOCUMENT) for row in rows if row.lines)
    if rows:
        yield "\n".join(f"- {fact.label}: {_linked(fact)}" for fact in overview.change_facts(report))
    reasons = "\n".join(f"- {for_markdown(reason)}" for reason in report.plan.reasons[:MOST_ROWS])
    yield f"Why this decision:\n\n{reasons}" if reasons else ""
    risks = consequences.risks(report)
    yield f"Risk:\n\n{bullets(risks)}" if risks else ""
    commands = "\n".join(report.way_back_commands)
    yield (
        f"The way back, if it is carried out:\n\n{code_block(commands, 'sh', limit=DOCUMENT)}"
        if commands
        else ""
    )
    if len(report.records) > 1:
        rungs = map(_attempt, report.records[:MOST_ROWS])
        yield table(("Planned", "Change", "Status", "Why", "Came to"), rungs)


_CHANGE_HEADS = {
    Standing.UNTOUCHED: ("Setting", "Is", "Would be"),
    Standing.CHANGED: ("Setting", "Before", "Now"),
    Standing.RESTORED: ("Setting", "Before and now again", "Was in between"),
    Standing.TAKEN_OVER: ("Setting", "Before", "Was set by us"),
    Standing.UNCLEAR: ("Setting", "Before", "Wanted"),
}


def _attempt(record: RepairRecord) -> tuple[str, ...]:
    planned = moment(parsed(record.executed_at))
    return planned, record.difference, record.status, record.reason, record.outcome


def _verification(report: IncidentReport) -> Iterator[str]:
    verification = report.verification
    if verification:
        outcome = verification.outcome.replace("_", " ")
        yield f"**{outcome}**: {for_markdown(verification.reason)}"
        runs = count(verification.invocations_seen, "run")
        yield f"{runs} in the log in {span(verification.waited_s)} of waiting."
        checks = map(_check, verification.checks[:MOST_ROWS])
        yield table(("Signal", "Before", "After", "Result", "In words"), checks)
    pictures = overview.charts(report)
    yield "\n".join(f"- {chart.title}: {for_markdown('. '.join(chart.lines))}" for chart in pictures)


def _check(check: Check) -> tuple[object, ...]:
    return check.name, check.before, check.after, result(check), check.text


def _rollback(report: IncidentReport) -> Iterator[str]:
    commands = report.undo_commands
    if not commands:
        return
    yield "First see whether the live values still are ours:"
    yield code_block("\n".join(report.check_commands), "sh", limit=DOCUMENT)
    yield "Then run, one after the other:"
    yield code_block("\n".join(commands), "sh", limit=DOCUMENT)


def _failure(report: IncidentReport) -> Iterator[str]:
    failure = report.failure
    if failure:
        yield f"State {code_span(failure.state or 'unknown', 80)}: {for_markdown(failure.error, 200)}"
        yield code_block(failure.cause) if failure.cause else ""


# --- timeline and evidence --------------------------------------------------------------------------------


def _timeline(report: IncidentReport) -> str:
    return table(("Time (UTC)", "What", "Detail"), map(_entry, timeline(report)[:MOST_ENTRIES]))


def _entry(entry: Entry) -> tuple[object, ...]:
    return moment(entry.at).removesuffix(" UTC") if entry.at else "", entry.what, entry.detail


def _evidence(report: IncidentReport) -> Iterator[str]:
    for name, evidence in overview.looks(report):
        yield f"### {name}: {moment(evidence.window.start)} to {moment(evidence.window.end)}"
        items = evidence.items[:MOST_ROWS]
        yield table(EVIDENCE_HEAD, map(evidence_row, items))
        hidden = len(evidence.items) - len(items)
        yield f"{hidden:,} more in the JSON report." if hidden else ""
        yield "\n".join(f"- missing: {for_markdown(f'{m.source}: {m.reason}')}" for m in evidence.missing)
        yield from _signatures(evidence)
        if evidence is report.evidence_before:
            yield from markdown_investigation.around(report)


def _signatures(evidence: Evidence) -> Iterator[str]:
    rows = [
        (f"{s.count:,}", Raw(code_cell(s.sample or s.template)), moment(s.first_seen))
        for s in evidence.signatures[:10]
    ]
    yield table(("Count", "Error in the log", "First seen"), rows)


# --- parts ------------------------------------------------------------------------------------------------


def _numbered(steps: Iterable[str]) -> list[str]:
    return ["\n".join(f"{number}. {for_markdown(step)}" for number, step in enumerate(steps, 1))]
