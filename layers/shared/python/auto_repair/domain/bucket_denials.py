"""Calls to buckets that were refused, and the changes of the buckets' policies that may have refused them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from auto_repair.domain.arns import resource_of
from auto_repair.domain.complaints import Complaint, complaint
from auto_repair.domain.evidence import Evidence
from auto_repair.domain.policy_documents import canonical
from auto_repair.domain.resources import Resource
from auto_repair.domain.suffering import well_until
from auto_repair.domain.surroundings import ResourceChange, errors_item
from auto_repair.domain.topology import Topology

PUT, DELETE = "PutBucketPolicy", "DeleteBucketPolicy"


@dataclass(frozen=True)
class Denial:
    """Log lines that look alike and complain of one bucket."""

    bucket: str  # its id, s3:images
    caller: str  # id of the resource whose log complains
    complaint: Complaint
    principal: str  # ARN of who was refused, empty where nobody knows
    count: int
    earlier: int  # how often in the time to compare with, where that was read
    first_seen: datetime
    last_seen: datetime
    sample: str
    evidence: str  # id of the item that tells it


@dataclass(frozen=True)
class Document:
    """A policy that is known; `text` is canonical, None where it is known that there was none."""

    text: str | None


def denials(evidence: Evidence, suspected: str = "") -> tuple[Denial, ...]:
    """What the function's own log and those around it say of refused calls to buckets, first ones first.

    `suspected` is the id of a bucket that is meant where a message names none and no other is known.
    """
    topology = evidence.surroundings.scope.topology if evidence.surroundings else Topology()
    if suspected and topology.resource(suspected) is None:
        bucket = Resource("s3", suspected.partition(":")[2])
        topology = replace(topology, resources=(*topology.resources, bucket))
    well = well_until(evidence.surroundings) if evidence.surroundings else None
    lasting = (lines for lines in _logged(evidence) if well is None or lines.last_seen >= well)
    found = (_denial(lines, topology) for lines in lasting)
    return tuple(sorted((d for d in found if d), key=lambda d: d.first_seen))


def policy_changes(evidence: Evidence, bucket: str) -> tuple[ResourceChange, ...]:
    """Changes of the bucket's policy, oldest first."""
    changes = evidence.surroundings.changes if evidence.surroundings else ()
    concerned = (c for c in changes if c.resource == bucket and c.action in (PUT, DELETE))
    return tuple(sorted(concerned, key=lambda c: c.at))


def former(change: ResourceChange) -> Document | None:
    """The policy before the change, None where nobody knows it."""
    return Document(None) if change.had_none else _document(change.before)


def doubt(change: ResourceChange) -> str:
    """What speaks against the former policy that is known; empty where AWS Config confirms it."""
    if change.before_of is None:
        return ""
    return (
        f"the former policy is the last one that was recorded, of {change.before_of:%Y-%m-%d %H:%M:%S} UTC: "
        "a change in between that nobody recorded would not be known"
    )


def latter(change: ResourceChange) -> Document | None:
    """The policy that the change left, None where nobody knows it."""
    return Document(None) if change.action == DELETE else _document(change.after)


def _document(text: str) -> Document | None:
    try:
        return Document(canonical(text)) if text else None
    except ValueError:  # a journal may hold anything
        return None


@dataclass(frozen=True)
class _Lines:
    """Log lines that look alike, of whichever log."""

    of: str  # id of the resource whose log it is
    sample: str
    count: int
    first_seen: datetime
    last_seen: datetime
    evidence: str
    earlier: int = 0


def _logged(evidence: Evidence) -> Iterator[_Lines]:
    own = f"lambda:{evidence.function_name}"
    for s in evidence.signatures:
        sample = f"{s.error_type}: {s.sample or s.template}"
        yield _Lines(own, sample, s.count, s.first_seen, s.last_seen, "logs.errors")
    for r in evidence.surroundings.signatures if evidence.surroundings else ():
        if r.traced:  # a few requests do not tell when the first one was refused, and a repair rests on that
            continue
        item, sample = errors_item(r.resource), r.sample or r.template
        yield _Lines(r.resource, sample, r.count, r.first_seen, r.last_seen, item, r.count_before)


def _denial(lines: _Lines, topology: Topology) -> Denial | None:
    said = complaint(lines.sample, topology.resources)
    if said is None or not said.is_denial or said.action.partition(":")[0].lower() not in ("", "s3"):
        return None
    named = resource_of(said.resource_arn) if said.resource_arn else None
    bucket = named.id if named else said.resource
    if not bucket.startswith("s3:"):
        return None
    return Denial(
        bucket=bucket,
        caller=lines.of,
        complaint=said,
        principal=said.principal or _role_of(lines.of, topology),
        count=lines.count,
        earlier=lines.earlier,
        first_seen=lines.first_seen,
        last_seen=lines.last_seen,
        sample=lines.sample,
        evidence=lines.evidence,
    )


def _role_of(function_id: str, topology: Topology) -> str:
    """The role that the function runs under, where the topology knows it."""
    needed = (topology.resource(name) for name in topology.callees(function_id))
    roles = [r.arn for r in needed if r and r.service == "iam" and ":role/" in r.arn]
    return roles[0] if len(roles) == 1 else ""
