"""Recorded cases with their truth, how a verdict is judged, and how tables are printed."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "layers" / "shared" / "python"))

from auto_repair.root_cause import Investigation, Outcome, Verdict
from auto_repair.root_cause.case_format import read_cases


@dataclasses.dataclass(frozen=True)
class Case:
    """One case with its truth; `node` is None when nothing is wrong."""

    dataset: str
    scenario: str
    case_id: str
    node: str | None
    group: str  # cases of one fault belong together when folds are made
    investigation: Investigation


def load(folder: Path, dataset: str) -> list[Case]:
    """A folder's cases with their truth; used for judging, never by the engine."""
    truth = json.loads((folder / "truth.json").read_text())
    cases = []
    for case_id, investigation in read_cases(folder):
        known = truth[case_id]
        group = f"{known['injection']} {known['node']}" if known["node"] else f"quiet {known['scenario']}"
        cases.append(Case(dataset, known["scenario"], case_id, known["node"], group, investigation))
    return cases


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A Markdown table."""
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    print(flush=True)


def hit(verdict: Verdict, node: str | None, among: int = 1) -> float:
    """Expected top-k over ties; a verdict of no incident names nobody."""
    if verdict.outcome is Outcome.NO_INCIDENT:
        return 0.0
    scores = {h.node: h.score for h in verdict.hypotheses}
    if node not in scores:
        return 0.0
    above = sum(score > scores[node] for score in scores.values())
    tied = sum(score == scores[node] for score in scores.values())
    return min(1.0, max(0.0, (among - above) / tied))
