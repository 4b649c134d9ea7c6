"""The report of one incident as a self-contained page: no script, nothing loaded from anywhere."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from auto_repair.domain.evidence import Evidence
from auto_repair.domain.repair import Check
from auto_repair.reports import consequences, overview, page_investigation, page_testimony
from auto_repair.reports.conclusion import Conclusion, Tone, conclude
from auto_repair.reports.elements import Markup, element, joined
from auto_repair.reports.escaping import DOCUMENT, SAMPLE, clean, for_html, one_line
from auto_repair.reports.incident_report import IncidentReport, Standing
from auto_repair.reports.page_parts import (
    EVIDENCE_HEAD,
    MOST_ROWS,
    description_list,
    difference_lines,
    evidence_row,
    figure,
    missing,
    table,
    table_of,
)
from auto_repair.reports.page_root_cause import root_cause
from auto_repair.reports.page_style import STYLE
from auto_repair.reports.repair_record import RepairRecord
from auto_repair.reports.statements import change_title, result, standing
from auto_repair.reports.timeline import MOST_ENTRIES, Entry, timeline
from auto_repair.reports.wording import count, moment, span

# Even markup that slipped through could then neither run nor load anything.
_NOTHING_FROM_OUTSIDE = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

_TONES = {"passed": Tone.GOOD, "failed": Tone.BAD}


def render(report: IncidentReport) -> str:
    """A complete HTML document."""
    conclusion = conclude(report)
    sections = list(_sections(report, conclusion))
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_NOTHING_FROM_OUTSIDE),
        element("meta", name="viewport", content="width=device-width,initial-scale=1"),
        element("meta", name="robots", content="noindex"),
        element("title", f"{conclusion.label} · {one_line(report.subject, 80)}"),
        element("style", Markup(STYLE)),
    )
    links = (element("a", title, href=f"#{key}") for key, title, _ in sections[1:])
    body = element(
        "div",
        element(
            "header",
            element("b", "Lambda Auto-Repair"),
            "incident report",
            element("nav", *links),
            class_="masthead",
        ),
        element("main", *(section for _, _, section in sections)),
        element("footer", f"Incident {one_line(report.incident.id, 120)}. All times are UTC."),
        class_="page",
    )
    return f"<!doctype html>\n{element('html', head, element('body', body), lang='en')}\n"


def _sections(report: IncidentReport, conclusion: Conclusion) -> Iterator[tuple[str, str, Markup]]:
    """Key, title in the navigation, and the section itself."""
    known = (
        ("overview", "Overview", _overview(report, conclusion)),
        ("question", "Question", page_testimony.question(report)),
        ("next", "What to do", _next_steps(conclusion)),
        ("root-cause", "Root cause", root_cause(report)),
        ("answers", "Answers", page_testimony.answers(report)),
        ("similar", "Similar", page_testimony.similar(report)),
        ("model", "Model", page_testimony.counsel(report)),
        ("path", "Path", page_investigation.spread(report)),
        ("impact", "Impact", page_investigation.impact(report)),
        ("changes", "Repair", _changes(report)),
        ("verification", "Verification", _verification(report)),
        ("rollback", "Rollback", _rollback(report)),
        ("outlook", "Outlook", page_investigation.outlook(report)),
        ("prevention", "Prevention", page_investigation.prevention(report)),
        ("failure", "Our failure", _failure(report)),
        ("timeline", "Timeline", _timeline(report)),
        ("evidence", "Evidence", _evidence(report)),
    )
    for key, title, content in known:
        if content:
            yield key, title, element("section", content, id=key)


# --- overview ---------------------------------------------------------------------------------------------


def _overview(report: IncidentReport, conclusion: Conclusion) -> Markup:
    place = " · ".join(filter(None, (report.subject, report.environment, report.region)))
    why = one_line(conclusion.explanation, SAMPLE)
    return joined(
        element("span", conclusion.label, class_=f"badge {conclusion.tone}"),
        element("span", one_line(place, 200), class_="place"),
        element("h1", one_line(conclusion.headline)),
        element("p", why, class_="lead") if why else None,
        description_list(overview.figures(report), "figures"),
        description_list(overview.facts(report), "facts wide"),
    )


def _next_steps(conclusion: Conclusion) -> Markup | None:
    if not conclusion.next_steps:
        return None
    steps = (element("li", one_line(step)) for step in conclusion.next_steps)
    return joined(element("h2", "What a person should do or look at"), element("ol", *steps, class_="next"))


# --- changes and verification -----------------------------------------------------------------------------


def _changes(report: IncidentReport) -> Markup | None:
    rows = overview.difference(report)
    if not rows:
        reasons = _plan_reasons(report)
        nothing = element("p", standing(report))
        return joined(element("h2", change_title(report)), nothing, reasons) if report.plan else None
    differences = (_difference(row, report.standing) for row in rows)
    return joined(
        element("h2", change_title(report)),
        element("div", *differences, class_=f"difference {report.standing}"),
        *(_lines(row) for row in rows if row.lines),
        element("p", standing(report)),
        description_list(overview.change_facts(report), "facts"),
        _plan_reasons(report),
        _risks(report),
        _way_back(report),
        _attempts(report),
    )


def _difference(row: overview.Difference, now: Standing) -> Markup:
    arrow = element("span", "→", class_="muted")
    before, after = one_line(row.before, 80), one_line(row.after, 80)
    values = [element("del", before), arrow, element("ins", after)]
    if now is Standing.RESTORED:
        values = [element("span", before), arrow, element("del", after), arrow, element("ins", before)]
    if now is Standing.TAKEN_OVER:
        values = [element("span", before), arrow, element("del", after)]
    return element("div", element("span", one_line(row.what, 200), class_="what"), *values)


def _lines(row: overview.Difference) -> Markup:
    """A document's difference, line by line."""
    name = one_line(row.what, 200)
    return joined(element("h3", f"{name[:1].upper()}{name[1:]}, line by line"), difference_lines(row.lines))


