"""Looking around a symptom: who works with whom, and what was observed there, gaps included."""

import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol, TypeVar

from auto_repair.domain.alarmed_resource import symptom_of
from auto_repair.domain.case import Case, EvidenceReference
from auto_repair.domain.changes.history import with_recorded_configurations
from auto_repair.domain.citations import MissingEvidence, Window
from auto_repair.domain.errors import AutoRepairError, InvalidEvent
from auto_repair.domain.incident import Incident
from auto_repair.domain.question.reading import LONGEST_AGO
from auto_repair.domain.resources import Resource, at_heart
from auto_repair.domain.surroundings import MetricRole, Scope, Surroundings, Symptom, complete
from auto_repair.domain.topology import Topology, join
from auto_repair.ports import IncidentStore, ObservationSource, TopologySource

REFERENCE = timedelta(hours=1)  # before the window, to compare with
ROUGHLY = timedelta(minutes=15)  # how exactly people remember when it began
MOST_RESOURCES = 12
LEFT_OUT = "topology"  # names a gap that is a limit of ours: nothing failed
MOST_OTHERS = 3  # further resources whose own neighbours are asked for
WITH_NEIGHBOURS = ("lambda", "s3", "sqs", "states", "dynamodb")  # one to three requests each
TOPOLOGY_DEADLINE_S = 10.0
DEADLINE_S = 20.0
T = TypeVar("T")
log = logging.getLogger(__name__)


class Source(Protocol):
    """What every source has."""

    @property
    def name(self) -> str: ...


S = TypeVar("S", bound=Source)


def ask(
    sources: Iterable[S],
    question: Callable[[S], T],
    *,
    deadline_s: float,
    is_fatal: Callable[[str, AutoRepairError], bool] = lambda _name, _error: False,
) -> tuple[list[T], tuple[MissingEvidence, ...]]:
    """The answers of all sources, asked at once, in the order of the sources; and who gave none, and why.

    Raises the error of a source that `is_fatal`.
    """
    sources = tuple(sources)
    pool = ThreadPoolExecutor(max_workers=max(1, len(sources)))
    futures = [pool.submit(question, source) for source in sources]
    wait(futures, timeout=deadline_s)
    pool.shutdown(wait=False, cancel_futures=True)
    answers, missing = [], []
    for source, future in zip(sources, futures, strict=True):
        if not future.done():
            missing.append(MissingEvidence(source.name, f"no answer within {deadline_s:.0f} s"))
            continue
        try:
            answers.append(future.result())
        except AutoRepairError as error:
            if is_fatal(source.name, error):
                raise
            missing.append(MissingEvidence(source.name, str(error)[:400]))
        except Exception as error:
            # A defect in one source leaves a gap: it must not leave the incident without a diagnosis.
            log.exception("Evidence source %s broke", source.name)
            reason = f"this source broke ({type(error).__name__}), which is a defect of ours: see our own log"
            missing.append(MissingEvidence(source.name, reason))
    return answers, tuple(missing)


