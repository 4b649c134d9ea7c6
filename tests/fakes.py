"""The ports, in memory. They behave as AWS does where it matters, and keep state to assert on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from auto_repair.domain.citations import Window
from auto_repair.domain.composite_alarms import KnownAlarm
from auto_repair.domain.errors import (
    AutoRepairError,
    AwsCallFailed,
    ResourceMissing,
    StaleConfiguration,
    TransientError,
)
from auto_repair.domain.evidence import (
    Alias,
    Concurrency,
    Evidence,
    FunctionConfiguration,
    ProvisionedConcurrency,
)
from auto_repair.domain.incident import Disposition, Incident
from auto_repair.domain.policy import NOT_ONBOARDED, FunctionPolicy
from auto_repair.domain.question.known import Known
from auto_repair.domain.repair import Attempt, Change
from auto_repair.domain.resources import Resource
from auto_repair.domain.similar_incidents import Correction, PastIncident
from auto_repair.domain.surroundings import Observation, Scope
from auto_repair.domain.topology import Topology
from auto_repair.ports import Opening, Owner, Target
from auto_repair.use_cases.find_target import FindTarget
from auto_repair.use_cases.look_around import LookAround
from auto_repair.use_cases.look_up_alarm import LookUpAlarm
from tests.builders import FUNCTION, NOW, a_configuration, a_policy

UNRESERVED_MINIMUM = 100


@dataclass
class FakeClock:
    """Stands still until told otherwise; every look is a millisecond later, as on a real machine."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


@dataclass
class FakeFunction:
    """One Lambda function as the account holds it."""

    latest: FunctionConfiguration = field(default_factory=a_configuration)
    versions: dict[str, FunctionConfiguration] = field(default_factory=dict)
    aliases: dict[str, Alias] = field(default_factory=dict)
    reserved: int | None = None
    provisioned: tuple[ProvisionedConcurrency, ...] = ()
    busy_looks: int = 0  # looks at $LATEST until the update in progress is over

    def publish(self) -> str:
        """Freeze $LATEST as a version; the newest one when it equals it."""
        newest = max(self.versions, key=int, default="0")
        if newest != "0" and _same(self.versions[newest], self.latest):
            return newest
        number = str(int(newest) + 1)
        self.versions[number] = replace(self.latest, version=number)
        return number


def _same(one: FunctionConfiguration, other: FunctionConfiguration) -> bool:
    settings = (one.memory_mb, one.timeout_s, one.fingerprint)
    return settings == (other.memory_mb, other.timeout_s, other.fingerprint)


def behind_alias(name: str = "live", **settings: Any) -> FakeFunction:
    """A function with one version and an alias that points to it."""
    function = FakeFunction(a_configuration(**settings))
    function.aliases[name] = Alias(name, function.publish())
    return function


