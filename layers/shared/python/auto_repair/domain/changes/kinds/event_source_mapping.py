"""What feeds a function by polling."""

from collections.abc import Iterator

from auto_repair.domain.changes.kind import Effect, Kind, as_text, settings, words
from auto_repair.domain.changes.resource_ids import function_id
from auto_repair.domain.changes.trail_record import TrailRecord

_MAPPING = (
    "eventSourceArn",
    "batchSize",
    "maximumBatchingWindowInSeconds",
    "parallelizationFactor",
    "scalingConfig",
    "filterCriteria",
    "functionResponseTypes",
    "maximumRetryAttempts",
    "destinationConfig",
)


def read(record: TrailRecord) -> Iterator[Effect]:
    """Requests name the mapping, answers its function. Only requests say whether it is enabled."""
    function = function_id(record.text("functionArn", "functionName"))
    aspect = f"mapping {record.text('uUID', 'uuid')}"
    if record.name == "DeleteEventSourceMapping":
        yield Effect(function, aspect, record.text("eventSourceArn"), ends=True)
        return
    after = {"enabled": record.parameters.get("enabled", True), **settings(record.answer, *_MAPPING)}
    partial = "enabled" not in record.parameters and record.name == "UpdateEventSourceMapping"
    if partial:
        del after["enabled"]
    told = settings(record.parameters, "enabled", *_MAPPING)
    yield Effect(function, aspect, words(told), as_text(after), partial=partial)


KIND = Kind(
    "lambda",
    ("CreateEventSourceMapping", "UpdateEventSourceMapping", "DeleteEventSourceMapping"),
    read,
)
