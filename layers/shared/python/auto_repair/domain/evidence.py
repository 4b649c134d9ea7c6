"""Evidence: what was observed about a function, each piece with its query, window and value."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil

from auto_repair.domain.citations import EvidenceItem as EvidenceItem
from auto_repair.domain.citations import MissingEvidence as MissingEvidence
from auto_repair.domain.citations import Window as Window
from auto_repair.domain.surroundings import Surroundings


class Status(StrEnum):
    """How an invocation ended."""

    SUCCESS = "success"
    ERROR = "error"  # the handler raised, or the runtime exited
    TIMEOUT = "timeout"


@dataclass(frozen=True)
class Invocation:
    """One invocation as its REPORT line (or `platform.report` event) tells it."""

    request_id: str
    ended_at: datetime
    duration_ms: float
    memory_size_mb: int = 0
    max_memory_used_mb: int = 0
    init_ms: float | None = None
    status: Status = Status.SUCCESS
    error_type: str = ""  # Runtime.ExitError, Runtime.OutOfMemory, ValueError, Sandbox.Timedout …
    killed: bool = False  # the log says `signal: killed`
    timeout_s: float | None = None  # the limit that the log says was hit
    log_stream: str = ""
    version: str = "$LATEST"

    @property
    def started_at(self) -> datetime:
        """When the handler began."""
        return self.ended_at - timedelta(milliseconds=self.duration_ms)

    @property
    def memory_share(self) -> float:
        """Peak memory as a share of the limit; 0 when the platform does not report memory."""
        return self.max_memory_used_mb / self.memory_size_mb if self.memory_size_mb else 0.0


@dataclass(frozen=True)
class ErrorSignature:
    """Errors that look alike: the type and the message with its varying parts masked."""

    error_type: str
    template: str
    count: int
    first_seen: datetime
    last_seen: datetime
    sample: str = ""
    frame: str = ""  # the innermost frame of the customer's code, `app.py:12 in handler`


@dataclass(frozen=True)
class MetricSeries:
    """A metric's data points, oldest first. `times` are the starts of the periods."""

    name: str  # the CloudWatch name, with the statistic where it is not the obvious one: `Duration.p99`
    period_s: int
    times: tuple[datetime, ...] = ()
    values: tuple[float, ...] = ()

    @property
    def total(self) -> float:
        """Sum over all points."""
        return sum(self.values)

    @property
    def peak(self) -> float:
        """Largest value, 0 without data."""
        return max(self.values, default=0.0)

    def since(self, moment: datetime) -> "MetricSeries":
        """The points of periods that began at or after `moment`."""
        kept = [(t, v) for t, v in zip(self.times, self.values, strict=True) if t >= moment]
        return replace(self, times=tuple(t for t, _ in kept), values=tuple(v for _, v in kept))


@dataclass(frozen=True)
class Alias:
    """A function alias. `weights` maps further versions to their share of traffic."""

    name: str
    version: str
    weights: dict[str, float] | None = None


@dataclass(frozen=True)
class ProvisionedConcurrency:
    """Environments that AWS keeps ready for a version, or for an alias and whatever it points to."""

    qualifier: str  # the version's number or the alias's name
    requested: int


@dataclass(frozen=True)
class FunctionConfiguration:
    """The settings of one version of a function, `$LATEST` unless `version` says otherwise."""

    function_name: str
    memory_mb: int
    timeout_s: int
    revision_id: str = ""
    version: str = "$LATEST"
    runtime: str = ""
    state: str = "Active"
    last_update_status: str = "Successful"
    last_modified: datetime | None = None
    ephemeral_storage_mb: int = 512
    architecture: str = "x86_64"
    package_type: str = "Zip"
    log_group: str = ""
    log_format: str = "Text"
    snap_start: bool = False
    vpc: bool = False
    managed_instances: bool = False  # platform.report then carries no memory figures
    code: str = ""  # hash of the code alone
    fingerprint: str = ""  # hash of code and all settings but memory and timeout: equal versions do the same
    unreadable: str = ""  # why its environment variables cannot be read: its fingerprint then equals no other

    @property
    def is_busy(self) -> bool:
        """Whether AWS is at work on it: it takes no changes meanwhile."""
        return self.last_update_status == "InProgress" or self.state == "Pending"


@dataclass(frozen=True)
class Concurrency:
    """Concurrency limits of the function and its account. `reserved` is None when none is set."""

    reserved: int | None
    account_limit: int
    account_unreserved: int


