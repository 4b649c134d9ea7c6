"""What was there before: each change of a resource's aspect follows upon the one before it."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby

from auto_repair.domain.changes.reading import RecordedChange
from auto_repair.domain.surroundings import ResourceChange

CONFIG_HISTORY = "config_history"
SEEN_WITHIN = timedelta(minutes=30)  # Config records most changes within minutes


def with_former_states(recorded: Iterable[RecordedChange]) -> tuple[ResourceChange, ...]:
    """The changes, oldest first, each with the state that the one before it left, as far as that is known.

    Events arrive late and out of order, so this is worked out when they are read. CloudTrail's times are
    whole seconds: which of two changes within one second came first is unknown, and so is what was between.
    """
    once = {(r.change.resource, r.change.event_id, r.aspect): r for r in recorded}
    ordered = sorted(once.values(), key=lambda r: (r.change.resource, r.aspect, r.change.at))
    found: list[ResourceChange] = []
    for _, followers in groupby(ordered, key=lambda r: (r.change.resource, r.aspect)):
        found += _followed(followers)
    return tuple(sorted(found, key=lambda change: change.at))


def _followed(changes: Iterable[RecordedChange]) -> Iterable[ResourceChange]:
    """The changes of one aspect, oldest first."""
    state: str | None = None  # None while it is unknown, empty when nothing is there
    left_at: datetime | None = None  # when the change was made that left it so
    for _, group in groupby(changes, key=lambda recorded: recorded.change.at):
        simultaneous = tuple(group)
        if len(simultaneous) > 1:
            yield from (recorded.change for recorded in simultaneous)
            state = None
            continue
        (recorded,) = simultaneous
        change = recorded.change
        before = _given(state, change.after) if recorded.partial else state
        yield replace(
            change,
            before=change.before or before or "",
            had_none=before == "",
            before_of=None if change.before or before is None else left_at,
        )
        state, left_at = _next(state, recorded), change.at


def _given(state: str | None, after: str) -> str | None:
    """What the settings named in `after` were, if every one of them is known."""
    former = json.loads(state) if state else {}
    names = json.loads(after) if after else {}
    if not names or not former.keys() >= names.keys():
        return None
    return json.dumps({name: former[name] for name in names}, ensure_ascii=False)


def _next(state: str | None, recorded: RecordedChange) -> str | None:
    if recorded.ends:
        return ""
    after = recorded.change.after
    if recorded.partial and after:
        return json.dumps({**(json.loads(state) if state else {}), **json.loads(after)}, ensure_ascii=False)
    return after or None


def lacks_former_state(recorded: Iterable[RecordedChange], since: datetime) -> bool:
    """Whether something was set or taken away since then, and nobody knows what was there before."""
    known = tuple(recorded)
    former = {change.event_id for change in with_former_states(known) if change.before or change.had_none}
    return any(
        (r.change.after or r.ends) and r.change.at >= since and r.change.event_id not in former for r in known
    )


def with_recorded_configurations(changes: Iterable[ResourceChange]) -> tuple[ResourceChange, ...]:
    """The changes, those without a former state completed from AWS Config's account of the same change, and
    those with one confirmed by it.

    Config tells when it saw a change, minutes after it was made, and not who made it: its account is dropped
    where the call itself is known.
    """
    told = tuple(changes)
    twins = {id(change): twin for change in told if (twin := _twin(change, told))}
    used = {id(twin) for twin in twins.values()}
    return tuple(_completed(c, twins.get(id(c))) for c in told if id(c) not in used)


def _completed(change: ResourceChange, twin: ResourceChange | None) -> ResourceChange:
    if twin is None:
        return change
    if not (change.before or change.had_none):
        return replace(change, before=twin.before, had_none=twin.had_none)
    # Config leaves out what was there for a moment only, so where it differs it may know less, or more.
    is_confirmed = change.had_none == twin.had_none and _same(change.before, twin.before)
    return replace(change, before_of=None) if is_confirmed else change


def _twin(change: ResourceChange, changes: Iterable[ResourceChange]) -> ResourceChange | None:
    """What Config saw first after the change, if it is what the change made."""
    if change.source == CONFIG_HISTORY:
        return None
    seen = (
        other
        for other in changes
        if other.source == CONFIG_HISTORY
        and (other.resource, other.action) == (change.resource, change.action)
        and timedelta() <= other.at - change.at <= SEEN_WITHIN
        and _same(other.after, change.after)
    )
    return min(seen, key=lambda other: other.at, default=None)


def _same(one: str, other: str) -> bool:
    return one == other or bool(one and other and json.loads(one) == json.loads(other))
