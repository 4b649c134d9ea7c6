"""Answers in DynamoDB: nothing is lost, nothing is doubled; late changes find their incidents."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from auto_repair.adapters.clients import Clients
from auto_repair.adapters.findings_function import FindingsFunction
from auto_repair.adapters.finished_incidents import FinishedIncidents
from auto_repair.adapters.incident_memory import DiagnosisTableMemory
from auto_repair.adapters.incident_records import NEWEST, IncidentRecords
from auto_repair.adapters.incident_store import AwsIncidentStore
from auto_repair.adapters.second_looks import SecondLooks
from auto_repair.domain.answers import Answer, Say
from auto_repair.domain.errors import ResourceMissing
from auto_repair.domain.incident import Incident
from auto_repair.domain.similar_incidents import Correction
from auto_repair.domain.timestamps import iso
from auto_repair.settings import Settings
from tests.adapters.conftest import NOW, FixedClock, RecordedClients
from tests.adapters.test_incident_store import make_tables


def incident(number: int = 1, function: str = "orders") -> Incident:
    return Incident(
        id=f"incident-{number}",
        function_name=function,
        opened_at=NOW + timedelta(minutes=number),
        execution_arn=f"arn:aws:states:us-east-1:123456789012:execution:workflow:{number}",
    )


def answer(finding: str = "code_error", by: str = "ada", **facts: Any) -> Answer:
    return Answer(finding, **({"say": Say.DECLINE, "by": by, "at": iso(NOW), "comment": "no"} | facts))


@pytest.fixture
def store(clients: Clients, settings: Settings, clock: FixedClock) -> AwsIncidentStore:
    make_tables(clients, settings)
    clients.client("s3").create_bucket(Bucket=settings.reports_bucket)
    return AwsIncidentStore(clients, settings, clock)


@pytest.fixture
def records(store: AwsIncidentStore, clients: Clients, settings: Settings) -> IncidentRecords:
    diagnosed(store, incident())
    return IncidentRecords(clients, settings)


def diagnosed(store: AwsIncidentStore, opened: Incident, **facts: Any) -> None:
    """An incident with two findings."""
    store.open(opened, NOW + timedelta(days=2))
    hypotheses = [{"id": "code_error"}, {"id": "neighbour_changed@s3:images"}]
    defaults = {
        "hypotheses": hypotheses,
        "evidenceRef": "evidence",
        "resources": ["lambda:orders", "s3:images"],
        "observedFrom": iso(NOW - timedelta(minutes=15)),
        "observedUntil": iso(NOW + timedelta(minutes=1)),
        "summary": "It raises.",
    }
    store.record_diagnosis(opened, defaults | facts)


def test_an_incident_is_found_by_its_id_alone(records: IncidentRecords, store: AwsIncidentStore) -> None:
    found = records.find("incident-1")
    assert found.incident == incident()
    assert (found.is_open, found.evidence_ref) == (True, "evidence")
    assert found.findings == ("code_error", "neighbour_changed@s3:images")
    store.close(incident(), "ADVISED")
    assert records.find("incident-1").status == "ADVISED"
    with pytest.raises(ResourceMissing, match="there is no incident 'nowhere'"):
        records.find("nowhere")


def test_what_was_opened_and_not_diagnosed_has_no_findings(
    records: IncidentRecords, store: AwsIncidentStore
) -> None:
    store.open(incident(2, "billing"), NOW + timedelta(days=2))
    assert records.find("incident-2").findings == ()


def test_answers_are_kept_with_who_when_and_why(records: IncidentRecords) -> None:
    said = answer("neighbour_changed@s3:images")
    records.answer(incident(), said)
    assert records.answers(incident()) == (said,)
    assert records.find("incident-1").answers == (said,)


def test_the_same_answer_again_keeps_its_first_time(
    records: IncidentRecords, clients: Clients, settings: Settings
) -> None:
    later = iso(NOW + timedelta(hours=1))
    for at in (iso(NOW), later):
        records.answer(incident(), answer(at=at))
    assert records.answers(incident()) == (answer(),)
    records.answer(incident(), answer(say=Say.ACCEPT, at=later))
    assert [a.say for a in records.answers(incident())] == [Say.ACCEPT]
    (item,) = clients.client("dynamodb").scan(TableName=settings.diagnosis_table)["Items"]
    assert [a["M"]["say"]["S"] for a in item["answerLog"]["L"]] == ["decline", "accept"]


def test_people_who_answer_at_once_lose_nothing(records: IncidentRecords) -> None:
    said = [answer(f"finding-{n}", by=f"person-{n}") for n in range(12)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda one: records.answer(incident(), one), said))
    assert set(records.answers(incident())) == set(said)


def test_a_correction_of_the_memory_goes_with_the_answers(
    records: IncidentRecords, clients: Clients, settings: Settings
) -> None:
    records.answer(incident(), answer())
    found = records.find("incident-1")
    memory = DiagnosisTableMemory(clients, settings)
    memory.correct(
        "orders", found.executed_at, "incident-1", Correction("", ("code_error",), "ada", iso(NOW))
    )
    again = records.find("incident-1")
    assert again.diagnosis["declinedCauses"] == ["code_error"]
    assert again.answers == (answer(),)


def test_the_newest_incidents_of_a_function(records: IncidentRecords, store: AwsIncidentStore) -> None:
    for number in range(2, NEWEST + 3):
        diagnosed(store, incident(number))
    diagnosed(store, incident(50, "billing"))
    newest = records.newest("orders")
    assert [one["incidentId"] for one in newest] == [f"incident-{n}" for n in range(NEWEST + 2, 2, -1)]
    assert newest[0]["summary"] == "It raises."
    assert records.newest("unknown") == []


def test_files_beside_the_report(records: IncidentRecords, store: AwsIncidentStore) -> None:
    assert records.load_case(incident(), "case.json") is None
    store.save_document(incident(), "case.json", '{"é": 1}', "application/json")
    assert records.load_case(incident(), "case.json") == '{"é": 1}'


@pytest.fixture
def finished(store: AwsIncidentStore, clients: Clients, settings: Settings) -> FinishedIncidents:
    diagnosed(store, incident())
    return FinishedIncidents(clients, settings)


def test_finished_incidents_that_looked_at_a_resource_then(
    finished: FinishedIncidents, store: AwsIncidentStore
) -> None:
    diagnosed(store, incident(2), reportUri="s3://report")
    assert finished.around("s3:images", NOW) == ["incident-1", "incident-2"]
    assert finished.around("s3:other", NOW) == []
    assert finished.around("s3:images", NOW - timedelta(minutes=16)) == []
    # The first is still open: what it proposes may wait for an answer.
    assert finished.around("s3:images", NOW + timedelta(hours=5)) == ["incident-1"]
    assert finished.around("s3:images", NOW + timedelta(days=2)) == []


def test_a_window_over_midnight(finished: FinishedIncidents, store: AwsIncidentStore) -> None:
    midnight = NOW.replace(hour=0)
    opened = Incident("incident-9", "orders", midnight + timedelta(minutes=1), execution_arn="arn")
    facts = {
        "observedFrom": iso(midnight - timedelta(minutes=14)),
        "observedUntil": iso(midnight + timedelta(minutes=1)),
    }
    diagnosed(store, opened, reportUri="s3://report", **facts)
    assert finished.around("s3:images", midnight - timedelta(minutes=10)) == ["incident-9"]


def test_one_look_in_a_quiet_time_and_what_is_owed_is_remembered(
    finished: FinishedIncidents, clients: Clients, settings: Settings
) -> None:
    looks, quiet = SecondLooks(clients, settings.diagnosis_table), timedelta(minutes=4)
    later = NOW + timedelta(seconds=1)
    assert looks.begin(incident(), NOW, NOW + quiet)
    assert not looks.begin(incident(), later, later + quiet)
    assert finished.wanting_looks(later) == []
    looks.want(incident(), later)
    looks.want(incident(), later)
    assert finished.wanting_looks(later) == ["incident-1"]
    assert looks.begin(incident(), NOW + quiet, NOW + 2 * quiet)
    assert finished.wanting_looks(NOW + quiet) == []


def test_only_one_of_many_at_once_may_look(
    finished: FinishedIncidents, clients: Clients, settings: Settings
) -> None:
    looks = SecondLooks(clients, settings.diagnosis_table)
    with ThreadPoolExecutor(10) as pool:
        may = pool.map(lambda _: looks.begin(incident(), NOW, NOW + timedelta(minutes=4)), range(10))
        assert sum(may) == 1


def test_nothing_is_written_about_an_incident_without_a_diagnosis(
    finished: FinishedIncidents, clients: Clients, settings: Settings
) -> None:
    looks = SecondLooks(clients, settings.diagnosis_table)
    looks.want(incident(77), NOW)
    assert not looks.begin(incident(77), NOW, NOW)
    assert finished.wanting_looks(NOW) == []


def test_another_look_is_asked_for_without_waiting() -> None:
    clients = RecordedClients({"lambda.invoke": lambda **_: {"StatusCode": 202}})
    FindingsFunction(clients, "test").take_late_change("incident-1")
    ((call, arguments),) = clients.calls
    assert call == "lambda.invoke"
    assert arguments == {
        "FunctionName": "lambda-auto-repair-findings-test",
        "InvocationType": "Event",
        "Payload": b'{"operation": "late_change", "incidentId": "incident-1"}',
    }
