"""The converter turns the upstream layout into cases the ranking command can read."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from auto_repair.root_cause import Investigation, Role
from auto_repair.root_cause.rank import rank_folder
from scripts.convert_petshop import main
from tests.unit.root_cause.service_graph import EDGES, NODES, System

ROLES = (Role.LATENCY, Role.REQUESTS, Role.AVAILABILITY)


def upstream_name(node: str) -> str:
    return "PetSite" if node == "shop" else node


def write_metrics(path: Path, investigation: Investigation, part: str) -> None:
    frame = investigation.reference if part == "reference" else investigation.window
    columns = [c for c in frame.columns if c.role in ROLES]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["microservice", *(upstream_name(c.node) for c in columns)])
        out.writerow(["metric", *(c.metric for c in columns)])
        out.writerow(["statistic", *(c.statistic for c in columns)])
        out.writerow(["unix_timestamp", *("" for _ in columns)])
        for i, at in enumerate(frame.timestamps):
            out.writerow([at, *("" if frame.columns[c][i] is None else frame.columns[c][i] for c in columns)])


def write_graph(path: Path, nodes: Sequence[str]) -> None:
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["", *map(upstream_name, nodes)])
        for caller in nodes:
            out.writerow([upstream_name(caller), *(float((caller, callee) in EDGES) for callee in nodes)])


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    faulty = System(slow={"table": 0.2}).investigation()
    for scenario in ("low", "temporal"):
        folder = tmp_path / "upstream" / "dataset" / scenario
        issue = folder / "train" / "issue_0"
        write_metrics(issue / "metrics.csv", faulty, "window")
        write_graph(folder / "graph.csv", NODES)
        target = {"node": "PetSite", "metric": "latency", "agg": "Average", "timestamp": faulty.alarm.at}
        told = {"target": target, "root_cause": {"node": "table", "metric": None}}
        (issue / "target.json").write_text(json.dumps(told))
    write_metrics(tmp_path / "upstream" / "dataset" / "low" / "noissue" / "metrics.csv", faulty, "reference")
    return tmp_path / "upstream"


def test_converted_cases_are_ranked(checkout: Path, tmp_path: Path) -> None:
    out = tmp_path / "cases_of_petshop"
    assert main([str(checkout), str(out), "--quiet", "3"]) == 0
    truth = json.loads((out / "truth.json").read_text())
    assert sorted(known["kind"] for known in truth.values()) == ["issue"] * 2 + ["no_issue"] * 6
    answers, refused = rank_folder(out)
    assert not refused
    for case_id, known in truth.items():
        ranked = answers[case_id]["ranked"]
        assert (ranked[0]["node"] if ranked else None) == known["node"]


def test_a_scenario_without_its_own_reference_borrows_one_and_says_so(checkout: Path, tmp_path: Path) -> None:
    out = tmp_path / "cases_of_petshop"
    main([str(checkout), str(out)])
    truth = json.loads((out / "truth.json").read_text())
    borrowed = {known["upstream"]: known["substitute_normal"] for known in truth.values() if known["node"]}
    assert borrowed == {"low/train/issue_0": False, "temporal/train/issue_0": True}


def test_another_layout_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), str(tmp_path / "out")]) == 2
    assert "graph.csv" in capsys.readouterr().err
