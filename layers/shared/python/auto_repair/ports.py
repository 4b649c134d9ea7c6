"""What the use cases ask of the outside world. Adapters implement these; tests use fakes.

Every method may raise `TransientError` (worth a retry) or `AwsCallFailed` (not worth one).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:  # every function loads the ports, and should pay only for the types that it uses itself
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from auto_repair.domain.advice import Advice, Briefing
    from auto_repair.domain.composite_alarms import KnownAlarm
    from auto_repair.domain.evidence import (
        Alias,
        Concurrency,
        Evidence,
        FunctionConfiguration,
        ProvisionedConcurrency,
        Window,
    )
    from auto_repair.domain.incident import Disposition, Incident
    from auto_repair.domain.policy import FunctionPolicy
    from auto_repair.domain.repair import Attempt
    from auto_repair.domain.resources import Resource
    from auto_repair.domain.runbooks import RunbookExtract
    from auto_repair.domain.similar_incidents import Correction, PastIncident
    from auto_repair.domain.surroundings import Observation, Scope
    from auto_repair.domain.topology import Topology


class Clock(Protocol):
    """The present, UTC."""

    def __call__(self) -> datetime: ...


@dataclass(frozen=True)
class Target:
    """What evidence is wanted about."""

    function_name: str
    window: Window
    alias: str | None = None
    history: bool = True  # also what was before the window, to compare with


class EvidenceSource(Protocol):
    """One conversation with one AWS service, filling in the part of `Evidence` it knows."""

    name: str

    def collect(self, target: Target) -> Evidence:
        """Raises any `AutoRepairError` when the source cannot be read."""
        ...


class TopologySource(Protocol):
    """One way to learn who depends on whom.

    `once`: it tells of everything around, or is dear: asked of the incident's own resource and no other.
    """

    name: str
    once: bool

    def discover(self, start: Resource, window: Window) -> Topology:
        """What it knows around `start`, whatever its service; empty where it knows nothing.
        Raises any `AutoRepairError` when the source cannot be read."""
        ...


class ObservationSource(Protocol):
    """One conversation with one AWS service about all resources around a symptom."""

    name: str

    def observe(self, scope: Scope) -> Observation:
        """Raises any `AutoRepairError` when the source cannot be read; a part that is off is `missing`."""
        ...


class Functions(Protocol):
    """Lambda functions: reading and changing them."""

    def configuration(self, function_name: str, qualifier: str | None = None) -> FunctionConfiguration:
        """Raises `ResourceMissing` when there is no such function or version."""
        ...

    def alias(self, function_name: str, name: str) -> Alias:
        """Raises `ResourceMissing` when there is no such alias."""
        ...

    def concurrency(self, function_name: str) -> Concurrency: ...

    def provisioned_concurrency(self, function_name: str) -> Sequence[ProvisionedConcurrency]:
        """What is kept ready for the function's versions and aliases."""
        ...

    def update_configuration(
        self, function_name: str, *, memory_mb: int | None, timeout_s: int | None, revision_id: str
    ) -> FunctionConfiguration:
        """Change `$LATEST` if it still has `revision_id`, else raise `StaleConfiguration`."""
        ...

    def publish_version(self, function_name: str, *, description: str, revision_id: str) -> str:
        """Version number. AWS returns the newest existing version when `$LATEST` equals it."""
        ...

    def move_alias(self, function_name: str, name: str, *, version: str, expected_version: str) -> None:
        """Point the alias at `version`, if it points at `expected_version` now, else `StaleConfiguration`."""
        ...

    def set_reserved_concurrency(self, function_name: str, value: int | None) -> None: ...

    def invoke(self, function_name: str, qualifier: str | None, payload: Any) -> bool:
        """Send one event and wait; True when the function did not answer with an error."""
        ...


class Alarms(Protocol):
    """CloudWatch's alarms in this account and Region."""

    def read(self, names: Sequence[str]) -> Sequence[KnownAlarm]:
        """The alarms of these names, composite ones too; who is not there is left out."""
        ...

    def tags(self, alarm_arn: str) -> Mapping[str, str]:
        """The alarm's tags; none of an alarm that is not there."""
        ...


class Queues(Protocol):
    """SQS queues that feed a function."""

    def visibility_timeout(self, queue_arn: str) -> int: ...

    def set_visibility_timeout(self, queue_arn: str, seconds: int) -> None: ...