class FakeFunctions:
    """`ports.Functions`. An update takes as many looks at the function as `update_looks` says."""

    def __init__(
        self,
        function: FakeFunction | None = None,
        *,
        name: str = FUNCTION,
        account_limit: int = 1000,
        update_looks: int = 1,
    ) -> None:
        self.all = {name: function or FakeFunction()}
        self.account_limit = account_limit
        self.update_looks = update_looks
        self.invoked: list[tuple[str, str | None, Any]] = []
        self.on_invoke: Callable[[], bool] = lambda: True
        self._revision = 1

    @property
    def only(self) -> FakeFunction:
        """The one function that most tests have."""
        (function,) = self.all.values()
        return function

    def configuration(self, function_name: str, qualifier: str | None = None) -> FunctionConfiguration:
        function = self._function(function_name)
        if qualifier in (None, "$LATEST"):
            return self._look(function)
        number = function.aliases[qualifier].version if qualifier in function.aliases else qualifier
        if number not in function.versions:
            raise ResourceMissing(f"Function not found: {function_name}:{qualifier}")
        return function.versions[number]

    def alias(self, function_name: str, name: str) -> Alias:
        aliases = self._function(function_name).aliases
        if name not in aliases:
            raise ResourceMissing(f"Cannot find alias {function_name}:{name}")
        return aliases[name]

    def concurrency(self, function_name: str) -> Concurrency:
        reserved = sum(f.reserved or 0 for f in self.all.values())
        return Concurrency(
            self._function(function_name).reserved, self.account_limit, self.account_limit - reserved
        )

    def provisioned_concurrency(self, function_name: str) -> Sequence[ProvisionedConcurrency]:
        return self._function(function_name).provisioned

    def update_configuration(
        self, function_name: str, *, memory_mb: int | None, timeout_s: int | None, revision_id: str
    ) -> FunctionConfiguration:
        function = self._function(function_name)
        if function.busy_looks:
            raise TransientError("lambda:UpdateFunctionConfiguration answered ResourceConflictException")
        if revision_id != function.latest.revision_id:
            raise StaleConfiguration(
                "lambda:UpdateFunctionConfiguration answered PreconditionFailedException"
            )
        function.busy_looks = self.update_looks
        function.latest = replace(
            function.latest,
            memory_mb=memory_mb or function.latest.memory_mb,
            timeout_s=timeout_s or function.latest.timeout_s,
            revision_id=self._next_revision(),
        )
        return function.latest

    def publish_version(self, function_name: str, *, description: str, revision_id: str) -> str:
        function = self._function(function_name)
        if revision_id != function.latest.revision_id:
            raise StaleConfiguration("lambda:PublishVersion answered PreconditionFailedException")
        return function.publish()

    def move_alias(self, function_name: str, name: str, *, version: str, expected_version: str) -> None:
        alias = self.alias(function_name, name)
        if alias.version == version:
            return
        if alias.version != expected_version:
            raise StaleConfiguration(f"alias {name} points to version {alias.version}")
        self._function(function_name).aliases[name] = replace(alias, version=version)

    def set_reserved_concurrency(self, function_name: str, value: int | None) -> None:
        function = self._function(function_name)
        others = sum(f.reserved or 0 for f in self.all.values() if f is not function)
        if value and self.account_limit - others - value < min(UNRESERVED_MINIMUM, self.account_limit):
            raise AwsCallFailed(
                "lambda", "PutFunctionConcurrency", "InvalidParameterValueException", "below its minimum"
            )
        function.reserved = value

    def invoke(self, function_name: str, qualifier: str | None, payload: Any) -> bool:
        self.invoked.append((function_name, qualifier, payload))
        return self.on_invoke()

    def deploy(self, fingerprint: str, **settings: Any) -> None:
        """Somebody else changes $LATEST: its code, unless the settings say that the code stays."""
        facts = {"code": fingerprint, "fingerprint": fingerprint, "revision_id": self._next_revision()}
        self.only.latest = replace(self.only.latest, **(facts | settings))

    def _look(self, function: FakeFunction) -> FunctionConfiguration:
        if not function.busy_looks:
            return function.latest
        function.busy_looks -= 1
        # The revision changes once more when the update is done.
        function.latest = replace(function.latest, revision_id=self._next_revision())
        return replace(function.latest, last_update_status="InProgress")

    def _function(self, name: str) -> FakeFunction:
        if name not in self.all:
            raise ResourceMissing(f"Function not found: {name}")
        return self.all[name]

    def _next_revision(self) -> str:
        self._revision += 1
        return f"revision-{self._revision}"


@dataclass
class FakeQueues:
    """`ports.Queues`."""

    timeouts: dict[str, int] = field(default_factory=dict)
    writes: list[tuple[str, int]] = field(default_factory=list)

    def visibility_timeout(self, queue_arn: str) -> int:
        if queue_arn not in self.timeouts:
            raise ResourceMissing(f"there is no queue {queue_arn}")
        return self.timeouts[queue_arn]

    def set_visibility_timeout(self, queue_arn: str, seconds: int) -> None:
        self.timeouts[queue_arn] = seconds
        self.writes.append((queue_arn, seconds))


@dataclass
class FakeBuckets:
    """`ports.Buckets`."""

    policies: dict[str, str | None] = field(default_factory=dict)
    writes: list[tuple[str, str | None]] = field(default_factory=list)

    def policy(self, bucket_arn: str) -> str | None:
        if bucket_arn not in self.policies:
            raise ResourceMissing(f"s3:GetBucketPolicy answered NoSuchBucket: {bucket_arn}")
        return self.policies[bucket_arn]

    def set_policy(self, bucket_arn: str, document: str | None) -> None:
        self.policies[bucket_arn] = document
        self.writes.append((bucket_arn, document))


@dataclass
class FakePolicies:
    """`ports.Policies`."""

    policies: dict[str, FunctionPolicy] = field(default_factory=lambda: {FUNCTION: a_policy()})
    paused: set[str] = field(default_factory=set)

    def policy(self, function_name: str) -> FunctionPolicy:
        return self.policies.get(function_name, NOT_ONBOARDED)

    def is_paused(self, function_name: str) -> bool:
        return function_name in self.paused


