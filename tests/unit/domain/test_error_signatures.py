"""Errors that look alike are counted as one, and their frame is the customer's own."""

from datetime import UTC, datetime, timedelta

import pytest

from auto_repair.domain.error_signatures import MAX_SIGNATURES, LoggedError, signatures, template
from auto_repair.domain.evidence import Window
from auto_repair.domain.stack_frames import innermost_frame

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
WINDOW = Window(NOW - timedelta(minutes=15), NOW)


def error(minutes_ago: float, message: str, error_type: str = "ValueError", stack: str = "") -> LoggedError:
    return LoggedError(NOW - timedelta(minutes=minutes_ago), error_type, message, stack)


@pytest.mark.parametrize(
    ("message", "masked"),
    [
        ("order 4711 of 12.5 EUR refused", "order <n> of <n> EUR refused"),
        ("No module named 'daily'", "No module named <text>"),
        ('bad key "a\\"b" in row', "bad key <text> in row"),
        ("item 3fa9c2d1-0000-4000-8000-123456789abc gone", "item <id> gone"),
        ("trace 5f2c9e8d7b6a at 0xdeadbeef", "trace <hex> at <hex>"),
        ("since 2026-01-31T12:00:00.123Z nothing", "since <time> nothing"),
        ("connect ECONNREFUSED 10.0.3.7:5432", "connect ECONNREFUSED <address>"),
        ("user anna@example.org unknown", "user [redacted:email] unknown"),
        ("couldn't read it, wouldn't try", "couldn't read it, wouldn't try"),
        ("Task timed out after 3.00 seconds", "Task timed out after <n> seconds"),
        ("first line\nsecond line", "first line"),
        ("Runtime exited with error: signal: killed", "Runtime exited with error: signal: killed"),
        (
            "An error occurred (AccessDenied) when calling the PutObject operation: Access Denied",
            "An error occurred (AccessDenied) when calling the PutObject operation: Access Denied",
        ),
    ],
)
def test_varying_parts_are_masked(message: str, masked: str) -> None:
    assert template(message) == masked


def test_alike_errors_are_one_signature_with_its_first_sight_in_history() -> None:
    found = signatures(
        [error(300, "order 1 refused"), error(10, "order 2 refused"), error(5, "order 3 refused")], WINDOW
    )
    assert [(s.template, s.count) for s in found] == [("order <n> refused", 2)]
    assert found[0].first_seen == NOW - timedelta(minutes=300)
    assert found[0].last_seen == NOW - timedelta(minutes=5)
    assert found[0].sample == "order 3 refused"


def test_errors_of_the_past_only_are_no_signature() -> None:
    assert signatures([error(300, "long ago")], WINDOW) == ()


def test_most_frequent_first_and_bounded() -> None:
    many = [error(1, f"kind {'x' * i}", f"Type{i}") for i in range(40)] + [error(2, "often")] * 3
    found = signatures(many, WINDOW)
    assert len(found) == MAX_SIGNATURES
    assert found[0].template == "often"


def test_secrets_never_reach_a_signature() -> None:
    stack = 'File "/var/task/app.py", line 1, in login'
    found = signatures(
        [error(1, "login with password=hunter2 failed for a@example.org", stack=stack)], WINDOW
    )
    assert "hunter2" not in found[0].template + found[0].sample
    assert "a@example.org" not in found[0].template + found[0].sample


class TestInnermostFrame:
    def test_python_skips_libraries_packed_beside_the_handler(self) -> None:
        stack = (
            '\xa0\xa0File "/var/task/app.py", line 12, in handler\n\xa0\xa0\xa0\xa0save(order)\n'
            '\xa0\xa0File "/var/task/store.py", line 40, in save\n\xa0\xa0\xa0\xa0table.put_item()\n'
            '\xa0\xa0File "/var/task/botocore/client.py", line 553, in _api_call\n'
            '\xa0\xa0File "/var/lang/lib/python3.13/json/decoder.py", line 1, in decode\n'
        )
        assert innermost_frame(stack) == "store.py:40 in save"

    def test_python_syntax_error_has_no_function(self) -> None:
        assert innermost_frame('  File "/var/task/app.py" Line 3\n    def f(:') == "app.py:3"

    def test_node_lists_the_innermost_frame_first(self) -> None:
        stack = (
            "Error: boom\n    at Object.get (/var/task/node_modules/pg/lib/client.js:1:2)\n"
            "    at new Product (/var/task/src/product.js:5:5)\n"
            "    at Runtime.handler (/var/task/index.js:3:9)"
        )
        assert innermost_frame(stack) == "src/product.js:5 in new Product"

    def test_node_module_without_function_name(self) -> None:
        assert innermost_frame("Error: boom\n    at file:///var/task/index.mjs:10:5") == "index.mjs:10"

    def test_java(self) -> None:
        stack = (
            "\tat java.util.Objects.requireNonNull(Objects.java:233)\n"
            "\tat com.example.Orders.handleRequest(Orders.java:17)"
        )
        assert innermost_frame(stack) == "Orders.java:17 in handleRequest"

    def test_only_library_frames_are_better_than_none(self) -> None:
        assert (
            innermost_frame('File "/var/runtime/bootstrap.py", line 9, in run')
            == "/var/runtime/bootstrap.py:9 in run"
        )

    def test_nothing_to_see(self) -> None:
        assert innermost_frame("no frames here") == ""

    def test_long_trace_keeps_both_ends(self) -> None:
        deep = '  File "/var/task/app.py", line 1, in recurse\n' * 5000
        innermost = '  File "/var/task/leaf.py", line 9, in leaf\n'
        assert innermost_frame(deep + innermost) == "leaf.py:9 in leaf"
