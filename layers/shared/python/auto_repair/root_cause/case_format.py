"""Reads the benchmark's case files (JSON, gzip when the name says so) into investigations.

A case that contradicts itself or the contract is refused: the error names the file, the field and the fix.
"""

from __future__ import annotations

import gzip
import json
import reprlib
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

from auto_repair.root_cause.model import (
    ABSURD,
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
from auto_repair.root_cause.periods import period_of

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
MILLISECONDS = 1000
SLACK_PERIODS = 10  # by which an alarm may lie beside its window, in addition to the window's own length


@dataclass(frozen=True, slots=True)
class Field:
    """A value of a JSON file with the place where it stands, so that every complaint names it.

    The readers raise InvalidInvestigation when the value is not what is asked for.
    """

    path: str
    value: Any

    def wrong(self, complaint: str) -> InvalidInvestigation:
        """The error to raise about this value."""
        return InvalidInvestigation(f"{self.path} {complaint}")

    def __getitem__(self, name: str) -> Field:
        found = self.get(name)
        if found is None:
            raise self._inner(name, None).wrong("is missing")
        return found

    def get(self, name: str) -> Field | None:
        """A field of an object; None when it is missing or null."""
        value = self.expect(dict, "an object").get(name)
        return None if value is None else self._inner(name, value)

    def only(self, *names: str) -> None:
        """Refuse an object with other fields than these."""
        for name in self.expect(dict, "an object"):
            if name not in names:
                raise self._inner(name, None).wrong(f"is unknown: use {', '.join(names)}")

    def items(self) -> list[Field]:
        """The items of a list."""
        items = self.expect(list, "a list")
        return [Field(f"{self.path}[{i}]", item) for i, item in enumerate(items)]

    def text(self) -> str:
        """A text."""
        text: str = self.expect(str, "text")
        return text

    def number(self) -> float:
        """A finite number; neither a boolean nor one that no time or count can be."""
        number: float = self.expect((int, float), "a number")
        if _is_gap(number):
            raise self._misfit("a number")
        return number

    def whole(self) -> int:
        """A whole number of zero or more."""
        number: int = self.expect(int, "a whole number")
        if isinstance(number, bool) or number < 0:
            raise self._misfit("a whole number of zero or more")
        return number

    def expect(self, kind: type | tuple[type, ...], called: str) -> Any:
        """The value, which must be of a kind."""
        if not isinstance(self.value, kind):
            raise self._misfit(called)
        return self.value

    def _inner(self, name: str, value: Any) -> Field:
        dot = "." if self.path and not self.path.endswith(" ") else ""
        return Field(f"{self.path}{dot}{name}", value)

    def _misfit(self, called: str) -> InvalidInvestigation:
        given = "null" if self.value is None else reprlib.repr(self.value)
        return self.wrong(f"is {given} where {called} belongs")


def _is_gap(value: Any) -> bool:
    return value is None or isinstance(value, bool) or not abs(value) <= ABSURD


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
    """One case; raises InvalidInvestigation, naming file and field, when it contradicts the contract."""
    case = Field("", _load(path))
    try:
        return case["case_id"].text(), _investigation(folder, case)
    except InvalidInvestigation as error:
        raise InvalidInvestigation(f"{path.name}: {error}") from error


def seconds_outside(investigation: Investigation) -> float:
    """How far the alarm lies before the window's first row (negative) or after the end of its last one.

    0 within the window, and when there is no window.
    """
    times, at = investigation.window.timestamps, investigation.alarm.at
    return _outside(at, times[0], times[-1] + _period(investigation)) if times else 0.0


def _outside(at: float, begin: float, end: float) -> float:
    return min(0.0, at - begin) + max(0.0, at - end)


def _period(investigation: Investigation) -> float:
    reference = investigation.reference.timestamps
    return period_of(reference if len(reference) > 1 else investigation.window.timestamps)


def _investigation(folder: Path, case: Field) -> Investigation:
    target, normal = case["target"], case["normal"]
    statistic = target.get("statistic")
    found = Investigation(
        Alarm(
            target["node"].text(),
            ROLES.get(_metric(target["metric"].text()), Role.OTHER),
            target["timestamp"].number(),
            statistic.text() if statistic else "",
        ),
        _reference(str(folder / normal["file"].text()), *_rows(normal["rows"])),
        _frame(case["window"]),
        _graph(folder, case),
        tuple(map(_change, _optional(case, "changes"))),
        tuple(map(_log, _optional(case, "logs"))),
    )
    _check_target(found)
    _check_time(found)
    _check_metrics(found)
    return found


def _optional(case: Field, name: str) -> list[Field]:
    found = case.get(name)
    return found.items() if found else []


def _check_target(found: Investigation) -> None:
    known = set(found.graph.nodes)
    for column in (*found.window.columns, *found.reference.columns):
        known |= {column.node, column.callee or column.node}
    known.update(change.node for change in found.changes)
    known.update(log.node for log in found.logs)
    node = found.alarm.node
    if known and node not in known:
        near = get_close_matches(node, sorted(known), n=1)
        raise InvalidInvestigation(
            f"target.node {node!r} is neither in the graph nor in the series: name it as they do"
            + (f", perhaps {near[0]!r}" if near else "")
        )


def _check_time(found: Investigation) -> None:
    """An alarm may lie beside the rows that are left of a window, but not anywhere: then a clock is wrong."""
    off, times = seconds_outside(found), found.window.timestamps
    if not off or abs(off) <= times[-1] - times[0] + SLACK_PERIODS * _period(found):
        return
    side = "after" if off > 0 else "before"
    raise InvalidInvestigation(
        f"target.timestamp {found.alarm.at:.10g} lies {abs(off):.10g} s {side} the window "
        f"({times[0]:.10g} to {times[-1]:.10g}): {_way_in(found)}"
    )


def _way_in(found: Investigation) -> str:
    times, at = found.window.timestamps, found.alarm.at
    begin, end = times[0], times[-1] + _period(found)
    if not _outside(at / MILLISECONDS, begin, end):
        return "it looks like milliseconds, give seconds since the epoch"
    if not _outside(at * MILLISECONDS, begin, end):
        return "window.timestamps look like milliseconds, give seconds since the epoch"
    return "correct it, or give the rows around it (both in seconds since the epoch, UTC)"


def _check_metrics(found: Investigation) -> None:
    """Metrics that nobody can read would pass for a calm system."""
    if found.changes or found.logs or not found.window.columns:
        return
    if all(column.role is Role.OTHER for column in found.window.columns):
        given = ", ".join(sorted({column.metric for column in found.window.columns})[:3])
        raise InvalidInvestigation(f"window.columns name no known metric ({given}): use {', '.join(ROLES)}")


def _graph(folder: Path, case: Field) -> Graph:
    if not case.value.get("graph"):
        return Graph()
    path = folder / case["graph"].text()
    content = Field(f"{path.name}: ", _load_referenced("graph", str(path)))
    return Graph.of(
        [node.text() for node in content["nodes"].items()], [_edge(edge) for edge in content["edges"].items()]
    )


def _edge(edge: Field) -> tuple[str, str]:
    ends = [end.text() for end in edge.items()]
    if len(ends) != 2:
        raise edge.wrong(f"names {len(ends)} nodes: give the caller and its callee")
    return ends[0], ends[1]


def _change(change: Field) -> Change:
    change.only("node", "at", "summary", "actor")
    actor = change.get("actor")
    return Change(
        change["node"].text(),
        change["at"].number(),
        change["summary"].text(),
        actor.text() if actor else "",
    )


def _log(log: Field) -> LogSignature:
    log.only("node", "first_seen", "summary", "count", "count_before", "names")
    before, names = log.get("count_before"), log.get("names")
    return LogSignature(
        log["node"].text(),
        log["first_seen"].number(),
        log["summary"].text(),
        log["count"].whole(),
        before.whole() if before else 0,
        names.text() if names else None,
    )


def _rows(rows: Field) -> tuple[int, int]:
    ends = [end.whole() for end in rows.items()]
    if len(ends) != 2 or ends[0] > ends[1]:
        raise rows.wrong(
            f"is {reprlib.repr(rows.value)}: give the first row, counted from 0, and the one after the last"
        )
    return ends[0], ends[1]


@lru_cache(maxsize=4)
def _reference(path: str, first: int, end: int) -> Frame:
    """A scenario's reference is shared by many cases."""
    table = Field(f"{Path(path).name}: ", _load_referenced("normal.file", path))
    known = len(table["timestamps"].items())
    if end > known:
        raise InvalidInvestigation(
            f"normal.rows ends at {end}, but {Path(path).name} has {known} rows: end at {known} or before"
        )
    return _frame(table, slice(first, end))


def _frame(table: Field, rows: slice = slice(None)) -> Frame:
    """The chosen rows of a table; refused when its lengths differ or repeats contradict each other."""
    times = [time.number() for time in table["timestamps"].items()]
    columns = [_column(name) for name in table["columns"].items()]
    series = table["values"].items()
    if len(series) != len(columns):
        raise table["values"].wrong(f"has {len(series)} series for {len(columns)} columns: give one for each")
    for column, values in zip(columns, series, strict=True):
        _check_series(column, values, len(times))
    times, kept = times[rows], [values.value[rows] for values in series]
    _refuse_conflicting_columns(table, columns, kept)
    _refuse_conflicting_rows(table, times, columns, kept)
    return Frame.of(times, zip(columns, kept, strict=True))


def _check_series(column: Column, values: Field, rows: int) -> None:
    items = values.expect(list, "a list")
    if len(items) != rows:
        raise values.wrong(
            f"({_said(column)}) has {len(items)} values for {rows} timestamps: one for each, null for no data"
        )
    # The types of a whole column at once: asking value by value would be slow.
    if not set(map(type, items)) <= {int, float, bool, type(None)}:
        for item in values.items():
            if item.value is not None:
                item.expect((int, float), "a number or null")


def _refuse_conflicting_columns(
    table: Field, columns: Sequence[Column], series: Sequence[Sequence[Any]]
) -> None:
    """A column may come twice when its values agree: which of two truths counts is not ours to choose."""
    if len(set(columns)) == len(columns):
        return
    twins: dict[Column, list[Sequence[Any]]] = {}
    for column, values in zip(columns, series, strict=True):
        twins.setdefault(column, []).append(values)
    for column, copies in twins.items():
        if any(_disagree(row) for row in zip(*copies, strict=True)):
            raise table["columns"].wrong(
                f"repeat {_said(column)} with other values: keep the one that is right"
            )


def _refuse_conflicting_rows(
    table: Field, times: Sequence[float], columns: Sequence[Column], series: Sequence[Sequence[Any]]
) -> None:
    """As with columns: neither the earlier nor the later of two rows is known to be the right one."""
    if len(set(times)) == len(times):
        return
    places: dict[float, list[int]] = {}
    for i, time in enumerate(times):
        places.setdefault(time, []).append(i)
    repeated = {time: rows for time, rows in places.items() if len(rows) > 1}
    for column, values in zip(columns, series, strict=True):
        for time, rows in repeated.items():
            if _disagree(values[i] for i in rows):
                raise table["timestamps"].wrong(
                    f"repeat {time:.10g} with other values of {_said(column)}: keep the row that is right"
                )


def _disagree(values: Iterable[Any]) -> bool:
    return len({value for value in values if not _is_gap(value)}) > 1


def _said(column: Column) -> str:
    node = column.node if column.callee is None else f"{column.node}{EDGE}{column.callee}"
    return f"{node} {column.metric} {column.statistic}"


def _column(name: Field) -> Column:
    parts = [part.text() for part in name.items()]
    if len(parts) != 3:
        raise name.wrong(f"has {len(parts)} parts: give node, metric and statistic")
    return column_of(*parts)


def column_of(node: str, metric: str, statistic: str) -> Column:
    """A case's column name; `caller->callee` in place of the node makes it an edge's."""
    caller, arrow, callee = node.partition(EDGE)
    metric = _metric(metric)
    role = ROLES.get(metric, Role.OTHER)
    return Column(caller, metric, statistic, role, callee) if arrow else Column(node, metric, statistic, role)


def _metric(name: str) -> str:
    """The contract's spelling of a metric it knows: `Latency` is `latency`."""
    return name.lower() if name.lower() in ROLES else name


def _load_referenced(field: str, path: str) -> dict[str, Any]:
    try:
        return _load_once(path)
    except InvalidInvestigation as error:
        raise InvalidInvestigation(f"{field}: {error}") from error


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
