"""What one incident reads: the same request once, no more than a bound, and nothing of another incident."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from botocore.exceptions import ClientError

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.incident_reads import KEPT_S, RESERVED, IncidentReads
from auto_repair.adapters.lambda_functions import LambdaFunctions
from auto_repair.domain.errors import AwsCallFailed, ReadsExhausted, ResourceMissing, TransientError
from tests.adapters.conftest import RecordedClients

SETTINGS = {"FunctionName": "orders", "MemorySize": 128, "Timeout": 3}


def account(**answers: Any) -> RecordedClients:
    named = {"lambda.get_function_configuration": lambda **_: SETTINGS}
    return RecordedClients(named | {name.replace("__", "."): answer for name, answer in answers.items()})


def refusal(code: str) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return ClientError(response, "GetPolicy")


def refusing(code: str) -> Any:
    def answer(**_: Any) -> Any:
        raise refusal(code)

    return answer


def policy(reads: IncidentReads) -> Any:
    return call(reads.client("lambda").get_policy, FunctionName="orders")


def test_same_request_is_made_once() -> None:
    made = account()
    reads = IncidentReads(made)
    reads.begin("one")
    functions = LambdaFunctions(reads)
    assert functions.configuration("orders") == functions.configuration("orders")
    functions.configuration("orders", "live")
    reads.begin("one")  # another state of the incident
    functions.configuration("orders")
    assert made.count("lambda.get_function_configuration") == 2


def test_who_asks_at_the_same_time_gets_the_same_answer() -> None:
    made, start = account(), Barrier(8)
    reads = IncidentReads(made)

    def ask(_: int) -> int:
        start.wait(5)
        return LambdaFunctions(reads).configuration("orders").memory_mb

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(8))) == [128] * 8
    assert made.count("lambda.get_function_configuration") == 1


@pytest.mark.parametrize("later_s", [0, KEPT_S + 1])
def test_another_incident_or_a_late_repeat_sees_the_account_as_it_is(later_s: float) -> None:
    made, time = account(), [0.0]
    reads = IncidentReads(made, now=lambda: time[0])
    reads.begin("one")
    LambdaFunctions(reads).configuration("orders")
    time[0] += later_s
    reads.begin("one" if later_s else "two")
    LambdaFunctions(reads).configuration("orders")
    assert made.count("lambda.get_function_configuration") == 2


@pytest.mark.parametrize(
    ("code", "error", "times"),
    [
        ("ResourceNotFoundException", ResourceMissing, 1),
        ("AccessDeniedException", AwsCallFailed, 1),
        ("TooManyRequestsException", TransientError, 2),
    ],
)
def test_refusal_is_kept_unless_it_may_pass(code: str, error: type[Exception], times: int) -> None:
    made = account(lambda__get_policy=refusing(code))
    reads = IncidentReads(made)
    for _ in range(2):
        with pytest.raises(error, match=code):
            policy(reads)
    assert made.count("lambda.get_policy") == times


def test_refusal_names_service_and_operation() -> None:
    with pytest.raises(AwsCallFailed, match="lambda:GetPolicy failed with AccessDeniedException"):
        policy(IncidentReads(account(lambda__get_policy=refusing("AccessDeniedException"))))


def test_no_read_beyond_the_bound_and_the_last_ones_for_what_tells_most() -> None:
    made = account(logs__filter_log_events=lambda **_: {"events": []})
    reads = IncidentReads(made, most=RESERVED + 2)
    log = partial(call, reads.client("logs").filter_log_events, logGroupName="one")
    for name in ("one", "two", "one"):
        LambdaFunctions(reads).configuration(name)
    with pytest.raises(ReadsExhausted, match="22 reads are the limit"):
        LambdaFunctions(reads).configuration("three")
    for _ in range(RESERVED):
        log()
    with pytest.raises(ReadsExhausted):
        log()
    assert len(made.calls) == RESERVED + 2
    # What is known already is told all the same.
    assert LambdaFunctions(reads).configuration("two").memory_mb == 128


def test_long_answers_are_not_kept() -> None:
    made = account(logs__filter_log_events=lambda **_: {"events": []})
    reads = IncidentReads(made)
    for _ in range(2):
        call(reads.client("logs").filter_log_events, logGroupName="one")
    assert made.count("logs.filter_log_events") == 2
