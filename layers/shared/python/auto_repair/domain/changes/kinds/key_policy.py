"""Who may use a key: its policy and its grants."""

from collections.abc import Iterator

from auto_repair.domain.changes.kind import Effect, Kind, document, policy_words, set_to, settings
from auto_repair.domain.changes.resource_ids import id_of
from auto_repair.domain.changes.trail_record import TrailRecord

_GRANT = ("granteePrincipal", "retiringPrincipal", "operations", "constraints", "name")


def read(record: TrailRecord) -> Iterator[Effect]:
    """KMS names the key's ARN in its records; who asked may have used the id, the ARN or a grant's token."""
    key = id_of("kms", next((arn for arn in record.arns if ":key/" in arn), record.text("keyId")))
    if record.name == "PutKeyPolicy":
        policy = document(record.parameters.get("policy"))
        yield Effect(key, "policy", policy_words(policy), policy)
        return
    grant = record.text("grantId")
    if record.name == "CreateGrant":
        yield set_to(key, f"grant {grant}", settings(record.parameters, *_GRANT))
    else:
        yield Effect(key, f"grant {grant}", f"grant {grant}".strip(), ends=True)


KIND = Kind("kms", ("PutKeyPolicy", "CreateGrant", "RevokeGrant", "RetireGrant"), read)
