"""Messages to people through SNS (`ports.Announcer`): one for each incident and stage."""

import unicodedata
from collections.abc import Callable
from typing import Any

from auto_repair.adapters.aws_errors import call, translated
from auto_repair.adapters.clients import Clients
from auto_repair.domain.errors import AutoRepairError, TransientError
from auto_repair.settings import Settings

MAX_SUBJECT = 99  # SNS takes fewer than 100 characters
MAX_BODY_BYTES = 250_000  # of the 262,144 that message and attributes may have together
REMEMBERED_S = 30 * 24 * 3600
IN_PROGRESS_MS = 60_000  # longer than one publish with its retries can take
_SPELLED = str.maketrans(
    {"→": "->", "←": "<-", "×": "x", "–": "-", "—": "-", "…": "...", "≥": ">=", "≤": "<=", "ß": "ss"}
)
_CUT = "\n… (shortened: the report holds the rest)"


class SnsAnnouncer:
    """Publishes to the notification topic and remembers in the incidents table what was sent."""

    def __init__(self, clients: Clients, settings: Settings) -> None:
        self._clients = clients
        self._settings = settings

    def publish(
        self, *, subject: str, body: str, incident_id: str, stage: str, function_name: str = ""
    ) -> str:
        """The id of the one message of this incident and stage, sent now or earlier."""
        sent: list[str] = []

        def send(notice: dict[str, str]) -> str:
            attributes = {**notice, "functionName": function_name}
            answer = call(
                self._clients.client("sns").publish,
                TopicArn=self._settings.topic_arn,
                Subject=subject_line(subject),
                Message=shortened(body),
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in attributes.items()
                    if value  # SNS refuses empty values
                },
            )
            sent.append(str(answer["MessageId"]))
            return sent[0]

        return self._once(send, {"incidentId": incident_id, "stage": stage}, sent)

    def _once(self, send: Callable[[dict[str, str]], str], notice: dict[str, str], sent: list[str]) -> str:
        # Imported late: powertools' idempotency brings boto3 along, and only this call needs it.
        from aws_lambda_powertools.utilities.idempotency import IdempotencyConfig, idempotent_function
        from aws_lambda_powertools.utilities.idempotency.exceptions import (
            IdempotencyAlreadyInProgressError,
            IdempotencyInconsistentStateError,
            IdempotencyPersistenceLayerError,
        )

        from auto_repair.adapters.sent_messages import SentMessages

        store = SentMessages(
            table_name=self._settings.incidents_table,
            key_attr="id",
            expiry_attr="expiresAt",
            boto3_client=self._clients.client("dynamodb"),
        )
        publish_time: Any = _PublishTime()
        config = IdempotencyConfig(
            expires_after_seconds=REMEMBERED_S, hash_function="sha256", lambda_context=publish_time
        )
        once = idempotent_function(
            send,
            data_keyword_argument="notice",
            persistence_store=store,
            config=config,
            key_prefix="notification",
        )
        try:
            return str(once(notice=notice))
        except (IdempotencyAlreadyInProgressError, IdempotencyInconsistentStateError) as error:
            raise TransientError(f"another run is sending this message: {error}") from error
        except IdempotencyPersistenceLayerError as error:
            # Sent, but not written down: trying again would send it twice.
            if sent:
                return sent[0]
            raise _cause(error) from error


class _PublishTime:
    """Tells powertools how long a publish may stay «in progress» before a retry takes over."""

    def get_remaining_time_in_millis(self) -> int:
        return IN_PROGRESS_MS


def subject_line(text: str) -> str:
    """`text` as SNS takes it: one line of ASCII, below 100 characters, never empty."""
    plain = unicodedata.normalize("NFKD", text.translate(_SPELLED)).encode("ascii", "ignore").decode()
    line = " ".join("".join(c if c.isprintable() else " " for c in plain).split())
    return (line if len(line) <= MAX_SUBJECT else f"{line[: MAX_SUBJECT - 3]}...") or "Lambda Auto-Repair"


def shortened(body: str) -> str:
    """`body`, cut between characters where it would pass SNS's limit."""
    encoded = body.encode()
    if len(encoded) <= MAX_BODY_BYTES:
        return body
    return encoded[: MAX_BODY_BYTES - len(_CUT.encode())].decode(errors="ignore") + _CUT


def _cause(error: Exception) -> AutoRepairError:
    cause: Any = error.__cause__
    return translated(cause if isinstance(cause, Exception) else error, "dynamodb", "Idempotency")
