"""The change behind a hypothesis: what was changed, when, by whom, and from what to what."""

from auto_repair.domain.diagnosis import Hypothesis
from auto_repair.domain.policy_documents import unified_diff
from auto_repair.domain.surroundings import ResourceChange, Surroundings
from auto_repair.reports.escaping import DOCUMENT, clean

_TOLD = "%Y-%m-%d %H:%M:%S"  # how reasons write down a moment


def culprit(hypothesis: Hypothesis | None, around: Surroundings | None) -> ResourceChange | None:
    """The change of the resource at fault that the hypothesis rests on, if it rests on one.

    The one whose moment its reasons tell; else the one at which it began. Another change of the same
    resource, such as a tag that somebody sets a minute later, is none.
    """
    if hypothesis is None or around is None:
        return None
    own = [c for c in around.changes if c.resource == hypothesis.resource and not c.ours]
    told = [c for r in hypothesis.because for c in own if f"{c.at:{_TOLD}}" in r.text]
    return next(iter((*told, *(c for c in own if c.at == hypothesis.since))), None)


def told_by(change: ResourceChange) -> str:
    """`PutBucketPolicy by deployer/ada`."""
    who = "our own repair" if change.ours else change.actor or "somebody unknown"
    return f"{change.action} by {who}"


def difference(change: ResourceChange) -> str:
    """Its unified diff line by line; empty where what was before or after is not known."""
    is_known = (change.before or change.had_none) and (change.after or _deletes(change))
    before = None if change.had_none else change.before
    after = None if _deletes(change) else change.after
    return clean(unified_diff(before, after), DOCUMENT) if is_known else ""


def _deletes(change: ResourceChange) -> bool:
    return change.action.startswith("Delete")
