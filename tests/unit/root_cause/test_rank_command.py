"""`python -m auto_repair.root_cause.rank`: the case format in, one answer file out."""

from __future__ import annotations

import errno
import gzip
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auto_repair.root_cause.model import Frame, Role
from auto_repair.root_cause.rank import main
from tests.unit.root_cause.service_graph import EDGES, NODES, System


def table(frame: Frame) -> dict[str, Any]:
    return {
        "timestamps": list(frame.timestamps),
        "columns": [
            [c.node, "cpu" if c.role is Role.SATURATION else c.metric, c.statistic] for c in frame.columns
        ],
        "values": [list(values) for values in frame.columns.values()],
    }


def write_case(folder: Path, case_id: str, system: System) -> Path:
    investigation = system.investigation()
    (folder / "cases").mkdir(exist_ok=True)
    (folder / "normal.json.gz").write_bytes(
        gzip.compress(json.dumps(table(investigation.reference)).encode())
    )
    (folder / "graph.json").write_text(json.dumps({"nodes": NODES, "edges": EDGES}))
    path = folder / "cases" / f"{case_id}.json"
    case = {
        "case_id": case_id,
        "target": {
            "node": "shop",
            "metric": "latency",
            "statistic": "Average",
            "timestamp": investigation.alarm.at,
        },
        "graph": "graph.json",
        "normal": {"file": "normal.json.gz", "rows": [0, len(investigation.reference.timestamps)]},
        "window": table(investigation.window),
    }
    path.write_text(json.dumps(case))
    return path


def test_writes_one_answer_per_case(tmp_path: Path) -> None:
    write_case(tmp_path, "slow", System(slow={"table": 0.2}))
    write_case(tmp_path, "quiet", System())
    out = tmp_path / "answers.json"
    assert main([str(tmp_path), "--out", str(out)]) == 0
    answers = json.loads(out.read_text())
    assert set(answers) == {"slow", "quiet"}
    assert answers["quiet"]["ranked"] == []
    assert answers["slow"]["ranked"][0]["node"] == "table"
    assert answers["slow"]["ranked"][0]["metric"] == "latency"
    assert answers["slow"]["seconds"] > 0
    scores = [entry["score"] for entry in answers["slow"]["ranked"]]
    assert scores == sorted(scores, reverse=True)


def test_changes_and_logs_of_a_case_are_read(tmp_path: Path) -> None:
    path = write_case(tmp_path, "changed", System(slow={"cart": 0.2}))
    case = json.loads(path.read_text())
    case["changes"] = [{"node": "table", "at": case["target"]["timestamp"] - 60, "summary": "UpdateTable"}]
    path.write_text(json.dumps(case))
    out = tmp_path / "answers.json"
    main([str(tmp_path), "--out", str(out)])
    ranked = json.loads(out.read_text())["changed"]["ranked"]
    assert next(entry for entry in ranked if entry["node"] == "table")["kind"] == "changed"


