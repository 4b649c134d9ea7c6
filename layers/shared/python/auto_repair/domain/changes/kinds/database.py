"""An RDS instance was changed, rebooted, stopped, started, restored or deleted."""

from collections.abc import Iterator

from auto_repair.domain.changes.kind import Effect, Kind, set_to, settings
from auto_repair.domain.changes.trail_record import TrailRecord

_NOT_TOLD = ("dBInstanceIdentifier", "masterUserPassword", "tdeCredentialPassword")


def read(record: TrailRecord) -> Iterator[Effect]:
    """What was asked for. Without `applyImmediately` most of it waits for the maintenance window."""
    database = f"rds:{record.text('dBInstanceIdentifier')}"
    if record.name == "ModifyDBInstance":
        asked = settings(record.parameters, leave_out=_NOT_TOLD)
        yield set_to(database, "instance", asked, partial=True)
    else:
        yield Effect(database, "state")


KIND = Kind(
    "rds",
    ("ModifyDBInstance", "RebootDBInstance", "StopDBInstance", "StartDBInstance", "DeleteDBInstance"),
    read,
)
