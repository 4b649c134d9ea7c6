"""The journal of changes: one item for each change of a resource, by resource and time.

An event that is delivered twice writes the same item twice, and one that arrives late finds its own place.
An index by time alone tells which resources changed at all: mostly few or none of those that one asks about.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.dynamodb_items import from_item, to_item
from auto_repair.adapters.pages import pages
from auto_repair.domain.changes.reading import RecordedChange
from auto_repair.domain.surroundings import ResourceChange
from auto_repair.domain.timestamps import iso, parse

NEWEST = 50  # changes of a resource that one query reads
BY_TIME = "byTime"  # index of all changes; of each it holds the resource and the time
# One value for all: CloudTrail's events of a whole account stay far below the 1,000 writes a second that one
# partition takes, and the changes of a day are then one query.
JOURNAL = "account"
PAGE, MOST_PAGES = 500, 4  # of the index; where more changed, resources are asked for one by one
SOURCE = "change_journal"


class ChangeJournal:
    """The table of changes. Only the recorder writes it."""

    def __init__(self, clients: Clients, table: str, retention_days: int) -> None:
        self._clients = clients
        self._table = table
        self._retention = timedelta(days=retention_days)

    @property
    def _client(self) -> Any:
        return self._clients.client("dynamodb")

    def record(self, changes: Iterable[RecordedChange]) -> None:
        """Write them down. States are kept whole: CloudTrail's events stay below what an item can hold."""
        for recorded in changes:
            item = to_item(self._facts(recorded), whole=("before", "after"))
            call(self._client.put_item, TableName=self._table, Item=item)

    def of(self, resource_id: str, until: datetime) -> tuple[RecordedChange, ...]:
        """The newest changes of a resource before `until`, oldest first, however long ago they were."""
        answer = call(
            self._client.query,
            TableName=self._table,
            KeyConditionExpression="#resource = :resource AND #at < :until",
            ExpressionAttributeNames={"#resource": "resource", "#at": "at"},
            ExpressionAttributeValues=to_item({":resource": resource_id, ":until": iso(until)}),
            ScanIndexForward=False,
            Limit=NEWEST,
        )
        return tuple(_recorded(from_item(item)) for item in reversed(answer["Items"]))

    def changed(self, since: datetime, until: datetime) -> frozenset[str] | None:
        """Ids of all resources that changed from `since` until before `until`.

        None where the journal does not vouch for that whole time: it has entries of that time and one from
        before it, or it may not have been written at all. Also None where too much changed to be read.
        """
        found: set[str] = set()
        for item in self._newest(until):
            if item["at"] < iso(since):
                return frozenset(found) or None
            found.add(item["resource"])
        return None

    def _newest(self, until: datetime) -> Iterator[dict[str, Any]]:
        """What the index holds before `until`, newest first."""
        found = pages(
            self._client.query,
            TableName=self._table,
            IndexName=BY_TIME,
            KeyConditionExpression="#journal = :journal AND #at < :until",
            ExpressionAttributeNames={"#journal": "journal", "#at": "at"},
            ExpressionAttributeValues=to_item({":journal": JOURNAL, ":until": iso(until)}),
            ScanIndexForward=False,
            Limit=PAGE,
        )
        for page in islice(found, MOST_PAGES):
            yield from map(from_item, page["Items"])

    def _facts(self, recorded: RecordedChange) -> dict[str, Any]:
        change = recorded.change
        return {
            "journal": JOURNAL,
            "resource": change.resource,
            "at": f"{iso(change.at)}#{change.event_id}",
            "action": change.action,
            "actor": change.actor,
            "summary": change.summary,
            "eventId": change.event_id,
            "before": change.before,
            "after": change.after,
            "ours": change.ours,
            "aspect": recorded.aspect,
            "ends": recorded.ends,
            "partial": recorded.partial,
            "expiresAt": int((change.at + self._retention).timestamp()),
        }


def _recorded(item: Mapping[str, Any]) -> RecordedChange:
    change = ResourceChange(
        resource=item["resource"],
        at=parse(item["at"].partition("#")[0]),
        action=item["action"],
        actor=item["actor"],
        summary=item["summary"],
        source=SOURCE,
        event_id=item["eventId"],
        before=item["before"],
        after=item["after"],
        ours=item["ours"],
    )
    return RecordedChange(change, item["aspect"], item["ends"], item["partial"])
