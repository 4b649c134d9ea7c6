"""Converts a checkout of the PetShop data set (amazon-science/petshop-root-cause-analysis) into case files.

Usage: python -m scripts.convert_petshop CHECKOUT OUT [--quiet 5]

CHECKOUT holds `dataset/SCENARIO/` with `graph.csv`, `noissue`, `train` and `test`, as published upstream.
OUT receives what `python -m auto_repair.root_cause.rank` and the benchmark's scorer read: `cases/`,
`scenarios/` and `truth.json`. `--quiet` cuts that many windows per scenario and metric out of the rows
without an issue. A scenario without a `noissue` folder borrows another's reference, marked `substitute`.
The data is CC-BY-4.0 and stays out of this repository.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

QUIET_ROWS = 5
QUIET_FROM = 0.6  # quiet windows come from the last part of the reference, which precedes them
ALARM_AFTER_S = 120  # into the second row of a quiet window
METRICS = ("latency", "availability")


class UnexpectedLayout(ValueError):
    """The checkout is not laid out as this converter expects."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Convert; exit status 2 when the checkout cannot be read."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkout", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--quiet", type=int, default=5, help="quiet windows per scenario and metric")
    options = parser.parse_args(arguments)
    try:
        count = convert(options.checkout / "dataset", options.out, options.quiet)
    except (UnexpectedLayout, OSError, KeyError, ValueError) as error:
        print(f"cannot convert {options.checkout}: {error}", file=sys.stderr)
        return 2
    print(f"{count} cases in {options.out}")
    return 0


def convert(dataset: Path, out: Path, quiet: int) -> int:
    """Write all cases of all scenarios; returns their number."""
    scenarios = sorted(path.parent for path in dataset.glob("*/graph.csv"))
    if not scenarios:
        raise UnexpectedLayout(f"{dataset} holds no SCENARIO/graph.csv")
    references = {
        s.name: read_metrics(s / "noissue" / "metrics.csv") for s in scenarios if (s / "noissue").is_dir()
    }
    if not references:
        raise UnexpectedLayout("no scenario has a noissue folder")
    (out / "cases").mkdir(parents=True, exist_ok=True)
    (out / "scenarios").mkdir(exist_ok=True)
    truth: dict[str, Any] = {}
    for name, table in references.items():
        _write_gzip(out / "scenarios" / f"{name}.normal.json.gz", table)
    for scenario in scenarios:
        _write(out / "scenarios" / f"{scenario.name}.graph.json", read_graph(scenario / "graph.csv"))
        own = scenario.name in references
        reference = scenario.name if own else min(references)
        rows = len(references[reference]["timestamps"])
        for folder in sorted(scenario.glob("t*/issue_*")):
            _convert_issue(folder, scenario.name, (reference, rows), out, truth)
        if own and quiet:
            _cut_quiet(scenario.name, references[reference], quiet, out, truth)
    _write(out / "truth.json", truth)
    return len(truth)


def read_graph(path: Path) -> dict[str, Any]:
    """An adjacency matrix, callers down and callees across, as nodes and edges."""
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    callees = header[1:]
    edges = [
        [row[0], callee]
        for row in rows
        for callee, cell in zip(callees, row[1:], strict=True)
        if float(cell or 0)
    ]
    return {"nodes": callees, "edges": edges, "edge_meaning": "caller -> callee"}


def read_metrics(path: Path) -> dict[str, Any]:
    """Three header rows (node, metric, statistic), a row naming the index, then one row per period."""
    with path.open(newline="", encoding="utf-8") as file:
        lines = list(csv.reader(file))
    if len(lines) < 4 or [line[0] for line in lines[:3]] != ["microservice", "metric", "statistic"]:
        raise UnexpectedLayout(f"{path} does not begin with microservice, metric and statistic")
    columns = [list(name) for name in zip(*(line[1:] for line in lines[:3]), strict=True)]
    rows = [line for line in lines[4:] if line]
    return {
        "timestamps": [int(float(row[0])) for row in rows],
        "columns": columns,
        "values": [[float(row[i]) if row[i] else None for row in rows] for i in range(1, len(columns) + 1)],
    }


