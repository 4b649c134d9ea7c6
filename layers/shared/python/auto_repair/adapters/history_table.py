"""A table of what happened to a function: keyed by its name and a time, with an index by day."""

from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from typing import Any

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.dynamodb_items import from_item, setting, to_item
from auto_repair.adapters.pages import pages
from auto_repair.domain.timestamps import parse


class HistoryTable:
    """Items are only ever completed, never replaced; each carries its day and when it may be forgotten."""

    def __init__(self, clients: Clients, table: str, retention_days: int) -> None:
        self._clients = clients
        self._table = table
        self._retention = timedelta(days=retention_days)

    @property
    def _client(self) -> Any:
        return self._clients.client("dynamodb")

    def record(
        self,
        function_name: str,
        executed_at: str,
        facts: Mapping[str, Any],
        *,
        once: Mapping[str, Any],
        whole: Collection[str] = (),
    ) -> None:
        """Create or complete the item; `once` counts only where nothing is written yet.

        Long texts are cut, except in the attributes named in `whole`.
        """
        kept_until = parse(executed_at) + self._retention
        always = {**facts, "day": executed_at[:10], "expiresAt": int(kept_until.timestamp())}
        call(
            self._client.update_item,
            TableName=self._table,
            Key=to_item({"functionName": function_name, "executedAt": executed_at}),
            **setting(always, once=once, whole=whole),
        )

    def query(
        self, function_name: str, *, newest_first: bool, since: str = "", **more: Any
    ) -> Iterator[dict[str, Any]]:
        """The function's items in order of time, read page by page as far as they are asked for."""
        values = to_item({":name": function_name, ":since": since or "0"})
        arguments = {
            "KeyConditionExpression": "functionName = :name AND executedAt >= :since",
            "ScanIndexForward": not newest_first,
            "ConsistentRead": True,  # a repair planned seconds ago counts
            **more,
            "ExpressionAttributeValues": values | more.get("ExpressionAttributeValues", {}),
        }
        return self._pages(arguments)

    def opened(self, day: str, since: str, until: str, **more: Any) -> Iterator[dict[str, Any]]:
        """Items of all functions from one day (`2026-01-31`), in order of time, as the index knows them.

        `since` and `until` are included. What was written a moment ago may be missing.
        """
        values = to_item({":day": day, ":since": since, ":until": until})
        arguments = {
            "IndexName": "byDay",
            "KeyConditionExpression": "#day = :day AND executedAt BETWEEN :since AND :until",
            **more,
            "ExpressionAttributeNames": {"#day": "day"} | more.get("ExpressionAttributeNames", {}),
            "ExpressionAttributeValues": values | more.get("ExpressionAttributeValues", {}),
        }
        return self._pages(arguments)

    def _pages(self, arguments: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for page in pages(self._client.query, TableName=self._table, **arguments):
            yield from map(from_item, page["Items"])
