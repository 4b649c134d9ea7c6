"""Error-like lines of a function by signature: raised, logged or merely printed."""

from datetime import UTC, datetime, timedelta

from auto_repair.domain.citations import Window
from auto_repair.domain.log_lines import LogLine
from auto_repair.domain.resource_signatures import logged_errors, resource_signatures
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import ResourceSignature

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
WINDOW = Window(NOW - timedelta(minutes=15), NOW)
FUNCTION = Resource("lambda", "image-service")
RESOURCES = (FUNCTION, Resource("s3", "images"), Resource("secretsmanager", "db-login"))
DENIED = (
    "User: arn:aws:sts::123456789012:assumed-role/image-role/image-service is not authorized to perform: "
    's3:ListBucket on resource: "arn:aws:s3:::images" with an explicit deny in a resource-based policy'
)


def line(minutes_ago: float, message: str) -> LogLine:
    return LogLine(NOW - timedelta(minutes=minutes_ago), message, "2026/01/31/[$LATEST]f710")


def found(now: list[LogLine], past: list[LogLine] | None = None) -> tuple[ResourceSignature, ...]:
    errors, earlier = logged_errors(now, RESOURCES), logged_errors(past or [], RESOURCES)
    return resource_signatures(FUNCTION, errors, earlier, WINDOW, RESOURCES)


def test_caught_and_printed_denial_names_the_bucket() -> None:
    (signature,) = found(
        [line(9, f"could not list images: {DENIED}\n"), line(8, f"could not list images: {DENIED}\n")]
    )
    assert signature.resource == "lambda:image-service"
    assert signature.names == "s3:images"
    assert (signature.count, signature.count_before) == (2, 0)
    assert signature.first_seen == NOW - timedelta(minutes=9)
    assert signature.last_seen == NOW - timedelta(minutes=8)
    assert signature.template.startswith("could not list images: User: arn:aws:sts::<n>:assumed-role/")
    assert "arn:aws:s3:::images" in signature.sample


def test_raised_error_has_its_type_in_front() -> None:
    (signature,) = found(
        [line(1, f"[ERROR] ClientError: {DENIED}\rTraceback (most recent call last):\r  raise")]
    )
    assert signature.template.startswith("ClientError: User: arn:aws:sts::<n>")
    assert signature.names == "s3:images"


def test_printed_record_is_told_by_its_message() -> None:
    records = [
        f'{{"level": "INFO", "message": {text!r}}}'.replace("'", '"')
        for text in ("cache error: miss of 7", "cache error: miss of 8", "lookup denied")
    ]
    templates = {s.template: s.count for s in found([line(1, record) for record in records])}
    assert templates == {"cache error: miss of <n>": 2, "lookup denied": 1}


def test_seen_before_is_counted_and_dates_back() -> None:
    now = [line(5, "Error: order 7 refused"), line(4, "Error: order 8 refused")]
    past = [line(100, "Error: order 1 refused"), line(90, "Error: stock is empty")]
    (signature,) = found(now, past)
    assert (signature.count, signature.count_before) == (2, 1)
    assert signature.first_seen == NOW - timedelta(minutes=100)


def test_name_is_read_before_secrets_are_taken_out() -> None:
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-login-AbCdEf"
    (signature,) = found([line(1, f"not authorized to perform: no; AccessDeniedException for {arn}")])
    assert signature.names == "secretsmanager:db-login"
    assert "db-login" not in signature.sample


def test_function_does_not_complain_about_itself() -> None:
    own = "arn:aws:lambda:us-east-1:123456789012:function:image-service"
    (signature,) = found([line(1, f"Error: AccessDeniedException in {own}")])
    assert signature.names == ""


def test_lines_that_only_look_like_errors_are_left_out() -> None:
    quiet = [
        "START RequestId: 1 Version: $LATEST",
        "REPORT RequestId: 1\tDuration: 1.00 ms\tMemory Size: 128 MB\tMax Memory Used: 64 MB\tStatus: error",
        '{"time": "2026-01-31T12:00:00Z", "type": "platform.start", "record": {"requestId": "Error"}}',
        '{"_aws": {}, "Errors": 0, "function_name": "error_counter"}',
        "no errors so far",
    ]
    assert found([line(1, message) for message in quiet]) == ()


def test_nothing_in_the_window_is_nothing() -> None:
    assert found([], [line(90, "Error: stock is empty")]) == ()
