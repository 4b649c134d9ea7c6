"""The incident store against DynamoDB and S3: exactly one incident, exact history, exact evidence."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

import pytest
from botocore.exceptions import ClientError

from auto_repair.adapters import open_incidents
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.diagnosis_table import sort_key
from auto_repair.adapters.incident_store import AwsIncidentStore
from auto_repair.domain.errors import AwsCallFailed, ResourceMissing, TransientError
from auto_repair.domain.evidence import (
    Alias,
    Concurrency,
    ErrorSignature,
    Evidence,
    EvidenceItem,
    FunctionConfiguration,
    Invocation,
    MetricSeries,
    MissingEvidence,
    Status,
    Window,
)
from auto_repair.domain.incident import AlarmMetric, AlarmSignal, Disposition, Incident
from auto_repair.domain.policy_documents import canonical
from auto_repair.domain.repair import Attempt, Change, Setting, SettingChange
from auto_repair.domain.timestamps import iso
from auto_repair.ports import Owner
from auto_repair.settings import Settings
from tests.adapters.conftest import NOW, FixedClock
from tests.bucket_policies import DENY, policy
from tests.builders import BUCKET

LEASE = NOW + timedelta(hours=2)
QUEUE = "arn:aws:sqs:us-east-1:123456789012:orders"


@pytest.fixture
def store(clients: Clients, settings: Settings, clock: FixedClock) -> AwsIncidentStore:
    make_tables(clients, settings)
    clients.client("s3").create_bucket(Bucket=settings.reports_bucket)
    return AwsIncidentStore(clients, settings, clock)


def make_tables(clients: Clients, settings: Settings) -> None:
    dynamodb = clients.client("dynamodb")
    dynamodb.create_table(
        TableName=settings.incidents_table,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    for table in (settings.repairs_table, settings.diagnosis_table):
        dynamodb.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": "functionName", "KeyType": "HASH"},
                {"AttributeName": "executedAt", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"}
                for name in ("functionName", "executedAt", "day")
            ],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "byDay",
                    "KeySchema": [
                        {"AttributeName": "day", "KeyType": "HASH"},
                        {"AttributeName": "executedAt", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        )


def incident(name: str = "one", execution: str = "e1", function: str = "orders") -> Incident:
    return Incident(
        id=f"20260131T120000Z-{function}-{name}",
        function_name=function,
        opened_at=NOW,
        execution_arn=f"arn:aws:states:us-east-1:123456789012:execution:w:{execution}",
        alarm=AlarmSignal(
            f"alarm-{name}",
            NOW - timedelta(seconds=20),
            reason="Threshold crossed: 3 datapoints",
            metrics=(AlarmMetric("AWS/Lambda", "Errors", {"FunctionName": function}),),
        ),
    )


def item(clients: Clients, table: str, **key: str) -> dict[str, Any]:
    answer = clients.client("dynamodb").get_item(TableName=table, Key={k: {"S": v} for k, v in key.items()})
    found: dict[str, Any] = answer["Item"]
    return found


class TestOpening:
    def test_first_one_opens(self, store: AwsIncidentStore, clients: Clients, settings: Settings) -> None:
        opening = store.open(incident(), LEASE)
        assert (opening.disposition, opening.open_incident_id) == (Disposition.OPENED, None)
        claim = item(clients, settings.incidents_table, id="function#orders")
        assert claim["incidentId"] == {"S": "20260131T120000Z-orders-one"}
        assert int(claim["expiresAt"]["N"]) > LEASE.timestamp()

    def test_same_execution_may_repeat_it(self, store: AwsIncidentStore) -> None:
        assert store.open(incident(), LEASE).disposition is Disposition.OPENED
        assert store.open(incident(), LEASE).disposition is Disposition.OPENED

    def test_repeat_keeps_the_alarms_that_joined(self, store: AwsIncidentStore) -> None:
        store.open(incident(), LEASE)
        store.open(incident("two", "e2"), LEASE)
        store.open(incident(), LEASE)
        assert len(store.joined_alarms(incident())) == 1

    def test_same_alarm_event_in_another_execution_is_a_duplicate(self, store: AwsIncidentStore) -> None:
        store.open(incident(), LEASE)
        opening = store.open(incident(execution="e2"), LEASE)
        assert (opening.disposition, opening.open_incident_id) == (Disposition.DUPLICATE, incident().id)

    def test_duplicate_is_recognised_after_the_incident_was_closed(self, store: AwsIncidentStore) -> None:
        store.open(incident(), LEASE)
        store.close(incident(), "VERIFIED")
        assert store.open(incident(execution="e2"), LEASE).disposition is Disposition.DUPLICATE

    def test_another_alarm_joins_and_is_visible(self, store: AwsIncidentStore) -> None:
        store.open(incident(), LEASE)
        opening = store.open(incident("two", "e2"), LEASE)
        assert (opening.disposition, opening.open_incident_id) == (Disposition.JOINED, incident().id)
        assert store.joined_alarms(incident()) == [
            "alarm-two at 2026-01-31T11:59:40.000000Z: Threshold crossed: 3 datapoints"
        ]

    def test_joining_twice_shows_once(self, store: AwsIncidentStore) -> None:
        store.open(incident(), LEASE)
        assert store.open(incident("two", "e2"), LEASE).disposition is Disposition.JOINED
        assert store.open(incident("two", "e2"), LEASE).disposition is Disposition.JOINED
        assert store.open(incident("two", "e3"), LEASE).disposition is Disposition.DUPLICATE
        assert len(store.joined_alarms(incident())) == 1

    def test_repeat_that_comes_down_to_another_function_lets_go_of_the_first(
        self, store: AwsIncidentStore, clients: Clients, settings: Settings
    ) -> None:
        """The answer to the first try got lost, and meanwhile another child of a composite alarm fired."""
        again = replace(incident(), function_name="payments")
        store.open(incident(), LEASE)
        assert store.open(again, LEASE).disposition is Disposition.OPENED
        assert store.owner(again) == Owner(incident().execution_arn, "payments")
        assert store.open(incident("two", "e2"), LEASE).disposition is Disposition.OPENED
        assert store.open(incident("three", "e3", "payments"), LEASE).open_incident_id == incident().id
        store.close(again, "VERIFIED")
        claim = item(clients, settings.incidents_table, id="function#orders")
        assert claim["incidentId"] == {"S": incident("two").id}

    def test_repeat_takes_no_claim_of_the_incident_that_its_first_try_joined(
        self, store: AwsIncidentStore
    ) -> None:
        store.open(incident(), LEASE)
        store.open(incident("two", "e2"), LEASE)
        again = replace(incident("two", "e2"), function_name="payments")
        assert store.open(again, LEASE).disposition is Disposition.OPENED
        assert store.open(incident("three", "e3"), LEASE).open_incident_id == incident().id

    def test_alarms_beyond_what_an_item_holds_join_all_the_same(
        self, store: AwsIncidentStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(open_incidents, "MOST_JOINED", 2)
        store.open(incident(), LEASE)
        for number in range(4):
            opening = store.open(incident(f"more-{number}", f"e-{number}"), LEASE)
            assert (opening.disposition, opening.open_incident_id) == (Disposition.JOINED, incident().id)
        assert len(store.joined_alarms(incident())) == 2
        assert store.open(incident("more-3", "again"), LEASE).disposition is Disposition.DUPLICATE
        store.close(incident(), "VERIFIED")
        assert store.open(incident("later", "later"), LEASE).disposition is Disposition.OPENED

    def test_manual_start_joins_too(self, store: AwsIncidentStore) -> None:
        store.open(incident(), LEASE)
        store.open(replace(incident("two", "e2"), alarm=None), LEASE)
        assert store.joined_alarms(incident()) == ["manual start at 2026-01-31T12:00:00.000000Z"]

    def test_another_function_is_free(self, store: AwsIncidentStore) -> None:
        store.open(incident(), LEASE)
        assert store.open(incident("two", "e2", "payments"), LEASE).disposition is Disposition.OPENED

    def test_lease_that_ran_out_frees_the_function(self, store: AwsIncidentStore, clock: FixedClock) -> None:
        store.open(incident(), LEASE)
        clock.now = LEASE + timedelta(seconds=1)
        opening = store.open(incident("two", "e2"), LEASE + timedelta(hours=3))
        assert opening.disposition is Disposition.OPENED

    def test_holder_keeps_its_function_and_those_that_joined(
        self, store: AwsIncidentStore, clients: Clients, settings: Settings
    ) -> None:
        store.open(incident(), LEASE)
        store.open(incident("two", "e2"), LEASE)
        assert store.hold(incident(), LEASE + timedelta(hours=1))
        assert len(store.joined_alarms(incident())) == 1
        claim = item(clients, settings.incidents_table, id="function#orders")
        assert claim["leaseUntil"] == {"S": iso(LEASE + timedelta(hours=1))}

    def test_released_function_is_held_again_and_further_alarms_join(self, store: AwsIncidentStore) -> None:
        store.open(incident(), LEASE)
        store.close(incident(), "FAILED")
        assert store.hold(incident(), LEASE)
        opening = store.open(incident("two", "e2"), LEASE)
        assert (opening.disposition, opening.open_incident_id) == (Disposition.JOINED, incident().id)

    def test_function_of_another_incident_is_not_held(
        self, store: AwsIncidentStore, clients: Clients, settings: Settings
    ) -> None:
        store.open(incident(), LEASE)
        store.close(incident(), "FAILED")
        store.open(incident("two", "e2"), LEASE)
        assert not store.hold(incident(), LEASE)
        closed = item(clients, settings.incidents_table, id=f"incident#{incident().id}")
        assert closed["status"] == {"S": "FAILED"}
        assert not store.hold(incident("two", "another-execution"), LEASE)

    def test_owner_is_the_execution_that_opened_it(self, store: AwsIncidentStore) -> None:
        assert store.owner(incident()) is None
        store.open(incident(), LEASE)
        store.open(incident(execution="e2"), LEASE)
        owner = store.owner(replace(incident(execution="e2"), function_name="alarm:orders-is-broken"))
        assert owner == Owner(incident().execution_arn, "orders")

    def test_incident_without_alarms_has_none_joined(self, store: AwsIncidentStore) -> None:
        assert store.joined_alarms(incident()) == []


class TestClaimsOfExecutionsThatEnded:
    @pytest.fixture
    def holder(self, store: AwsIncidentStore, clients: Clients) -> Incident:
        """An open incident of an execution that runs."""
        clients.client("iam").create_role(RoleName="workflow", AssumeRolePolicyDocument="{}")
        machine = clients.client("stepfunctions").create_state_machine(
            name="w",
            definition='{"StartAt": "Rest", "States": {"Rest": {"Type": "Wait", "Seconds": 9, "End": true}}}',
            roleArn="arn:aws:iam::123456789012:role/workflow",
        )
        execution = clients.client("stepfunctions").start_execution(
            stateMachineArn=machine["stateMachineArn"]
        )
        held = replace(incident(), execution_arn=execution["executionArn"])
        store.open(held, LEASE)
        return held

    def test_one_that_runs_keeps_its_function(self, store: AwsIncidentStore, holder: Incident) -> None:
        opening = store.open(incident("two", "e2"), LEASE)
        assert (opening.disposition, opening.open_incident_id) == (Disposition.JOINED, holder.id)

    def test_one_that_ended_without_closing_does_not(
        self, store: AwsIncidentStore, clients: Clients, holder: Incident
    ) -> None:
        clients.client("stepfunctions").stop_execution(executionArn=holder.execution_arn)
        assert store.open(incident("two", "e2"), LEASE).disposition is Disposition.OPENED
        store.close(holder, "FAILED")  # late, and no longer its own
        assert store.open(incident("three", "e3"), LEASE).disposition is Disposition.JOINED

    def test_one_that_went_with_its_state_machine_does_not(
        self, store: AwsIncidentStore, clock: FixedClock
    ) -> None:
        store.open(incident(), LEASE)
        clock.now += timedelta(minutes=59)  # AWS may not know it yet
        assert store.open(incident("two", "e2"), LEASE).disposition is Disposition.JOINED
        clock.now += timedelta(minutes=2)
        assert store.open(incident("three", "e3"), LEASE).disposition is Disposition.OPENED


class TestCancelledTransactions:
    """By the codes that DynamoDB gives as reasons, of which one of a throttled table is of no other call."""

    @pytest.mark.parametrize(
        "code", ["ProvisionedThroughputExceeded", "ThrottlingError", "TransactionConflict"]
    )
    def test_one_that_may_pass_is_tried_again(
        self, store: AwsIncidentStore, clients: Clients, code: str
    ) -> None:
        answer: Any = {
            "Error": {"Code": "TransactionCanceledException", "Message": f"[None, {code}]"},
            "CancellationReasons": [{"Code": "None"}, {"Code": code, "Message": "later"}],
        }

        def cancel(**_: Any) -> None:
            raise ClientError(answer, "TransactWriteItems")

        events = clients.client("dynamodb").meta.events
        events.register("before-call.dynamodb.TransactWriteItems", cancel)
        try:
            with pytest.raises(TransientError):
                store.open(incident(), LEASE)
        finally:
            events.unregister("before-call.dynamodb.TransactWriteItems", cancel)


class TestClosing:
    @pytest.mark.parametrize("operation", ["UpdateItem", "DeleteItem"])
    def test_either_write_frees_the_function(
        self, store: AwsIncidentStore, clients: Clients, operation: str
    ) -> None:
        events = clients.client("dynamodb").meta.events
        denied = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, operation)

        def fail(**_: Any) -> None:
            raise denied

        store.open(incident(), LEASE)
        events.register(f"before-call.dynamodb.{operation}", fail)
        try:
            with pytest.raises(AwsCallFailed):
                store.close(incident(), "VERIFIED")
        finally:
            events.unregister(f"before-call.dynamodb.{operation}", fail)
        assert store.open(incident("two", "e2"), LEASE).disposition is Disposition.OPENED

    def test_closing_frees_the_function(
        self, store: AwsIncidentStore, clients: Clients, settings: Settings
    ) -> None:
        store.open(incident(), LEASE)
        store.close(incident(), "VERIFIED")
        store.close(incident(), "VERIFIED")
        assert item(clients, settings.incidents_table, id=f"incident#{incident().id}")["status"] == {
            "S": "VERIFIED"
        }
        assert store.open(incident("two", "e2"), LEASE).disposition is Disposition.OPENED

    def test_duplicate_cannot_close_the_incident_of_another_execution(self, store: AwsIncidentStore) -> None:
        store.open(incident(), LEASE)
        store.close(incident(execution="e2"), "FAILED")
        assert store.open(incident("two", "e3"), LEASE).disposition is Disposition.JOINED

    def test_joined_incident_cannot_free_the_function(self, store: AwsIncidentStore) -> None:
        store.open(incident(), LEASE)
        store.open(incident("two", "e2"), LEASE)
        store.close(incident("two", "e2"), "JOINED")
        assert store.open(incident("three", "e3"), LEASE).disposition is Disposition.JOINED

    def test_rejected_event_leaves_no_trace(
        self, store: AwsIncidentStore, clients: Clients, settings: Settings
    ) -> None:
        store.close(incident(), "INVALID_EVENT")
        assert clients.client("dynamodb").scan(TableName=settings.incidents_table)["Items"] == []

    def test_claim_left_by_a_closed_incident_is_taken_over(
        self, store: AwsIncidentStore, clients: Clients, settings: Settings
    ) -> None:
        store.open(incident(), LEASE)
        # As after a crash between recording the end and releasing the function.
        clients.client("dynamodb").update_item(
            TableName=settings.incidents_table,
            Key={"id": {"S": f"incident#{incident().id}"}},
            UpdateExpression="SET #s = :s",
            ExpressionAttributeNames={"#s": "status"},
            ExpressionAttributeValues={":s": {"S": "VERIFIED"}},
        )
        assert store.open(incident("two", "e2"), LEASE).disposition is Disposition.OPENED
        store.close(incident(), "VERIFIED")
        assert store.open(incident("three", "e3"), LEASE).disposition is Disposition.JOINED


class OneAtATime(Clients):
    """DynamoDB applies requests one after another; moto does not when threads call it."""

    def __init__(self, clients: Clients) -> None:
        super().__init__("us-east-1")
        self._inner = clients
        self._one_at_a_time = Lock()

    def client(self, service: str, **_: Any) -> Any:
        client, lock = self._inner.client(service), self._one_at_a_time

        class Serial:
            def __getattr__(self, name: str) -> Any:
                def request(**arguments: Any) -> Any:
                    with lock:
                        return getattr(client, name)(**arguments)

                return request

        return Serial()


class TestConcurrency:
    @pytest.fixture
    def store(self, clients: Clients, settings: Settings, clock: FixedClock) -> AwsIncidentStore:
        make_tables(clients, settings)
        return AwsIncidentStore(OneAtATime(clients), settings, clock)

    def test_one_alarm_event_delivered_many_times_opens_once(self, store: AwsIncidentStore) -> None:
        with ThreadPoolExecutor(8) as pool:
            found = list(
                pool.map(lambda n: store.open(incident(execution=f"e{n}"), LEASE).disposition, range(16))
            )
        assert Counter(found) == {Disposition.OPENED: 1, Disposition.DUPLICATE: 15}

    def test_many_alarms_of_one_function_open_once_and_none_is_lost(self, store: AwsIncidentStore) -> None:
        incidents = [incident(f"n{n}", f"e{n}") for n in range(12)]
        with ThreadPoolExecutor(8) as pool:
            openings = list(pool.map(lambda i: store.open(i, LEASE), incidents))
        assert Counter(o.disposition for o in openings) == {Disposition.OPENED: 1, Disposition.JOINED: 11}
        winner = next(
            i for i, o in zip(incidents, openings, strict=True) if o.disposition is Disposition.OPENED
        )
        assert {o.open_incident_id for o in openings} == {None, winner.id}
        assert len(store.joined_alarms(winner)) == 11


CHANGE = Change(
    "orders",
    (
        SettingChange("orders", Setting.MEMORY_MB, 128, 384),
        SettingChange("orders", Setting.RESERVED_CONCURRENCY, None, 10),
        SettingChange(QUEUE, Setting.VISIBILITY_TIMEOUT_S, 30, 180),
    ),
    alias="live",
    alias_version="7",
)
AT = "2026-01-31T12:00:01.000000Z"


class TestRepairs:
    def test_item_has_the_operators_names_and_types(
        self, store: AwsIncidentStore, clients: Clients, settings: Settings
    ) -> None:
        facts = {
            "status": "PLANNED",
            "action": "raise_memory",
            "change": CHANGE,
            "extraCostUsdPerMonth": 0.25,
        }
        store.record_repair(incident(), AT, facts)
        found = item(clients, settings.repairs_table, functionName="orders", executedAt=AT)
        assert found["previousMemory"] == {"N": "128"}
        assert found["newMemory"] == {"N": "384"}
        assert found["newConcurrency"] == {"N": "10"}
        assert "previousConcurrency" not in found
        assert found["previousConfig"]["M"] == {
            "memory_mb": {"N": "128"},
            "reserved_concurrency": {"NULL": True},
            "visibility_timeout_s": {"N": "30"},
        }
        assert found["newConfig"]["M"]["visibility_timeout_s"] == {"N": "180"}
        assert found["extraCostUsdPerMonth"] == {"N": "0.25"}
        assert found["executedBy"] == {"S": "lambda-auto-repair-planner-test"}
        assert found["incidentId"] == {"S": incident().id}
        assert found["day"] == {"S": "2026-01-31"}
        assert int(found["expiresAt"]["N"]) == int(datetime(2027, 3, 7, 12, 0, 1, tzinfo=UTC).timestamp())
        assert "memory of orders: 128 MB → 384 MB" in found["change"]["S"]

    def test_later_facts_complete_the_item(self, store: AwsIncidentStore) -> None:
        store.record_repair(incident(), AT, {"status": "PLANNED", "reason": "because", "change": CHANGE})
        store.record_repair(
            incident(), AT, {"status": "EXECUTED", "executedBy": "executor", "changedAt": None}
        )
        store.record_repair(incident(), AT, {"status": "EXECUTED"})
        (found,) = store.repairs_of(incident())
        assert (found["status"], found["reason"], found["executedBy"]) == ("EXECUTED", "because", "executor")
        assert found["previousMemory"] == 128
        assert "changedAt" not in found

    def test_attempts_rebuild_the_change_exactly_newest_first(self, store: AwsIncidentStore) -> None:
        later = "2026-01-31T12:05:00.000000Z"
        store.record_repair(
            incident(),
            AT,
            {"status": "EXECUTED", "action": "raise_memory", "change": CHANGE, "startedAt": AT},
        )
        store.record_repair(
            incident("two"),
            later,
            {"status": "PLANNED", "action": "raise_memory", "change": CHANGE.inverse()},
        )
        store.record_repair(incident("three"), "2026-01-31T12:06:00.000000Z", {"status": "REFUSED"})
        store.record_repair(incident("x", function="payments"), AT, {"status": "PLANNED", "change": CHANGE})
        assert store.attempts("orders") == [
            Attempt(incident("two").id, later, "raise_memory", "PLANNED", CHANGE.inverse(), started=False),
            Attempt(incident().id, AT, "raise_memory", "EXECUTED", CHANGE, started=True),
        ]
        assert len(store.attempts("orders", limit=1)) == 1

    def test_plan_whose_first_write_was_refused_was_never_started(self, store: AwsIncidentStore) -> None:
        store.record_repair(incident(), AT, {"status": "PLANNED", "change": CHANGE, "startedAt": AT})
        store.record_repair(incident(), AT, {"status": "FAILED", "nothingWritten": True})
        (attempt,) = store.attempts("orders")
        assert (attempt.status, attempt.started) == ("FAILED", False)

    def test_attempt_ends_with_its_last_moment(self, store: AwsIncidentStore) -> None:
        moments = {"changedAt": "2026-01-31T16:00:00Z", "verifiedAt": "2026-01-31T16:03:00Z"}
        store.record_repair(incident(), AT, {"status": "VERIFIED", "change": CHANGE, **moments})
        (attempt,) = store.attempts("orders")
        assert attempt.last_seen_at == moments["verifiedAt"]
        assert attempt.changed_at == moments["changedAt"]

    def test_repairs_of_one_incident_oldest_first(self, store: AwsIncidentStore) -> None:
        times = [f"2026-01-31T12:0{n}:00.000000Z" for n in (3, 1, 2)]
        for at in times:
            store.record_repair(incident(), at, {"status": "EXECUTED", "change": CHANGE})
        store.record_repair(incident("two"), "2026-01-31T12:04:00.000000Z", {"status": "PLANNED"})
        assert [repair["executedAt"] for repair in store.repairs_of(incident())] == sorted(times)

    def test_two_queues_keep_apart(self, store: AwsIncidentStore) -> None:
        queues = [SettingChange(f"{QUEUE}-{n}", Setting.VISIBILITY_TIMEOUT_S, 30, 180 + n) for n in (1, 2)]
        store.record_repair(incident(), AT, {"change": Change("orders", tuple(queues))})
        (found,) = store.repairs_of(incident())
        assert found["newConfig"] == {
            "visibility_timeout_s of orders-1": 181,
            "visibility_timeout_s of orders-2": 182,
        }
        assert store.attempts("orders")[0].change.settings == tuple(queues)

    def test_documents_come_back_whole_however_long_they_are(self, store: AwsIncidentStore) -> None:
        statements = [{**DENY, "Sid": f"Deny{n}", "Resource": f"{BUCKET}/{'x' * 900}/*"} for n in range(17)]
        long = canonical(policy(*statements))
        assert 16_000 < len(long) < 20_480  # what S3 takes at most
        change = Change("orders", (SettingChange(BUCKET, Setting.BUCKET_POLICY, long, None),))
        store.record_repair(incident(), AT, {"change": change, "reason": "x" * 20_000})
        (found,) = store.repairs_of(incident())
        assert found["previousConfig"] == {"bucket_policy": long}
        assert found["newConfig"] == {"bucket_policy": None}
        assert "previousBucketPolicy" not in found
        assert len(found["reason"]) < 10_000
        assert store.attempts("orders")[0].change == change

    def test_history_longer_than_a_page(self, store: AwsIncidentStore) -> None:
        for n in range(12):
            facts = {"status": "EXECUTED", "change": CHANGE, "notes": ["x" * 7000] * 14}
            store.record_repair(incident(), f"2026-01-31T12:00:{n:02}.000000Z", facts)
        assert len(store.repairs_of(incident())) == 12  # 1.2 MB, DynamoDB answers 1 MB at a time
        assert len(store.attempts("orders")) == 12

    def test_what_happened_on_a_day_without_a_scan(
        self, store: AwsIncidentStore, clients: Clients, settings: Settings
    ) -> None:
        store.record_repair(incident(), AT, {"status": "PLANNED"})
        store.record_repair(incident(), "2026-02-01T00:00:00.000000Z", {"status": "PLANNED"})
        answer = clients.client("dynamodb").query(
            TableName=settings.repairs_table,
            IndexName="byDay",
            KeyConditionExpression="#d = :d",
            ExpressionAttributeNames={"#d": "day"},
            ExpressionAttributeValues={":d": {"S": "2026-01-31"}},
        )
        assert [found["executedAt"]["S"] for found in answer["Items"]] == [AT]


class TestDiagnoses:
    def test_one_item_per_incident_completed_over_time(
        self, store: AwsIncidentStore, clients: Clients, settings: Settings
    ) -> None:
        hypotheses = [{"failureMode": "out_of_memory", "confidence": 0.95, "because": ["killed"]}]
        store.record_diagnosis(
            incident(),
            {"diagnosisResult": "ROOT_CAUSE_FOUND", "confidence": 0.95, "hypotheses": hypotheses},
        )
        store.record_diagnosis(incident(), {"reportUri": "s3://b/k"})
        items = clients.client("dynamodb").scan(TableName=settings.diagnosis_table)["Items"]
        assert len(items) == 1
        assert items[0]["diagnosisResult"] == {"S": "ROOT_CAUSE_FOUND"}
        assert items[0]["confidence"] == {"N": "0.95"}
        assert items[0]["hypotheses"]["L"][0]["M"]["because"] == {"L": [{"S": "killed"}]}
        assert items[0]["reportUri"] == {"S": "s3://b/k"}
        assert items[0]["executedAt"]["S"].startswith("2026-01-31T12:00:00.000")
        assert items[0]["day"] == {"S": "2026-01-31"}

    def test_executions_of_the_same_millisecond_keep_apart(self) -> None:
        keys = {sort_key(incident(execution=f"e{n}")) for n in range(5)}
        assert len(keys) == 5
        assert sort_key(incident()) == sort_key(replace(incident(), problem="anything"))

    def test_long_texts_are_cut(self, store: AwsIncidentStore, clients: Clients, settings: Settings) -> None:
        store.record_diagnosis(incident(), {"summary": "x" * 500_000})
        (found,) = clients.client("dynamodb").scan(TableName=settings.diagnosis_table)["Items"]
        assert len(found["summary"]["S"]) == 8000


def evidence(invocations: int = 1) -> Evidence:
    window = Window(NOW - timedelta(minutes=15), NOW)
    runs = tuple(
        Invocation(
            f"id-{n}", NOW - timedelta(seconds=n), 12.345, 128, 127, 99.5, Status.TIMEOUT, timeout_s=3.0
        )
        for n in range(invocations)
    )
    return Evidence(
        function_name="orders",
        window=window,
        alias="live",
        configuration=FunctionConfiguration("orders", 128, 3, last_modified=NOW),
        aliases=(Alias("live", "7", {"8": 0.1}), Alias("dev", "$LATEST")),
        concurrency=Concurrency(None, 1000, 900),
        invocations=runs,
        signatures=(ErrorSignature("ValueError", "order <n>", 3, NOW, NOW, "order 1", "app.py:1"),),
        series=(MetricSeries("Errors", 60, (NOW,), (2.0,)),),
        items=(EvidenceItem("metrics.Errors", "lambda_metrics", "q", window, "2"),),
        missing=(MissingEvidence("changes", "denied"),),
    )


class TestCaseFiles:
    def test_small_evidence_comes_back_exactly(self, store: AwsIncidentStore) -> None:
        ref = store.save_evidence(incident(), "before", evidence())
        assert ref == f"incidents/2026/01/31/{incident().id}/evidence-before.json"
        assert store.load_evidence(ref) == evidence()

    def test_large_evidence_is_compressed_and_comes_back_exactly(self, store: AwsIncidentStore) -> None:
        ref = store.save_evidence(incident(), "after-1", evidence(2000))
        assert ref.endswith("evidence-after-1.json.gz")
        assert store.load_evidence(ref) == evidence(2000)

    def test_missing_evidence_says_so(self, store: AwsIncidentStore) -> None:
        with pytest.raises(ResourceMissing, match="NoSuchKey"):
            store.load_evidence("incidents/nothing.json")

    def test_report_lies_beside_the_evidence(
        self, store: AwsIncidentStore, clients: Clients, settings: Settings
    ) -> None:
        uri = store.save_document(incident(), "report.html", "<p>ü</p>", "text/html; charset=utf-8")
        assert uri == f"s3://{settings.reports_bucket}/incidents/2026/01/31/{incident().id}/report.html"
        stored = clients.client("s3").get_object(Bucket=settings.reports_bucket, Key=uri.split("/", 3)[3])
        assert (stored["Body"].read().decode(), stored["ContentType"]) == (
            "<p>ü</p>",
            "text/html; charset=utf-8",
        )
