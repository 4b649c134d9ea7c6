"""Tables have a capacity and metrics: the emulator serves whatever comes and measures nothing.

Calls of single items and queries beyond the provisioned capacity are throttled; as on AWS, unused capacity of
the last five minutes (of metric time) may be spent in a burst. Batches and transactions are not counted.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ministack import app
from ministack.core.responses import AccountRegionScopedDict, error_response_json
from ministack.services import cloudwatch, dynamodb

from local.cloudwatch.periods import real_seconds
from local.shims import wrap

_WRITES = {"PutItem": "_put_item", "UpdateItem": "_update_item", "DeleteItem": "_delete_item"}
_READS = {"GetItem": "_get_item", "Query": "_query", "Scan": "_scan"}
_WRITE_UNIT_BYTES, _READ_UNIT_BYTES = 1024, 4096
_BURST_S = 300
_EXCEEDED = (
    "The level of configured provisioned throughput for the table was exceeded. Consider increasing your "
    "provisioning level with the UpdateTable API."
)

_buckets = AccountRegionScopedDict()  # (table, Read or Write) → _Bucket


@dataclass
class _Bucket:
    """Units that may be spent: `rate` more of them every second, up to a burst."""

    rate: float
    units: float
    at: float

    def refill(self, rate: float, now: float) -> None:
        if rate > self.rate:  # capacity that was bought helps at once
            self.units = max(self.units, rate)
        self.units = min(self.units + (now - self.at) * self.rate, rate * real_seconds(_BURST_S))
        self.rate, self.at = rate, now


def install() -> None:
    for kind, operations in (("Write", _WRITES), ("Read", _READS)):
        for operation, function in operations.items():
            _meter(kind, operation, function)
    wrap(app, "_reset_all_state")(_reset)


def _reset(original: Any) -> None:
    original()
    _buckets.clear()


def _meter(kind: str, operation: str, function: str) -> None:
    @wrap(dynamodb, function)
    def call(original: Any, request: dict[str, Any]) -> Any:
        name = dynamodb._normalize_table_name(request.get("TableName"))
        table = dynamodb._tables.get(name) if isinstance(name, str) else None
        if table is None:
            return original(request)
        bucket = _bucket(name, table, kind)
        if bucket is not None and bucket.units < 1:
            _record(f"{kind}ThrottleEvents", 1, {"TableName": name})
            _record("ThrottledRequests", 1, {"TableName": name, "Operation": operation})
            return error_response_json("ProvisionedThroughputExceededException", _EXCEEDED, 400)
        began = time.monotonic()
        response = original(request)
        if response[0] == 200:
            units = _units(kind, request, response[2])
            if bucket is not None:
                bucket.units -= units
            _record(f"Consumed{kind}CapacityUnits", units, {"TableName": name})
            latency_ms = (time.monotonic() - began) * 1000
            _record(
                "SuccessfulRequestLatency",
                latency_ms,
                {"TableName": name, "Operation": operation},
                "Milliseconds",
            )
        return response


def _bucket(name: str, table: Mapping[str, Any], kind: str) -> _Bucket | None:
    """What may be spent now; None for a table that is paid per request."""
    if table.get("BillingModeSummary", {}).get("BillingMode") == "PAY_PER_REQUEST":
        _buckets.pop((name, kind), None)
        return None
    rate = float((table.get("ProvisionedThroughput") or {}).get(f"{kind}CapacityUnits") or 0)
    if rate <= 0:
        return None
    _record(f"Provisioned{kind}CapacityUnits", rate, {"TableName": name})
    now = time.monotonic()
    bucket: _Bucket = _buckets.setdefault((name, kind), _Bucket(rate, rate * real_seconds(_BURST_S), now))
    bucket.refill(rate, now)
    return bucket


def _units(kind: str, request: Mapping[str, Any], body: Any) -> float:
    """By the size of the request for writes, of the answer for reads; eventually consistent ones are half."""
    if kind == "Write":
        return math.ceil(len(json.dumps(request)) / _WRITE_UNIT_BYTES)
    units = math.ceil(len(body) / _READ_UNIT_BYTES)
    return units if request.get("ConsistentRead") else units / 2


def _record(name: str, value: float, dimensions: dict[str, str], unit: str = "Count") -> None:
    cloudwatch.record_metric("AWS/DynamoDB", name, value, unit, dimensions)