@dataclass(frozen=True)
class LookAround:
    """Finds the resources around one and observes them."""

    topology_sources: Sequence[TopologySource]
    observation_sources: Sequence[ObservationSource] = ()

    def topology(self, start: Resource, window: Window, heart: Resource) -> Topology:
        """Who works with `start`, with the incident's `heart`, and with the nearest ones beside them."""
        whole = self.neighbours(start, window)
        if heart.id != start.id:
            whole = join((whole, self.neighbours(heart, window)))
        near = whole.around(found(whole, start).id, MOST_RESOURCES).resources
        others = [r for r in near if r.service in WITH_NEIGHBOURS and r.id not in (start.id, heart.id)]
        for other in others[:MOST_OTHERS]:
            whole = join((whole, self.neighbours(other, window, cheaply=True)))
        return whole

    def __call__(
        self, symptom: Symptom, topology: Topology, window: Window, reference: Window | None = None
    ) -> Surroundings:
        """What was observed of the resources nearest to the symptom, in the window and in the reference:
        the hour before the window where no other is given."""
        reference = reference or Window(window.start - REFERENCE, window.start)
        near = topology.around(symptom.resource, MOST_RESOURCES)
        left_out = len(topology.resources) - len(near.resources)
        if left_out and len(near.resources) == MOST_RESOURCES:
            reason = f"{left_out} resources farther away were not looked at: {MOST_RESOURCES} are the limit"
            near = replace(near, missing=(*near.missing, MissingEvidence(LEFT_OUT, reason, partly=True)))
        return self.observe(Scope(symptom, near, window, reference))

    def observe(self, scope: Scope) -> Surroundings:
        """What the sources see within that scope."""
        near = scope.topology
        observed, missing = ask(
            self.observation_sources, lambda source: source.observe(scope), deadline_s=DEADLINE_S
        )
        whole = Surroundings(scope, items=near.items, missing=near.missing + missing)
        whole = complete(whole, observed)
        return replace(whole, changes=with_recorded_configurations(whole.changes))

    def neighbours(self, start: Resource, window: Window, *, cheaply: bool = False) -> Topology:
        """Who works with it directly."""
        parts, missing = ask(
            (source for source in self.topology_sources if not (cheaply and source.once)),
            lambda source: source.discover(start, window),
            deadline_s=TOPOLOGY_DEADLINE_S,
        )
        whole = join((Topology((start,), missing=missing), *parts))
        return replace(whole, resources=tuple(r for r in whole.resources if r.name))


def found(topology: Topology, resource: Resource) -> Resource:
    """The resource as the topology knows it: a REST API's alarm tells its title, API Gateway its id."""
    if resource.name:
        return topology.resource(resource.id) or resource
    named = (r for r in topology.resources if r.name and r.service == resource.service)
    return next((r for r in named if r.title == resource.title), resource)


def not_reached(incident: Incident, window: Window) -> Window | None:
    """From the moment that a person named to the window; None where the window reaches back that far."""
    if incident.since is None or incident.since >= window.start:
        return None
    return Window(max(incident.since, window.end - LONGEST_AGO), window.start)


def reference_of(incident: Incident, window: Window) -> Window | None:
    """The hour before a trouble that is older than the window; None where the hour before the window is."""
    between = not_reached(incident, window)
    end = between.start - ROUGHLY if between else None
    return Window(end - REFERENCE, end) if end else None


def surroundings_of(incident: Incident, window: Window, look_around: LookAround) -> Surroundings:
    """What surrounds the resource that the incident's alarm is on, down to its function and beyond."""
    heart = at_heart(incident.function_name)
    start = at_heart(incident.resource) if incident.resource else heart
    topology = look_around.topology(start, window, heart)
    start = topology.resource(start.id) or start
    symptom = symptom_of(incident.alarm, start) if incident.alarm else None
    if symptom is None:
        # A question, or an alarm on a metric of its owner's own.
        text = incident.alarm.reason if incident.alarm else incident.question
        symptom = Symptom(start.id, MetricRole.AVAILABILITY, incident.started_at, text=text)
    return look_around(symptom, topology, window, reference_of(incident, window))


@dataclass(frozen=True)
class WidenEvidence:
    """LookAround: the function's own evidence leaves the cause open, so its surroundings are observed too."""

    look_around: LookAround
    store: IncidentStore

    def __call__(self, case: Case) -> EvidenceReference:
        """Where the evidence lies, now with the surroundings in it."""
        if case.evidence is None:
            raise InvalidEvent("evidence: the state document has none; CollectMetricsAndLogs comes first")
        evidence = self.store.load_evidence(case.evidence.ref)
        around = surroundings_of(case.incident, evidence.window, self.look_around)
        ref = self.store.save_evidence(case.incident, "around", replace(evidence, surroundings=around))
        gaps = evidence.missing + around.missing
        return EvidenceReference(
            ref, len(evidence.items) + len(around.items), tuple(gap.source for gap in gaps), is_wide=True
        )
