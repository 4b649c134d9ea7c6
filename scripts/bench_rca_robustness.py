"""The engine under many seeds of many variants, and on systems that nobody recorded."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from auto_repair.root_cause import Investigation, Outcome, investigate
from scripts.bench_rca_cases import Case, hit, load, table
from scripts.bench_rca_synthetic import KINDS, incidents
from scripts.bench_rca_variants import FIXED, RANDOM, Draw, Variant

Known = tuple[Investigation, str | None]  # with the culprit, None when nothing is wrong


def print_robustness(folders: Mapping[str, Path], draws: int) -> None:
    """Mean and worst seed per variant; variants without chance are run once."""
    for dataset in ("petshop", "nezha"):
        cases = load(folders[dataset], dataset)
        rows = [
            (name, *_summary([_drawn(cases, variant, name, seed) for seed in range(1, seeds + 1)]))
            for variants, seeds in ((FIXED, 1), (RANDOM, draws))
            for name, variant in variants.items()
        ]
        print(f"## Robustness: {dataset}, mean (worst seed)\n")
        table(HEADER, rows)
    rows = [
        (kind + told, *_summary([_synthetic(kind, seed, late, calm) for seed in range(1, draws + 1)]))
        for told, late, calm in WRONG_TIMES
        for kind in KINDS
    ]
    print("## Robustness: systems nobody recorded, mean (worst seed)\n")
    table(HEADER, rows)


# What is said of the alarm's time, by how many periods it is late, and how many periods of calm follow.
WRONG_TIMES = (("", 0, 0), (", alarm 2 periods late", 2, 0), (", alarm when it was over", 99, 2))
HEADER = ("variant", "seeds", "issues", "top-1", "top-3", "quiet", "specificity")


def _drawn(cases: Sequence[Case], variant: Variant, name: str, seed: int) -> Iterator[Known]:
    for case in cases:
        rng = random.Random(f"{seed} {name} {case.case_id}")
        yield variant(Draw(case.investigation, case.node, rng)), case.node


def _synthetic(kind: str, seed: int, late: int, calm: int) -> Iterator[Known]:
    return (
        (incident.investigation, incident.culprit) for incident in incidents(kind, seed, late=late, calm=calm)
    )


def _summary(runs: Sequence[Iterator[Known]]) -> tuple[object, ...]:
    """Seeds, issues per seed, top-1, top-3, quiet windows per seed, specificity."""
    first, third, silent = [], [], []
    for run in runs:
        judged = [(investigate(investigation), culprit) for investigation, culprit in run]
        issues = [(verdict, culprit) for verdict, culprit in judged if culprit]
        first.append([hit(*issue) for issue in issues])
        third.append([hit(*issue, among=3) for issue in issues])
        silent.append([float(v.outcome is Outcome.NO_INCIDENT) for v, culprit in judged if not culprit])
    return (
        len(runs),
        _per_run(first, len),
        _worst(first),
        _worst(third),
        _per_run(silent, len),
        _worst(silent),
    )


def _per_run(runs: Sequence[Sequence[float]], of: Callable[[Sequence[float]], int]) -> str:
    return "–".join(map(str, sorted({min(map(of, runs)), max(map(of, runs))})))


def _worst(runs: Sequence[Sequence[float]]) -> str:
    shares = [sum(run) / len(run) for run in runs if run]
    if not shares:
        return "–"
    average = f"{sum(shares) / len(shares):.3f}"
    return f"{average} ({min(shares):.3f})" if len(shares) > 1 else average
