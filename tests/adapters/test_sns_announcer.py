"""One message for each incident and stage, in the form that SNS takes."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from aws_lambda_powertools.utilities.idempotency.exceptions import IdempotencyItemAlreadyExistsError
from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import DataRecord
from botocore.exceptions import ClientError

from auto_repair.adapters.clients import Clients
from auto_repair.adapters.sent_messages import SentMessages
from auto_repair.adapters.sns_announcer import (
    MAX_BODY_BYTES,
    MAX_SUBJECT,
    SnsAnnouncer,
    shortened,
    subject_line,
)
from auto_repair.domain.errors import AwsCallFailed, ResourceMissing, TransientError
from auto_repair.settings import Settings


class Topic:
    """The topic with a queue behind it, to see what really arrives."""

    def __init__(self, clients: Clients, settings: Settings) -> None:
        self._sqs = clients.client("sqs")
        sns = clients.client("sns")
        topic = sns.create_topic(Name=settings.topic_arn.rsplit(":", 1)[-1])["TopicArn"]
        assert topic == settings.topic_arn
        self._queue = self._sqs.create_queue(QueueName="inbox")["QueueUrl"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:inbox")

    def messages(self) -> list[dict[str, Any]]:
        answer = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", ())]


@pytest.fixture
def topic(clients: Clients, settings: Settings) -> Topic:
    clients.client("dynamodb").create_table(
        TableName=settings.incidents_table,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    return Topic(clients, settings)


@pytest.fixture
def announcer(clients: Clients, settings: Settings) -> SnsAnnouncer:
    return SnsAnnouncer(clients, settings)


def publish(announcer: SnsAnnouncer, stage: str = "result", incident: str = "i-1") -> str:
    return announcer.publish(
        subject="orders: 128 MB → 384 MB",
        body="hello",
        incident_id=incident,
        stage=stage,
        function_name="orders",
    )


def test_message_arrives_with_its_attributes(topic: Topic, announcer: SnsAnnouncer) -> None:
    message_id = publish(announcer)
    (message,) = topic.messages()
    assert (message["MessageId"], message["Subject"], message["Message"]) == (
        message_id,
        "orders: 128 MB -> 384 MB",
        "hello",
    )
    assert {name: a["Value"] for name, a in message["MessageAttributes"].items()} == {
        "functionName": "orders",
        "incidentId": "i-1",
        "stage": "result",
    }


def test_claim_whose_answer_was_lost_is_known_again(
    topic: Topic, announcer: SnsAnnouncer, clients: Clients
) -> None:
    """The SDK tries again, and what it finds is what its first try has written."""
    dynamodb = clients.client("dynamodb")
    lost: list[Any] = []

    def lose_first_answer(response: Any, **_: Any) -> Any:
        if not lost:
            lost.append(response)
            return 0.0  # seconds until the SDK's next try
        return None

    dynamodb.meta.events.register_first("needs-retry.dynamodb.PutItem", lose_first_answer)
    try:
        publish(announcer)
    finally:
        dynamodb.meta.events.unregister("needs-retry.dynamodb.PutItem", lose_first_answer)
    assert len(lost) == 1
    assert len(topic.messages()) == 1


def test_repeats_send_nothing_and_return_the_first_id(
    topic: Topic, announcer: SnsAnnouncer, clients: Clients, settings: Settings
) -> None:
    first = publish(announcer)
    assert publish(announcer) == first
    assert publish(SnsAnnouncer(clients, settings)) == first
    assert len(topic.messages()) == 1


def test_each_stage_and_incident_has_its_own(topic: Topic, announcer: SnsAnnouncer) -> None:
    assert len({publish(announcer), publish(announcer, "approval"), publish(announcer, incident="i-2")}) == 3
    assert len(topic.messages()) == 3


def test_record_lies_beside_the_incidents_and_expires(
    topic: Topic, announcer: SnsAnnouncer, clients: Clients, settings: Settings
) -> None:
    publish(announcer)
    (item,) = clients.client("dynamodb").scan(TableName=settings.incidents_table)["Items"]
    assert item["id"]["S"].startswith("notification#")
    assert item["status"] == {"S": "COMPLETED"}
    assert int(item["expiresAt"]["N"]) > 0


def test_failed_publish_is_tried_again(
    topic: Topic, announcer: SnsAnnouncer, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    sns = clients.client("sns")
    with monkeypatch.context() as patch:
        patch.setattr(sns, "publish", raising("Throttled"))
        with pytest.raises(TransientError):
            publish(announcer)
    publish(announcer)
    assert len(topic.messages()) == 1


def test_lost_acknowledgement_does_not_send_twice(
    topic: Topic, announcer: SnsAnnouncer, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(clients.client("dynamodb"), "update_item", raising("InternalServerError"))
        assert publish(announcer)
    # The record still says «in progress»: a retry waits rather than sending again.
    with pytest.raises(TransientError):
        publish(announcer)
    assert len(topic.messages()) == 1


@pytest.mark.parametrize(
    ("code", "expected"),
    [("AccessDeniedException", AwsCallFailed), ("ThrottlingException", TransientError)],
)
def test_table_that_cannot_be_written_sends_nothing(
    topic: Topic,
    announcer: SnsAnnouncer,
    clients: Clients,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    expected: type[Exception],
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(clients.client("dynamodb"), "put_item", raising(code))
        with pytest.raises(expected):
            publish(announcer)
    assert topic.messages() == []


def test_missing_topic_says_so(
    clients: Clients, settings: Settings, topic: Topic, announcer: SnsAnnouncer
) -> None:
    clients.client("sns").delete_topic(TopicArn=settings.topic_arn)
    with pytest.raises(ResourceMissing):
        publish(announcer)


def raising(code: str) -> Callable[..., Any]:
    def call(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": code, "Message": "words"}}, "Call")

    return call


def test_only_one_of_many_runs_sends(topic: Topic, announcer: SnsAnnouncer) -> None:
    def attempt(_: int) -> str:
        try:
            return publish(announcer)
        except TransientError:
            return "later"

    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(attempt, range(8)))
    assert len(found - {"later"}) == 1
    assert len(topic.messages()) == 1


def test_of_two_runs_in_one_millisecond_one_sends(topic: Topic, clients: Clients, settings: Settings) -> None:
    store = SentMessages(
        settings.incidents_table,
        key_attr="id",
        expiry_attr="expiresAt",
        boto3_client=clients.client("dynamodb"),
    )
    in_a_minute = 1_000 * (int(time.time()) + 60)

    def claim() -> None:
        store._put_record(DataRecord("i-1", "INPROGRESS", 2**33, in_progress_expiry_timestamp=in_a_minute))

    claim()
    with pytest.raises(IdempotencyItemAlreadyExistsError):
        claim()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("two\nlines\tand\x07bell", "two lines and bell"),
        ("128 MB → 384 MB × 3 – größer", "128 MB -> 384 MB x 3 - grosser"),
        ("", "Lambda Auto-Repair"),
        ("日本", "Lambda Auto-Repair"),
    ],
)
def test_subject_is_one_line_of_ascii(text: str, line: str) -> None:
    assert subject_line(text) == line


def test_long_subject_is_cut() -> None:
    assert len(subject_line("x" * 300)) == MAX_SUBJECT
    assert subject_line("x" * 99) == "x" * 99


def test_long_body_is_cut_between_characters() -> None:
    cut = shortened("ü" * 200_000)
    assert len(cut.encode()) <= MAX_BODY_BYTES
    assert cut.endswith("(shortened: the report holds the rest)")
    assert shortened("short") == "short"
