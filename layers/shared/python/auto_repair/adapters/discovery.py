"""What one topology source finds around one resource, put together piece by piece."""

from collections.abc import Callable
from typing import TypeVar

from auto_repair.domain.arns import Home, home_of
from auto_repair.domain.citations import EvidenceItem, MissingEvidence
from auto_repair.domain.errors import AutoRepairError
from auto_repair.domain.evidence import Window
from auto_repair.domain.resources import Resource
from auto_repair.domain.topology import Edge, Topology, join
from auto_repair.settings import Settings

MAX_SHOWN = 10  # edges in the words of the evidence; all are in the topology
T = TypeVar("T")


class Discovery:
    """Collects resources, edges and gaps. A resource is never said to need itself."""

    def __init__(self, source: str, start: Resource, window: Window) -> None:
        self._source = source
        self._start = start
        self._window = window
        self._found: list[Topology] = [Topology((start,))]

    def needs(self, caller: Resource, callee: Resource, because: str, *, seen: bool = False) -> None:
        """`caller` depends on `callee`."""
        if caller.id != callee.id:
            edge = Edge(caller.id, callee.id, because, seen)
            self._found.append(Topology((caller, callee), (edge,)))

    def knows(self, resource: Resource) -> None:
        """A fuller account of a resource."""
        self._found.append(Topology((resource,)))

    def lacks(self, reason: str) -> None:
        """Something could not be learnt."""
        self._miss(reason, partly=False)

    def leaves_out(self, reason: str) -> None:
        """There is more than was looked at, which nobody can change by making anything readable."""
        self._miss(reason, partly=True)

    def lacks_more(self, marker: object, what: str) -> None:
        """AWS's answer ended with the marker of a further page, which is not asked for."""
        if marker:
            self.leaves_out(f"there are more {what} than were read")

    def _miss(self, reason: str, *, partly: bool) -> None:
        gap = MissingEvidence(self._source, f"{self._start}: {reason}"[:400], partly)
        self._found.append(Topology(missing=(gap,)))

    def attempt(self, read: Callable[[], T]) -> T | None:
        """What `read` answers; where it fails, the rest still stands and the gap is said."""
        try:
            return read()
        except AutoRepairError as error:
            self.lacks(str(error))
            return None

    def topology(self, query: str, link: str = "") -> Topology:
        """Everything found so far, with the question that was asked."""
        whole = join(self._found)
        item = EvidenceItem(
            id=f"topology.{self._source}.{self._start.id}",
            source=self._source,
            query=query,
            window=self._window,
            observed=_shown(whole) or "nothing",
            link=link,
        )
        return join((whole, Topology(items=(item,))))


def home(settings: Settings) -> Home:
    """Where this deployment lives: our own topic's ARN says it."""
    return home_of(settings.topic_arn) or Home("aws", settings.region, "")


def _shown(whole: Topology) -> str:
    told = [f"{edge.caller} → {edge.callee} ({edge.because})" for edge in whole.edges]
    more = f"; {len(told) - MAX_SHOWN} more" if len(told) > MAX_SHOWN else ""
    return "; ".join(told[:MAX_SHOWN]) + more
