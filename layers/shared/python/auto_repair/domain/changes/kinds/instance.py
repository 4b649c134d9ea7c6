"""An instance was stopped, started, rebooted, ended or changed."""

from collections.abc import Iterator

from auto_repair.domain.changes.kind import Effect, Kind, settings, words
from auto_repair.domain.changes.trail_record import TrailRecord


def read(record: TrailRecord) -> Iterator[Effect]:
    """One call may name many instances."""
    listed = record.parameters.get("instancesSet")
    items = listed.get("items") if isinstance(listed, dict) else None
    named = [str(i.get("instanceId", "")) for i in items or () if isinstance(i, dict)]
    told = words(settings(record.parameters, "instanceType", "groupSet", "attribute"))
    for instance in named or [record.text("instanceId")]:
        yield Effect(f"ec2:{instance}", "instance", told)


KIND = Kind(
    "ec2",
    ("StopInstances", "StartInstances", "RebootInstances", "TerminateInstances", "ModifyInstanceAttribute"),
    read,
)
