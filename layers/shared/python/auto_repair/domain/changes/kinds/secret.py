"""A secret got another value, was rotated, restored or deleted; its value is never kept."""

from collections.abc import Iterator

from auto_repair.domain.changes.kind import Effect, Kind, document, policy_words
from auto_repair.domain.changes.resource_ids import id_of
from auto_repair.domain.changes.trail_record import TrailRecord


def read(record: TrailRecord) -> Iterator[Effect]:
    """Requests name the secret by name or ARN; what Secrets Manager does by itself names it apart."""
    secret = id_of("secretsmanager", record.text("secretId", "SecretId", "aRN", "arn", "ARN"))
    match record.name:
        case "PutResourcePolicy":
            policy = document(record.parameters.get("resourcePolicy"))
            yield Effect(secret, "policy", policy_words(policy), policy)
        case "DeleteResourcePolicy":
            yield Effect(secret, "policy", ends=True)
        case _:
            stage = record.text("versionStage")
            yield Effect(secret, "value", f"stage {stage}" if stage else "")


KIND = Kind(
    "secretsmanager",
    (
        "PutSecretValue",
        "UpdateSecret",
        "RotateSecret",
        "RotationSucceeded",
        "RotationFailed",
        "UpdateSecretVersionStage",
        "DeleteSecret",
        "RestoreSecret",
        "PutResourcePolicy",
        "DeleteResourcePolicy",
    ),
    read,
)