def _plan_reasons(report: IncidentReport) -> Markup | None:
    reasons = report.plan.reasons[:MOST_ROWS] if report.plan else ()
    if not reasons:
        return None
    return joined(
        element("h3", "Why this decision"),
        element("ul", *(element("li", one_line(r)) for r in reasons), class_="next"),
    )


def _risks(report: IncidentReport) -> Markup | None:
    told = consequences.risks(report)
    if not told:
        return None
    return joined(element("h3", "Risk"), element("ul", *(element("li", r) for r in told), class_="next"))


def _way_back(report: IncidentReport) -> Markup | None:
    commands = report.way_back_commands
    if not commands:
        return None
    said = element("p", "If it is carried out, this takes it back, one after the other:")
    return joined(element("h3", "The way back"), said, _commands(commands))


def _attempts(report: IncidentReport) -> Markup | None:
    if len(report.records) < 2:
        return None
    rows = [_attempt(number, record) for number, record in enumerate(report.records[:MOST_ROWS], 1)]
    return joined(element("h3", "Step by step"), table(("Rung", "Change", "Status", "Why", "Came to"), rows))


def _attempt(number: int, record: RepairRecord) -> tuple[object, ...]:
    status = element("span", one_line(record.status, 40), class_="chip calm")
    change, reason, outcome = map(one_line, (record.difference, record.reason, record.outcome))
    return str(number), change, status, reason, outcome or "–"


def _verification(report: IncidentReport) -> Markup | None:
    verification, charts = report.verification, overview.charts(report)
    if verification is None and not charts:
        return None
    title = "Does it work again? Before and after" if verification else "What was measured"
    return joined(
        element("h2", title),
        _outcome(report),
        element("div", *map(figure, charts), class_="charts") if charts else None,
        _checks(report),
    )


def _outcome(report: IncidentReport) -> Markup | None:
    verification = report.verification
    if verification is None:
        return None
    tone = {"repaired": Tone.GOOD, "cannot_tell_yet": Tone.WARN}.get(verification.outcome, Tone.BAD)
    chip = element("span", verification.outcome.replace("_", " "), class_=f"chip {tone}")
    runs = count(verification.invocations_seen, "run")
    waited = f"{runs} in the log in {span(verification.waited_s)} of waiting."
    return joined(
        element("p", chip, f" {one_line(verification.reason)}"), element("p", waited, class_="muted small")
    )


