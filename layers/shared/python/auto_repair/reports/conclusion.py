"""What an incident came to: a label, a headline, why, and what a person should do next."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from auto_repair.domain.outcome import ALREADY_REPAIRED
from auto_repair.domain.repair_progress import ProgressStatus
from auto_repair.reports import next_steps
from auto_repair.reports.escaping import one_line
from auto_repair.reports.incident_report import IncidentReport, Standing
from auto_repair.reports.inquiry import inquiry
from auto_repair.reports.leads import follow_leads
from auto_repair.reports.statements import MOST_GAPS, answer, differences, gaps, sentence, settled, standing
from auto_repair.reports.wording import listed


class Tone(StrEnum):
    """How a reader should feel about it; the renderers choose colour and mark."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    CALM = "calm"


@dataclass(frozen=True)
class Conclusion:
    """`headline` is short, `explanation` says why; `next_steps` are for a person, most important first."""

    label: str
    tone: Tone
    headline: str
    explanation: str
    next_steps: tuple[str, ...]


@dataclass(frozen=True)
class _Ending:
    """How one status is told."""

    label: str
    tone: Tone
    headline: Callable[[IncidentReport], str]
    steps: Callable[[IncidentReport], list[str]] = next_steps.nothing


def conclude(report: IncidentReport) -> Conclusion:
    """The conclusion that the report's status stands for; an unknown status is shown as it is."""
    ending = _ending(report)
    steps = (*ending.steps(report), *next_steps.lift_limit(report), *next_steps.close_gaps(report))
    return Conclusion(ending.label, ending.tone, ending.headline(report), _explanation(report), steps)


def _ending(report: IncidentReport) -> _Ending:
    if report.is_overruled:
        return _OVERRULED
    if report.is_left and report.status == "INCONCLUSIVE":
        return _LEFT
    if report.is_kept and report.status == "INCONCLUSIVE":
        return _KEPT
    if report.standing is Standing.UNCLEAR:
        return _NEEDS_A_PERSON
    if report.status == "REJECTED" and report.approval and report.approval.decision == "expired":
        return _NO_ANSWER
    unknown = _Ending(one_line(report.status, 60), Tone.CALM, lambda r: f"The incident ended. {standing(r)}")
    return _BY_STATUS.get(report.status, unknown)


def _explanation(report: IncidentReport) -> str:
    looked = inquiry(report) if report.status == "CANNOT_TELL" else None
    told = (
        report.diagnosis.summary if report.diagnosis else "",
        looked.in_short if looked else "",
        *(report.plan.reasons if report.plan and report.status == ALREADY_REPAIRED else ()),
        report.refusal.reason if report.refusal and report.status == "REFUSED" else "",
        report.verification.reason if report.verification else "",
        *_taken_back(report),
        answer(report.approval) if _is_later_no(report) and report.approval else "",
    )
    return " ".join(sentence(text, report.incident.function_name) for text in told if text)


def _taken_back(report: IncidentReport) -> Iterator[str]:
    """What went back and what did not; a rollback that restored everything is told by the headline."""
    if report.rollback is None:
        return
    if report.rollback.steps and (report.is_overruled or report.rollback.reason):
        yield f"Taken back: {'; '.join(report.rollback.steps)}"
    if report.rollback.reason:
        is_theirs = report.is_overruled or report.is_left
        yield f"Left as it is: {report.rollback.reason}" if is_theirs else report.rollback.reason


def _is_later_no(report: IncidentReport) -> bool:
    """Whether a person declined a further step, after which everything was to go back."""
    is_back = report.status == "ROLLED_BACK" or report.is_left or report.is_kept
    return report.approval is not None and not report.approval.approved and is_back


def _function(report: IncidentReport) -> str:
    return one_line(report.subject, 100)


def _difference(report: IncidentReport) -> str:
    return f": {differences(report.change)}" if report.change else ""


def _verified(report: IncidentReport) -> str:
    return f"{_function(report)} works again{_difference(report)}."


def _inconclusive(report: IncidentReport) -> str:
    return f"Nobody can say yet whether the change helped{_difference(report)}."


def _rolled_back(report: IncidentReport) -> str:
    former = f": {settled(report.change, 'before')} again" if report.change else ""
    return f"The repair did not help and was taken back{former}."


def _rejected(report: IncidentReport) -> str:
    said = answer(report.approval) if report.approval else "the answer was no"
    return f"{sentence(said)} {standing(report)}"


def _refused(report: IncidentReport) -> str:
    refusal = report.refusal
    rule = f"the rule “{one_line(refusal.rule, 80)}” forbids it" if refusal else "a guardrail forbids it"
    return f"Not repaired: {rule}. {standing(report)}"


def _observed(report: IncidentReport) -> str:
    would = f" In mode auto: {differences(report.change)}." if report.change else ""
    return f"Observed only. {standing(report)}{would}"


def _failed(report: IncidentReport) -> str:
    failure = report.failure
    where = f" in {one_line(failure.state, 80)}" if failure and failure.state else ""
    what = f" ({one_line(failure.error, 80)})" if failure and failure.error else ""
    return f"Our own workflow failed{where}{what}. {standing(report)}"


