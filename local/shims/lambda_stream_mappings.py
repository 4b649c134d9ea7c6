"""Gap 25: DynamoDB stream mappings give up on a batch when AWS does.

The emulator retries a failing batch for ever unless the records' age is limited: it ignores
MaximumRetryAttempts and BisectBatchOnFunctionError, and has no IteratorAge. This is its poller anew.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from ministack.core.arn import ArnParseError, parse_arn
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import dynamodb, lambda_svc

from local.shims import lambda_metrics


@dataclass
class _Progress:
    """Where a failing batch of one mapping stands: the ends of its undone parts, the nearest last."""

    ends: list[int] = field(default_factory=list)
    failures: int = 0  # of the nearest part

    def skip_to(self, start: int) -> None:
        """Forget parts whose records have expired."""
        self.ends = [end for end in self.ends if end > start]

    def begin(self, end: int) -> int:
        if not self.ends:
            self.ends.append(end)
        return self.ends[-1]

    def bisect(self, start: int) -> None:
        self.ends.append((start + self.ends[-1] + 1) // 2)
        self.failures = 0  # a split does not count as a retry

    def done(self) -> None:
        self.ends.pop()
        self.failures = 0


_progress: dict[str, _Progress] = {}


def install() -> None:
    lambda_svc._poll_dynamodb_streams = _poll


def _poll() -> bool:
    """One pass over all mappings; true if any of them has moved on."""
    moved = False
    for account, region, mapping in lambda_svc._iter_all_esms():
        with request_scope(account, region):
            moved = _advance(mapping) or moved
    return moved


def _advance(mapping: Any) -> bool:
    table = _table(mapping.get("EventSourceArn", ""))
    waits = lambda_svc._esm_backoff_until.get(mapping["UUID"], 0) > time.time()
    if table is None or waits or not mapping.get("Enabled", True):
        return False
    func, config = lambda_svc._get_func_record_for_qualifier(
        mapping["FunctionName"], mapping.get("Qualifier")
    )
    if func is None:
        return False
    start = _position(mapping, table)
    progress = _progress.setdefault(mapping["UUID"], _Progress())
    progress.skip_to(start)
    limit = progress.ends[-1] - start if progress.ends else mapping.get("BatchSize", 100)
    read = dynamodb.stream_records_since(table, start, limit)
    if not read:
        return False
    end = progress.begin(start + len(read))
    batch = lambda_svc._apply_filter_criteria(read, mapping)
    result = _run(func, config, batch) if batch else {}
    if not result.get("error"):
        mapping["LastProcessingResult"] = f"OK - {len(batch)} records"
        return _move(mapping, progress, end)
    mapping["LastProcessingResult"] = "FAILED"
    return _failed(mapping, progress, func, batch, result, start, end)


def _run(func: Any, config: Any, batch: list[Any]) -> Any:
    age = (time.time() - _created(batch[-1])) * 1000
    lambda_metrics.record(config, "IteratorAge", max(age, 0), "Milliseconds")
    return lambda_svc._execute_function(func, {"Records": batch})


def _failed(
    mapping: Any, progress: _Progress, func: Any, batch: list[Any], result: Any, start: int, end: int
) -> bool:
    if result.get("throttle"):
        return _pause(mapping)
    if mapping.get("BisectBatchOnFunctionError") and end - start > 1:
        progress.bisect(start)
        return True
    progress.failures += 1
    condition = _reached_limit(mapping, progress, batch)
    if not condition:
        return _pause(mapping)
    source = mapping["EventSourceArn"]
    lambda_svc._send_ddb_stream_failure_record(mapping, func, batch, source, result, condition)
    return _move(mapping, progress, end)


def _pause(mapping: Any) -> bool:
    lambda_svc._esm_backoff_until[mapping["UUID"]] = time.time() + lambda_svc._ESM_BACKOFF_SECONDS
    return False


def _reached_limit(mapping: Any, progress: _Progress, batch: list[Any]) -> str:
    """AWS's name for the limit at which the batch is given up; -1 and no setting mean never."""
    retries = mapping.get("MaximumRetryAttempts")
    if retries is not None and 0 <= int(retries) < progress.failures:
        return "RetryAttemptsExhausted"
    age = int(mapping.get("MaximumRecordAgeInSeconds") or -1)
    if 0 < age < time.time() - min(map(_created, batch)):
        return "MaxRecordAgeExceeded"
    return ""


def _move(mapping: Any, progress: _Progress, position: int) -> bool:
    progress.done()
    with lambda_svc._dynamodb_stream_positions_lock:
        lambda_svc._dynamodb_stream_positions[mapping["UUID"]] = position
    lambda_svc._esm_backoff_until.pop(mapping["UUID"], None)
    return True


def _position(mapping: Any, table: str) -> int:
    """Where to read on; records that have expired since are skipped."""
    horizon = dynamodb.stream_start_position(table)
    with lambda_svc._dynamodb_stream_positions_lock:
        positions = lambda_svc._dynamodb_stream_positions
        if mapping["UUID"] not in positions:
            from_start = mapping.get("StartingPosition", "LATEST") == "TRIM_HORIZON"
            positions[mapping["UUID"]] = horizon if from_start else dynamodb.stream_end_position(table)
        positions[mapping["UUID"]] = max(positions[mapping["UUID"]], horizon)
        return int(positions[mapping["UUID"]])


def _table(source_arn: str) -> str | None:
    """The table whose present stream the mapping reads."""
    try:
        source = parse_arn(source_arn)
    except ArnParseError:
        return None
    if source.service != "dynamodb" or (source.account_id, source.region) != (get_account_id(), get_region()):
        return None
    found = lambda_svc._dynamodb_stream_table_from_arn_spec(source)
    table = dynamodb._tables.get(found[0]) if found else None
    is_current = table is not None and table.get("LatestStreamArn") == source_arn
    return str(found[0]) if is_current else None


def _created(record: Any) -> float:
    return float((record.get("dynamodb") or {}).get("ApproximateCreationDateTime", time.time()))
