"""Reads the benchmark's case files (JSON, gzip when the name says so) into investigations."""

from __future__ import annotations

import gzip
import json
import math
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from auto_repair.root_cause.model import (
    Alarm,
    Change,
    Column,
    Frame,
    Graph,
    InvalidInvestigation,
    Investigation,
    LogSignature,
    Role,
)

EDGE = "->"  # a column of the edge caller->callee
ROLES = {
    "latency": Role.LATENCY,
    "availability": Role.AVAILABILITY,
    "requests": Role.REQUESTS,
    "cpu": Role.SATURATION,
    "memory": Role.SATURATION,
    "connections": Role.SATURATION,
    "concurrency": Role.SATURATION,
    "throttles": Role.SATURATION,
    "edge_latency_caller": Role.CALLER_LATENCY,
    "edge_latency_callee": Role.CALLEE_LATENCY,
}


def case_files(folder: Path) -> list[Path]:
    """The cases of a folder that holds `cases/`, in name order.

    Raises InvalidInvestigation when there is none.
    """
    found = sorted((folder / "cases").glob("*.json"))
    if not found:
        raise InvalidInvestigation(f"{folder} holds no cases/*.json")
    return found


def read_cases(folder: Path) -> Iterator[tuple[str, Investigation]]:
    """Every case of a folder with its id."""
    for path in case_files(folder):
        yield read_case(folder, path)


def read_case(folder: Path, path: Path) -> tuple[str, Investigation]:
    """One case; raises InvalidInvestigation, naming the file, when it contradicts the contract."""
    case = _load(path)
    try:
        return _text(case["case_id"]), _investigation(folder, case)
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise InvalidInvestigation(f"{path.name} misses or misuses {error}") from error


def _investigation(folder: Path, case: dict[str, Any]) -> Investigation:
    target, normal = case["target"], case["normal"]
    first, last = normal["rows"]
    graph = (
        _load_once(str(folder / _text(case["graph"]))) if case.get("graph") else {"nodes": [], "edges": []}
    )
    return Investigation(
        Alarm(
            _text(target["node"]),
            ROLES.get(_text(target["metric"]), Role.OTHER),
            _number(target["timestamp"]),
            _text(target.get("statistic", "")),
        ),
        _reference(str(folder / _text(normal["file"])), first, last),
        _frame(case["window"]),
        Graph.of(
            map(_text, graph["nodes"]), [(_text(caller), _text(callee)) for caller, callee in graph["edges"]]
        ),
        tuple(map(_change, case.get("changes", ()))),
        tuple(map(_log, case.get("logs", ()))),
    )


def _change(fields: dict[str, Any]) -> Change:
    _text(fields["node"]), _number(fields["at"])
    return Change(**fields)


def _log(fields: dict[str, Any]) -> LogSignature:
    _text(fields["node"]), _text(fields.get("names") or "")
    for name in ("first_seen", "count", "count_before"):
        _number(fields.get(name, 0))
    return LogSignature(**fields)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} where text belongs")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError(f"{value!r} where a number belongs")
    return value


@lru_cache(maxsize=4)
def _reference(path: str, first: int, last: int) -> Frame:
    """A scenario's reference is shared by many cases."""
    table = _load_once(path)
    return _frame(
        {
            "timestamps": table["timestamps"][first:last],
            "columns": table["columns"],
            "values": [values[first:last] for values in table["values"]],
        }
    )


def _frame(table: dict[str, Any]) -> Frame:
    columns = [column_of(*map(_text, name)) for name in table["columns"]]
    return Frame.of(table["timestamps"], zip(columns, table["values"], strict=True))


def column_of(node: str, metric: str, statistic: str) -> Column:
    """A case's column name; `caller->callee` in place of the node makes it an edge's."""
    caller, arrow, callee = node.partition(EDGE)
    role = ROLES.get(metric, Role.OTHER)
    return Column(caller, metric, statistic, role, callee) if arrow else Column(node, metric, statistic, role)


@lru_cache(maxsize=4)
def _load_once(path: str) -> dict[str, Any]:
    return _load(Path(path))


def _load(path: Path) -> dict[str, Any]:
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        content = json.loads(raw)
    except (ValueError, OSError, EOFError, zlib.error, RecursionError) as error:
        raise InvalidInvestigation(f"{path.name} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise InvalidInvestigation(f"{path.name} holds no JSON object")
    return content
