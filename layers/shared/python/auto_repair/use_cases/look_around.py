"""Looking around a symptom: who works with whom, and what was observed there, gaps included."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeVar

from auto_repair.domain.citations import MissingEvidence, Window
from auto_repair.domain.errors import AutoRepairError
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import Scope, Surroundings, Symptom, complete
from auto_repair.domain.topology import Topology, join
from auto_repair.ports import ObservationSource, TopologySource

REFERENCE = timedelta(hours=1)  # before the window, to compare with
MOST_RESOURCES = 12
MOST_STARTS = 3  # resources whose own neighbours are asked for
TOPOLOGY_DEADLINE_S = 10.0
DEADLINE_S = 20.0
T = TypeVar("T")


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
    return answers, tuple(missing)


@dataclass(frozen=True)
class LookAround:
    """Finds the resources around one and observes them."""

    topology_sources: Sequence[TopologySource]
    observation_sources: Sequence[ObservationSource] = ()

    def topology(self, start: Resource, window: Window, starts: Iterable[Resource] = ()) -> Topology:
        """Who works with `start`; the neighbours of the nearest functions, and of `starts`, belong to it."""
        whole = self.neighbours(start, window)
        here = found(whole, start)
        near = whole.around(here.id, MOST_RESOURCES).resources
        functions = [r for r in near if r.service == "lambda" and r.id != start.id]
        for other in list({r.id: r for r in (*starts, *functions)}.values())[: MOST_STARTS - 1]:
            if other.id != start.id:
                whole = join((whole, self.neighbours(other, window)))
        return whole

    def __call__(self, symptom: Symptom, topology: Topology, window: Window) -> Surroundings:
        """What was observed of the resources nearest to the symptom, in the window and in the hour before."""
        reference = Window(window.start - REFERENCE, window.start)
        near = topology.around(symptom.resource, MOST_RESOURCES)
        scope = Scope(symptom, near, window, reference)
        observed, missing = ask(
            self.observation_sources, lambda source: source.observe(scope), deadline_s=DEADLINE_S
        )
        whole = Surroundings(scope, items=near.items, missing=near.missing + missing)
        return complete(whole, observed)

    def neighbours(self, start: Resource, window: Window) -> Topology:
        """Who works with it directly."""
        parts, missing = ask(
            self.topology_sources,
            lambda source: source.discover(start, window),
            deadline_s=TOPOLOGY_DEADLINE_S,
        )
        return join((Topology((start,) if start.name else (), missing=missing), *parts))


def found(topology: Topology, resource: Resource) -> Resource:
    """The resource as the topology knows it: a REST API's alarm tells its title, API Gateway its id."""
    same_title = (
        r
        for r in topology.resources
        if not resource.name and r.service == resource.service and r.title == resource.title
    )
    return topology.resource(resource.id) or next(same_title, resource)
