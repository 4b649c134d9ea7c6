"""What read traces tell: messages that accuse somebody, and words for people."""

from datetime import timedelta
from typing import Any

from auto_repair.domain.traces.spans import Trace
from auto_repair.domain.traces.telling import (
    Failures,
    failures_of,
    of_each_kind,
    path_in_words,
    signatures,
    time_in_words,
    titles,
)
from tests.traces import (
    DENIED,
    KNOWN,
    RESOURCE,
    Document,
    aws_call,
    bucket_call,
    denied_bucket,
    lambda_segments,
    raised,
    read,
    stage,
    table_call,
    throttled_table,
)

NOT_FOUND = raised("ClientError", "An error occurred (404) when calling the HeadObject operation: Not Found")


def later(document: Document, seconds: float) -> Document:
    """The same, that much later."""
    moved: dict[str, Any] = {
        key: value + seconds for key, value in document.items() if key in ("start_time", "end_time")
    }
    below = [later(part, seconds) for part in document.get("subsegments", ())]
    return {**document, **moved, **({"subsegments": below} if below else {})}


def request(number: int, *parts: Document, status: int = 500, seconds: float = 0) -> Trace:
    documents = (stage(status), *lambda_segments(*parts))
    return read(*(later(document, seconds) for document in documents), trace_id=f"1-{number}")


def told(*traces: Trace, by_errors: bool = False) -> Failures:
    return failures_of(traces, RESOURCE, KNOWN, by_errors=by_errors)


def test_failures_that_are_alike_are_one_message_of_who_called() -> None:
    first, second = request(1, denied_bucket()), request(2, denied_bucket(), seconds=60)
    other = request(3, throttled_table(), seconds=30)
    one, two = signatures(told(first, other, second))
    assert (one.resource, one.names, one.count) == ("lambda:orders", "s3:images", 2)
    assert one.template == f"ClientError: {DENIED}"
    assert one.sample == one.template
    assert one.last_seen - one.first_seen == timedelta(seconds=60)
    assert one.traced
    assert (two.names, two.count) == ("dynamodb:stock", 1)
    assert two.template.endswith(
        "(reached max retries: <n>): The level of configured provisioned throughput for the "
        "table was exceeded."
    )


def test_exception_of_the_code_names_whom_it_complains_about() -> None:
    said = (
        "User: arn:aws:sts::123456789012:assumed-role/r/orders is not authorized to perform: s3:GetObject on "
        'resource: "arn:aws:s3:::images/cat.png" because no resource-based policy allows the s3:GetObject '
        "action"
    )
    documents = (stage(502), *lambda_segments(fault=True, **raised("ClientError", said)))
    (found,) = signatures(told(read(*documents)))
    assert (found.resource, found.names) == ("lambda:orders", "s3:images")
    broken = (stage(502), *lambda_segments(fault=True, **raised("KeyError", "'price'")))
    (found,) = signatures(told(read(*broken)))
    assert (found.resource, found.names, found.template) == ("lambda:orders", "", "KeyError: <text>")


def test_secrets_are_taken_out() -> None:
    secret = raised("ClientError", "login failed: password=hunter2 for ann@example.com")
    documents = (stage(502), *lambda_segments(fault=True, **secret))
    failures = told(read(*documents))
    (found,) = signatures(failures)
    words = path_in_words(failures.found[0], failures, titles(KNOWN))
    for text in (found.sample, found.template, words):
        assert "hunter2" not in text
        assert "ann@" not in text


def test_what_traced_code_writes_is_redacted_and_cut_wherever_it_stands() -> None:
    secret = "password=hunter2 " * 4000
    call = {**aws_call(secret, "0", 0.1, 0.5, status=500, **raised(secret, secret)), "namespace": "remote"}
    for number in range(1, 300):
        name = f"{number} password=hunter2"
        call = {**call, "id": f"{number}", "name": name, "subsegments": [call]}
    failures = told(request(1, call))
    (found,) = signatures(failures)
    words = path_in_words(failures.found[0], failures, titles(KNOWN))
    slow = time_in_words(failures.found[0].trace, RESOURCE, titles(KNOWN))
    for text, longest in ((found.template, 500), (found.sample, 1000), (words, 4000), (slow, 1000)):
        assert "hunter2" not in text
        assert len(text) <= longest


def test_answer_alone_accuses_nobody() -> None:
    failures = told(request(1))
    assert signatures(failures) == ()
    assert path_in_words(failures.found[0], failures, titles(KNOWN)) == (
        "POST /prod/orders took the way apigateway:shop; apigateway:shop answered 500, and nothing that it "
        "called is recorded as failed"
    )


def test_what_a_served_request_meets_too_hurts_nobody() -> None:
    asked = bucket_call(status=404, **NOT_FOUND)
    served = request(1, asked, status=200, seconds=90)
    hurt = request(2, asked)
    assert [s.names for s in signatures(told(hurt))] == ["s3:images"]
    failures = told(hurt, served)
    assert signatures(failures) == ()
    assert path_in_words(failures.found[0], failures, titles(KNOWN)).endswith(
        "; a request that was served met the same"
    )


def test_refusal_before_anything_hurt_is_no_news_and_one_since_then_is() -> None:
    """Since then a request may be served in spite of it: by what the function falls back on."""
    hurt = request(2, denied_bucket(), seconds=60)
    assert signatures(told(hurt, request(1, denied_bucket(), status=200))) == ()
    assert len(signatures(told(hurt, request(1, denied_bucket(), status=200, seconds=90)))) == 1


def test_where_nobody_was_hurt_a_refusal_counts_and_an_expected_answer_does_not() -> None:
    swallowed = request(1, denied_bucket(), status=200)
    asked = request(2, bucket_call(status=404, **NOT_FOUND), status=200)
    assert [s.template for s in signatures(told(swallowed, asked))] == [f"ClientError: {DENIED}"]


def test_callers_mistakes_are_served_requests_unless_they_are_the_alarm() -> None:
    refused = request(1, denied_bucket(), status=404)
    hurt = request(2, throttled_table(), seconds=30)
    assert [s.names for s in signatures(told(refused, hurt))] == ["dynamodb:stock"]
    names = {s.names for s in signatures(told(refused, hurt, by_errors=True))}
    assert names == {"dynamodb:stock", "s3:images"}


def test_path_in_words() -> None:
    failures = told(request(1, denied_bucket()), request(2, denied_bucket()), request(3))
    (failure, count), (_, one) = of_each_kind(failures)
    assert (count, one) == (2, 1)
    assert path_in_words(failure, failures, titles(KNOWN)) == (
        "POST /prod/orders took the way apigateway:shop → lambda:orders → s3:images; the error began at "
        f"s3:images (PutObject): ClientError: {DENIED}"
    )


def test_time_in_words() -> None:
    slow = read(stage(200, end=3.1), *lambda_segments(table_call(0.1, 2.9), end=3.0))
    assert time_in_words(slow, RESOURCE, titles(KNOWN)) == "3.10 s: 90 % dynamodb:stock, 9 % lambda:orders"
    assert time_in_words(read(), RESOURCE, titles(KNOWN)) == "0.00 s"
