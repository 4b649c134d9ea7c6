"""The log source: complete where it can be, bounded where it must be."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auto_repair.adapters.clients import Clients
from auto_repair.adapters.console_links import ConsoleLinks
from auto_repair.adapters.evidence_sources import lambda_logs
from auto_repair.adapters.evidence_sources.lambda_logs import LambdaLogsSource
from auto_repair.adapters.lambda_functions import LambdaFunctions
from auto_repair.domain.errors import ResourceMissing
from auto_repair.domain.evidence import Evidence, Status, Window
from auto_repair.ports import Target
from tests.adapters.conftest import NOW, RecordedClients

WINDOW = Window(NOW - timedelta(minutes=15), NOW)
STREAM = "2026/01/31/[$LATEST]f7108dfca11d48d8ba7321a9b4fe4b02"
CONFIGURATION = {"FunctionName": "orders", "MemorySize": 128, "Timeout": 3}


def ms(seconds_before_now: float) -> int:
    return round((NOW.timestamp() - seconds_before_now) * 1000)


def event(seconds_before_now: float, message: str, stream: str = STREAM) -> dict[str, Any]:
    return {"timestamp": ms(seconds_before_now), "message": message, "logStreamName": stream}


def report(number: int, tail: str = "") -> str:
    return (
        f"REPORT RequestId: id-{number}\tDuration: 10.00 ms\tBilled Duration: 10 ms\t"
        f"Memory Size: 128 MB\tMax Memory Used: 64 MB\t{tail}"
    )


def endless(**asked: Any) -> dict[str, Any]:
    """One event at the end of any span, and always a further page."""
    return {"events": [event(10, report(2)) | {"timestamp": asked["endTime"]}], "nextToken": "more"}


def reading(
    answers: Callable[..., Any], configuration: Mapping[str, Any] = CONFIGURATION, **options: Any
) -> tuple[LambdaLogsSource, RecordedClients]:
    clients = RecordedClients(
        {
            "lambda.get_function_configuration": lambda **_: configuration,
            "logs.filter_log_events": answers,
        }
    )
    return LambdaLogsSource(clients, LambdaFunctions(clients), ConsoleLinks("us-east-1"), **options), clients


def item(evidence: Evidence, item_id: str) -> Any:
    return next(found for found in evidence.items if found.id == item_id)


# CloudWatch Logs takes no events of the distant past.
RECENT = datetime.now(UTC).replace(microsecond=0)
RECENT_WINDOW = Window(RECENT - timedelta(minutes=15), RECENT)
SHIFT_MS = round((RECENT - NOW).total_seconds() * 1000)


class TestAgainstCloudWatchLogs:
    @pytest.fixture
    def source(self, clients: Clients, monkeypatch: pytest.MonkeyPatch) -> LambdaLogsSource:
        client = clients.client("lambda")
        monkeypatch.setattr(client, "get_function_configuration", lambda **_: CONFIGURATION)
        return LambdaLogsSource(clients, LambdaFunctions(clients), ConsoleLinks("us-east-1"))

    def put(self, clients: Clients, *events: dict[str, Any]) -> None:
        logs = clients.client("logs")
        logs.create_log_group(logGroupName="/aws/lambda/orders")
        for stream in {found["logStreamName"] for found in events}:
            logs.create_log_stream(logGroupName="/aws/lambda/orders", logStreamName=stream)
            batch = [
                {"timestamp": found["timestamp"] + SHIFT_MS, "message": found["message"]}
                for found in sorted(events, key=lambda e: int(e["timestamp"]))
                if found["logStreamName"] == stream
            ]
            logs.put_log_events(logGroupName="/aws/lambda/orders", logStreamName=stream, logEvents=batch)

    def test_window_history_and_errors(self, clients: Clients, source: LambdaLogsSource) -> None:
        crash = "[ERROR] ValueError: order {} refused\rTraceback (most recent call last):\r\xa0\xa0"
        frame = 'File "/var/task/app.py", line 7, in handler\r\xa0\xa0\xa0\xa0raise'
        self.put(
            clients,
            event(7200, crash.format(1) + frame),
            event(7199, report(1)),
            event(3600, report(2)),
            event(300, crash.format(2) + frame),
            event(299, report(3)),
            event(60, report(4), STREAM.replace("$LATEST", "7")),
        )
        found = source.collect(Target("orders", RECENT_WINDOW))
        assert [(run.request_id, run.status, run.version) for run in found.invocations] == [
            ("id-3", Status.ERROR, "$LATEST"),
            ("id-4", Status.SUCCESS, "7"),
        ]
        assert [run.request_id for run in found.history] == ["id-1", "id-2"]
        (signature,) = found.signatures
        assert (signature.error_type, signature.template, signature.count, signature.frame) == (
            "ValueError",
            "order <n> refused",
            1,
            "app.py:7 in handler",
        )
        assert signature.first_seen == RECENT - timedelta(seconds=7200)
        assert item(found, "logs.invocations").observed == (
            "2 invocations, 1 failed, longest 10 ms, peak memory 64 of 128 MB"
        )
        assert item(found, "logs.invocations").baseline.startswith("24 h before: 2 invocations, 1 failed")
        assert item(found, "logs.errors").observed == "1× ValueError: order <n> refused"
        assert item(found, "logs.errors").baseline == "24 h before: 0 of 1 were not seen"

    def test_without_history_only_the_window_is_read(
        self, clients: Clients, source: LambdaLogsSource
    ) -> None:
        self.put(clients, event(3600, report(1)), event(60, report(2)))
        found = source.collect(Target("orders", RECENT_WINDOW, history=False))
        assert (len(found.invocations), len(found.history)) == (1, 0)
        assert item(found, "logs.invocations").baseline == ""

    def test_missing_log_group_is_told(self, source: LambdaLogsSource) -> None:
        with pytest.raises(ResourceMissing, match="ResourceNotFoundException"):
            source.collect(Target("orders", WINDOW))


class TestRequests:
    def test_quiet_function_costs_three_calls(self) -> None:
        source, clients = reading(lambda **_: {"events": []})
        found = source.collect(Target("orders", WINDOW, alias="live"))
        assert [name for name, _ in clients.calls] == [
            "lambda.get_function_configuration",
            "logs.filter_log_events",
            "logs.filter_log_events",
        ]
        assert clients.calls[0][1] == {"FunctionName": "orders", "Qualifier": "live"}
        assert clients.calls[1][1] == {
            "logGroupName": "/aws/lambda/orders",
            "startTime": ms(900),
            "endTime": ms(0) - 1,
            "startFromHead": False,
        }
        assert (clients.calls[2][1]["startTime"], clients.calls[2][1]["endTime"]) == (
            ms(900 + 86400),
            ms(900) - 1,
        )
        assert item(found, "logs.invocations").observed == "no invocation is reported"
        assert item(found, "logs.errors").observed == "no error is logged"

    def test_older_sdk_is_not_asked_for_an_order_it_does_not_know(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lambda_logs, "_newest_first", lambda _: {})
        source, clients = reading(lambda **_: {"events": []})
        source.collect(Target("orders", WINDOW))
        assert "startFromHead" not in clients.calls[1][1]

    def test_empty_pages_are_not_the_end(self) -> None:
        pages = [
            {"events": [], "nextToken": "a"},
            {"events": [event(60, report(1))], "nextToken": "b"},
            {"events": [event(30, report(2))]},
            {"events": []},
        ]
        source, clients = reading(lambda **_: pages.pop(0))
        found = source.collect(Target("orders", WINDOW))
        assert [run.request_id for run in found.invocations] == ["id-1", "id-2"]
        assert [arguments.get("nextToken") for _, arguments in clients.calls[1:]] == [None, "a", "b", None]

    def test_many_empty_pages_hide_no_run(self) -> None:
        empty = lambda_logs.MOST_EMPTY_PAGES - 1
        pages = [{"events": [], "nextToken": f"{n}"} for n in range(empty)]
        source, clients = reading(lambda **_: pages.pop(0) if pages else {"events": [event(30, report(1))]})
        found = source.collect(Target("orders", WINDOW, history=False))
        assert [run.request_id for run in found.invocations] == ["id-1"]
        assert found.missing == ()
        assert clients.count("logs.filter_log_events") == empty + 1

    def test_pages_that_stay_empty_are_not_said_to_hold_nothing(self) -> None:
        source, clients = reading(lambda **_: {"events": [], "nextToken": "more"})
        found = source.collect(Target("orders", WINDOW))
        assert found.is_cut("lambda_logs")
        now, before = (gap.reason.partition(" on ")[0] for gap in found.missing)
        assert now == "/aws/lambda/orders was not read to its end: CloudWatch Logs found nothing"
        assert before == now.replace("orders was", "orders of the 24 hours before was")
        assert "not read to its end" in item(found, "logs.invocations").observed
        assert item(found, "logs.invocations").baseline.startswith("24 h before (a part)")
        # One page more for each further reading: by lines that matter, and twice of the day before.
        assert clients.count("logs.filter_log_events") == lambda_logs.MOST_EMPTY_PAGES + 3

    def test_newest_first_pages_keep_the_order_within_a_millisecond(self) -> None:
        answer = {
            "events": [
                event(
                    10, "RequestId: id-1 Error: Runtime exited with error: signal: killed\nRuntime.ExitError"
                ),
                event(10, report(1)),
                event(11, "START RequestId: id-1 Version: $LATEST"),
            ]
        }
        source, _ = reading(lambda **_: answer)
        (run,) = source.collect(Target("orders", WINDOW, history=False)).invocations
        assert (run.status, run.killed) == (Status.ERROR, True)

    def test_endless_log_is_read_again_for_what_matters(self) -> None:
        def answer(filterPattern: str = "", **_: Any) -> Any:
            if filterPattern:
                return {"events": [event(600, report(1)), event(10, report(2))]}
            return {"events": [event(10, report(2)), event(11, "chatter")], "nextToken": "more"}

        source, clients = reading(answer)
        found = source.collect(Target("orders", WINDOW, history=False))
        assert [run.request_id for run in found.invocations] == ["id-1", "id-2"]
        assert clients.count("logs.filter_log_events") == lambda_logs.WINDOW_PAGES + 1
        assert len(clients.calls[-1][1]["filterPattern"]) <= 1024
        assert "newest part" not in item(found, "logs.invocations").observed

    def test_log_that_is_endless_even_so_is_told(self) -> None:
        source, clients = reading(endless)
        found = source.collect(Target("orders", WINDOW))
        assert len(found.invocations) == 1
        assert item(found, "logs.invocations").observed.endswith("the log is longer than we read)")
        most = 2 * (lambda_logs.WINDOW_PAGES + lambda_logs.HISTORY_PAGES)
        assert clients.count("logs.filter_log_events") == most

    def test_deadline_ends_the_reading(self) -> None:
        source, clients = reading(endless, deadline_s=0)
        found = source.collect(Target("orders", WINDOW))
        assert len(found.invocations) == 1
        assert clients.count("logs.filter_log_events") == 4  # one page of each reading
        assert [gap.reason for gap in found.missing] == [
            "/aws/lambda/orders was not read to its end: the time for it was over",
            "/aws/lambda/orders of the 24 hours before was not read to its end: the time for it was over",
        ]

    def test_many_invocations_are_bounded_newest_kept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lambda_logs, "MAX_RUNS", 3)
        answer = {"events": [event(60 - n, report(n)) for n in range(10)]}
        source, _ = reading(lambda **_: answer)
        found = source.collect(Target("orders", WINDOW, history=False))
        assert [run.request_id for run in found.invocations] == ["id-7", "id-8", "id-9"]

    def test_dropped_records_are_missing_evidence(self) -> None:
        dropped = '{"time":"t","type":"platform.logsDropped","record":{"droppedRecords":12,"reason":"slow"}}'
        source, _ = reading(lambda **_: {"events": [event(10, dropped)]})
        (gap,) = source.collect(Target("orders", WINDOW, history=False)).missing
        assert (gap.source, gap.reason) == ("lambda_logs", "Lambda dropped 12 log records")


SHARED = {**CONFIGURATION, "LoggingConfig": {"LogGroup": "/team/all", "LogFormat": "JSON"}}


class TestSharedLogGroup:
    def test_other_functions_lines_are_left_out(self) -> None:
        answer = {
            "events": [
                event(10, report(1), "2026/01/31/orders[7]aa"),
                event(9, report(2), "2026/01/31/orders-archive[7]bb"),
                event(8, report(3), "2026/01/31/payments[$LATEST]cc"),
            ]
        }
        source, clients = reading(lambda **_: answer, SHARED)
        found = source.collect(Target("orders", WINDOW, history=False))
        assert [(run.request_id, run.version) for run in found.invocations] == [("id-1", "7")]
        assert clients.calls[-1][1]["logGroupName"] == "/team/all"

    def test_busy_group_is_read_by_our_own_streams(self) -> None:
        def answer(logStreamNamePrefix: str = "", **_: Any) -> Any:
            if logStreamNamePrefix:
                return {"events": []}
            return {"events": [event(10, report(2), "2026/01/31/payments[1]x")], "nextToken": "more"}

        source, clients = reading(answer, SHARED)
        source.collect(Target("orders", WINDOW, history=False))
        prefixes = [a["logStreamNamePrefix"] for _, a in clients.calls if "logStreamNamePrefix" in a]
        assert prefixes == ["2026/01/31/orders[", "2026/01/30/orders["]
