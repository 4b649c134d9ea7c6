"""Where a traced request failed: the innermost work that explains it, and not what code is prepared for."""

from typing import Any

import pytest

from auto_repair.domain.resources import Resource
from auto_repair.domain.traces.failures import Failure, failure_of, is_hurt
from auto_repair.domain.traces.spans import Trace
from tests.builders import ACCOUNT, REGION
from tests.traces import (
    DENIED,
    KNOWN,
    RESOURCE,
    aws_call,
    bucket_call,
    denied_bucket,
    inferred,
    lambda_segments,
    raised,
    read,
    stage,
    table_call,
    throttled_table,
)

API, ORDERS, STOCK, IMAGES = "apigateway:a1b2c3", "lambda:orders", "dynamodb:stock", "s3:images"
AROUND = (*KNOWN, Resource("kinesis", "clicks"))
CLOCK = {key: bucket_call()[key] for key in ("start_time", "end_time")}


def failure(trace: Trace) -> Failure:
    found = failure_of(trace, RESOURCE, AROUND)
    assert found
    return found


def told(trace: Trace) -> tuple[tuple[str, ...], str, str, str]:
    found = failure(trace)
    return found.path, found.caller, found.culprit, found.text


def test_throttled_table_behind_a_function_behind_an_api() -> None:
    call = throttled_table()
    repeated = raised("ProvisionedThroughputExceededException", call["cause"]["exceptions"][0]["message"])
    trace = read(
        stage(502),
        *lambda_segments(call, fault=True, **repeated),
        inferred(call, "AWS::DynamoDB::Table"),
    )
    path, caller, culprit, text = told(trace)
    assert path == (API, ORDERS, STOCK)
    assert (caller, culprit) == (ORDERS, STOCK)
    assert text.startswith("ProvisionedThroughputExceededException: An error occurred")
    assert failure(trace).began.throttle
    assert not failure(trace).is_expected
    assert is_hurt(trace, by_errors=False)


def test_denied_bucket_that_the_function_catches() -> None:
    """It answers 500 and raises nothing, so that no segment of Lambda's tells of a fault."""
    call = denied_bucket()
    trace = read(stage(500), *lambda_segments(call), inferred(call, "AWS::S3::Bucket"))
    assert told(trace) == ((API, ORDERS, IMAGES), ORDERS, IMAGES, f"ClientError: {DENIED}")


def test_cause_may_be_the_id_of_an_exception_told_elsewhere() -> None:
    call = denied_bucket()
    cause = call["cause"]["exceptions"][0]["id"]
    trace = read(*lambda_segments(call, parent="", fault=True, cause=cause))
    assert told(trace) == ((ORDERS, IMAGES), ORDERS, IMAGES, f"ClientError: {DENIED}")


def test_call_within_a_block_of_the_code() -> None:
    block = {**denied_bucket(), "id": "b100000000000001", "name": "## save", "subsegments": [denied_bucket()]}
    block = {k: v for k, v in block.items() if k not in ("namespace", "http", "aws")}
    trace = read(*lambda_segments(block, parent="", fault=True, **raised("ClientError", DENIED)))
    assert told(trace) == ((ORDERS, IMAGES), ORDERS, IMAGES, f"ClientError: {DENIED}")


def test_exception_of_the_code() -> None:
    trace = read(stage(502), *lambda_segments(table_call(), fault=True, **raised("KeyError", "'price'")))
    assert told(trace) == ((API, ORDERS), ORDERS, "", "KeyError: 'price'")


NOT_FOUND = raised("ClientError", "An error occurred (404) when calling the HeadObject operation: Not Found")
CONDITION = raised(
    "ConditionalCheckFailedException",
    "An error occurred (ConditionalCheckFailedException) when calling the PutItem operation: The conditional "
    "request failed",
)


@pytest.mark.parametrize(
    "parts",
    [
        (bucket_call(0.1, 0.2, status=404, **NOT_FOUND), table_call(0.3, 0.8)),
        (bucket_call(0.1, 0.2, status=404, **NOT_FOUND),),
        (table_call(0.1, 0.2, status=400, **CONDITION),),
        # It was denied, and the work went on with something else.
        (denied_bucket(), table_call(0.4, 0.8)),
    ],
)
def test_error_that_the_code_got_over_is_not_where_it_failed(parts: tuple[Any, ...]) -> None:
    trace = read(stage(502), *lambda_segments(*parts, fault=True, **raised("ValueError", "no such price")))
    assert told(trace) == ((API, ORDERS), ORDERS, "", "ValueError: no such price")


