"""What an alarm is about that does not say it itself: the alarms that it joins tell, else its owner's tag."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from auto_repair.contracts.alarm_events import named_by
from auto_repair.contracts.alarm_signals import NAME_LENGTH
from auto_repair.contracts.manual_start import targeted
from auto_repair.contracts.start_request import MANUAL_EXAMPLE, Request
from auto_repair.domain.composite_alarms import (
    Composition,
    as_it_fired,
    child_of,
    first_of,
    is_elsewhere,
    name_of,
    together,
    told_by,
)
from auto_repair.domain.errors import InvalidEvent
from auto_repair.domain.incident import AlarmSignal
from auto_repair.ports import Alarms

# The owner's word on what an alarm is about whose metrics do not say it: a tag on the alarm.
TARGET_TAG = "auto-repair:target"
DEEPEST = 4  # levels of composite alarms
MOST_ALARMS = 200  # of one composite alarm, on all levels and with itself
MOST_TAGGED = 10  # alarms whose tags are read
MOST_SHOWN = 5  # alarms and gaps that a refusal names
A_TARGET = "a function's name, an ARN or an id such as sqs:orders"


@dataclass(frozen=True)
class LookUpAlarm:
    """Completes a request with what CloudWatch knows of its alarm; asks nothing where the event tells."""

    alarms: Callable[[], Alarms]  # made when first needed: most alarms are on functions

    def __call__(self, request: Request) -> Request:
        """The request with what its alarm is about. Raises `InvalidEvent` where nothing and nobody tells."""
        alarm, joins = request.alarm, request.look_up
        if alarm is None or joins is None:
            return request
        request.named, request.look_up = request.heart, None
        below = _Below(alarm, self.alarms(), seen={alarm.name})
        below.read(joins)
        told = {child.name: _told(child) for child in below.fired}
        known = [child for child in below.fired if told[child.name].is_named]
        first = first_of(alarm, known or below.fired)
        children = [child_of(child, told[child.name].about) for child in below.fired]
        request.alarm = told_by(alarm, first, children, [*below.calm, *below.gaps])
        if first is None or not known:
            return self._by_tag(request, (alarm, *below.fired))
        _take(request, told[first.name])
        request.named_in = f"alarm {first.name!r}"
        # Whoever joined them says that they belong together: a function among them is at the heart of it.
        beside = first_of(alarm, [child for child in known if told[child.name].function_name])
        request.beside = told[beside.name].function_name if beside else ""
        return request

    def _by_tag(self, request: Request, asked: tuple[AlarmSignal, ...]) -> Request:
        """As the tag of the first alarm says that has one."""
        for alarm in asked[:MOST_TAGGED]:
            value = self.alarms().tags(alarm.arn).get(TARGET_TAG) if alarm.arn else None
            if value is not None:
                return _about(request, alarm, value)
        raise InvalidEvent(_names_nothing(request.alarm or asked[0]))


def _about(request: Request, alarm: AlarmSignal, value: str) -> Request:
    tag = f"the tag {TARGET_TAG} of alarm {alarm.name!r}"
    try:
        target = targeted(value.strip())
    except InvalidEvent as error:
        raise InvalidEvent(
            f"{tag} is {value!r}, which names nothing that we can look at ({error}). Give {A_TARGET}: "
            + _tagging(alarm)
        ) from error
    _take(request, target)
    request.home, request.named_in = target.home or request.home, tag
    return request


def _take(request: Request, told: Request) -> None:
    request.function_name, request.alias, request.resource = told.function_name, told.alias, told.resource


def _told(child: AlarmSignal) -> Request:
    """What the child names; a name that no function can have names nothing."""
    try:
        return named_by(child)
    except InvalidEvent:
        return named_by(replace(child, metrics=()))


def _names_nothing(alarm: AlarmSignal) -> str:
    names = [child.name for child in alarm.children[:MOST_SHOWN]]
    rest = len(alarm.children) - len(names)
    joins = [f"it joins {', '.join(names)}" + (f" and {rest} more" if rest else "")] if names else []
    heard = "".join(f"; {told}" for told in (*joins, *alarm.unread[:MOST_SHOWN]))
    watched = ", ".join(sorted({f"{m.namespace} {m.name}" for m in alarm.metrics})) or "no metric of its own"
    return (
        f"alarm {alarm.name!r} watches {watched[:300]} and names no resource that we know: no metric names a "
        f"function in its dimension FunctionName, or a resource of a service we can read in another{heard}. "
        f"Say what it is about with a tag on the alarm, {A_TARGET}: {_tagging(alarm)}; "
        f"or start by hand with {MANUAL_EXAMPLE}"
    )


def _tagging(alarm: AlarmSignal) -> str:
    arn = alarm.arn or "ALARM_ARN"
    return f"aws cloudwatch tag-resource --resource-arn '{arn}' --tags 'Key={TARGET_TAG},Value=my-function'"


@dataclass
class _Below:
    """The alarms below a composite one that made it fire, and what could not be read of them."""

    alarm: AlarmSignal
    alarms: Alarms
    seen: set[str]
    gaps: list[str] = field(default_factory=list)
    _fired: list[AlarmSignal] = field(default_factory=list)
    _well: list[AlarmSignal] = field(default_factory=list)

    @property
    def fired(self) -> list[AlarmSignal]:
        """Those in ALARM, the earliest first; where there are none, those whose other state made it fire."""
        in_alarm = [child for child in self._fired if child.state == "ALARM"]
        return sorted(in_alarm or self._fired, key=lambda child: child.changed_at)

    @property
    def calm(self) -> list[str]:
        """That none of them is in ALARM, as where somebody has set the composite one by hand to try it."""
        states = ", ".join(f"{child.name} is {child.state}" for child in self._well[:MOST_SHOWN])
        return (
            [f"none of the alarms that it joins is in ALARM ({states})"] if states and not self._fired else []
        )

    def read(self, joins: Composition) -> None:
        """Level by level, as deep as `DEEPEST`."""
        for _ in range(DEEPEST):
            if not (names := self._new(joins)):
                return
            known = self.alarms.read(names)
            there = {one.signal.name for one in known}
            self.gaps += [f"{name} is not there any more" for name in names if name not in there]
            level = [replace(one, signal=as_it_fired(one.signal, joins)) for one in known]
            firing = [one for one in level if one.signal.state == "ALARM" or joins.trigger(one.signal.name)]
            self._fired += [one.signal for one in firing if one.joins is None]
            self._well += [one.signal for one in level if one not in firing]
            joins = together(one.joins for one in firing if one.joins)
        if self._new(joins):
            self.gaps.append(f"alarms more than {DEEPEST} levels down were not read")

    def _new(self, joins: Composition) -> list[str]:
        """Names that nobody asked for yet, of alarms that can be read from here."""
        known = len(self.seen)
        names = []
        for reference in joins.references:
            name = name_of(reference)
            if name in self.seen or not 0 < len(name) <= NAME_LENGTH:
                continue
            self.seen.add(name)
            if is_elsewhere(reference, self.alarm):
                self.gaps.append(f"{reference} is of another account or Region and cannot be read from here")
            else:
                names.append(name)
        room = max(MOST_ALARMS - known, 0)
        if len(names) > room:
            self.gaps.append(f"{len(names) - room} more alarms were not read: {MOST_ALARMS} are the limit")
        return names[:room]
