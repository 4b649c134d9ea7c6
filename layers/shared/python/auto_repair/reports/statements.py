"""Sentences about one incident that several parts of a report need."""

from typing import Literal

from auto_repair.domain.answers import Reopening
from auto_repair.domain.approval import Approval
from auto_repair.domain.plan import Decision
from auto_repair.domain.repair import DOCUMENTS, LABELS, Change, Check, SettingChange, Value
from auto_repair.reports.culprit import culprit
from auto_repair.reports.escaping import one_line
from auto_repair.reports.incident_report import IncidentReport, Standing
from auto_repair.reports.wording import confidence, moment, setting_value

MOST_GAPS = 6  # named in a sentence

_STANDING = {
    Standing.UNTOUCHED: "Nothing was changed.",
    Standing.CHANGED: "The change is live.",
    Standing.RESTORED: "The former configuration is back.",
    Standing.TAKEN_OVER: "What somebody else has set since is live, and was left as it is.",
    Standing.UNCLEAR: "What is live now is not certain.",
}

_PROPOSING = frozenset({"PLANNED", "AWAITING_APPROVAL", "OBSERVED"})
_CHANGE_TITLES = {
    Standing.UNTOUCHED: "What would have been changed",
    Standing.CHANGED: "What was changed",
    Standing.RESTORED: "What was changed, and is back as it was",
    Standing.TAKEN_OVER: "What was changed, until somebody else changed it",
    Standing.UNCLEAR: "What was being changed",
}

_DECIDED = {
    Decision.AUTO: "the owner's policy allows it (mode auto)",
    Decision.ASK: "a person was asked, no answer is on record",
    Decision.OBSERVE: "looked only: the mode is observe, or nobody has onboarded the function",
    Decision.ADVISE: "left to people: no repair of ours is right",
    Decision.REFUSE: "a guardrail refused",
    Decision.ROLL_BACK: "no further step is allowed, so everything goes back",
    Decision.NOTHING: "there was nothing to decide",
}


def standing(report: IncidentReport) -> str:
    """What the configuration is now."""
    return _STANDING[report.standing]


def change_title(report: IncidentReport) -> str:
    """What the section about the repair is called."""
    if report.change is None or report.status in _PROPOSING:
        return "Recommended repair" if report.change else "Repair"
    return _CHANGE_TITLES[report.standing]


def decided_by(report: IncidentReport) -> str:
    """On whose word something was done or left."""
    if report.approval:
        return answer(report.approval)
    return _DECIDED[report.plan.decision] if report.plan else ""


def answer(approval: Approval) -> str:
    """What a person said to a question, and who."""
    who = one_line(approval.answered_by, 256)
    said = {
        "approve": f"approved by {who}",
        "reject": f"rejected by {who}",
        "expired": "nobody answered in time, which means no",
    }.get(approval.decision, f"the answer of {who} could not be understood, which means no")
    return f"{said}: “{one_line(approval.comment)}”" if approval.comment else said


def differences(change: Change) -> str:
    """`memory 128 MB → 384 MB`; a resource other than the function is named."""
    return "; ".join(
        f"{_with_value(s, s.before, change)} → {setting_value(s.setting, s.after)}" for s in change.settings
    )


def settled(change: Change, side: Literal["before", "after"]) -> str:
    """`memory 384 MB`: one side of a change."""
    values = ((s, s.before if side == "before" else s.after) for s in change.settings)
    return "; ".join(_with_value(s, value, change) for s, value in values)


def _with_value(setting: SettingChange, value: Value, change: Change) -> str:
    """`memory 128 MB`, `bucket policy of images: 1 statement (AllowApp)`."""
    mark = ":" if setting.setting in DOCUMENTS else ""
    return f"{name_of(setting, change)}{mark} {setting_value(setting.setting, value)}"


def name_of(setting: SettingChange, change: Change) -> str:
    """`memory`, `visibility timeout of orders-inbox`."""
    label = LABELS[setting.setting]
    other = one_line(setting.resource.rsplit(":", 1)[-1], 100)
    return label if setting.resource == change.function_name else f"{label} of {other}"


def cause_in_words(report: IncidentReport) -> str:
    """`PutBucketPolicy on s3:images at 2026-01-31 12:00:05 UTC by deployer/ada, very likely (95 %)`."""
    cause = report.cause
    if cause is None:
        return ""
    change = culprit(cause, report.surroundings)
    since = change.at if change else cause.since
    told = (
        f"{change.action} on {report.named(change.resource)}" if change else cause.title,
        f"at {moment(since)}" if since else "",
        f"by {change.actor or 'somebody unknown'}" if change else "",
    )
    return f"{one_line(' '.join(filter(None, told)))}, {confidence(cause.confidence)}"


def reopened(again: Reopening, report: IncidentReport) -> str:
    """`before: a bug in the code; now: PutBucketPolicy on s3:images`."""
    told = (
        report.title_of(found) if found else "no cause was clear" for found in (again.before, again.after)
    )
    before, now = (one_line(text, 200) for text in told)
    return f"before: {before}; now: {now}"


def result(check: Check) -> str:
    """What one verification signal came to."""
    if check.passed is False and not check.essential:
        return "short of the aim"  # worth another step, not worth taking the repair back
    return {True: "passed", False: "failed", None: "cannot tell yet"}[check.passed]


def gaps(report: IncidentReport) -> list[str]:
    """All sources of evidence that were missing; why they were stands with the evidence."""
    named = [m.source for m in report.evidence_before.missing] if report.evidence_before else []
    told = [gap.partition(":")[0] for gap in report.diagnosis.missing] if report.diagnosis else []
    return [one_line(gap, 120) for gap in dict.fromkeys(told or named)]


def closable_gaps(report: IncidentReport) -> list[str]:
    """The sources that somebody can make readable: not those that were read up to a limit."""
    evidence = report.evidence_before
    around = evidence.surroundings if evidence else None
    known = (*(evidence.missing if evidence else ()), *(around.missing if around else ()))
    closable = {gap.source for gap in known if not gap.partly}
    cut = {gap.source for gap in known} - closable
    return [source for source in gaps(report) if source not in cut]


def sentence(text: str, name: str = "") -> str:
    """One line like a sentence: a full stop at the end, a capital unless it starts with `name` or code."""
    line = one_line(text)
    ended = line if line.endswith((".", "!", "?", "…")) else f"{line}."
    first = line.split(" ", 1)[0]
    return ended[:1].upper() + ended[1:] if first.isalpha() and first != name else ended
