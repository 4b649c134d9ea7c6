"""A function's code: what runs, under which version and alias."""

from collections.abc import Iterator

from auto_repair.domain.changes.kind import Effect, Kind, set_to, settings
from auto_repair.domain.changes.resource_ids import function_id
from auto_repair.domain.changes.trail_record import TrailRecord

_CODE = ("codeSha256", "codeSize", "version", "revisionId")
_PLACE = ("s3Bucket", "s3Key", "s3ObjectVersion", "imageUri")
_ALIAS = ("functionVersion", "routingConfig")


def read(record: TrailRecord) -> Iterator[Effect]:
    """The code itself is in no record: its hash is, and where it came from."""
    function = function_id(record.text("functionName"))
    answered = {**record.parameters, **record.answer}
    match record.name:
        case "UpdateFunctionCode":
            yield set_to(function, "code", settings(answered, *_CODE, *_PLACE))
        case "PublishVersion":
            yield set_to(function, "newest version", settings(record.answer, "version", "codeSha256"))
        case "CreateAlias" | "UpdateAlias":
            yield set_to(function, f"alias {record.text('name')}", settings(answered, *_ALIAS))
        case "DeleteAlias":
            yield Effect(function, f"alias {record.text('name')}", record.text("name"), ends=True)


KIND = Kind(
    "lambda", ("UpdateFunctionCode", "PublishVersion", "CreateAlias", "UpdateAlias", "DeleteAlias"), read
)
