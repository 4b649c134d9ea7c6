"""When an incident was looked at again, and whether it should be: two times in the diagnosis table.

`lookNotBefore` ends the quiet time that a look began, `lookWantedAt` is there while a look is owed.
"""

from datetime import datetime
from typing import Any

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.diagnosis_table import sort_key
from auto_repair.adapters.dynamodb_items import to_item
from auto_repair.domain.errors import AwsCallFailed
from auto_repair.domain.incident import Incident
from auto_repair.domain.timestamps import iso


class SecondLooks:
    """Writes these two times and nothing else."""

    def __init__(self, clients: Clients, diagnosis_table: str) -> None:
        self._clients = clients
        self._table = diagnosis_table

    def begin(self, incident: Incident, now: datetime, not_before: datetime) -> bool:
        """Whether a look may begin now: then none may before `not_before`, and none is owed any more."""
        return self._update(
            incident,
            UpdateExpression="SET lookNotBefore = :next REMOVE lookWantedAt",
            ConditionExpression="attribute_exists(incidentId) "
            "AND (attribute_not_exists(lookNotBefore) OR lookNotBefore <= :now)",
            ExpressionAttributeValues=to_item({":now": iso(now), ":next": iso(not_before)}),
        )

    def want(self, incident: Incident, now: datetime) -> None:
        """Remember that a look is owed."""
        self._update(
            incident,
            UpdateExpression="SET lookWantedAt = :now",
            ConditionExpression="attribute_exists(incidentId)",
            ExpressionAttributeValues=to_item({":now": iso(now)}),
        )

    def _update(self, incident: Incident, **arguments: Any) -> bool:
        """Whether the condition held."""
        key = {"functionName": incident.function_name, "executedAt": sort_key(incident)}
        table = self._clients.client("dynamodb")
        try:
            call(table.update_item, TableName=self._table, Key=to_item(key), **arguments)
        except AwsCallFailed as error:
            if error.code != "ConditionalCheckFailedException":
                raise
            return False
        return True
