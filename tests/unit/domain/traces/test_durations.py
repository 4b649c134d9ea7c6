"""Where the time of a request went: only what the answer waited for counts."""

from typing import Any

import pytest

from auto_repair.domain.traces.durations import time_spent
from tests.traces import RESOURCE, bucket_call, inferred, lambda_segments, read, stage, table_call


def spent(*documents: dict[str, Any]) -> dict[str, float]:
    return {name: round(seconds, 3) for name, seconds in time_spent(read(*documents), RESOURCE).items()}


def test_self_times_add_up_to_the_whole() -> None:
    call = table_call(0.1, 2.9)
    trace = (stage(200, end=3.1), *lambda_segments(call, end=3.0), inferred(call, "AWS::DynamoDB::Table"))
    assert spent(*trace) == {"dynamodb:stock": 2.8, "lambda:orders": 0.28, "apigateway:a1b2c3": 0.02}


def test_faster_of_two_calls_at_once_costs_nothing() -> None:
    found = spent(*lambda_segments(table_call(0.1, 0.8), bucket_call(0.1, 0.3), parent=""))
    assert found == {"dynamodb:stock": 0.7, "lambda:orders": 0.18}


def test_calls_one_after_the_other_both_count() -> None:
    found = spent(*lambda_segments(bucket_call(0.1, 0.3), table_call(0.4, 0.8), parent=""))
    assert found == {"dynamodb:stock": 0.4, "lambda:orders": 0.28, "s3:images": 0.2}


def test_work_after_the_answer_costs_nobody_time() -> None:
    service, function = lambda_segments(table_call(5.0, 9.0), parent="")
    assert spent(
        service, {**function, "start_time": service["end_time"], "end_time": service["end_time"] + 8}
    ) == {"lambda:orders": 0.88}


def test_call_that_never_ended_lasts_until_the_end() -> None:
    assert spent(*lambda_segments(bucket_call(0.2, None), end=3.0, parent="")) == {
        "s3:images": 2.8,
        "lambda:orders": 0.18,
    }


def test_nothing_is_spent_on_nothing() -> None:
    assert spent() == {}


def test_whole_is_never_more_than_the_answer_took() -> None:
    parts = [{**table_call(0.1 * n, 0.1 * n + 0.5), "id": f"c{n}"} for n in range(8)]
    assert sum(spent(*lambda_segments(*parts, parent="")).values()) == pytest.approx(0.88)
