"""How many runs of a function there may be at a time, and how many stand ready."""

from collections.abc import Iterator

from auto_repair.domain.changes.kind import Effect, Kind, set_to, settings
from auto_repair.domain.changes.resource_ids import function_id
from auto_repair.domain.changes.trail_record import TrailRecord


def read(record: TrailRecord) -> Iterator[Effect]:
    """A reservation of the function, or provisioned concurrency of one version or alias."""
    function = function_id(record.text("functionName"))
    aspect = "reserved concurrency"
    if "Provisioned" in record.name:
        aspect = f"provisioned concurrency {record.text('qualifier')}".strip()
    if record.name.startswith("Delete"):
        yield Effect(function, aspect, ends=True)
        return
    keys = ("reservedConcurrentExecutions", "provisionedConcurrentExecutions")
    yield set_to(function, aspect, settings(record.parameters, *keys))


KIND = Kind(
    "lambda",
    (
        "PutFunctionConcurrency",
        "DeleteFunctionConcurrency",
        "PutProvisionedConcurrencyConfig",
        "DeleteProvisionedConcurrencyConfig",
    ),
    read,
)
