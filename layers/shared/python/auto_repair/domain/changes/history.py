"""What was there before: each change of a resource's aspect follows upon the one before it."""

import json
from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby

from auto_repair.domain.changes.reading import RecordedChange
from auto_repair.domain.surroundings import ResourceChange


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
    for _, group in groupby(changes, key=lambda recorded: recorded.change.at):
        simultaneous = tuple(group)
        if len(simultaneous) > 1:
            yield from (recorded.change for recorded in simultaneous)
            state = None
            continue
        (recorded,) = simultaneous
        change = recorded.change
        before = _given(state, change.after) if recorded.partial else state
        yield replace(change, before=change.before or before or "", had_none=before == "")
        state = _next(state, recorded)


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
