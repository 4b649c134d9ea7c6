"""A key got an alias or lost one: whoever names the alias now uses another key, or none."""

from collections.abc import Iterator

from auto_repair.domain.changes.kind import Effect, Kind, as_text
from auto_repair.domain.changes.resource_ids import id_of
from auto_repair.domain.changes.trail_record import TrailRecord


def read(record: TrailRecord) -> Iterator[Effect]:
    """Of the key that the record names: the one that an alias points to from now on, or did until now."""
    key = id_of(
        "kms", next((arn for arn in record.arns if ":key/" in arn), record.text("targetKeyId", "keyId"))
    )
    alias = record.text("aliasName")
    if record.name == "DeleteAlias":
        yield Effect(key, alias, alias, ends=True)
    else:
        yield Effect(key, alias, alias, as_text({"aliasName": alias}))


KIND = Kind("kms", ("CreateAlias", "UpdateAlias", "DeleteAlias"), read)
