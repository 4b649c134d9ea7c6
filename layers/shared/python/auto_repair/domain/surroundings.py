"""What was observed around an alarm: resources, their metrics, changes and log messages."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from auto_repair.domain.citations import EvidenceItem, MissingEvidence, Window
from auto_repair.domain.resources import Resource
from auto_repair.domain.topology import Topology

RETENTION = "RetentionPeriod"  # seconds for which a stream or queue keeps things
GROWTH = "StorageToGrow"  # bytes that autoscaling may add to a disk
SETTINGS = frozenset({RETENTION, GROWTH})  # series of one value that bounds others, and of no period
CLOCKS = timedelta(seconds=5)  # a change's time is in whole seconds, and clocks differ


class MetricRole(StrEnum):
    """What a metric says of its resource; the root-cause engine's roles by the same names."""

    LATENCY = "latency"
    AVAILABILITY = "availability"  # share of good calls, 0..1
    REQUESTS = "requests"
    SATURATION = "saturation"  # rises when the resource runs out of something
    OTHER = "other"


@dataclass(frozen=True)
class ResourceSeries:
    """One metric of a resource, oldest first, over the reference and the window.

    `times` are the starts of the periods in seconds since the epoch; a period without data has no entry.
    """

    resource: str  # its id
    metric: str  # CloudWatch's name, or what it was computed from: `5XXError / Count`
    statistic: str
    role: MetricRole
    unit: str = ""
    period_s: int = 60
    times: tuple[float, ...] = ()
    values: tuple[float, ...] = ()


@dataclass(frozen=True)
class ResourceChange:
    """Something was deployed, configured, permitted or forbidden.

    `before` and `after` are what it was and became as JSON text (a policy document, a configuration), empty
    where nobody knows. `had_none`: it is known that there was nothing before.

    `before_of` is when the change was made that left it so, where that is all we know of it: a change in
    between that nobody recorded would not be known. None where AWS Config recorded the same, too.
    """

    resource: str  # its id
    at: datetime
    action: str  # as CloudTrail names it, without Lambda's version suffix: PutBucketPolicy
    actor: str = ""
    summary: str = ""
    source: str = ""  # change_journal, cloudtrail, config_history, health, deployments …
    event_id: str = ""
    before: str = ""
    after: str = ""
    had_none: bool = False
    ours: bool = False
    before_of: datetime | None = None


@dataclass(frozen=True)
class ResourceSignature:
    """Log lines of a resource that look alike, their varying parts masked; or failures in traced requests.

    traced: told by a few traces, not by the log. How often it was so before is not known then.
    """

    resource: str
    template: str
    first_seen: datetime
    last_seen: datetime
    count: int
    count_before: int = 0  # in the reference
    names: str = ""  # id of the resource that the message complains about, if it names one
    sample: str = ""
    traced: bool = False
    evidence: str = ""  # id of the item that tells it


def errors_item(resource_id: str) -> str:
    """Id of the evidence item that tells what a resource logs of errors."""
    return f"around.{resource_id}.errors"


@dataclass(frozen=True)
class Symptom:
    """What the alarm says: which resource, how it suffers, since when."""

    resource: str  # its id
    role: MetricRole
    at: datetime
    metric: str = ""
    statistic: str = ""
    text: str = ""  # in words, such as the alarm's reason


@dataclass(frozen=True)
class Scope:
    """What a source is asked about: the resources around a symptom, the window and what to compare with."""

    symptom: Symptom
    topology: Topology
    window: Window  # the minutes around the alarm, up to now
    reference: Window  # before it

    @property
    def resources(self) -> tuple[Resource, ...]:
        """The resources, nearest to the symptom first."""
        return self.topology.resources

    @property
    def needed(self) -> frozenset[str]:
        """Ids of what suffers itself, and of all that it needs."""
        return frozenset((self.symptom.resource, *self.topology.downstream(self.symptom.resource)))


@dataclass(frozen=True)
class Surroundings:
    """Everything observed around one symptom; `complete` joins what the sources know."""

    scope: Scope
    series: tuple[ResourceSeries, ...] = ()
    changes: tuple[ResourceChange, ...] = ()
    signatures: tuple[ResourceSignature, ...] = ()
    items: tuple[EvidenceItem, ...] = ()
    missing: tuple[MissingEvidence, ...] = ()


@dataclass(frozen=True)
class Observation:
    """What one source observed."""

    series: tuple[ResourceSeries, ...] = ()
    changes: tuple[ResourceChange, ...] = ()
    signatures: tuple[ResourceSignature, ...] = ()
    items: tuple[EvidenceItem, ...] = ()
    missing: tuple[MissingEvidence, ...] = field(default=())


def complete(whole: Surroundings, parts: Iterable[Observation]) -> Surroundings:
    """`whole` with everything that the parts know. A change told by several sources is kept once."""
    for part in parts:
        whole = replace(
            whole,
            series=whole.series + part.series,
            changes=_together(whole.changes + part.changes),
            signatures=whole.signatures + part.signatures,
            items=whole.items + part.items,
            missing=whole.missing + part.missing,
        )
    return whole


def _together(changes: Iterable[ResourceChange]) -> tuple[ResourceChange, ...]:
    """Oldest first, each once, with the former and the new state from whoever knew it."""
    kept: dict[object, ResourceChange] = {}
    for change in changes:
        key = change.event_id or (change.resource, change.action, change.at)
        known = kept.get((change.resource, key), change)
        kept[change.resource, key] = replace(
            known,
            before=known.before or change.before,
            after=known.after or change.after,
            had_none=known.had_none or change.had_none,
            ours=known.ours or change.ours,
            before_of=known.before_of if known.before or known.had_none else change.before_of,
        )
    return tuple(sorted(kept.values(), key=lambda change: change.at))
