"""A key has new material, or is no longer given any by itself. What was encrypted before stays readable."""

from collections.abc import Iterator

from auto_repair.domain.changes.kind import Effect, Kind, set_to, settings
from auto_repair.domain.changes.resource_ids import id_of
from auto_repair.domain.changes.trail_record import TrailRecord


def read(record: TrailRecord) -> Iterator[Effect]:
    """KMS itself tells of `RotateKey`, without parameters; the record names the key all the same."""
    key = id_of("kms", next((arn for arn in record.arns if ":key/" in arn), record.text("keyId")))
    if record.name.startswith("RotateKey"):
        yield Effect(key, "material", "new key material")
        return
    period = settings(record.parameters, "rotationPeriodInDays")
    yield set_to(key, "rotation", {"enabled": record.name == "EnableKeyRotation", **period})


KIND = Kind("kms", ("EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand", "RotateKey"), read)
