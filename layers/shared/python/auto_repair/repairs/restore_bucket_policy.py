"""Put back the policy that a bucket had before the change that refuses the function's calls."""

from datetime import datetime, timedelta

from auto_repair.domain.bucket_denials import Document, denials, doubt, former, latter
from auto_repair.domain.bucket_suspects import Suspect, suspect
from auto_repair.domain.evidence import Evidence, Status
from auto_repair.domain.policy_documents import open_to_everybody, same
from auto_repair.domain.repair import (
    Change,
    Check,
    Proposal,
    Refusal,
    Repair,
    RepairContext,
    Setting,
    SettingChange,
)
from auto_repair.domain.surroundings import MetricRole, ResourceSeries

SETTLES = timedelta(seconds=60)  # S3 takes a moment until every server of it knows a new policy
ENOUGH_CALLS = 3  # fewer tell nothing
WORKS = 0.9  # share of good calls from which the alarmed resource works again
FAILS = 0.5  # share of good calls below which it still fails

PERSON = "a bucket's policy is somebody's intent: a person decides whether the former one may come back"


def plan(evidence: Evidence, context: RepairContext) -> Proposal | Refusal:
    """The former policy, exactly as it was; where there was none, none."""
    if context.rungs:
        return Refusal("former policy", "the former policy is back already", "look for another cause")
    found = suspect(evidence)
    if found is None:
        return Refusal(
            "evidence", "no change of a bucket's policy explains a refused call", "look at the log"
        )
    if refusal := _refusal(found, context):
        return refusal
    old, new = former(found.change), latter(found.change)
    if old is None or new is None:
        return Refusal(
            "former policy",
            f"nobody recorded what the policy of {found.change.resource} was before and after the change",
            "take the former policy from version control, or from the history of AWS Config",
        )
    if same(old.text, new.text):
        return Refusal("former policy", "the former policy says the same", "look at the role's policies")
    arn = _allowed_arn(found, context)
    change = Change(evidence.function_name, (SettingChange(arn, Setting.BUCKET_POLICY, new.text, old.text),))
    when = f"{found.change.at:%Y-%m-%d %H:%M:%S} UTC"
    because = (
        f"the policy goes back to what it was before {found.change.actor or 'somebody'} changed it at {when}",
    )
    asked = "; ".join(filter(None, (PERSON, doubt(found.change))))
    return Proposal(change, because, needs_person=asked + _opened(old, new))


def _opened(old: Document, new: Document) -> str:
    """What a person must see at first sight: the change may have closed a hole on purpose."""
    closed = open_to_everybody(new.text)
    names = [str(match) for match in open_to_everybody(old.text) if match not in closed]
    return f". BEWARE: the former one lets everybody in: {', '.join(names)}" if names else ""


def _refusal(found: Suspect, context: RepairContext) -> Refusal | None:
    bucket = found.change.resource
    if found.follower:
        by = found.follower.actor or "somebody"
        return Refusal(
            "policy changed again",
            f"{by} changed the policy of {bucket} again at {found.follower.at:%Y-%m-%d %H:%M:%S} UTC",
            "ask them: they are at it already",
        )
    if not _allowed_arn(found, context):
        return Refusal(
            "buckets",
            f"the function's entry does not list {bucket}, so its policy may not be touched",
            "add the bucket's ARN to `buckets` of the function's entry, or restore the policy by hand",
        )
    return None


def _allowed_arn(found: Suspect, context: RepairContext) -> str:
    """The bucket's ARN as the owner wrote it, empty where it is not listed."""
    name = found.change.resource.partition(":")[2]
    return next((arn for arn in context.policy.buckets if arn.rsplit(":", 1)[-1] == name), "")


def judge(change: Change, after: Evidence, before: Evidence | None = None) -> tuple[Check, ...]:
    """Refused calls to the bucket since the change, and the alarmed resource's share of good calls."""
    buckets = [s.resource.rsplit(":", 1)[-1] for s in change.settings if s.setting is Setting.BUCKET_POLICY]
    return (*(_refused(name, after, before) for name in buckets), *_alarmed(after))


def _refused(bucket: str, after: Evidence, before: Evidence | None) -> Check:
    began = after.window.start
    node = f"s3:{bucket}"
    late = [d for d in denials(after, node) if d.bucket == node and d.last_seen >= began]
    last = max((d.last_seen for d in late), default=began)
    clean = sum(run.status is Status.SUCCESS and run.started_at >= last for run in after.invocations)
    settled = last <= began + SETTLES
    text = f"{clean} runs since, none of them refused" if settled else f"refused at {last:%H:%M:%S} UTC still"
    passed = (True if clean >= ENOUGH_CALLS else None) if settled else False
    if passed and (silent := _silent(node, after, before)):
        passed, text = (
            None,
            f"{text}, but the log of {', '.join(silent)} told of refusals and cannot be read now",
        )
    return Check(
        f"calls refused by {bucket}",
        "refused",
        f"{max((d.count for d in late), default=0)} refused",
        passed,
        text,
    )


def _silent(node: str, after: Evidence, before: Evidence | None) -> list[str]:
    """Ids of other functions that were refused before, and whose log nobody has read since."""
    told = {d.evidence: d.caller for d in denials(before, node) if d.bucket == node} if before else {}
    read = {item.id for item in after.surroundings.items} if after.surroundings else set()
    own = f"lambda:{after.function_name}"
    return sorted(caller for item, caller in told.items() if caller != own and item not in read)


def _alarmed(after: Evidence) -> tuple[Check, ...]:
    """How the resource that raised the alarm does, where it is another than the function."""
    if after.surroundings is None:
        return ()
    alarmed = after.surroundings.scope.symptom.resource
    if alarmed == f"lambda:{after.function_name}":
        return ()
    since = after.window.start
    settled = [v for _, v in _points(after, alarmed, MetricRole.AVAILABILITY, since + SETTLES)]
    shares = settled or [v for _, v in _points(after, alarmed, MetricRole.AVAILABILITY, since)]
    good = sum(shares) / len(shares) if shares else 0.0
    known = bool(shares)  # a period in which nobody called has no share
    shown = f"{good:.0%} of its calls" if known else "unknown"
    text = f"{alarmed} answers {shown} well" if known else f"nothing is known of {alarmed} yet"
    passed = None
    if known and good >= WORKS:
        passed = True
    elif known and settled and good < FAILS:
        passed = False
    # What raised the alarm has the last word, though its metrics come late.
    return (Check(f"good answers of {alarmed}", "failing", shown, passed, text),)


def _points(after: Evidence, resource: str, role: MetricRole, since: datetime) -> list[tuple[float, float]]:
    series: tuple[ResourceSeries, ...] = after.surroundings.series if after.surroundings else ()
    found = next((s for s in series if s.resource == resource and s.role is role), None)
    if found is None:
        return []
    start = since.timestamp()
    return [(t, v) for t, v in zip(found.times, found.values, strict=True) if t >= start]


REPAIR = Repair("restore_bucket_policy", "Restore the bucket's former policy", plan, judge)
