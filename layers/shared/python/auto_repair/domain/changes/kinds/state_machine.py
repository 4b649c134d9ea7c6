"""A state machine got another definition or role; the definition itself is hidden in every record."""

from collections.abc import Iterator

from auto_repair.domain.changes.kind import Effect, Kind, settings, words
from auto_repair.domain.changes.resource_ids import id_of
from auto_repair.domain.changes.trail_record import TrailRecord


def read(record: TrailRecord) -> Iterator[Effect]:
    """Which parts were changed, and the revision that came of it."""
    machine = id_of("states", record.text("stateMachineArn"))
    if record.name == "DeleteStateMachine":
        yield Effect(machine, "definition", ends=True)
        return
    told = words(settings(record.parameters, "roleArn") | settings(record.answer, "revisionId"))
    changed = "definition" if "definition" in record.parameters else ""
    yield Effect(machine, "definition", ", ".join(filter(None, (changed, told))))


KIND = Kind("states", ("UpdateStateMachine", "DeleteStateMachine"), read)
