"""Which of the account's resources a question in words is about."""

from collections.abc import Collection, Iterator

import pytest

from auto_repair.contracts.alarm_events import read
from auto_repair.contracts.start_request import Request
from auto_repair.domain.errors import InvalidEvent
from auto_repair.domain.question.known import Known
from auto_repair.domain.question.understand import BY_ADDRESS
from auto_repair.domain.resources import Resource
from auto_repair.use_cases.find_target import FindTarget
from auto_repair.use_cases.look_around import LookAround
from tests.builders import NOW
from tests.fakes import FakePolicies

ORDERS = Resource("lambda", "orders", "arn:aws:lambda:us-east-1:123456789012:function:orders")
DLQ = Resource("sqs", "orders-dlq")
ORDERS_TABLE = Resource("dynamodb", "orders")
CLICKS = Resource("kinesis", "clicks")
OTHERS = (Resource("lambda", "billing"), Resource("sqs", "click"), Resource("kinesis", "audit"))
ACCOUNT = (ORDERS, DLQ, ORDERS_TABLE, CLICKS, *OTHERS)
UNREAD = "Not all queues are known: cloudwatch:ListMetrics failed with AccessDenied: no."


class Lister:
    """Tells onboarded functions and what it is asked for first, then the rest; notes how much was taken."""

    def __init__(self, *gaps: str) -> None:
        self.gaps = gaps
        self.asked: list[str] = []

    def __call__(self, services: Collection[str]) -> Iterator[Known]:
        self.asked.append(", ".join(sorted(services)))
        first = tuple(r for r in ACCOUNT if r == ORDERS or r.service in services or not services)
        yield Known(first, self.gaps)
        if rest := tuple(r for r in ACCOUNT if r not in first):
            self.asked.append("the rest")
            yield Known(rest)


def understood(question: str, lister: Lister | None = None) -> Request:
    lister = lister or Lister()
    find_target = FindTarget(lambda: LookAround(()), FakePolicies(), lister)
    return find_target(read({"question": question}, NOW), NOW)


def asked_back(question: str, lister: Lister | None = None) -> str:
    with pytest.raises(InvalidEvent) as refused:
        understood(question, lister)
    return str(refused.value)


def test_a_queue_is_known_by_its_name_and_only_queues_are_asked_for() -> None:
    lister = Lister()
    request = understood("why is the queue orders-dlq growing since ten?", lister)
    assert request.resource == DLQ
    assert request.function_name == ""
    assert lister.asked == ["sqs"]
    assert request.reading
    assert request.reading.resource == "sqs:orders-dlq"


def test_where_no_service_is_said_all_are_asked_for() -> None:
    lister = Lister()
    assert understood("clicks is slow", lister).resource == CLICKS
    assert lister.asked == [""]


@pytest.mark.parametrize(
    "question", ["the queue clicks keeps growing", "my lambda times out writing to clicks"]
)
def test_what_is_not_among_the_services_that_were_said_is_looked_for_among_all(question: str) -> None:
    lister = Lister()
    assert understood(question, lister).resource == CLICKS
    assert lister.asked[1:] == ["the rest"]


def test_an_exact_name_counts_more_than_a_likeness_among_the_services_that_were_said() -> None:
    assert understood("the queue in front of clicks is slow").resource == CLICKS


def test_two_services_with_one_name_are_asked_back() -> None:
    back = "question: Which one: lambda:orders or dynamodb:orders?"
    assert asked_back("orders is slow since ten") == back


@pytest.mark.parametrize(
    ("question", "function", "resource"),
    [
        ("the table orders is throttled", "", "dynamodb:orders"),
        ("the function orders is throttled", "orders", ""),
        ("dynamodb:orders is throttled", "", "dynamodb:orders"),
    ],
)
def test_its_service_tells_which_of_them_is_meant(question: str, function: str, resource: str) -> None:
    request = understood(question)
    assert request.function_name == function
    assert (request.resource.id if request.resource else "") == resource


def test_an_address_needs_no_list_but_its_service() -> None:
    lister = Lister()
    arn = "arn:aws:kinesis:us-east-1:123456789012:stream/idle"
    request = understood(f"{arn} is throttled", lister)
    assert (request.resource.id if request.resource else "") == "kinesis:idle"
    assert lister.asked == ["kinesis"]


def test_what_could_not_be_listed_is_said_with_the_question_back() -> None:
    told = asked_back("why is the queue payments growing?", Lister(UNREAD))
    assert told.startswith("question: ")
    assert told.endswith(f"{UNREAD} Name one that is not listed {BY_ADDRESS}.")


def test_what_could_not_be_listed_is_said_with_the_answer() -> None:
    request = understood("why is the queue orders-dlq growing?", Lister(UNREAD))
    assert request.reading
    assert UNREAD in request.reading.assumptions


def test_what_could_not_be_listed_does_not_matter_where_only_the_complaint_is_unclear() -> None:
    told = asked_back("what about the queue orders-dlq?", Lister(UNREAD))
    assert told.startswith("question: What is wrong with sqs:orders-dlq: ")
    assert UNREAD not in told


def test_what_was_idle_is_asked_for_by_its_arn() -> None:
    told = asked_back("why is the queue payments-dlq growing?")
    assert told == (
        "question: No resource called “payments-dlq” is known. Which one is meant: orders-dlq or click? "
        f"Name one that was idle for two weeks {BY_ADDRESS}."
    )
