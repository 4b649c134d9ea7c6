"""Ranks the causes of every case of a folder that holds `cases/` and writes one answer file."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from auto_repair.root_cause.case_format import case_files, read_case
from auto_repair.root_cause.engine import investigate
from auto_repair.root_cause.model import InvalidInvestigation, Outcome, Verdict


def answer(verdict: Verdict) -> list[dict[str, Any]]:
    """A verdict as the benchmark's ranked list; empty for "no incident"."""
    if verdict.outcome is Outcome.NO_INCIDENT:
        return []
    return [
        {
            "node": h.node,
            "metric": h.metric,
            "score": h.score,
            "confidence": round(h.confidence, 4),
            "kind": h.kind,
        }
        for h in verdict.hypotheses
    ]


def rank_folder(folder: Path) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Answers by case id, and why the cases without one were refused.

    `seconds` is the engine's time, reading the files apart. Raises InvalidInvestigation without any case.
    """
    answers: dict[str, dict[str, Any]] = {}
    refused = []
    for path in case_files(folder):
        try:
            case_id, ranked = _rank_case(folder, path)
        except InvalidInvestigation as error:
            refused.append(str(error))
            continue
        if case_id in answers:
            refused.append(f"{path.name} repeats the case id {case_id}")
            continue
        answers[case_id] = ranked
    return answers, refused


def _rank_case(folder: Path, path: Path) -> tuple[str, dict[str, Any]]:
    case_id, investigation = read_case(folder, path)
    begun = time.perf_counter()
    try:
        verdict = investigate(investigation)
    except (ValueError, ArithmeticError) as error:
        raise InvalidInvestigation(f"{path.name} cannot be investigated: {error}") from error
    seconds = time.perf_counter() - begun
    return case_id, {
        "ranked": answer(verdict),
        "seconds": round(seconds, 5),
        "outcome": verdict.outcome,
        "probability": round(verdict.probability, 4),
        "reasons": list(verdict.reasons),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; exit status 2 when the folder or a case cannot be read. The other cases are answered."""
    parser = argparse.ArgumentParser(prog="python -m auto_repair.root_cause.rank", description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder that holds cases/")
    parser.add_argument("--out", type=Path, required=True, help="file to write the answers to")
    options = parser.parse_args(arguments)
    try:
        answers, refused = rank_folder(options.folder)
    except InvalidInvestigation as error:
        print(f"cannot rank {options.folder}: {error}", file=sys.stderr)
        return 2
    options.out.write_text(json.dumps(answers, indent=1) + "\n", encoding="utf-8")
    for reason in refused:
        print(f"refused: {reason}", file=sys.stderr)
    return 2 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
