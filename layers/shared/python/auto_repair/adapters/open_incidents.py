"""Which incidents are open: one at a time for a function, each alarm event only once.

Two kinds of items share the table: `incident#ID` remembers an alarm event and how it ended, `function#NAME`
is the claim on a function. Both are written in one transaction, so that of many deliveries one wins.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from auto_repair.adapters.aws_errors import PASSING, THROTTLED, call, code_of, translated
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.dynamodb_items import from_item, setting, to_attribute, to_item
from auto_repair.adapters.executions import Executions
from auto_repair.domain.errors import AwsCallFailed, TransientError
from auto_repair.domain.incident import Disposition, Incident
from auto_repair.domain.timestamps import iso, parse
from auto_repair.ports import Clock, Opening, Owner

MOST_JOINED = 200  # notes of alarms that one item holds: with their reasons, a third of what AWS allows
TRIES = 4  # others may open, join or close in between
OPEN = "OPEN"
_REFUSED = "ConditionalCheckFailed"
_OURS = "incidentId = :id AND executionArn = :arn"  # of a claim
_MAX_REASON = 500


class OpenIncidents:
    """The table of open incidents and claims."""

    def __init__(self, clients: Clients, table: str, retention_days: int, clock: Clock) -> None:
        self._clients = clients
        self._executions = Executions(clients)
        self._table = table
        self._retention = timedelta(days=retention_days)
        self._clock = clock

    @property
    def _client(self) -> Any:
        return self._clients.client("dynamodb")

    def open(self, incident: Incident, lease_until: datetime) -> Opening:
        """Claim the function, join the incident that holds it, or recognise a repeated alarm event."""
        closed = ""
        for _ in range(TRIES):
            own, claim = self._transact(
                self._remembering(incident, OPEN), self._claiming(incident, lease_until, closed)
            )
            if _is_refused(own):
                if self._turned_to(incident, from_item(own["Item"])):
                    continue
                return Opening(Disposition.DUPLICATE, incident.id)
            if not _is_refused(claim):
                return Opening(Disposition.OPENED)
            held = from_item(claim["Item"])
            holder = str(held["incidentId"])
            if self._executions.has_ended(
                str(held["executionArn"]), self._clock() - parse(held["claimedAt"])
            ):
                # It could not release the function, and nobody works on its incident any more.
                closed = holder
                continue
            own, joined = self._transact(
                self._remembering(incident, Disposition.JOINED.value.upper()), self._joining(incident, holder)
            )
            if _is_refused(own):
                return Opening(Disposition.DUPLICATE, incident.id)
            if not _is_refused(joined) or self._join_unseen(incident, joined):
                return Opening(Disposition.JOINED, holder)
            # Whoever held the function has just closed: its claim counts no longer.
            closed = holder
        raise TransientError(f"{incident.function_name} is being claimed by others, {TRIES} tries")

    def hold(self, incident: Incident, lease_until: datetime) -> bool:
        """Keep the function. An execution that is taken up again after its end has lost its claim, and its
        incident is closed: both are ours again, unless another incident has the function by now."""
        refused = self._transact(
            self._remembering(incident, OPEN), self._claiming(incident, lease_until, closed="")
        )
        return not any(map(_is_refused, refused))

    def owner(self, incident: Incident) -> Owner | None:
        """Whose the incident is; None where nobody has opened it."""
        item = self._item(incident)
        return Owner(str(item["executionArn"]), str(item["functionName"])) if item else None

    def joined_alarms(self, incident: Incident) -> list[str]:
        """The alarms that joined, oldest first: `NAME at TIME: REASON`."""
        joined = self._item(incident).get("joined", {})
        alarms = sorted(joined.values(), key=lambda alarm: str(alarm["at"]))
        return [f"{a['alarm']} at {a['at']}: {a['reason']}".removesuffix(": ") for a in alarms]

    def _item(self, incident: Incident) -> dict[str, Any]:
        """What is remembered of the alarm event; empty where nothing is."""
        answer = call(
            self._client.get_item,
            TableName=self._table,
            Key={"id": to_attribute(_incident_key(incident.id))},
            ConsistentRead=True,
        )
        return from_item(answer.get("Item", {}))

    def close(self, incident: Incident, status: str) -> None:
        """Record the end and release the function, as far as this execution holds them.

        Either releases the function, so the second is done whatever became of the first.
        """
        update = setting({"status": status, "closedAt": iso(self._clock())})
        try:
            self._conditionally(
                self._client.update_item,
                Key={"id": to_attribute(_incident_key(incident.id))},
                ConditionExpression="executionArn = :arn",
                **_with_values(update, {":arn": incident.execution_arn}),
            )
        finally:
            self._conditionally(
                self._client.delete_item,
                Key={"id": to_attribute(_function_key(incident.function_name))},
                ConditionExpression=_OURS,
                ExpressionAttributeValues=to_item({":id": incident.id, ":arn": incident.execution_arn}),
            )

    def _conditionally(self, method: Any, **arguments: Any) -> None:
        """Call, and take a refused condition for «not ours»: nothing to do then."""
        try:
            call(method, TableName=self._table, **arguments)
        except AwsCallFailed as error:
            if error.code != "ConditionalCheckFailedException":
                raise

    def _turned_to(self, incident: Incident, remembered: Mapping[str, Any]) -> bool:
        """Turn to the incident's function from the one that an earlier try of this execution came down to,
        whose answer got lost: what it claimed is free again. False where it was another execution."""
        if remembered["executionArn"] != incident.execution_arn:
            return False
        self._conditionally(
            self._client.update_item,
            Key={"id": to_attribute(_function_key(str(remembered["functionName"])))},
            ConditionExpression=_OURS,
            **_with_values(
                setting({"leaseUntil": iso(self._clock() - timedelta(seconds=1))}),
                {":id": incident.id, ":arn": incident.execution_arn},
            ),
        )
        self._conditionally(
            self._client.update_item,
            Key={"id": to_attribute(_incident_key(incident.id))},
            ConditionExpression="executionArn = :arn",
            **_with_values(
                setting({"functionName": incident.function_name}), {":arn": incident.execution_arn}
            ),
        )
        return True

    def _remembering(self, incident: Incident, status: str) -> dict[str, Any]:
        """The alarm event's own item. The same execution may repeat it, nobody else."""
        alarm = incident.alarm
        update = setting(
            {
                "status": status,
                "functionName": incident.function_name,
                "executionArn": incident.execution_arn,
                "openedAt": iso(incident.opened_at),
                "alarmName": alarm.name if alarm else "",
                "expiresAt": int((incident.opened_at + self._retention).timestamp()),
            },
            once={"joined": {}},
        )
        return {
            "TableName": self._table,
            "Key": {"id": to_attribute(_incident_key(incident.id))},
            "ConditionExpression": "attribute_not_exists(id) OR "
            "(executionArn = :arn AND functionName = :function)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            **_with_values(update, {":arn": incident.execution_arn, ":function": incident.function_name}),
        }

    def _claiming(self, incident: Incident, lease_until: datetime, closed: str) -> dict[str, Any]:
        """The claim on the function: free, run out, our own already, or of an incident that is closed."""
        update = setting(
            {
                "functionName": incident.function_name,
                "incidentId": incident.id,
                "executionArn": incident.execution_arn,
                "claimedAt": iso(self._clock()),
                "leaseUntil": iso(lease_until),
                "expiresAt": int((lease_until + timedelta(days=1)).timestamp()),
            }
        )
        condition = "attribute_not_exists(id) OR leaseUntil < :now OR incidentId IN (:own, :closed)"
        values = {":now": iso(self._clock()), ":own": incident.id, ":closed": closed or incident.id}
        return {
            "TableName": self._table,
            "Key": {"id": to_attribute(_function_key(incident.function_name))},
            "ConditionExpression": condition,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            **_with_values(update, values),
        }

    def _joining(self, incident: Incident, holder: str) -> dict[str, Any]:
        """A note in the open incident. Under its own key, so that a repeat does not show twice."""
        alarm = incident.alarm
        note = {
            "alarm": alarm.name if alarm else "manual start",
            "at": iso(incident.alarmed_at),
            "reason": alarm.reason[:_MAX_REASON] if alarm else "",
        }
        return {
            "TableName": self._table,
            "Key": {"id": to_attribute(_incident_key(holder))},
            "UpdateExpression": "SET joined.#joining = :note",
            "ConditionExpression": "#status = :open AND size(joined) < :most",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            "ExpressionAttributeNames": {"#joining": incident.id, "#status": "status"},
            "ExpressionAttributeValues": to_item({":note": note, ":open": OPEN, ":most": MOST_JOINED}),
        }

    def _join_unseen(self, incident: Incident, refused: Mapping[str, Any]) -> bool:
        """Join an incident that has room for no further note. False where it is closed by now."""
        if from_item(refused.get("Item", {})).get("status") != OPEN:
            return False
        self._transact(self._remembering(incident, Disposition.JOINED.value.upper()))
        return True

    def _transact(self, *updates: dict[str, Any]) -> list[dict[str, Any]]:
        """Write all or nothing; returns each update's reason when nothing was written."""
        try:
            self._client.transact_write_items(TransactItems=[{"Update": update} for update in updates])
        except ClientError as error:
            reasons: list[Any] = error.response.get("CancellationReasons", [])
            codes = {str(reason.get("Code")) for reason in reasons}
            if codes & (PASSING | THROTTLED):
                raise TransientError(f"dynamodb:TransactWriteItems was cancelled: {sorted(codes)}") from error
            if code_of(error) != "TransactionCanceledException" or _REFUSED not in codes:
                raise translated(error, "dynamodb", "TransactWriteItems") from error
            return reasons
        except BotoCoreError as error:
            raise translated(error, "dynamodb", "TransactWriteItems") from error
        return [{} for _ in updates]


def _is_refused(reason: Mapping[str, Any]) -> bool:
    return reason.get("Code") == _REFUSED


def _incident_key(incident_id: str) -> str:
    return f"incident#{incident_id}"


def _function_key(function_name: str) -> str:
    return f"function#{function_name}"


def _with_values(update: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    merged = update["ExpressionAttributeValues"] | to_item(values)
    return update | {"ExpressionAttributeValues": merged}