@dataclass
class KnownIncident:
    """What the store remembers of an alarm event."""

    execution_arn: str
    status: str = "OPEN"
    joined: dict[str, str] = field(default_factory=dict)
    function_name: str = FUNCTION


class FakeStore:
    """`ports.IncidentStore`: the tables and the bucket as dictionaries."""

    def __init__(self) -> None:
        self.incidents: dict[str, KnownIncident] = {}
        self.claims: dict[str, tuple[str, str, datetime]] = {}
        self.ended: set[str] = set()  # executions that are over: their claims count no longer
        self.evidence: dict[str, Evidence] = {}
        self.documents: dict[str, str] = {}
        self.repairs: dict[tuple[str, str], dict[str, Any]] = {}
        self.diagnoses: dict[tuple[str, str], dict[str, Any]] = {}
        self.history: dict[tuple[str, str], list[str]] = {}  # every status that a repair's item has had

    def open(self, incident: Incident, lease_until: datetime) -> Opening:
        known = self.incidents.get(incident.id)
        if known and known.execution_arn != incident.execution_arn:
            return Opening(Disposition.DUPLICATE, incident.id)
        holder, execution, until = self.claims.get(incident.function_name, ("", "", incident.opened_at))
        is_held = holder not in ("", incident.id) and execution not in self.ended
        if is_held and until > incident.opened_at:
            self.incidents[incident.id] = KnownIncident(
                incident.execution_arn, "JOINED", function_name=incident.function_name
            )
            self.incidents[holder].joined[incident.id] = (
                incident.alarm.name if incident.alarm else "manual start"
            )
            return Opening(Disposition.JOINED, holder)
        self.claims[incident.function_name] = (incident.id, incident.execution_arn, lease_until)
        known = KnownIncident(incident.execution_arn, function_name=incident.function_name)
        self.incidents.setdefault(incident.id, known)
        return Opening(Disposition.OPENED)

    def hold(self, incident: Incident, lease_until: datetime) -> bool:
        known = self.incidents.setdefault(incident.id, KnownIncident(incident.execution_arn))
        holder, _, _ = self.claims.get(incident.function_name, (incident.id, "", None))
        if holder != incident.id or known.execution_arn != incident.execution_arn:
            return False
        known.status = "OPEN"
        self.claims[incident.function_name] = (incident.id, incident.execution_arn, lease_until)
        return True

    def owner(self, incident: Incident) -> Owner | None:
        known = self.incidents.get(incident.id)
        return Owner(known.execution_arn, known.function_name) if known else None

    def joined_alarms(self, incident: Incident) -> Sequence[str]:
        known = self.incidents.get(incident.id)
        return tuple(known.joined.values()) if known else ()

    def close(self, incident: Incident, status: str) -> None:
        known = self.incidents.get(incident.id)
        if known and known.execution_arn == incident.execution_arn:
            known.status = status
        holder, execution, _ = self.claims.get(incident.function_name, ("", "", None))
        if (holder, execution) == (incident.id, incident.execution_arn):
            del self.claims[incident.function_name]

    def save_evidence(self, incident: Incident, label: str, evidence: Evidence) -> str:
        ref = f"{incident.id}/{label}"
        self.evidence[ref] = evidence
        return ref

    def load_evidence(self, ref: str) -> Evidence:
        if ref not in self.evidence:
            raise ResourceMissing(f"s3:GetObject answered NoSuchKey: {ref}")
        return self.evidence[ref]

    def save_document(self, incident: Incident, name: str, body: str, content_type: str) -> str:
        address = f"s3://reports/{incident.id}/{name}"
        self.documents[address] = body
        return address

    def attempts(self, function_name: str, limit: int = 50) -> Sequence[Attempt]:
        items = sorted(self.repairs.items(), reverse=True)
        return tuple(
            Attempt(
                facts["incidentId"],
                at,
                facts.get("action", ""),
                facts.get("status", ""),
                facts["change"],
                started="startedAt" in facts and not facts.get("nothingWritten"),
                changed_at=facts.get("changedAt", ""),
            )
            for (name, at), facts in items
            if name == function_name and isinstance(facts.get("change"), Change)
        )[:limit]

    def record_repair(self, incident: Incident, executed_at: str, facts: dict[str, Any]) -> None:
        key = (incident.function_name, executed_at)
        self.repairs.setdefault(key, {"incidentId": incident.id}).update(facts)
        if "status" in facts:
            self.history.setdefault(key, []).append(facts["status"])

    def repairs_of(self, incident: Incident) -> Sequence[dict[str, Any]]:
        return [
            {"functionName": name, "executedAt": at, **facts}
            for (name, at), facts in sorted(self.repairs.items())
            if facts["incidentId"] == incident.id
        ]

    def record_diagnosis(self, incident: Incident, facts: dict[str, Any]) -> None:
        self.diagnoses.setdefault((incident.id, incident.execution_arn), {}).update(facts)

    @property
    def statuses(self) -> list[str]:
        """The statuses of the repairs table, oldest item first."""
        return [facts.get("status", "") for _, facts in sorted(self.repairs.items())]

    @property
    def diagnosis(self) -> dict[str, Any]:
        """The one diagnosis that most tests have."""
        (facts,) = self.diagnoses.values()
        return facts


