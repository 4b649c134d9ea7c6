"""What people, past incidents and a model say of an incident, in words: said, and no measurement."""

from collections.abc import Iterator
from dataclasses import dataclass

from auto_repair.domain.counsel import Counsel, Shift
from auto_repair.domain.incident import Incident
from auto_repair.domain.precedents import Precedent
from auto_repair.reports.escaping import SAMPLE, one_line
from auto_repair.reports.incident_report import IncidentReport
from auto_repair.reports.make_commands import make
from auto_repair.reports.overview import Fact
from auto_repair.reports.statements import reopened
from auto_repair.reports.wording import count, moment, parsed, price_of_call, span

MOST_ANSWERS = 30
MOST_PRECEDENTS = 7
NO_PROOF = "Likeness is one more piece of evidence, never a proof."
BOUNDS = "A model may move our confidences a little and word the explanation. It decides nothing."
ANSWERED = "What is ruled out is left out of the ranking, what is confirmed leads it."


# --- the question -----------------------------------------------------------------------------------------


def reading(report: IncidentReport) -> tuple[Fact, ...]:
    """What was understood of a question in words; nothing where none had to be read."""
    read = report.incident.reading
    if read is None:
        return ()
    known = (
        ("What suffers", report.named(read.resource) if read.resource else "not said"),
        ("What is wrong", read.symptom or "not said"),
        ("Since", moment(read.since) if read.since else "not said"),
        ("Time zone", read.zone),
    )
    return tuple(Fact(label, one_line(text)) for label, text in known if text)


def assumptions(incident: Incident) -> tuple[str, ...]:
    """What was assumed where the question left it open."""
    return tuple(map(one_line, incident.reading.assumptions)) if incident.reading else ()


def read_as(incident: Incident, name: str) -> list[str]:
    """The reading in few lines, for messages; `name` is what people call the resource."""
    read = incident.reading
    if read is None:
        return []
    since = f"since {moment(read.since)}" if read.since else "no time was said"
    told = ", ".join(filter(None, (one_line(name, 160), one_line(read.symptom, 160), since)))
    return [told, *assumptions(incident)]


# --- past incidents ---------------------------------------------------------------------------------------


def precedents(report: IncidentReport) -> tuple[Precedent, ...]:
    """Past incidents that looked like this one, the likest first."""
    return report.diagnosis.similar[:MOST_PRECEDENTS] if report.diagnosis else ()


def alike(precedent: Precedent) -> str:
    """`alike: log: OutOfMemory; not alike: another function`."""
    told = (("alike", precedent.agree), ("not alike", precedent.differ))
    return ". ".join(f"{what}: {'; '.join(map(one_line, texts))}" for what, texts in told if texts)


# --- a model ----------------------------------------------------------------------------------------------


def counsel(report: IncidentReport) -> Counsel | None:
    """What a model said; None where none was asked."""
    return report.diagnosis.counsel if report.diagnosis else None


def about(said: Counsel, report: IncidentReport) -> str:
    """What the explanation explains, where that is not the cause held responsible; else empty."""
    if not said.explanation or (report.cause and report.cause.id == said.about):
        return ""
    return f"It explains “{one_line(report.title_of(said.about), 200)}”, which is not held responsible now."


def shifted(shift: Shift, report: IncidentReport) -> str:
    """`Moved “A memory leak” from 62 % to 70 %: the peak grows run by run`."""
    title = one_line(report.title_of(shift.hypothesis), 200)
    why = f": {one_line(shift.because)}" if shift.because else ""
    return f"Moved “{title}” from {round(100 * shift.before)} % to {round(100 * shift.after)} %{why}"


def took(said: Counsel) -> tuple[Fact, ...]:
    """Who was asked, and what that took."""
    usage = said.usage
    tokens = f"{usage.input_tokens:,} tokens read, {usage.output_tokens:,} written"
    turns = f"{count(usage.turns, 'turn')}, {tokens}, {span(usage.seconds)}, {price_of_call(usage.usd)}"
    known = (("Model", one_line(said.model, 200)), ("Took", turns if usage.turns else ""))
    return tuple(Fact(label, text) for label, text in known if text)


# --- people -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AnswerRow:
    """What one person said about one finding."""

    finding: str
    said: str
    by: str
    at: str
    comment: str


def answers(report: IncidentReport) -> tuple[AnswerRow, ...]:
    """People's answers, oldest first."""
    return tuple(
        AnswerRow(
            one_line(report.title_of(a.finding), 200),
            a.said,
            one_line(a.by, 300),
            moment(parsed(a.at)),
            one_line(a.comment, SAMPLE),
        )
        for a in report.answers[:MOST_ANSWERS]
    )


def reopenings(report: IncidentReport) -> tuple[str, ...]:
    """How evidence that arrived late changed the verdict."""
    told = report.reopenings[-MOST_ANSWERS:]
    return tuple(f"{moment(again.at)}, late evidence: {reopened(again, report)}" for again in told)


def how_to_answer(report: IncidentReport) -> Iterator[tuple[str, str]]:
    """A question and the command that answers it, as long as nobody has spoken about the cause."""
    cause = report.cause
    if cause is None or any(answer.finding == cause.id for answer in report.answers):
        return
    for question, word in (("If that is right:", "ACCEPT"), ("If that is wrong:", "DECLINE")):
        given = {"INCIDENT": report.incident.id, word: cause.id, "ENV": report.environment}
        yield question, make("findings", **given)
