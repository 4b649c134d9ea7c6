"""What fails in the walks, and how: of the ways in which AWS fails a choice in the ordinary walk, all in a
full one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import count

from local.faults import ErrorKind, FaultControl
from tests.e2e.fault_walk import NOT_RETRIED_BY_SDKS, WORKFLOW, Point, Scenario, Trial
from tests.e2e.walk_extent import Extent

Way = tuple[ErrorKind, bool]  # how a call fails, and whether for ever

LOST: tuple[ErrorKind, ...] = ("answer_lost",)
READ_FAILS: tuple[ErrorKind, ...] = ("throttled", "internal", "disconnect")
WRITE_FAILS: tuple[ErrorKind, ...] = ("answer_lost", "conflict", "throttled", "timeout", "internal")
FAILS_FOR_EVER: tuple[ErrorKind, ...] = ("access_denied", "internal")
EVERY_FAILURE: tuple[ErrorKind, ...] = (*READ_FAILS, "conflict", "timeout", "access_denied")

# LookAround leaves a gap for whatever fails, and goes on.
LOOK_FAILS: tuple[Way, ...] = (("access_denied", True), ("internal", False), ("throttled", True))
# Without its evidence and the place to put it, the state itself fails: the workflow records and tells that.
OWN = {"s3:GetObject", "s3:PutObject"}


def trials(
    control: FaultControl, stories: Mapping[Scenario, Sequence[Point]], extent: Extent
) -> Iterator[tuple[Scenario, Trial]]:
    """What fails in which kind of incident: calls that are alike fail in the first one that makes them."""
    most_alike = 2 if extent.is_full else 1  # of many calls alike in one state, the first ones stand for all
    seen: set[tuple[str, ...]] = set()
    number = count()
    for scenario, points in stories.items():
        new = [point for point in points if point.kind not in seen and point.nth <= most_alike]
        seen |= {point.kind for point in points}
        for point in new:
            ways = every_way(point) if extent.is_full else some_ways(point, next(number))
            for error, forever in extent.share(str(point), ways):
                yield scenario, Trial(control, point, error, forever)


def some_ways(point: Point, number: int) -> list[Way]:
    """A write fails once, and each call for ever. `number` makes neighbours fail in different ways."""
    ways: list[Way] = []
    if point.writes:
        once = LOST if point.role == WORKFLOW else WRITE_FAILS
        ways.append((once[number % len(once)], False))
    if point.nth == 1:
        ways.append((FAILS_FOR_EVER[number % 2], True))
    return ways


def every_way(point: Point) -> list[Way]:
    """Once in each way, and for ever."""
    return [
        *((error, False) for error in every_failure(point)),
        *((error, True) for error in FAILS_FOR_EVER),
    ]


def every_failure(point: Point) -> tuple[ErrorKind, ...]:
    """A write may have been done although its answer was lost, and so may what the workflow starts."""
    return (*EVERY_FAILURE, *LOST) if point.writes or point.role == WORKFLOW else EVERY_FAILURE


def looks(control: FaultControl, made: Sequence[Point], extent: Extent) -> list[Trial]:
    """What fails in LookAround: each kind of call in one way, neighbours in different ways, or in every way.

    What hangs comes last: it goes on hanging in the Lambda when its source was given up, beside the next run.
    """
    own = [point for point in made if point.role and not is_of_workflow(point)]
    kinds = {point.kind: point for point in reversed(own)}  # the first call of each
    alike = Counter(point.kind for point in own)
    found = []
    for number, point in enumerate(kinds.values()):
        is_own = f"{point.service}:{point.operation}" in OWN
        ways = [LOOK_FAILS[0 if is_own else number % len(LOOK_FAILS)]]
        if extent.is_full:
            ways = every_way_to_look(point, is_alone=alike[point.kind] == 1)
        found += [Trial(control, point, *way) for way in extent.share(str(point), ways)]
    return sorted(found, key=lambda trial: (trial.error == "timeout", trial.forever))


def every_way_to_look(point: Point, *, is_alone: bool) -> list[Way]:
    """For ever in each way, and once where that fails the call: of several that run side by side, each may
    lose one request, which the SDK makes good."""
    return [
        (error, forever)
        for error in every_failure(point)
        for forever in (False, True)
        if forever or is_alone or error in NOT_RETRIED_BY_SDKS
    ]


def is_of_workflow(point: Point) -> bool:
    """Whether Step Functions makes the call; what it cannot start is walked through elsewhere."""
    return point.service == "lambda" and point.operation == "Invoke"