@dataclass
class FakeAnnouncer:
    """`ports.Announcer`: one message per incident and stage."""

    messages: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def publish(
        self, *, subject: str, body: str, incident_id: str, stage: str, function_name: str = ""
    ) -> str:
        self.messages.setdefault((incident_id, stage), (subject, body))
        return f"message-{incident_id}-{stage}"

    @property
    def stages(self) -> list[str]:
        """What people were told about, in order."""
        return [stage for _, stage in self.messages]


@dataclass
class FakeSource:
    """An evidence source that knows this much, or fails."""

    name: str
    answer: Callable[[Target], Evidence]

    def collect(self, target: Target) -> Evidence:
        return self.answer(target)


def knowing(name: str, **facts: Any) -> FakeSource:
    """A source that always has these facts."""
    return FakeSource(name, lambda target: Evidence(target.function_name, target.window, **facts))


def failing(name: str, error: AutoRepairError) -> FakeSource:
    """A source that cannot be read."""

    def answer(_target: Target) -> Evidence:
        raise error

    return FakeSource(name, answer)


@dataclass
class FakeTopology:
    """`ports.TopologySource`: knows the surroundings of some resources by their ids (or titles)."""

    known: dict[str, Topology] = field(default_factory=dict)
    error: AutoRepairError | None = None
    name: str = "fake_topology"
    once: bool = False

    def discover(self, start: Resource, window: Window) -> Topology:
        if self.error:
            raise self.error
        return self.known.get(start.id if start.name else start.title, Topology())


@dataclass
class FakeObservations:
    """`ports.ObservationSource`: has observed the same wherever it is asked, and notes the question."""

    observation: Observation = field(default_factory=Observation)
    error: AutoRepairError | None = None
    name: str = "fake_observations"
    asked: list[Scope] = field(default_factory=list)

    def observe(self, scope: Scope) -> Observation:
        self.asked.append(scope)
        if self.error:
            raise self.error
        return self.observation


def finding(
    topology: FakeTopology | None = None, policies: FakePolicies | None = None, *resources: Resource
) -> FindTarget:
    """How alarms on other resources come to a function; knows nothing unless told."""
    around = LookAround((topology,) if topology else ())
    return FindTarget(lambda: around, policies or FakePolicies(), lambda _services: [Known(resources)])


@dataclass
class FakeAlarms:
    """`ports.Alarms`: alarms and tags as they were given."""

    alarms: Sequence[KnownAlarm] = ()
    tagged: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)  # names and ARNs

    def read(self, names: Sequence[str]) -> list[KnownAlarm]:
        self.asked += names
        return [alarm for alarm in self.alarms if alarm.signal.name in names]

    def tags(self, alarm_arn: str) -> Mapping[str, str]:
        self.asked.append(alarm_arn)
        return self.tagged.get(alarm_arn, {})


def looking_up(alarms: FakeAlarms | None = None) -> LookUpAlarm:
    """How alarms that do not say what they are about are asked for; knows none unless told."""
    known = alarms or FakeAlarms()
    return LookUpAlarm(lambda: known)


@dataclass
class FakeMemory:
    """`ports.IncidentMemory`: incidents and corrections as they were given."""

    incidents: dict[str, PastIncident] = field(default_factory=dict)
    corrections: list[tuple[str, str, str, Correction]] = field(default_factory=list)

    def past(self, limit: int = 500) -> list[PastIncident]:
        return sorted(self.incidents.values(), key=lambda past: past.at, reverse=True)[:limit]

    def remember(self, incident: Incident, past: PastIncident) -> None:
        self.incidents[incident.id] = past

    def correct(self, function_name: str, executed_at: str, incident_id: str, correction: Correction) -> None:
        self.corrections.append((function_name, executed_at, incident_id, correction))
