"""What a composite alarm joins, and which of its alarms tells what suffers.

CloudWatch names the alarms that made a composite one fire in its reason data; the others stand in its rule.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from auto_repair.domain.arns import home_of
from auto_repair.domain.citations import EvidenceItem, MissingEvidence, Window
from auto_repair.domain.incident import ARN_LENGTH, AlarmSignal, ChildAlarm
from auto_repair.domain.timestamps import parse

# What went into ALARM longer before the composite alarm is a lasting state, not how this trouble began.
RECENT = timedelta(hours=1)
MOST_NAMED = 100  # alarms in one rule, as CloudWatch limits it
MOST_TOLD = 20  # children and gaps that travel with the incident
SOURCE = "alarms"
_RULE_LENGTH = 10_240
_REASON_LENGTH = 300
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_STATE = r"(?P<state>ALARM|OK|INSUFFICIENT_DATA)"
_NAME = re.compile(rf'{_QUOTED}|[^\s(),"]+')
_TERM = re.compile(rf"(?P<negated>\bNOT\s+)?\b{_STATE}\s*\(\s*(?P<names>{_NAME.pattern})\s*\)")
_AT_LEAST = re.compile(
    rf'\bAT_LEAST\s*\(\s*"?\d+%?"?\s*,\s*(?P<negated>NOT\s+)?{_STATE}\s*,\s*\((?P<names>(?:{_QUOTED}|[^"()])*)\)'
)


@dataclass(frozen=True)
class TriggeringAlarm:
    """An alarm that made a composite alarm fire, and the state it was in then."""

    alarm: str  # its ARN
    state: str
    at: datetime | None = None


@dataclass(frozen=True)
class Composition:
    """What a composite alarm joins. Nothing for a metric alarm."""

    triggers: tuple[TriggeringAlarm, ...] = ()
    named: tuple[str, ...] = ()  # names or ARNs that may have made its rule true

    @property
    def references(self) -> tuple[str, ...]:
        """Names and ARNs of alarms, those that made it fire first."""
        return tuple(dict.fromkeys((*(trigger.alarm for trigger in self.triggers), *self.named)))

    def trigger(self, name: str) -> TriggeringAlarm | None:
        """What the reason data tells of the alarm of that name."""
        return next((t for t in self.triggers if name_of(t.alarm) == name), None)


@dataclass(frozen=True)
class KnownAlarm:
    """An alarm as CloudWatch describes it."""

    signal: AlarmSignal
    joins: Composition | None = None  # of a composite alarm


def composition(rule: str, told: Any) -> Composition:
    """From a rule and the triggering alarms as EventBridge or SNS list them; garbage is left out."""
    listed = told[:MOST_NAMED] if isinstance(told, list) else ()
    triggers = tuple(trigger for one in listed if (trigger := _trigger(one)))
    return Composition(triggers, _named(rule[:_RULE_LENGTH]))


def triggering_alarms(reason_data: Any) -> Any:
    """`triggeringAlarms` of an alarm's reason data, whatever that is: it is JSON text, or nothing."""
    if not isinstance(reason_data, str):
        return None
    try:
        data = json.loads(reason_data)
    except (ValueError, RecursionError):
        return None
    return data.get("triggeringAlarms") if isinstance(data, dict) else None


def together(compositions: Iterable[Composition]) -> Composition:
    """All that several composite alarms join."""
    all_of_them = tuple(compositions)
    return Composition(
        tuple(trigger for one in all_of_them for trigger in one.triggers),
        tuple(name for one in all_of_them for name in one.named),
    )


def name_of(reference: str) -> str:
    """The alarm's name; of an ARN what follows the sixth colon, since names may hold colons."""
    parts = reference.split(":", 6)
    return parts[6] if len(parts) == 7 and parts[0] == "arn" and parts[5] == "alarm" else reference


def is_elsewhere(reference: str, alarm: AlarmSignal) -> bool:
    """Whether the ARN names another account or Region than that of `alarm`."""
    there, here = home_of(reference), home_of(alarm.arn)
    return bool(there and here and there != here)


def as_it_fired(now: AlarmSignal, joins: Composition) -> AlarmSignal:
    """The alarm as it made the composite one fire: it may have recovered, or fired again, since."""
    trigger = joins.trigger(now.name)
    if trigger is None:
        return now
    changed_at = min(now.changed_at, trigger.at or now.changed_at)
    if now.state == "ALARM":
        return replace(now, changed_at=changed_at)
    return replace(now, state=trigger.state, changed_at=changed_at, reason="")


