"""Gap 9: filter patterns of FilterLogEvents, subscription filters and metric filters as AWS has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import cloudwatch_logs

from local.cloudwatch.filter_pattern import PatternError, compile_pattern
from local.shims import wrap


def install() -> None:
    cloudwatch_logs._compile_filter_pattern = _matcher
    cloudwatch_logs._subscription_pattern_matches = lambda pattern, message: _matcher(pattern)(message)
    for name in ("_filter_log_events", "_put_subscription_filter", "_put_metric_filter"):
        wrap(cloudwatch_logs, name)(_refuse_bad_patterns)


def _matcher(pattern: str | None) -> Callable[[str], bool]:
    match = compile_pattern(pattern or "")
    return lambda message: match(message) is not None


def _refuse_bad_patterns(original: Any, request: dict[str, Any]) -> Any:
    try:
        compile_pattern(request.get("filterPattern") or "")
    except PatternError as error:
        return error_response_json("InvalidParameterException", str(error), 400)
    return original(request)
