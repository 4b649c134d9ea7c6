"""Our own log lines and metrics."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from auto_repair.observability import logger, metrics

CONTEXT = SimpleNamespace(
    function_name="f",
    memory_limit_in_mb=128,
    invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:f",
    aws_request_id="id",
)


@metrics.log_metrics
def handler(event: Any, context: Any) -> str:
    if event:
        metrics.add_metric("RepairApplied", "Count", 1)
    return "done"


def test_metrics_go_to_one_namespace(capsys: pytest.CaptureFixture[str]) -> None:
    assert handler({"apply": True}, CONTEXT) == "done"
    written = json.loads(capsys.readouterr().out)
    (declared,) = written["_aws"]["CloudWatchMetrics"]
    assert declared["Namespace"] == "LambdaAutoRepair"
    assert written["RepairApplied"] == [1.0]
    assert written["service"] == "lambda-auto-repair"


def test_counting_nothing_is_no_reason_to_warn(capsys: pytest.CaptureFixture[str]) -> None:
    assert handler({}, CONTEXT) == "done"
    assert capsys.readouterr().out == ""


def test_metrics_of_one_invocation_do_not_leak_into_the_next(capsys: pytest.CaptureFixture[str]) -> None:
    handler({"apply": True}, CONTEXT)
    capsys.readouterr()
    handler({}, CONTEXT)
    assert capsys.readouterr().out == ""


def test_logger_writes_json_with_our_service() -> None:
    assert logger.service == "lambda-auto-repair"