def _convert_issue(
    folder: Path, scenario: str, reference: tuple[str, int], out: Path, truth: dict[str, Any]
) -> None:
    told = json.loads((folder / "target.json").read_text(encoding="utf-8"))
    target, cause = told["target"], told["root_cause"]
    known = {
        "kind": "issue",
        "node": cause["node"],
        "root_metric": cause.get("metric"),
        "split": folder.parent.name,
        "injection": told.get("metadata", {}).get("reproducibility", {}).get("command"),
    }
    alarm = {
        "node": target["node"],
        "metric": target["metric"],
        "statistic": target["agg"],
        "timestamp": int(target["timestamp"]),
    }
    upstream = f"{scenario}/{folder.parent.name}/{folder.name}"
    _add_case(
        out,
        truth,
        upstream,
        scenario,
        alarm,
        (reference[0], 0, reference[1]),
        read_metrics(folder / "metrics.csv"),
        known,
    )


def _cut_quiet(scenario: str, table: dict[str, Any], wanted: int, out: Path, truth: dict[str, Any]) -> None:
    rows = len(table["timestamps"])
    first, last = int(QUIET_FROM * rows), rows - QUIET_ROWS
    known = {"kind": "no_issue", "node": None, "root_metric": None, "split": None, "injection": None}
    for k in range(wanted):
        start = first + (last - first) * k // max(1, wanted - 1)
        end = start + QUIET_ROWS
        window = {
            "timestamps": table["timestamps"][start:end],
            "columns": table["columns"],
            "values": [values[start:end] for values in table["values"]],
        }
        for metric in METRICS:
            front = _front(table["columns"], metric)
            alarm = {
                "node": front,
                "metric": metric,
                "statistic": "Average",
                "timestamp": window["timestamps"][1] + ALARM_AFTER_S,
            }
            upstream = f"{scenario}/noissue rows {start}-{end - 1}"
            _add_case(out, truth, upstream, scenario, alarm, (scenario, 0, start), window, known)


def _front(columns: Sequence[Sequence[str]], metric: str) -> str:
    """The data set's alarms all fire at its web site, the only node whose name is a plain `PetSite`."""
    for node, name, statistic in columns:
        if (node, name, statistic) == ("PetSite", metric, "Average"):
            return node
    raise UnexpectedLayout(f"no column PetSite {metric} Average")


def _add_case(
    out: Path,
    truth: dict[str, Any],
    upstream: str,
    scenario: str,
    alarm: dict[str, Any],
    reference: tuple[str, int, int],
    window: dict[str, Any],
    known: dict[str, Any],
) -> None:
    name, first, last = reference
    digest = hashlib.sha256(f"{upstream} {alarm['metric']}".encode()).hexdigest()[:10]
    case_id, substitute = f"ps-{digest}", name != scenario
    case = {
        "case_id": case_id,
        "scenario": scenario,
        "target": alarm,
        "graph": f"scenarios/{scenario}.graph.json",
        "normal": {
            "file": f"scenarios/{name}.normal.json.gz",
            "rows": [first, last],
            "substitute": substitute,
        },
        "window": window,
    }
    _write(out / "cases" / f"{case_id}.json", case)
    truth[case_id] = {
        **known,
        "metric": alarm["metric"],
        "scenario": scenario,
        "substitute_normal": substitute,
        "upstream": upstream,
    }


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")


def _write_gzip(path: Path, content: object) -> None:
    # mtime=0: the same input gives the same bytes.
    path.write_bytes(gzip.compress(json.dumps(content, separators=(",", ":")).encode(), mtime=0))


if __name__ == "__main__":
    sys.exit(main())