def _checks(report: IncidentReport) -> Markup | None:
    checks = report.verification.checks[:MOST_ROWS] if report.verification else ()
    if not checks:
        return None
    rows = [
        (
            one_line(c.name, 120),
            one_line(c.before, 120),
            one_line(c.after, 120),
            _result(c),
            one_line(c.text),
        )
        for c in checks
    ]
    return table(("Signal", "Before", "After", "Result", "In words"), rows)


def _result(check: Check) -> Markup:
    word = result(check)
    return element("span", word, class_=f"chip {_TONES.get(word, Tone.WARN)}")


# --- rollback and failure ---------------------------------------------------------------------------------


def _rollback(report: IncidentReport) -> Markup | None:
    commands = report.undo_commands
    if not commands:
        return None
    wanted = "; ".join(str(s) for s in report.undo.settings) if report.undo else ""
    return joined(
        element("h2", "How to take it back"),
        element("p", f"Restores {one_line(wanted)}. First see whether the live values still are ours:"),
        _commands(report.check_commands),
        element("p", "Then run, one after the other:"),
        _commands(commands),
    )


def _commands(commands: Iterable[str]) -> Markup:
    whole = (Markup(for_html(command, DOCUMENT)) for command in commands)
    lines = (joined(element("code", command, class_="command"), "\n") for command in whole)
    return element("pre", *lines, class_="commands")


def _failure(report: IncidentReport) -> Markup | None:
    failure = report.failure
    if failure is None:
        return None
    return joined(
        element("h2", "What failed in our own workflow"),
        element("p", f"State {failure.state or 'unknown'}: {one_line(failure.error, 200)}"),
        element("pre", element("code", clean(failure.cause))) if failure.cause else None,
    )


# --- timeline and evidence --------------------------------------------------------------------------------


def _timeline(report: IncidentReport) -> Markup:
    started = report.incident.started_at
    rows = (_entry(entry, started) for entry in timeline(report)[:MOST_ENTRIES])
    return joined(element("h2", "Timeline"), element("ol", *rows, class_="timeline"))


def _entry(entry: Entry, started: datetime) -> Markup:
    event = element(
        "div",
        element("b", one_line(entry.what, 200)),
        element("p", one_line(entry.detail)) if entry.detail else None,
        class_=f"event {entry.tone}",
    )
    return element("li", _when(entry.at, started), event)


def _when(at: datetime | None, started: datetime) -> Markup:
    if at is None:
        return element("div", class_="when")
    day, clock, _ = moment(at).split(" ")
    away = (at - started).total_seconds()
    distance = f"{'+' if away >= 0 else '−'}{span(abs(away))}" if abs(away) < 86400 else day
    return element(
        "time", clock, element("small", distance), class_="when", datetime=at.isoformat(), title=moment(at)
    )


def _evidence(report: IncidentReport) -> Markup | None:
    looks = overview.looks(report)
    if not looks:
        return None
    first, *later = looks
    return joined(
        element("h2", "Evidence"),
        _look(*first, anchor="evidence") if first[1].items or not report.surroundings else None,
        page_investigation.around(report),
        *(_look(name, evidence, anchor="after") for name, evidence in later),
    )


def _look(name: str, evidence: Evidence, anchor: str) -> Markup:
    rows = [evidence_row(item, f"{anchor}-{n}") for n, item in enumerate(evidence.items[:MOST_ROWS], 1)]
    hidden = len(evidence.items) - len(rows)
    gaps = (f"{m.source}: {m.reason}" for m in evidence.missing)
    window = f"{moment(evidence.window.start)} to {moment(evidence.window.end)}"
    return joined(
        element("h3", name, " ", element("span", window, class_="muted small")),
        table_of(EVIDENCE_HEAD, rows) if rows else element("p", "Nothing was found."),
        element("p", f"{hidden:,} more in the JSON report.", class_="muted small") if hidden else None,
        missing(gaps),
        _samples(evidence),
    )


def _samples(evidence: Evidence) -> Markup | None:
    rows = [
        (f"{s.count:,} ×", element("code", one_line(s.sample or s.template)), moment(s.first_seen))
        for s in evidence.signatures[:10]
    ]
    return (
        joined(element("h3", "Error signatures in the log"), table(("Count", "Sample", "First seen"), rows))
        if rows
        else None
    )