def _unclear(report: IncidentReport) -> str:
    if report.rollback and report.rollback.status is ProgressStatus.GAVE_UP:
        how_far = "only partly" if report.rollback.steps else "not"
        return (
            f"The change was {how_far} taken back, because what is live is not ours or AWS could not set it."
        )
    return _failed(report)


def _overruled(report: IncidentReport) -> str:
    ours = report.rollback is not None and report.rollback.steps
    back = "what was still ours was taken back" if ours else "nothing of ours was left to take back"
    return f"Somebody else changed what was repaired while it was verified; {back}."


def _left(report: IncidentReport) -> str:
    return (
        f"Somebody deployed something else before the next step; what was changed stays{_difference(report)}."
    )


def _kept(report: IncidentReport) -> str:
    return f"{_function(report)} works{_difference(report)}. A step for more headroom could not be taken."


def _nothing_wrong(report: IncidentReport) -> str:
    return f"Nothing is wrong with {_function(report)} that we can see. {standing(report)}"


def _already_repaired(report: IncidentReport) -> str:
    by = report.plan.settled_by if report.plan else None
    what = f": {differences(by.change)}, verified" if by else ""
    return f"{_function(report)} is already repaired{what}. Nothing to do."


def _cannot_tell(report: IncidentReport) -> str:
    # Where people are told what was seen, a gap somewhere is not why.
    missing = [] if inquiry(report) else gaps(report)
    because = (
        f": {listed(missing, MOST_GAPS)} {'is' if len(missing) == 1 else 'are'} missing" if missing else ""
    )
    return f"We cannot tell what is wrong with {_function(report)}{because}. {standing(report)}"


def _advised(report: IncidentReport) -> str:
    at_fault = report.cause.resource if report.cause else ""
    where = one_line(report.named(at_fault), 100) if at_fault else _function(report)
    return f"A person has to cure {where}: no repair of ours is right. {standing(report)}"


def _invalid(report: IncidentReport) -> str:
    problem = one_line(report.incident.problem or "it is not one we can act on").rstrip(".")
    if back := next_steps.asked_back(report):
        return f"The question is not clear yet: {back}"
    return f"Nothing was looked into: {problem}. {standing(report)}"


def _joined(report: IncidentReport) -> str:
    other = one_line(report.incident.joined_incident_id or "of the same function", 120)
    return f"This alarm belongs to the open incident {other}."


_NEEDS_A_PERSON = _Ending("Needs a person now", Tone.BAD, _unclear, next_steps.look_at_configuration)
_OVERRULED = _Ending("Changed by somebody else", Tone.WARN, _overruled, next_steps.ask_who_changed_it)
_LEFT = _Ending("Left as it is", Tone.WARN, _left, next_steps.judge_anew)
_KEPT = _Ending("Works, little headroom", Tone.WARN, _kept, next_steps.keep_it)
_NO_ANSWER = _Ending("No answer in time", Tone.CALM, _rejected, next_steps.after_a_no)

_BY_STATUS = {
    "PLANNED": _Ending("Planned", Tone.CALM, lambda r: f"A repair is planned{_difference(r)}."),
    "AWAITING_APPROVAL": _Ending(
        "Waiting for an answer", Tone.WARN, lambda r: f"Waiting for a person's answer{_difference(r)}."
    ),
    "EXECUTED": _Ending(
        "Changed, not verified",
        Tone.WARN,
        lambda r: f"Changed, not verified yet{_difference(r)}.",
        next_steps.find_proof,
    ),
    "VERIFIED": _Ending("Repaired and verified", Tone.GOOD, _verified, next_steps.keep_it),
    "INCONCLUSIVE": _Ending("Changed, proof missing", Tone.WARN, _inconclusive, next_steps.find_proof),
    "ROLLED_BACK": _Ending("Rolled back", Tone.WARN, _rolled_back, next_steps.look_deeper),
    "REJECTED": _Ending("Rejected", Tone.CALM, _rejected, next_steps.after_a_no),
    "REFUSED": _Ending("Refused by a rule", Tone.WARN, _refused, next_steps.way_out),
    "OBSERVED": _Ending("Observed only", Tone.CALM, _observed, next_steps.promote),
    "FAILED": _Ending("Our workflow failed", Tone.BAD, _failed, next_steps.look_at_execution),
    "NOTHING_WRONG": _Ending("Nothing is wrong", Tone.GOOD, _nothing_wrong, next_steps.check_alarm),
    ALREADY_REPAIRED: _Ending("Already repaired", Tone.GOOD, _already_repaired, next_steps.keep_what_holds),
    "CANNOT_TELL": _Ending("Cannot tell", Tone.WARN, _cannot_tell, follow_leads),
    "ADVISED": _Ending("A person has to act", Tone.WARN, _advised, next_steps.advice),
    "INVALID_EVENT": _Ending("Not looked into", Tone.WARN, _invalid, next_steps.check_sender),
    "JOINED": _Ending("Joined an open incident", Tone.CALM, _joined),
}