@dataclass(frozen=True)
class EventSource:
    """What feeds the function by polling (event source mapping)."""

    kind: str  # sqs, kinesis, dynamodb, kafka, other
    arn: str
    enabled: bool = True
    maximum_concurrency: int | None = None
    visibility_timeout_s: int | None = None  # SQS only
    batch_size: int | None = None


@dataclass(frozen=True)
class Caller:
    """Who may invoke the function synchronously and how long it waits, seconds (None: unknown)."""

    principal: str
    waits_s: int | None
    arn: str = ""


@dataclass(frozen=True)
class ChangeEvent:
    """A change to the function or something it depends on."""

    at: datetime
    action: str
    resource: str
    actor: str = ""
    summary: str = ""
    ours: bool = False  # made by one of our own repairs


@dataclass(frozen=True)
class Evidence:
    """Everything observed for one incident. Sources fill in what they know; `merge` joins their parts."""

    function_name: str
    window: Window
    alias: str | None = None
    configuration: FunctionConfiguration | None = None  # of the version that callers reach
    latest: FunctionConfiguration | None = None  # of $LATEST, where it differs
    aliases: tuple[Alias, ...] = ()
    concurrency: Concurrency | None = None
    provisioned: tuple[ProvisionedConcurrency, ...] = ()  # read of functions that have aliases
    event_sources: tuple[EventSource, ...] = ()
    callers: tuple[Caller, ...] = ()
    invocations: tuple[Invocation, ...] = ()  # within the window, oldest first
    history: tuple[Invocation, ...] = ()  # before the window, oldest first
    signatures: tuple[ErrorSignature, ...] = ()
    series: tuple[MetricSeries, ...] = ()  # within the window
    baseline: tuple[MetricSeries, ...] = ()  # same metrics, earlier hours and days
    changes: tuple[ChangeEvent, ...] = ()
    surroundings: Surroundings | None = None  # the resources that the function works with
    items: tuple[EvidenceItem, ...] = ()
    missing: tuple[MissingEvidence, ...] = ()

    def metric(self, name: str) -> MetricSeries:
        """The series of that name within the window; empty when it was not seen."""
        return next((s for s in self.series if s.name == name), MetricSeries(name, 60))

    def normal(self, name: str) -> MetricSeries:
        """The same series in the baseline; empty when there is none."""
        return next((s for s in self.baseline if s.name == name), MetricSeries(name, 60))

    def lacks(self, source: str) -> bool:
        """Whether that source could not be read."""
        return any(gap.source == source for gap in self.missing)

    def is_cut(self, source: str) -> bool:
        """Whether that source holds more than was read."""
        return any(gap.source == source and gap.partly for gap in self.missing)

    @property
    def failures(self) -> tuple[Invocation, ...]:
        """Invocations in the window that did not end well."""
        return tuple(i for i in self.invocations if i.status is not Status.SUCCESS)

    @property
    def successes(self) -> tuple[Invocation, ...]:
        """Invocations in the window that ended well."""
        return tuple(i for i in self.invocations if i.status is Status.SUCCESS)


_JOINED = ("items", "missing", "invocations", "history", "signatures", "series", "baseline", "changes")


def merge(whole: Evidence, parts: Iterable[Evidence]) -> Evidence:
    """`whole` completed by what each part knows; collections are joined, single values taken once."""
    for part in parts:
        known = {f.name: getattr(part, f.name) for f in fields(Evidence)}
        news = {
            name: value for name, value in known.items() if value and name not in ("function_name", "window")
        }
        joined = {name: getattr(whole, name) + news[name] for name in _JOINED if name in news}
        whole = replace(whole, **(news | joined))
    return whole


def by_log_stream(invocations: Iterable[Invocation]) -> Iterator[tuple[Invocation, ...]]:
    """Invocations grouped by execution environment, oldest first within each."""
    groups: dict[str, list[Invocation]] = {}
    for invocation in invocations:
        groups.setdefault(invocation.log_stream, []).append(invocation)
    for group in groups.values():
        yield tuple(sorted(group, key=lambda i: i.ended_at))


def percentile(values: Iterable[float], share: float) -> float:
    """Nearest-rank percentile, `share` in 0..1; 0 without values."""
    ordered = sorted(values)
    if not ordered:
        return 0.0
    # Rounded first: 0.07 × 100 is a little more than 7 in floating point.
    rank = ceil(round(share * len(ordered), 9))
    return ordered[min(max(rank, 1), len(ordered)) - 1]