def _changed(path: Path, **fields: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


@pytest.mark.parametrize("broken", ["{", "[]", '{"case_id": "x"}', "[" * 100_000])
def test_a_broken_case_is_named_and_the_others_are_answered(
    tmp_path: Path, broken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_case(tmp_path, "a", System(slow={"table": 0.2}))
    write_case(tmp_path, "x", System()).write_text(broken)
    write_case(tmp_path, "z", System())
    out = tmp_path / "answers.json"
    assert main([str(tmp_path), "--out", str(out)]) == 2
    assert "x.json" in capsys.readouterr().err
    assert set(json.loads(out.read_text())) == {"a", "z"}


@pytest.mark.parametrize(
    "fields",
    [
        {"case_id": None},
        {"target": {"node": ["shop"], "metric": "latency", "timestamp": 1.0}},
        {"target": {"node": "shop", "metric": "latency", "timestamp": float("nan")}},
        {"window": {"timestamps": [1], "columns": [["shop", "latency"]], "values": [[1]]}},
        {"window": {"timestamps": [1], "columns": [["shop", "latency", "Average"]], "values": []}},
        {"window": {"timestamps": [1], "columns": [["shop", "latency", "Average"]], "values": [["slow"]]}},
        {"normal": {"file": "normal.json.gz", "rows": [0, 1, 2]}},
        {"normal": {"file": "gone.json", "rows": [0, 9]}},
        {"changes": [{"node": "shop", "at": "noon", "summary": "deployed"}]},
        {"logs": [{"node": "shop", "first_seen": 0, "summary": "oops", "count": "many"}]},
        {"case_id": ["x"]},
        {"case_id": "a"},
    ],
)
def test_fields_that_break_the_contract_are_refused_by_name(
    tmp_path: Path, fields: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    write_case(tmp_path, "a", System(slow={"table": 0.2}))
    _changed(write_case(tmp_path, "x", System()), **fields)
    out = tmp_path / "answers.json"
    assert main([str(tmp_path), "--out", str(out)]) == 2
    assert "x.json" in capsys.readouterr().err
    assert json.loads(out.read_text())["a"]["ranked"][0]["node"] == "table"


@pytest.mark.parametrize("value", [1e300, -1e300, 1e-300, float("nan"), -1, 0, None, 10**400])
def test_a_window_of_one_odd_value_is_answered(tmp_path: Path, value: float | None) -> None:
    path = write_case(tmp_path, "x", System())
    window = json.loads(path.read_text())["window"]
    window["values"] = [[value] * len(window["timestamps"]) for _ in window["values"]]
    _changed(path, window=window)
    assert main([str(tmp_path), "--out", str(tmp_path / "answers.json")]) == 0


def test_a_folder_without_cases_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "--out", str(tmp_path / "answers.json")]) == 2
    assert "holds no cases" in capsys.readouterr().err


Case = dict[str, Any]


def _ranked_case(folder: Path, edit: Callable[[Case], object]) -> tuple[int, Case]:
    """Exit status and answers for one incident at `table`, after the case was edited."""
    path = write_case(folder, "x", System(slow={"table": 0.2}))
    case = json.loads(path.read_text())
    edit(case)
    path.write_text(json.dumps(case))
    out = folder / "answers.json"
    return main([str(folder), "--out", str(out)]), json.loads(out.read_text())


def _put(case: Case, *place: str, value: Any) -> None:
    for name in place[:-1]:
        case = case[name]
    case[place[-1]] = value


def _is_table_blamed(answers: Case) -> bool:
    return bool(answers["x"]["ranked"][0]["node"] == "table")


CHANGE = {"node": "shop", "at": 12_000, "summary": "deployed"}
LOG = {"node": "shop", "first_seen": 12_000, "summary": "oops", "count": 3}


@pytest.mark.parametrize(
    ("place", "value", "complaint"),
    [
        ("case_id", 7, "case_id is 7 where text belongs"),
        ("graph", 7, "graph is 7 where text belongs"),
        ("graph", "gone.json", "graph: gone.json cannot be read"),
        ("target.node", "shopp", "target.node 'shopp' is neither in the graph nor in the series"),
        ("target.node", "shopp", "perhaps 'shop'"),
        ("target.timestamp", "2026-01-01", "target.timestamp is '2026-01-01' where a number belongs"),
        ("target.timestamp", 10**400, "target.timestamp is 1000"),
        ("target.timestamp", 12_250 - 86_400, "before the window (12000 to 12420): correct it"),
        ("target.timestamp", 12_250 + 86_400, "lies 86170 s after the window"),
        ("target.timestamp", 12_250_000, "it looks like milliseconds, give seconds"),
        ("target.timestamp", 12.25, "window.timestamps look like milliseconds, give seconds"),
        ("normal.file", "gone.json", "normal.file: gone.json cannot be read"),
        ("normal.rows", [-20, 100], "normal.rows[0] is -20 where a whole number of zero or more belongs"),
        ("normal.rows", [0, True], "normal.rows[1] is True where a whole number"),
        ("normal.rows", [0.0, 100.0], "normal.rows[0] is 0.0 where a whole number belongs"),
        ("normal.rows", [150, 10], "normal.rows is [150, 10]: give the first row"),
        ("normal.rows", [0, 1, 2], "normal.rows is [0, 1, 2]: give the first row"),
        ("normal.rows", [0, 201], "normal.rows ends at 201, but normal.json.gz has 200 rows"),
        ("window", [], "window is [] where an object belongs"),
        ("window.timestamps", None, "window.timestamps is missing"),
        (
            "window.timestamps",
            [12_240],
            "window.values[0] (table requests Sum) has 8 values for 1 timestamps",
        ),
        ("window.columns", [["shop", "latency"]], "window.columns[0] has 2 parts"),
        ("window.values", [[1]], "window.values has 1 series for 20 columns"),
        ("changes", CHANGE, "changes is {"),
        ("changes", ["deployed"], "changes[0] is 'deployed' where an object belongs"),
        ("changes", [CHANGE, {**CHANGE, "summary": 5}], "changes[1].summary is 5 where text belongs"),
        ("changes", [{**CHANGE, "at": "noon"}], "changes[0].at is 'noon' where a number belongs"),
        ("changes", [{**CHANGE, "by": "me"}], "changes[0].by is unknown: use node, at, summary, actor"),
        ("logs", [{**LOG, "summary": None}], "logs[0].summary is missing"),
        ("logs", [{**LOG, "count": -3}], "logs[0].count is -3 where a whole number of zero or more belongs"),
        ("logs", [{**LOG, "names": 5}], "logs[0].names is 5 where text belongs"),
    ],
)
def test_a_complaint_names_case_field_and_fix(
    tmp_path: Path, place: str, value: Any, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, answers = _ranked_case(tmp_path, lambda case: _put(case, *place.split("."), value=value))
    assert (status, answers) == (2, {})
    said = capsys.readouterr().err
    assert said.startswith("refused: x.json: ")
    assert complaint in said


def test_a_value_that_is_no_number_is_named_with_its_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _ranked_case(tmp_path, lambda case: case["window"]["values"][1].__setitem__(3, "slow"))
    assert "window.values[1][3] is 'slow' where a number or null belongs" in capsys.readouterr().err


@pytest.mark.parametrize("extra", [50, -50])
def test_a_reference_whose_columns_do_not_fit_its_rows_is_refused(
    tmp_path: Path, extra: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def stretch(case: Case) -> None:
        content = json.loads(gzip.decompress((tmp_path / "normal.json.gz").read_bytes()))
        content["values"] = [[1.0] * (len(values) + extra) for values in content["values"]]
        (tmp_path / "normal.json").write_text(json.dumps(content))
        case["normal"] = {"file": "normal.json", "rows": [0, 100]}

    assert _ranked_case(tmp_path, stretch) == (2, {})
    counts = f"has {200 + extra} values for 200 timestamps"
    assert f"normal.json: values[0] (table requests Sum) {counts}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        (11_760, "the alarm lies 240 s before the window"),
        (11_990, "the alarm lies 10 s before the window"),
        (12_490, "the alarm lies 10 s after the window"),
        (13_080, "the alarm lies 600 s after the window"),
    ],
)
def test_an_alarm_beside_its_window_is_answered_with_a_reason(tmp_path: Path, at: int, reason: str) -> None:
    status, answers = _ranked_case(tmp_path, lambda case: _put(case, "target", "timestamp", value=at))
    assert status == 0
    assert reason in answers["x"]["reasons"][-1]


@pytest.mark.parametrize("at", [12_000, 12_250, 12_480])
def test_an_alarm_at_the_edge_of_its_window_is_no_reason_for_doubt(tmp_path: Path, at: int) -> None:
    _, answers = _ranked_case(tmp_path, lambda case: _put(case, "target", "timestamp", value=at))
    assert not any("the alarm lies" in reason for reason in answers["x"]["reasons"])


def _repeat_columns(case: Case, change: Callable[[float], float | None], *, first: bool) -> None:
    window = case["window"]
    copies = [[change(value) for value in values] for values in window["values"]]
    names = window["columns"]
    window["columns"] = [*names, *names]
    window["values"] = [*copies, *window["values"]] if first else [*window["values"], *copies]


def _repeat_rows(case: Case, change: Callable[[float], float | None], *, first: bool) -> None:
    window = case["window"]
    window["timestamps"] *= 2
    for i, values in enumerate(window["values"]):
        copy = [change(value) for value in values]
        window["values"][i] = [*copy, *values] if first else [*values, *copy]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("repeat", [_repeat_columns, _repeat_rows])
@pytest.mark.parametrize("change", [lambda v: v, lambda _: None, lambda _: float("nan")])
def test_repeats_that_agree_change_nothing(
    tmp_path: Path, repeat: Callable[..., None], first: bool, change: Callable[[float], float | None]
) -> None:
    _, once = _ranked_case(tmp_path, lambda _: None)
    status, twice = _ranked_case(tmp_path, lambda case: repeat(case, change, first=first))
    assert status == 0
    assert twice["x"]["ranked"] == once["x"]["ranked"]
    assert _is_table_blamed(twice)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(
    ("repeat", "complaint"),
    [
        (_repeat_columns, "window.columns repeat table requests Sum with other values: keep the one"),
        (
            _repeat_rows,
            "window.timestamps repeat 12000 with other values of table requests Sum: keep the row",
        ),
    ],
)
def test_repeats_that_disagree_are_refused_in_either_order(
    tmp_path: Path,
    repeat: Callable[..., None],
    complaint: str,
    first: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert _ranked_case(tmp_path, lambda case: repeat(case, lambda v: v + 1, first=first)) == (2, {})
    assert complaint in capsys.readouterr().err


def test_the_third_copy_may_not_contradict_the_second(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def thrice(case: Case) -> None:
        rows = len(case["window"]["timestamps"])
        case["window"]["columns"] += [["new", "latency", "Average"]] * 3
        case["window"]["values"] += [[None] * rows, [1.0] * rows, [2.0] * rows]

    assert _ranked_case(tmp_path, thrice) == (2, {})
    assert "window.columns repeat new latency Average" in capsys.readouterr().err


def test_rows_in_another_order_are_put_in_order(tmp_path: Path) -> None:
    def reverse(case: Case) -> None:
        window = case["window"]
        window["timestamps"].reverse()
        for values in window["values"]:
            values.reverse()

    _, straight = _ranked_case(tmp_path, lambda _: None)
    _, reversed_ = _ranked_case(tmp_path, reverse)
    assert reversed_["x"]["ranked"] == straight["x"]["ranked"]


def _rename_metrics(case: Case, rename: Callable[[str], str]) -> None:
    case["target"]["metric"] = rename(case["target"]["metric"])
    for name in case["window"]["columns"]:
        name[1] = rename(name[1])


def test_metrics_are_known_in_capitals_too(tmp_path: Path) -> None:
    _, usual = _ranked_case(tmp_path, lambda _: None)
    status, capitals = _ranked_case(tmp_path, lambda case: _rename_metrics(case, str.upper))
    assert status == 0
    assert capitals["x"]["ranked"] == usual["x"]["ranked"]


def test_metrics_that_nobody_knows_are_not_taken_for_calm(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _ranked_case(tmp_path, lambda case: _rename_metrics(case, lambda n: f"my_{n}")) == (2, {})
    said = capsys.readouterr().err
    assert "window.columns name no known metric (my_availability, my_cpu, my_latency): use latency" in said


@pytest.mark.parametrize("field", ["graph", "changes", "logs"])
def test_what_is_null_is_what_is_left_out(tmp_path: Path, field: str) -> None:
    _, without = _ranked_case(tmp_path, lambda case: case.pop(field, None))
    status, empty = _ranked_case(tmp_path, lambda case: _put(case, field, value=None))
    assert status == 0
    assert empty["x"]["ranked"] == without["x"]["ranked"]


@pytest.mark.parametrize(
    ("place", "complaint"),
    [("gone/answers.json", "there is no folder"), (".", "it is a folder"), ("cases/x.json/a", "no folder")],
)
def test_a_place_that_cannot_be_written_is_refused_before_the_work(
    tmp_path: Path,
    place: str,
    complaint: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_case(tmp_path, "x", System())
    worked: list[Path] = []
    monkeypatch.setattr("auto_repair.root_cause.rank.rank_folder", worked.append)
    assert main([str(tmp_path), "--out", str(tmp_path / place)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("cannot write --out ")
    assert complaint in said
    assert not worked


def test_a_place_without_permission_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_case(tmp_path, "x", System())
    monkeypatch.setattr("os.access", lambda *_: False)  # who is root may write anywhere
    assert main([str(tmp_path), "--out", str(tmp_path / "answers.json")]) == 2
    assert "no permission to write there" in capsys.readouterr().err


def test_a_disk_that_fills_up_meanwhile_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    write_case(tmp_path, "x", System())
    monkeypatch.setattr(Path, "write_text", full)
    assert main([str(tmp_path), "--out", str(tmp_path / "answers.json")]) == 2
    assert "No space left on device" in capsys.readouterr().err


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
PLACES = st.sampled_from(
    [
        *("case_id", "graph", "target", "target.node", "target.metric", "target.statistic"),
        *("target.timestamp", "normal", "normal.file", "normal.rows", "window", "window.timestamps"),
        *("window.columns", "window.values", "changes", "logs"),
    ]
)


@settings(max_examples=60, deadline=None)
@given(PLACES, JSON)
def test_any_json_in_any_field_is_answered_or_refused_by_name(place: str, value: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        status, answers = _ranked_case(Path(folder), lambda case: _put(case, *place.split("."), value=value))
    assert (status, len(answers)) in ((0, 1), (2, 0))
