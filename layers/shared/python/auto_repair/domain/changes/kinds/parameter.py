"""A parameter of the Parameter Store was written or deleted; its value is never kept."""

from collections.abc import Iterator

from auto_repair.domain.changes.kind import Effect, Kind, settings, words
from auto_repair.domain.changes.resource_ids import id_of
from auto_repair.domain.changes.trail_record import TrailRecord


def read(record: TrailRecord) -> Iterator[Effect]:
    """Which version a parameter got, not what it says."""
    if record.name == "DeleteParameters":
        names = record.parameters.get("names")
        for name in names if isinstance(names, list) else ():
            yield Effect(id_of("ssm", str(name)), "value", ends=True)
        return
    parameter = id_of("ssm", record.text("name"))
    if record.name == "DeleteParameter":
        yield Effect(parameter, "value", ends=True)
    else:
        told = settings(record.parameters, "type", "overwrite") | settings(record.answer, "version")
        yield Effect(parameter, "value", words(told))


KIND = Kind("ssm", ("PutParameter", "DeleteParameter", "DeleteParameters"), read)