class Buckets(Protocol):
    """S3 buckets and their policies. A policy has no revision: read it right before it is written."""

    def policy(self, bucket_arn: str) -> str | None:
        """The policy as canonical JSON text, None when there is none. Raises `ResourceMissing`."""
        ...

    def set_policy(self, bucket_arn: str, document: str | None) -> None:
        """Put the policy in the place of the present one, whatever that is; None takes it away."""
        ...


class Policies(Protocol):
    """The owners' settings and the pause switches."""

    def policy(self, function_name: str) -> FunctionPolicy:
        """`NOT_ONBOARDED` for a function that nobody onboarded; `InvalidEvent` for a broken parameter."""
        ...

    def is_paused(self, function_name: str) -> bool:
        """Whether the function's alarm rule is disabled."""
        ...


@dataclass(frozen=True)
class Opening:
    """The outcome of trying to open an incident."""

    disposition: Disposition
    open_incident_id: str | None = None


@dataclass(frozen=True)
class Owner:
    """Who works, or worked, on an incident, and the function that its event came down to."""

    execution_arn: str
    function_name: str


class IncidentStore(Protocol):
    """Memory: open incidents, the repairs table, the diagnosis table, evidence and reports."""

    def open(self, incident: Incident, lease_until: datetime) -> Opening:
        """Atomically claim the function for this incident. The same execution may repeat it."""
        ...

    def hold(self, incident: Incident, lease_until: datetime) -> bool:
        """Keep the function for this incident, also where it was released meanwhile. False where another
        incident has it by now."""
        ...

    def owner(self, incident: Incident) -> Owner | None:
        """Whose the incident is; None where nobody has opened it."""
        ...

    def joined_alarms(self, incident: Incident) -> Sequence[str]:
        """Alarms that joined this incident while it was open, in words."""
        ...

    def close(self, incident: Incident, status: str) -> None:
        """Record how it ended and release the function. Repeatable."""
        ...

    def save_evidence(self, incident: Incident, label: str, evidence: Evidence) -> str:
        """Store evidence under a label such as `before`; returns its reference."""
        ...

    def load_evidence(self, ref: str) -> Evidence: ...

    def save_document(self, incident: Incident, name: str, body: str, content_type: str) -> str:
        """Store a report; returns its s3:// address."""
        ...

    def attempts(self, function_name: str, limit: int = 50) -> Sequence[Attempt]:
        """Earlier repairs of the function, newest first."""
        ...

    def record_repair(self, incident: Incident, executed_at: str, facts: dict[str, Any]) -> None:
        """Create or update the item (functionName, executed_at) of the repairs table; repeatable.
        `facts` use the table's names (status, action, reason, …). A `change` (domain `Change`) is stored so
        that `attempts` can rebuild it, and also as previousConfig, newConfig, previousMemory, newMemory,
        previousTimeout, newTimeout, previousConcurrency, newConcurrency where it touches them."""
        ...

    def repairs_of(self, incident: Incident) -> Sequence[dict[str, Any]]:
        """The incident's items of the repairs table as they stand, oldest first."""
        ...

    def record_diagnosis(self, incident: Incident, facts: dict[str, Any]) -> None:
        """Create or update the incident's item of the diagnosis table; repeatable."""
        ...


class IncidentMemory(Protocol):
    """Finished incidents, to compare a new one with."""

    def past(self, limit: int = 500) -> Sequence[PastIncident]:
        """The newest ones that are remembered, newest first, with what people said about them."""
        ...

    def remember(self, incident: Incident, past: PastIncident) -> None:
        """Keep how a finished incident ended; repeatable. A person's correction stays."""
        ...

    def correct(self, function_name: str, executed_at: str, incident_id: str, correction: Correction) -> None:
        """Keep a person's word about the cause; it replaces an earlier one. `executed_at` is the sort key of
        the incident's diagnosis item. Raises `ResourceMissing` when there is no such incident."""
        ...


class RunbookSearch(Protocol):
    """One collection of runbooks."""

    name: str

    def search(self, question: str, limit: int = 3) -> Sequence[RunbookExtract]:
        """Extracts that fit the question, best first; none where nothing fits."""
        ...


class Advisor(Protocol):
    """Somebody outside who judges and words what we found, such as a model."""

    def advise(self, briefing: Briefing) -> Advice:
        """What counts of the answer, checked. Where there is none, the advice says why: off, slow, down, over
        budget or nonsense is no error."""
        ...


class Announcer(Protocol):
    """Tells people."""

    def publish(
        self, *, subject: str, body: str, incident_id: str, stage: str, function_name: str = ""
    ) -> str:
        """Send one message per (incident, stage), however often it is called; returns the message id."""
        ...
