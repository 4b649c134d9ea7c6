"""Past incidents in the diagnosis table: nothing lost, two reads at most, people's word kept."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from auto_repair.adapters.clients import Clients
from auto_repair.adapters.diagnosis_table import DiagnosisTable, sort_key
from auto_repair.adapters.history_table import HistoryTable
from auto_repair.adapters.incident_memory import KEPT, KEY, DiagnosisTableMemory
from auto_repair.domain.errors import ResourceMissing
from auto_repair.domain.fingerprint import MAX_KEY, MOST, Fingerprint
from auto_repair.domain.incident import Incident
from auto_repair.domain.similar_incidents import Correction, LabelSource, PastIncident
from auto_repair.ports import IncidentMemory
from auto_repair.settings import Settings
from tests.adapters.conftest import NOW
from tests.adapters.test_incident_store import make_tables

SEEN = Fingerprint({"log:ValueError": 1.0, "run:failed": 0.5}, blind=("change",))


@pytest.fixture
def memory(clients: Clients, settings: Settings) -> DiagnosisTableMemory:
    make_tables(clients, settings)
    return DiagnosisTableMemory(clients, settings)


def incident(number: int = 1) -> Incident:
    return Incident(
        id=f"incident-{number}",
        function_name="orders",
        opened_at=NOW + timedelta(minutes=number),
        execution_arn=f"arn:aws:states:us-east-1:123456789012:execution:workflow:{number}",
    )


def ended(of: Incident, seen: Fingerprint = SEEN, **facts: Any) -> PastIncident:
    defaults: dict[str, Any] = {"diagnosed": "out_of_memory", "status": "VERIFIED", "repair": "raise_memory"}
    return PastIncident(of.id, of.function_name, of.opened_at, seen, **(defaults | facts))


def items(clients: Clients, settings: Settings, index: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    return list(clients.client("dynamodb").scan(TableName=settings.diagnosis_table, **(index or {}))["Items"])


def test_keeps_what_is_remembered(memory: IncidentMemory) -> None:
    memory.remember(incident(), ended(incident()))
    (past,) = memory.past()
    assert past == ended(replace(incident(), opened_at=past.at))
    assert abs(past.at - incident().opened_at) < timedelta(milliseconds=1)


def test_newest_first_and_no_more_than_asked(memory: IncidentMemory) -> None:
    for number in (2, 1, 3):
        memory.remember(incident(number), ended(incident(number)))
    assert [past.incident_id for past in memory.past(limit=2)] == ["incident-3", "incident-2"]


def test_repeating_does_not_remember_twice(memory: IncidentMemory) -> None:
    memory.remember(incident(), ended(incident(), status="FAILED"))
    memory.remember(incident(), ended(incident()))
    assert [past.status for past in memory.past()] == ["VERIFIED"]


def test_incidents_that_finish_at_once_lose_nothing(memory: IncidentMemory) -> None:
    many = [incident(number) for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: memory.remember(one, ended(one)), many))
    assert {past.incident_id for past in memory.past()} == {one.id for one in many}


def test_incidents_of_one_microsecond_are_two(
    memory: DiagnosisTableMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    same = "2026-01-31T12:00:00.000001Z"
    monkeypatch.setattr("auto_repair.adapters.incident_memory.sort_key", lambda _: same)
    for number in (1, 2):
        memory.remember(incident(number), ended(incident(number)))
    assert len(memory.past()) == 2


@pytest.mark.parametrize("correction_comes_first", [True, False])
def test_a_persons_word_survives_in_any_order(
    memory: DiagnosisTableMemory, clients: Clients, settings: Settings, correction_comes_first: bool
) -> None:
    diagnosed(clients, settings)
    said = Correction(
        accepted="memory_leak", declined=("out_of_memory",), by="ada", at="2026-02-01T08:00:00Z"
    )
    if not correction_comes_first:
        memory.remember(incident(), ended(incident()))
    memory.correct("orders", sort_key(incident()), "incident-1", said)
    if correction_comes_first:
        memory.remember(incident(), ended(incident()))
    (past,) = memory.past()
    assert (past.cause, past.label_source, past.declined) == (
        "memory_leak",
        LabelSource.PERSON,
        ("out_of_memory",),
    )
    assert past.correction == said


def test_a_correction_shows_in_the_incidents_own_item(
    memory: DiagnosisTableMemory, clients: Clients, settings: Settings
) -> None:
    diagnosed(clients, settings)
    memory.correct("orders", sort_key(incident()), "incident-1", Correction("memory_leak", by="ada"))
    (own,) = [item for item in items(clients, settings) if item["functionName"] == {"S": "orders"}]
    assert own["confirmedCause"] == {"S": "memory_leak"}
    assert own["correctedBy"] == {"S": "ada"}
    assert own["rootCause"] == {"S": "out_of_memory"}


def test_no_correction_of_an_unknown_incident(
    memory: DiagnosisTableMemory, clients: Clients, settings: Settings
) -> None:
    diagnosed(clients, settings)
    for executed_at, name in ((sort_key(incident()), "another"), (sort_key(incident(7)), "incident-1")):
        with pytest.raises(ResourceMissing, match=name):
            memory.correct("orders", executed_at, name, Correction("memory_leak"))
    assert memory.past() == []
    assert len(items(clients, settings)) == 1


def test_a_correction_before_the_end_is_not_a_past_incident_yet(
    memory: DiagnosisTableMemory, clients: Clients, settings: Settings
) -> None:
    diagnosed(clients, settings)
    memory.correct("orders", sort_key(incident()), "incident-1", Correction("memory_leak"))
    assert memory.past() == []


def test_what_cannot_be_read_is_left_out(
    memory: DiagnosisTableMemory, clients: Clients, settings: Settings
) -> None:
    memory.remember(incident(), ended(incident()))
    broken = {
        "functionName": {"S": KEY},
        "executedAt": {"S": "2026-03-01T00:00:00.000000Z#by-hand"},
        "incidentId": {"S": "by-hand"},
        "function": {"S": "orders"},
        "diagnosed": {"S": ""},
        "status": {"S": ""},
        "repair": {"S": ""},
        "fingerprint": {"S": '{"features": ["not", "a", "map"]}'},
    }
    clients.client("dynamodb").put_item(TableName=settings.diagnosis_table, Item=broken)
    assert [past.incident_id for past in memory.past()] == ["incident-1"]


def test_items_expire_and_stay_out_of_the_index_by_day(
    memory: DiagnosisTableMemory, clients: Clients, settings: Settings
) -> None:
    memory.remember(incident(), ended(incident()))
    (item,) = items(clients, settings)
    kept_until = incident().opened_at + timedelta(days=settings.retention_days)
    assert int(item["expiresAt"]["N"]) == int(kept_until.timestamp())
    assert items(clients, settings, {"IndexName": "byDay"}) == []


def test_five_hundred_of_the_largest_are_two_reads(
    memory: DiagnosisTableMemory, clients: Clients, settings: Settings
) -> None:
    memory.remember(incident(), ended(incident(), largest()))
    (item,) = items(clients, settings)
    size = sum(len(name) + len(str(next(iter(value.values())))) for name, value in item.items())
    # A page of a Query ends with the item that passes 1 MB.
    assert KEPT * size < 2 * 2**20
    assert memory.past()[0].fingerprint == largest()


def largest() -> Fingerprint:
    """As large as the bounds allow."""
    return Fingerprint(
        {
            f"{facet.value}:{number:x<{MAX_KEY - len(facet.value) - 1}}": 0.25
            for facet, most in MOST.items()
            for number in range(most)
        }
    )


def diagnosed(clients: Clients, settings: Settings) -> None:
    table = DiagnosisTable(HistoryTable(clients, settings.diagnosis_table, settings.retention_days), "us")
    table.record(incident(), {"rootCause": "out_of_memory"})
