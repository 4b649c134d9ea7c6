"""Ranks the causes of every case of a folder that holds `cases/` and writes one answer file."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from auto_repair.root_cause.case_format import case_files, read_case, seconds_outside
from auto_repair.root_cause.engine import investigate
from auto_repair.root_cause.model import InvalidInvestigation, Investigation, Outcome, Verdict


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
        "reasons": [*verdict.reasons, *_doubts(investigation)],
    }


def _doubts(investigation: Investigation) -> tuple[str, ...]:
    off = seconds_outside(investigation)
    side = "after" if off > 0 else "before"
    return (
        (f"the alarm lies {abs(off):.0f} s {side} the window: the rows around it are missing",) if off else ()
    )


def _unwritable(out: Path) -> str | None:
    """Why the answers could not be written, asked before the work."""
    if out.is_dir():
        return "it is a folder, name a file in it"
    if not out.parent.is_dir():
        return f"there is no folder {out.parent}, create it first"
    if not os.access(out if out.exists() else out.parent, os.W_OK):
        return "no permission to write there, choose another place"
    return None


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; exit status 2 when the folder or a case cannot be read, or the answers not be written.

    A case that cannot be read does not keep the others from being answered.
    """
    parser = argparse.ArgumentParser(prog="python -m auto_repair.root_cause.rank", description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder that holds cases/")
    parser.add_argument("--out", type=Path, required=True, help="file to write the answers to")
    options = parser.parse_args(arguments)
    if obstacle := _unwritable(options.out):
        return _give_up(f"cannot write --out {options.out}: {obstacle}")
    try:
        answers, refused = rank_folder(options.folder)
    except InvalidInvestigation as error:
        return _give_up(f"cannot rank {options.folder}: {error}")
    try:
        options.out.write_text(json.dumps(answers, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        return _give_up(f"cannot write --out {options.out}: {error}")
    for reason in refused:
        print(f"refused: {reason}", file=sys.stderr)
    return 2 if refused else 0


def _give_up(reason: str) -> int:
    print(reason, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
