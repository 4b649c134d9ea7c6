"""Incidents as they were written down, and what people answered to their findings.

An answer is one UpdateItem on the incident's item of the diagnosis table: it takes its finding's place in the
map `answers` and is added to the list `answerLog`, which is never rewritten. So people who answer at the same
time lose nothing, and the same answer again changes nothing.
"""

from collections.abc import Mapping
from itertools import islice
from typing import Any

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.case_files import CaseFiles
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.diagnosis_table import sort_key
from auto_repair.adapters.dynamodb_items import from_item, to_item
from auto_repair.adapters.history_table import HistoryTable
from auto_repair.domain.answers import Answer, Say
from auto_repair.domain.errors import AwsCallFailed, ResourceMissing
from auto_repair.domain.incident import Incident
from auto_repair.domain.incident_record import IncidentRecord
from auto_repair.domain.timestamps import parse
from auto_repair.settings import Settings

NEWEST = 10  # incidents of a function that are listed


class IncidentRecords:
    """Reads what the workflow wrote; writes answers and nothing else."""

    def __init__(self, clients: Clients, settings: Settings) -> None:
        self._clients = clients
        self._incidents = settings.incidents_table
        self._diagnoses = settings.diagnosis_table
        self._history = HistoryTable(clients, settings.diagnosis_table, settings.retention_days)
        self._files = CaseFiles(clients, settings.reports_bucket)

    @property
    def _client(self) -> Any:
        return self._clients.client("dynamodb")

    def find(self, incident_id: str) -> IncidentRecord:
        """What is known of it now. Raises `ResourceMissing` where no incident has that id."""
        opened = self._get(self._incidents, {"id": f"incident#{incident_id}"})
        if not opened:
            raise ResourceMissing(f"there is no incident {incident_id!r}")
        incident = Incident(
            id=incident_id,
            function_name=str(opened["functionName"]),
            opened_at=parse(str(opened["openedAt"])),
            execution_arn=str(opened["executionArn"]),
        )
        item = self._get(self._diagnoses, _key(incident))
        return IncidentRecord(incident, str(opened["status"]), item, _answers(item))

    def newest(self, function_name: str) -> list[dict[str, str]]:
        """The function's newest incidents, newest first: `incidentId`, `openedAt`, `status`, `summary`."""
        items = self._history.query(function_name, newest_first=True, Limit=NEWEST)
        return [
            {
                "incidentId": str(item.get("incidentId", "")),
                "openedAt": str(item["executedAt"]),
                "status": str(item.get("status", "OPEN")),
                "summary": str(item.get("summary", "")),
            }
            for item in islice(items, NEWEST)
        ]

    def answers(self, incident: Incident) -> tuple[Answer, ...]:
        """What people answered so far."""
        return _answers(self._get(self._diagnoses, _key(incident)))

    def answer(self, incident: Incident, answer: Answer) -> None:
        """Write an answer down. The same one again keeps its first time."""
        self._make_room(incident)
        said = {"say": answer.say.value, "by": answer.by, "at": answer.at, "comment": answer.comment}
        values = {":answer": said, ":logged": [{"finding": answer.finding, **said}], ":none": []}
        same = "answers.#finding.say = :say AND answers.#finding.#by = :by AND answers.#finding.#c = :comment"
        self._update(
            incident,
            UpdateExpression=(
                "SET answers.#finding = :answer, "
                "answerLog = list_append(if_not_exists(answerLog, :none), :logged)"
            ),
            ConditionExpression=f"attribute_not_exists(answers.#finding) OR NOT ({same})",
            ExpressionAttributeNames={"#finding": answer.finding, "#by": "by", "#c": "comment"},
            ExpressionAttributeValues=to_item(
                values | {":say": answer.say.value, ":by": answer.by, ":comment": answer.comment}
            ),
        )

    def load_case(self, incident: Incident, name: str) -> str | None:
        """The text of a file beside the incident's report; None where there is none."""
        try:
            return self._files.load_document(incident, name)
        except ResourceMissing:
            return None

    def _make_room(self, incident: Incident) -> None:
        """The map must be there before anything can be put into it."""
        self._update(
            incident,
            UpdateExpression="SET answers = :nothing",
            ConditionExpression="attribute_exists(incidentId) AND attribute_not_exists(answers)",
            ExpressionAttributeValues=to_item({":nothing": {}}),
        )

    def _update(self, incident: Incident, **arguments: Any) -> None:
        """Update the incident's item; a refused condition means that there is nothing to do."""
        key = to_item(_key(incident))
        try:
            call(self._client.update_item, TableName=self._diagnoses, Key=key, **arguments)
        except AwsCallFailed as error:
            if error.code != "ConditionalCheckFailedException":
                raise

    def _get(self, table: str, key: Mapping[str, str]) -> dict[str, Any]:
        answer = call(self._client.get_item, TableName=table, Key=to_item(key), ConsistentRead=True)
        return from_item(answer.get("Item", {}))


def _key(incident: Incident) -> dict[str, str]:
    return {"functionName": incident.function_name, "executedAt": sort_key(incident)}


def _answers(item: Mapping[str, Any]) -> tuple[Answer, ...]:
    """Oldest first."""
    found = (
        Answer(finding, Say(said["say"]), said["by"], said["at"], said["comment"])
        for finding, said in item.get("answers", {}).items()
    )
    return tuple(sorted(found, key=lambda answer: (answer.at, answer.finding)))
