"""The Markdown report's account of the cause: what it is, since when and by whom, and what it was not."""

from collections.abc import Iterator

from auto_repair.domain.diagnosis import Hypothesis, Reason
from auto_repair.reports.consequences import why_not
from auto_repair.reports.culprit import culprit, difference
from auto_repair.reports.escaping import DOCUMENT, code_block, code_span, for_markdown
from auto_repair.reports.impact_path import short_path
from auto_repair.reports.incident_report import IncidentReport
from auto_repair.reports.inquiry import LEADS, inquiry
from auto_repair.reports.markdown_parts import MOST_ROWS, bullets
from auto_repair.reports.markdown_testimony import how_to_answer
from auto_repair.reports.wording import confidence, moment


def root_cause(report: IncidentReport) -> Iterator[str]:
    """The cause with its change, then the alternatives."""
    diagnosis = report.diagnosis
    if diagnosis is None:
        return
    others = diagnosis.hypotheses[:MOST_ROWS]
    if diagnosis.root_cause is None:
        yield f"No root cause was found. {for_markdown(diagnosis.summary)}"
    else:
        yield from _hypothesis(diagnosis.root_cause, report)
        yield how_to_answer(report)
        others = others[1:]
    yield "### Also considered" if others else ""
    for hypothesis in others:
        yield from _hypothesis(hypothesis, report)
    yield from _looked_around(report)
    if diagnosis.missing:
        missing = "; ".join(for_markdown(source, 200) for source in diagnosis.missing)
        yield f"Missing: {missing}. What is missing lowers the confidence."


def _looked_around(report: IncidentReport) -> Iterator[str]:
    """What the look around came to where it named no cause, and its leads."""
    told = inquiry(report)
    if told is None:
        return
    yield f"### {for_markdown(told.title)}"
    yield for_markdown(told.outcome)
    yield bullets(told.reasons)
    yield f"Looked at:\n\n{bullets(told.looked_at)}"
    leads = report.diagnosis.leads if report.diagnosis else ()
    yield f"{LEADS}." if leads else ""
    for lead in leads:
        yield from _hypothesis(lead, report)


def _hypothesis(hypothesis: Hypothesis, report: IncidentReport) -> Iterator[str]:
    cause = report.cause
    is_other = cause is not None and hypothesis is not cause
    yield f"**{for_markdown(hypothesis.title, 200)}**, {confidence(hypothesis.confidence)}"
    if report.surroundings:
        yield _facts(hypothesis, report)
    if cause and is_other:
        yield f"Why not: {for_markdown(why_not(hypothesis, cause))}"
    against = hypothesis.against[1:] if is_other else hypothesis.against
    for_it = [f"- speaks for it: {_reason(reason)}" for reason in hypothesis.because]
    against_it = [f"- speaks against it: {_reason(reason)}" for reason in against]
    yield "\n".join((for_it + against_it)[:MOST_ROWS])
    if hypothesis.advice:
        yield for_markdown(hypothesis.advice)
    change = culprit(hypothesis, report.surroundings)
    if change and not is_other:
        yield code_block(difference(change), "diff", limit=DOCUMENT) if difference(change) else ""


def _facts(hypothesis: Hypothesis, report: IncidentReport) -> str:
    """Where, since when, by whom, on which way; the id is for whoever accepts or declines it."""
    change = culprit(hypothesis, report.surroundings)
    since = change.at if change else hypothesis.since
    known = (
        ("Where", for_markdown(report.named(hypothesis.resource)) if hypothesis.resource else ""),
        ("Since", moment(since) if since else ""),
        ("By", for_markdown(change.actor or "somebody unknown") if change else ""),
        ("Way to the alarm", for_markdown(short_path(hypothesis.path, report))),
        ("Id", code_span(hypothesis.id, 200)),
    )
    return "\n".join(f"- {label}: {text}" for label, text in known if text)


def _reason(reason: Reason) -> str:
    cited = " ".join(code_span(item_id, 80) for item_id in reason.evidence[:8])
    return f"{for_markdown(reason.text)} ({cited})" if cited else for_markdown(reason.text)
