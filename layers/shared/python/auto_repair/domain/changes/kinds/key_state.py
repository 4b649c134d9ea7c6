"""Whether a key can be used at all."""

from collections.abc import Iterator

from auto_repair.domain.changes.kind import Effect, Kind, set_to, settings
from auto_repair.domain.changes.resource_ids import id_of
from auto_repair.domain.changes.trail_record import TrailRecord

_USABLE_AGAIN = ("EnableKey", "ImportKeyMaterial")


def read(record: TrailRecord) -> Iterator[Effect]:
    """A key whose deletion was called off stays disabled until it is enabled. KMS itself tells of `DeleteKey`
    once the waiting time is over; without its imported material a key is as good as disabled."""
    key = id_of("kms", next((arn for arn in record.arns if ":key/" in arn), record.text("keyId")))
    if record.name == "DeleteKey":
        yield Effect(key, "state", "deleted", ends=True)
        return
    days = settings(record.parameters, "pendingWindowInDays")
    yield set_to(key, "state", {"enabled": record.name in _USABLE_AGAIN, **days})


KIND = Kind(
    "kms",
    (
        "DisableKey",
        "EnableKey",
        "ScheduleKeyDeletion",
        "CancelKeyDeletion",
        "DeleteKey",
        "DeleteImportedKeyMaterial",
        "ImportKeyMaterial",
    ),
    read,
)
