"""Measures the built-in runbook search on tests/runbook_questions.json.

Usage: python -m scripts.bench_runbooks

Prints, for the questions the runbooks' keywords were chosen with and for those held out: how often a right
runbook comes first, how often it is among the first three, and how often a question that no runbook answers
gets one nevertheless. What went wrong is listed below.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "layers" / "shared" / "python"))

from auto_repair.adapters.runbook_search import RunbooksOfLayer

ROOT = Path(__file__).resolve().parent.parent
QUESTIONS = ROOT / "tests" / "runbook_questions.json"


@dataclass(frozen=True)
class Outcome:
    """One question, the runbooks that answer it (none: nothing does) and those that were found."""

    question: str
    wanted: tuple[str, ...]
    found: tuple[str, ...]
    held_out: bool

    @property
    def is_first(self) -> bool:
        return self.found[:1] != () and self.found[0] in self.wanted

    @property
    def is_among(self) -> bool:
        return any(name in self.wanted for name in self.found[:3])


@dataclass(frozen=True)
class Rates:
    """Shares, 0..1."""

    first: float
    among: float
    false: float


def outcomes(search: RunbooksOfLayer) -> list[Outcome]:
    """Every question, asked."""
    rows = json.loads(QUESTIONS.read_text("utf-8"))
    return [
        Outcome(
            row["question"],
            tuple(row["runbooks"]),
            tuple(extract.runbook for extract in search.search(row["question"])),
            row.get("held_out", False),
        )
        for row in rows
    ]


def rates(asked: Sequence[Outcome]) -> Rates:
    """What the outcomes come to."""
    answered = [outcome for outcome in asked if outcome.wanted]
    strange = [outcome for outcome in asked if not outcome.wanted]
    return Rates(
        sum(o.is_first for o in answered) / len(answered),
        sum(o.is_among for o in answered) / len(answered),
        sum(bool(o.found) for o in strange) / len(strange),
    )


def main() -> int:
    search = RunbooksOfLayer(ROOT / "knowledge")
    began = time.perf_counter()
    search.search("memory")
    indexed = time.perf_counter()
    asked = outcomes(search)
    each_ms = (time.perf_counter() - indexed) / len(asked) * 1000
    print("| Questions | with an answer | right first | right in three | without an answer | false hits |")
    print("|---|---|---|---|---|---|")
    print(_row("known", [o for o in asked if not o.held_out]))
    print(_row("held out", [o for o in asked if o.held_out]))
    print(_row("all", asked))
    print(f"\nIndex {(indexed - began) * 1000:.0f} ms once, {each_ms:.1f} ms a question.\n")
    for outcome in (o for o in asked if not o.is_first and (o.wanted or o.found)):
        print(f"- {outcome.question}: {', '.join(outcome.found) or 'nothing'}, not {_wanted(outcome)}")
    return 0


def _row(label: str, asked: Sequence[Outcome]) -> str:
    of, answered = rates(asked), sum(bool(o.wanted) for o in asked)
    strange = len(asked) - answered
    return f"| {label} | {answered} | {of.first:.2f} | {of.among:.2f} | {strange} | {of.false:.2f} |"


def _wanted(outcome: Outcome) -> str:
    return " or ".join(outcome.wanted) or "any"


if __name__ == "__main__":
    sys.exit(main())