def first_of(alarm: AlarmSignal, children: Sequence[AlarmSignal]) -> AlarmSignal | None:
    """The one that the trouble began with: the earliest of those that fired not long before the composite
    alarm, else the last one that fired. An alarm of a function itself counts first among equals."""
    recent = [child for child in children if is_recent(child, alarm)]
    if recent:
        return min(recent, key=lambda child: (child.changed_at, "FunctionName" not in child.dimensions))
    return max(children, key=lambda child: child.changed_at, default=None)


def is_recent(child: AlarmSignal, alarm: AlarmSignal) -> bool:
    """Whether its change of state may belong to what the composite alarm tells."""
    return alarm.changed_at - child.changed_at <= RECENT


def told_by(
    alarm: AlarmSignal, first: AlarmSignal | None, children: Iterable[ChildAlarm], gaps: Sequence[str]
) -> AlarmSignal:
    """The composite alarm with what its children tell: the metrics of the first one, and all by name."""
    known = sorted(children, key=lambda child: child.changed_at)
    unread = (
        [f"{len(known) - MOST_TOLD} more alarms that it joins are not shown"] if known[MOST_TOLD:] else []
    )
    unread += gaps if len(gaps) <= MOST_TOLD else [*gaps[:MOST_TOLD], f"{len(gaps) - MOST_TOLD} more gaps"]
    told = replace(alarm, children=tuple(known[:MOST_TOLD]), unread=tuple(unread))
    if first is None:
        return told
    began = min(first.changed_at, alarm.changed_at) if is_recent(first, alarm) else None
    reason = f"{first.name}: {first.reason or alarm.reason}"
    return replace(told, metrics=first.metrics, reason=reason, began=began)


def child_of(signal: AlarmSignal, about: str) -> ChildAlarm:
    """What is kept of a child."""
    return ChildAlarm(signal.name, signal.state, signal.changed_at, signal.reason[:_REASON_LENGTH], about)


def evidence_of(
    alarm: AlarmSignal, window: Window
) -> tuple[tuple[EvidenceItem, ...], tuple[MissingEvidence, ...]]:
    """The alarms that a composite one joins, as evidence, and those that could not be read."""
    items = (
        EvidenceItem(f"{SOURCE}.{n}", SOURCE, f"DescribeAlarms: {alarm.name}", window, _observed(child))
        for n, child in enumerate(alarm.children, 1)
    )
    return tuple(items), tuple(MissingEvidence(SOURCE, gap) for gap in alarm.unread)


def _observed(child: ChildAlarm) -> str:
    about = f" ({child.about})" if child.about else ""
    since = f"{child.name}{about} is in {child.state} since {child.changed_at:%Y-%m-%d %H:%M:%S} UTC"
    return f"{since}: {child.reason}" if child.reason else since


def _trigger(told: Any) -> TriggeringAlarm | None:
    """EventBridge writes `arn` and `state`, SNS `Arn` and `State`."""
    alarm = _lowered(told)
    arn, state = alarm.get("arn"), _lowered(alarm.get("state"))
    if not isinstance(arn, str) or not arn or not _is_text(arn):
        return None
    value = state.get("value")
    is_known = isinstance(value, str) and _is_text(value)
    return TriggeringAlarm(arn[:ARN_LENGTH], str(value)[:20] if is_known else "", _at(state.get("timestamp")))


def _lowered(told: Any) -> dict[str, Any]:
    return {str(key).lower(): value for key, value in told.items()} if isinstance(told, dict) else {}


def _at(told: Any) -> datetime | None:
    try:
        return parse(told) if isinstance(told, str) else None
    except ValueError:
        return None


def _is_text(text: str) -> bool:
    """JSON can escape halves of characters, which no other part of AWS accepts."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _named(rule: str) -> tuple[str, ...]:
    """Alarms that may have made the rule true: those wanted in ALARM, or not wanted in another state.

    `NOT ALARM(deployment)` and `OK(heartbeat)` speak of what is well; they count where nothing else is named.
    """
    terms = list(_terms(rule))
    telling = [name for name, tells in terms if tells] or [name for name, _ in terms]
    return tuple(dict.fromkeys(telling))[:MOST_NAMED]


def _terms(rule: str) -> Iterator[tuple[str, bool]]:
    for term in (*_TERM.finditer(rule), *_AT_LEAST.finditer(rule)):
        tells = (term["state"] == "ALARM") != bool(term["negated"])
        for name in _NAME.findall(term["names"]):
            plain = re.sub(r"\\(.)", r"\1", name[1:-1]) if name.startswith('"') else name
            if plain:
                yield plain[:ARN_LENGTH], tells
