"""Who may invoke a function: the statements of its own policy."""

from collections.abc import Iterator

from auto_repair.domain.changes.kind import Effect, Kind, document, settings, words
from auto_repair.domain.changes.resource_ids import function_id
from auto_repair.domain.changes.trail_record import TrailRecord

_ASKED = ("principal", "action", "sourceArn", "sourceAccount")


def read(record: TrailRecord) -> Iterator[Effect]:
    """Lambda answers with the statement as it stands in the policy."""
    function, sid = function_id(record.text("functionName")), record.text("statementId")
    if record.name == "AddPermission":
        told = words(settings(record.parameters, *_ASKED))
        yield Effect(function, f"permission {sid}", told, document(record.answer.get("statement")))
    else:
        yield Effect(function, f"permission {sid}", sid, ends=True)


KIND = Kind("lambda", ("AddPermission", "RemovePermission"), read)
