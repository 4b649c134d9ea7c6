"""`python -m auto_repair.root_cause.rank`: the case format in, one answer file out."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

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
