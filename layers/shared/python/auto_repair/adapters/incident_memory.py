"""Past incidents as they are remembered (`ports.IncidentMemory`), in the diagnosis table.

They lie under one reserved key, `#incidents`, which no function can be called, sorted by the time at which
the incident was opened. So the newest 500 are one Query (two where they are large), each is written by one
UpdateItem that touches nothing else, and DynamoDB forgets it by itself (`expiresAt`). Nothing is ever read in
order to be written: incidents that finish at once, and a person who corrects one meanwhile, lose nothing.

Considered and left: one JSON object in the reports bucket is a little cheaper to read, but every writer would
have to read, change and conditionally write all of it, again after each collision, forget old entries by
itself, and may only learn that there is no object yet with the right to list the bucket. The index by day
needs a query for each day. The table of open incidents has no sort key. These items carry no `day`, so that
the index «what happened since yesterday» does not show them.

A correction is an attribute of its own, beside what we concluded ourselves: neither overwrites the other.
"""

from collections.abc import Mapping
from datetime import timedelta
from itertools import islice
from typing import Any

import msgspec

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.diagnosis_table import sort_key
from auto_repair.adapters.dynamodb_items import setting, to_item
from auto_repair.adapters.history_table import HistoryTable
from auto_repair.domain.errors import AwsCallFailed, ResourceMissing
from auto_repair.domain.fingerprint import Fingerprint
from auto_repair.domain.incident import Incident
from auto_repair.domain.similar_incidents import Correction, PastIncident
from auto_repair.domain.timestamps import parse
from auto_repair.settings import Settings

KEY = "#incidents"
KEPT = 500  # read for one comparison; a fingerprint is bounded, so that they fit two pages of 1 MB


class DiagnosisTableMemory:
    """Remembers finished incidents, and what people said about them."""

    def __init__(self, clients: Clients, settings: Settings) -> None:
        self._clients = clients
        self._table = settings.diagnosis_table
        self._retention = timedelta(days=settings.retention_days)
        self._history = HistoryTable(clients, settings.diagnosis_table, settings.retention_days)

    def past(self, limit: int = KEPT) -> list[PastIncident]:
        """The newest incidents that are remembered, newest first. One written a moment ago may be missing."""
        # Half the price of a consistent read, and nobody waits for the incident of this second.
        items = self._history.query(KEY, newest_first=True, ConsistentRead=False, Limit=limit)
        found = (_past(item) for item in islice(items, limit))
        return [one for one in found if one is not None]

    def remember(self, incident: Incident, past: PastIncident) -> None:
        """Keep how it ended; repeatable, and whatever a person said about it stays."""
        executed_at = sort_key(incident)
        facts = {
            "function": past.function_name,
            "diagnosed": past.diagnosed,
            "status": past.status,
            "repair": past.repair,
            "fingerprint": msgspec.json.encode(past.fingerprint).decode(),
        }
        self._complete(executed_at, past.incident_id, facts)

    def correct(self, function_name: str, executed_at: str, incident_id: str, correction: Correction) -> None:
        """Keep a person's word, beside what is remembered and in the incident's own item, replacing an
        earlier one. Raises `ResourceMissing` when the diagnosis table knows no such incident."""
        own = setting(
            {
                "confirmedCause": correction.accepted,
                "declinedCauses": correction.declined,
                "correctedBy": correction.by,
                "correctedAt": correction.at,
            }
        )
        names, values = own["ExpressionAttributeNames"], own["ExpressionAttributeValues"]
        try:
            call(
                self._client.update_item,
                TableName=self._table,
                Key=to_item({"functionName": function_name, "executedAt": executed_at}),
                ConditionExpression="#incident = :incident",
                **own
                | {
                    "ExpressionAttributeNames": names | {"#incident": "incidentId"},
                    "ExpressionAttributeValues": values | to_item({":incident": incident_id}),
                },
            )
        except AwsCallFailed as error:
            if error.code != "ConditionalCheckFailedException":
                raise
            raise ResourceMissing(
                f"there is no incident {incident_id} of {function_name} at {executed_at}"
            ) from error
        self._complete(executed_at, incident_id, {"correction": correction})

    def _complete(self, executed_at: str, incident_id: str, facts: Mapping[str, Any]) -> None:
        """Create or complete the remembered item."""
        kept_until = parse(executed_at) + self._retention
        always = {"incidentId": incident_id, **facts, "expiresAt": int(kept_until.timestamp())}
        call(
            self._client.update_item,
            TableName=self._table,
            # Incidents of two functions may have opened within one microsecond.
            Key=to_item({"functionName": KEY, "executedAt": f"{executed_at}#{incident_id}"}),
            **setting(always),
        )

    @property
    def _client(self) -> Any:
        return self._clients.client("dynamodb")


def _past(item: Mapping[str, Any]) -> PastIncident | None:
    """The incident, or None where it is not finished yet, or was written by hand or by another version."""
    try:
        correction = item.get("correction")
        return PastIncident(
            incident_id=str(item["incidentId"]),
            function_name=str(item["function"]),
            at=parse(str(item["executedAt"]).partition("#")[0]),
            fingerprint=msgspec.json.decode(item["fingerprint"], type=Fingerprint),
            diagnosed=str(item["diagnosed"]),
            status=str(item["status"]),
            repair=str(item["repair"]),
            correction=msgspec.convert(correction, Correction) if correction else None,
        )
    except (KeyError, ValueError, msgspec.MsgspecError):
        return None