def test_expected_error_before_a_swallowed_one_leaves_only_the_answer() -> None:
    found = bucket_call(0.1, 0.2, status=404, **NOT_FOUND)
    trace = read(stage(500), *lambda_segments(found, table_call(0.3, 0.8)))
    assert told(trace) == ((API,), API, "", "answered 500")
    assert not failure(trace).tells


def test_last_of_several_failing_calls_is_the_one_that_counts() -> None:
    first = {**throttled_table(), "end_time": throttled_table()["start_time"] + 0.1}
    trace = read(stage(500), *lambda_segments(first, denied_bucket()))
    assert told(trace) == ((API, ORDERS, IMAGES), ORDERS, IMAGES, f"ClientError: {DENIED}")


def test_try_that_succeeds_later_is_no_failure() -> None:
    first = {**throttled_table(), "end_time": throttled_table()["start_time"] + 0.1}
    again = {**table_call(0.3, 0.8), "id": "c1000000000000bb"}
    trace = read(*lambda_segments(first, again, parent="", fault=True, **raised("KeyError", "'price'")))
    assert told(trace) == ((ORDERS,), ORDERS, "", "KeyError: 'price'")


def test_call_that_never_ended() -> None:
    trace = read(stage(504, end=3.0), *lambda_segments(bucket_call(0.1, None), end=2.9, fault=True))
    assert told(trace) == (
        (API, ORDERS, IMAGES),
        ORDERS,
        IMAGES,
        "had not answered when the request ended",
    )


def test_function_that_lambda_did_not_let_run() -> None:
    busy = raised("TooManyRequestsException", "Rate Exceeded.", remote=True)
    call = aws_call(
        "Lambda",
        "c300000000000001",
        0.1,
        0.2,
        status=429,
        throttle=True,
        aws={"function_name": "resize:live", "operation": "Invoke"},
        **busy,
    )
    service = {
        **{k: call[k] for k in ("start_time", "end_time")},
        "id": "5e000000000000aa",
        "parent_id": call["id"],
        "name": "resize",
        "origin": "AWS::Lambda",
        "resource_arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:resize",
        "error": True,
        "throttle": True,
        "http": {"response": {"status": 429}},
    }
    trace = read(*lambda_segments(call, parent=""), service)
    assert told(trace) == (
        (ORDERS, "lambda:resize"),
        ORDERS,
        "lambda:resize",
        "TooManyRequestsException: Rate Exceeded.",
    )


def test_call_whose_resource_is_not_recorded_means_the_only_one_of_its_service() -> None:
    slow_down = raised("ProvisionedThroughputExceededException", "Rate exceeded for shard", remote=True)
    call = aws_call(
        "kinesis", "c400000000000001", 0.1, 0.2, status=400, aws={"operation": "PutRecord"}, **slow_down
    )
    assert told(read(*lambda_segments(call, parent="")))[1:3] == (ORDERS, "kinesis:clicks")
    found = failure_of(read(*lambda_segments(call, parent="")), RESOURCE, KNOWN)
    assert found
    assert (found.path, found.culprit) == ((ORDERS, "kinesis"), "")


def test_remote_host_is_told_by_its_name() -> None:
    call = {**bucket_call(status=503), "name": "pay.example.com", "namespace": "remote", "aws": {}}
    assert told(read(*lambda_segments(call, parent="", fault=True))) == (
        (ORDERS, "pay.example.com"),
        ORDERS,
        "",
        "answered 503",
    )


def test_request_that_went_well_has_no_failure() -> None:
    trace = read(stage(200), *lambda_segments(table_call()))
    assert failure_of(trace, RESOURCE, AROUND) is None
    assert not is_hurt(trace, by_errors=True)
    assert failure_of(read(), RESOURCE, AROUND) is None


@pytest.mark.parametrize(("by_errors", "hurts"), [(True, True), (False, False)])
def test_callers_mistake_hurts_only_where_it_is_asked_about(by_errors: bool, hurts: bool) -> None:
    assert is_hurt(read(stage(404), *lambda_segments()), by_errors=by_errors) is hurts


def test_blocks_within_blocks_are_followed_to_the_end() -> None:
    block = denied_bucket()
    for level in range(300):
        block = {"id": f"b{level}", "name": "## again", "subsegments": [block], "fault": True, **CLOCK}
    trace = read(*lambda_segments(block, parent="", fault=True))
    assert told(trace) == ((ORDERS, IMAGES), ORDERS, IMAGES, f"ClientError: {DENIED}")
