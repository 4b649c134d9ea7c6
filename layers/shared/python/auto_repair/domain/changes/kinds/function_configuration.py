"""A function's settings."""

from collections.abc import Iterator

from auto_repair.domain.changes.kind import Effect, Kind, as_text, settings, words
from auto_repair.domain.changes.resource_ids import function_id
from auto_repair.domain.changes.trail_record import TrailRecord

_SETTINGS = (
    "memorySize",
    "timeout",
    "runtime",
    "handler",
    "role",
    "layers",
    "architectures",
    "ephemeralStorage",
    "kMSKeyArn",
    "vpcConfig",
    "deadLetterConfig",
    "fileSystemConfigs",
)


def read(record: TrailRecord) -> Iterator[Effect]:
    """Lambda answers with all settings. Environment variables are left out of every record."""
    function = function_id(record.text("functionName"))
    if record.name == "DeleteFunction":
        yield Effect(function, "configuration", ends=True)
        return
    asked = words(settings(record.parameters, *_SETTINGS))
    variables = "environment variables" if "environment" in record.parameters else ""
    yield Effect(
        function,
        "configuration",
        ", ".join(filter(None, (asked, variables))),
        as_text(settings(record.answer, *_SETTINGS)),
    )


KIND = Kind("lambda", ("CreateFunction", "UpdateFunctionConfiguration", "DeleteFunction"), read)
