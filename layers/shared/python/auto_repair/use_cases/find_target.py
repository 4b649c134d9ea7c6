"""Which function an alarm on something else is about, and what a question in words means."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from auto_repair.contracts.start_request import Request
from auto_repair.domain.citations import Window
from auto_repair.domain.errors import InvalidEvent
from auto_repair.domain.question.reading import Reading
from auto_repair.domain.resources import Resource, at_heart
from auto_repair.domain.topology import Topology
from auto_repair.ports import Policies

if TYPE_CHECKING:  # what only a question or an alarm on something else needs is imported there
    from auto_repair.domain.question.known import Known
    from auto_repair.domain.question.understand import Understood
    from auto_repair.use_cases.look_around import LookAround

LOOK_BACK = timedelta(minutes=30)


@dataclass(frozen=True)
class FindTarget:
    """Completes a request with what only the account can tell. Makes no call for an alarm on a function."""

    look_around: "Callable[[], LookAround]"  # made when first needed: most alarms are on functions
    policies: Policies
    known_resources: "Callable[[Collection[str]], Iterable[Known]]"  # of these services first, then the rest

    def __call__(self, request: Request, at: datetime) -> Request:
        """The request with its function, where there is one. Raises `InvalidEvent` with the question back."""
        request.named = request.named or request.heart
        if request.question and not request.function_name and request.resource is None:
            request = self._understood(request, at)
        if request.function_name or request.resource is None:
            return request
        from auto_repair.use_cases.look_around import found

        around, window = self.look_around(), Window(at - LOOK_BACK, at)
        for cheaply in (True, False):  # what its own settings tell is usually enough
            topology = around.neighbours(request.resource, window, cheaply=cheaply)
            request.resource = found(topology, request.resource)
            request.function_name = self._function(topology, request.resource)
            if request.function_name:
                break
        request.function_name = request.function_name or request.beside
        return request

    def _understood(self, request: Request, at: datetime) -> Request:
        from auto_repair.domain.question.understand import understand

        known = self._known(request.question)
        meant = understand(request.question, at, known.resources)
        if meant.ask_back or meant.resource is None:
            back = meant.ask_back or ("Which function, API, queue or table is it about?",)
            gaps = () if meant.resource else _instead(known.gaps)
            raise InvalidEvent(f"question: {' '.join((*back, *gaps))}")
        resource = at_heart(meant.resource)
        if resource.service == "lambda":
            request.function_name = resource.name
        else:
            request.resource = resource
        request.reading = _reading(meant, request.since, known.gaps)
        request.since = request.since or meant.since
        return request

    def _known(self, question: str) -> "Known":
        """What there is of the services that the question speaks of; all that there is where it names none of
        these exactly."""
        from auto_repair.domain.question.known import Known, together
        from auto_repair.domain.question.understand import names_one, services_in

        known = Known()
        for part in self.known_resources(services_in(question)):
            known = together((known, part))
            if names_one(question, known.resources):
                break
        return known

    def _function(self, topology: Topology, resource: Resource) -> str:
        """The one function it comes down to: what it calls before what calls it, onboarded ones first."""
        for ids in (topology.callees(resource.id), topology.callers(resource.id)):
            names = [at_heart(name).name for name in ids if name.startswith("lambda:")]
            if len(names) == 1:
                return names[0]
            onboarded = [name for name in names if self.policies.policy(name).onboarded]
            if len(onboarded) == 1:
                return onboarded[0]
        return ""


def _instead(gaps: tuple[str, ...]) -> tuple[str, ...]:
    """What could not be listed, and how to ask about it all the same."""
    from auto_repair.domain.question.understand import BY_ADDRESS

    return (*gaps, f"Name one that is not listed {BY_ADDRESS}.") if gaps else ()


def _reading(meant: "Understood", since: datetime | None, gaps: Iterable[str]) -> Reading:
    """What was made of the question, and what else might have been meant; a time that was given beside it
    counts more than its own."""
    reading = replace(meant.reading, assumptions=(*meant.reading.assumptions, *gaps))
    if since is None or meant.since in (None, since):
        return reading
    told = f"The time given beside the question counts: {since:%Y-%m-%d %H:%M} UTC."
    return replace(reading, since=since, zone="", assumptions=(*reading.assumptions, told))
