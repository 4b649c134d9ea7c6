"""Measures the root-cause engine on a benchmark folder's public incidents, with that folder's own scorers.

Usage: python -m scripts.bench_rca DATA [--only SECTION …] [--seeds 1 2]

DATA holds `public/` and `harness/`. Sections: `score` (both sets and PetShop's stress variants), `same`
(change of units, renaming, late alarms), `quiet` (stretches of the references without an incident),
`calibration` (cross-validated), `robustness` (many seeds of more variants, systems nobody recorded; slow),
`sensitivity` (every constant 30 % smaller and larger; slow), `scaling`.
Figures are printed as Markdown tables; docs/root-cause-benchmarks.md holds a run of them.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import itertools
import json
import math
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "layers" / "shared" / "python"))

from auto_repair.root_cause import (
    Alarm,
    Column,
    Frame,
    Graph,
    Investigation,
    Outcome,
    Role,
    Verdict,
    investigate,
)
from auto_repair.root_cause import calibration as shipped
from auto_repair.root_cause.periods import period_of, split
from auto_repair.root_cause.rank import rank_folder
from scripts.bench_rca_cases import Case, hit, load, table
from scripts.bench_rca_robustness import print_robustness

VARIANTS = ("early", "no_pre", "edges20", "null30", "noreq", "noedges", "ref48", "extra20", "anon")
SECTIONS = ("score", "same", "quiet", "calibration", "robustness", "sensitivity", "scaling")
SLOW = ("robustness", "sensitivity")
QUIET_PER_SCENARIO = 30
FOLDS = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen sections."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=[s for s in SECTIONS if s not in SLOW])
    parser.add_argument("--seeds", nargs="+", default=["1"], help="seeds of the stress variants")
    parser.add_argument("--draws", type=int, default=10, help="seeds per variant of the robustness section")
    options = parser.parse_args(arguments)
    if not (options.data / "public").is_dir() or not (options.data / "harness").is_dir():
        print(f"{options.data} holds no public/ and harness/", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as scratch:
        folders = _folders(options.data, Path(scratch), options.seeds)
        sections: dict[str, Callable[[], None]] = {
            "score": lambda: print_scores(options.data, folders, Path(scratch)),
            "same": lambda: print_invariance(folders),
            "quiet": lambda: print_quiet(folders),
            "calibration": lambda: print_calibration(folders),
            "robustness": lambda: print_robustness(folders, options.draws),
            "sensitivity": lambda: print_sensitivity(folders),
            "scaling": print_scaling,
        }
        for name in options.only:
            sections[name]()
    return 0


def _folders(data: Path, scratch: Path, seeds: Sequence[str]) -> dict[str, Path]:
    """Both sets and every stress variant, built once."""
    public = data / "public"
    found = {"petshop": public / "petshop", "nezha": public / "nezha"}
    for seed in seeds:
        for variant in VARIANTS:
            name = variant if len(seeds) == 1 else f"{variant}-{seed}"
            found[name] = scratch / name
            script = [str(data / "harness" / "stress.py"), str(found["petshop"]), str(found[name]), variant]
            _python([*script, "--seed", seed])
    return found


def _python(command: Sequence[str]) -> None:
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)


# -- score --------------------------------------------------------------------------------------------------


def print_scores(data: Path, folders: Mapping[str, Path], scratch: Path) -> None:
    """Answer files by the command's own code, judged by the folder's own scorer."""
    rows = []
    for name, folder in folders.items():
        answers, result = scratch / f"{name}.pred.json", scratch / f"{name}.score.json"
        ranked, refused = rank_folder(folder)
        for reason in refused:
            print(f"refused: {reason}", file=sys.stderr)
        answers.write_text(json.dumps(ranked))
        scorer = str(data / "harness" / "score_petshop.py")
        _python([scorer, str(folder), str(answers), "--json", str(result)])
        (scored,) = json.loads(result.read_text()).values()
        cells = scored["cells"]
        issues, quiet = cells["ALL issues"], cells.get("ALL no-issue", {})
        rows.append(
            (
                name,
                issues["n"],
                f"{issues['top1']:.3f}",
                f"{issues['top3']:.3f}",
                f"{issues['empty']:.2f}",
                f"{quiet['specificity']:.2f}" if quiet else "–",
                f"{scored['seconds_per_case']:.3f}",
            )
        )
    print("## Scores\n")
    table(("set", "issues", "top-1", "top-3", "empty", "specificity", "s / case"), rows)


# -- same ---------------------------------------------------------------------------------------------------


def print_invariance(folders: Mapping[str, Path]) -> None:
    """How many answers stay the same under changes that should not matter, and how late alarms fare."""
    rows = []
    for dataset in ("petshop", "nezha"):
        cases = load(folders[dataset], dataset)
        plain = [investigate(case.investigation) for case in cases]
        for name, change in CHANGES.items():
            same = [
                _answer(investigate(change(case.investigation)), name) == _answer(verdict, "")
                for case, verdict in zip(cases, plain, strict=True)
            ]
            rows.append((dataset, name, f"{sum(same)} of {len(same)} answers the same"))
        for late in (1, 2):
            hits = [hit(investigate(_later(c.investigation, late)), c.node) for c in cases if c.node]
            rows.append((dataset, f"alarm {late} period(s) late", f"top-1 {sum(hits) / len(hits):.3f}"))
    print("## What should not matter\n")
    table(("set", "change", "result"), rows)


def _answer(verdict: Verdict, change: str) -> tuple[object, ...]:
    back = _unnamed if change == "renamed" else str
    return (verdict.outcome, *(back(h.node) for h in verdict.hypotheses[:5]))


def _scaled(factors: Mapping[Role, float]) -> Callable[[Investigation], Investigation]:
    def frame(old: Frame) -> Frame:
        columns = {}
        for column, values in old.columns.items():
            factor = factors.get(column.role, 1.0)
            columns[column] = tuple(None if v is None else v * factor for v in values)
        return dataclasses.replace(old, columns=columns)

    return lambda old: dataclasses.replace(old, reference=frame(old.reference), window=frame(old.window))


def _named(node: str) -> str:
    return node[::-1] + "#"


def _unnamed(node: str) -> str:
    return node[:-1][::-1]


def _renamed(old: Investigation) -> Investigation:
    def frame(table: Frame) -> Frame:
        return dataclasses.replace(
            table,
            columns={
                dataclasses.replace(c, node=_named(c.node), callee=_named(c.callee) if c.callee else None): v
                for c, v in table.columns.items()
            },
        )

    graph = Graph.of(map(_named, old.graph.nodes), ((_named(a), _named(b)) for a, b in old.graph.edges))
    alarm = dataclasses.replace(old.alarm, node=_named(old.alarm.node))
    return Investigation(alarm, frame(old.reference), frame(old.window), graph)


_TIMES = (Role.LATENCY, Role.CALLER_LATENCY, Role.CALLEE_LATENCY)
CHANGES: dict[str, Callable[[Investigation], Investigation]] = {
    "seconds to milliseconds": _scaled(dict.fromkeys(_TIMES, 1000.0)),
    "percent to fraction": _scaled({Role.AVAILABILITY: 0.01}),
    "calls per period to per second": _scaled({Role.REQUESTS: 1 / 300}),
    "renamed": _renamed,
}


def _later(old: Investigation, periods: int) -> Investigation:
    at = old.alarm.at + periods * period_of(old.reference.timestamps)
    at = min(at, old.window.timestamps[-1])
    return dataclasses.replace(old, alarm=dataclasses.replace(old.alarm, at=at))


# -- quiet --------------------------------------------------------------------------------------------------


def quiet_cases(cases: Sequence[Case], per_scenario: int, seed: int = 1) -> Iterator[Case]:
    """Stretches cut out of the references, where nobody injected anything, with the rest as reference."""
    first: dict[str, Case] = {}
    for case in cases:
        if not case.scenario.startswith("temporal"):  # those only borrow another scenario's reference
            first.setdefault(case.scenario, case)
    for scenario, case in first.items():
        rng = random.Random(seed)
        old = case.investigation
        times, width = old.reference.timestamps, len(old.window.timestamps)
        period = period_of(times)
        lead = width - len(split(old.window.timestamps, period, old.alarm.at).after)
        made = 0
        while made < per_scenario:
            start = rng.randrange(20, len(times) - width - 6)
            span = times[start : start + width]
            if span[-1] - span[0] != (width - 1) * period:
                continue
            role = (
                rng.choice([Role.LATENCY, Role.AVAILABILITY]) if case.dataset == "petshop" else Role.LATENCY
            )
            alarm = Alarm(old.alarm.node, role, span[lead] + 0.1 * period)
            quiet = _cut_out(old, alarm, start, start + width)
            yield Case(case.dataset, scenario, f"quiet-{start}", None, f"quiet {scenario}", quiet)
            made += 1


def _cut_out(old: Investigation, alarm: Alarm, start: int, end: int) -> Investigation:
    times, columns = old.reference.timestamps, old.reference.columns
    margin = 2
    left, right = start - margin, end + margin
    return Investigation(
        alarm,
        Frame(times[:left] + times[right:], {c: v[:left] + v[right:] for c, v in columns.items()}),
        Frame(times[start:end], {c: v[start:end] for c, v in columns.items()}),
        old.graph,
    )


def print_quiet(folders: Mapping[str, Path]) -> None:
    """Specificity beyond the set's own twenty cases."""
    rows = []
    for dataset in ("petshop", "nezha"):
        verdicts = [
            investigate(case.investigation)
            for case in quiet_cases(load(folders[dataset], dataset), QUIET_PER_SCENARIO)
        ]
        silent = sum(verdict.outcome is Outcome.NO_INCIDENT for verdict in verdicts)
        rows.append((dataset, len(verdicts), f"{silent / len(verdicts):.3f}"))
    print("## Quiet stretches of the references\n")
    table(("set", "windows", "specificity"), rows)


# -- calibration --------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Judged:
    """What calibration sees of one verdict."""

    case: Case
    scores: tuple[float, ...]
    right: tuple[bool, ...]
    observed: float  # score of the best candidate by what was observed, at most the cap
    alarm_sigmas: float

    @property
    def features(self) -> tuple[float, float, float]:
        return 1.0, self.observed, min(self.alarm_sigmas, shipped.SIGMA_CAP)


def _judge(case: Case) -> Judged:
    verdict = investigate(case.investigation)
    scores = tuple(h.score for h in verdict.hypotheses)
    # The probability is a logistic of the observed score and of sigmas, so it gives the sigmas back.
    logit = math.log(verdict.probability / (1 - verdict.probability)) if 0 < verdict.probability < 1 else 0.0
    observed = [sum(e.strength for e in h.evidence_for if e.sigmas is not None) for h in verdict.hypotheses]
    best = min(max(observed, default=0.0), shipped.SCORE_CAP)
    sigmas = (logit - shipped.INTERCEPT - shipped.PER_SCORE * best) / shipped.PER_SIGMA
    right = tuple(h.node == case.node for h in verdict.hypotheses)
    return Judged(case, scores, right, best, max(0.0, sigmas))


def fit_incident(
    cases: Sequence[Judged], ridge: float = 0.02, rounds: int = 3000, rate: float = 0.3
) -> list[float]:
    """Logistic regression by gradient descent: intercept, per score, per sigma."""
    weights = [0.0, 0.0, 0.0]
    data = [(case.features, case.case.node is not None) for case in cases]
    for _ in range(rounds):
        slope = [0.0, 0.0, 0.0]
        for features, incident in data:
            off = _logistic(weights, features) - incident
            for i, value in enumerate(features):
                slope[i] += off * value
        weights = [
            w - rate * (s / len(data) + ridge * w * (i > 0))
            for i, (w, s) in enumerate(zip(weights, slope, strict=True))
        ]
    return weights


def _logistic(weights: Sequence[float], features: Sequence[float]) -> float:
    return 1 / (1 + math.exp(-sum(w * f for w, f in zip(weights, features, strict=True))))


def print_calibration(folders: Mapping[str, Path]) -> None:
    """Expected calibration error, with the constants refitted without the fold that is judged."""
    cases = [
        case
        for name in folders
        for case in load(folders[name], name)
        if not name.startswith(("anon", "extra", "ref"))
    ]
    for dataset in ("petshop", "nezha"):
        cases += [
            dataclasses.replace(case, dataset=f"quiet {dataset}")
            for case in quiet_cases(load(folders[dataset], dataset), QUIET_PER_SCENARIO)
        ]
    judged = [_judge(case) for case in cases]
    groups = sorted({j.case.group for j in judged})
    random.Random(3).shuffle(groups)
    fold = {group: i % FOLDS for i, group in enumerate(groups)}
    held_out: dict[str, list[tuple[float, bool]]] = {}
    three: dict[str, list[tuple[float, bool]]] = {}
    for k in range(FOLDS):
        weights = fit_incident([j for j in judged if fold[j.case.group] != k])
        for one in (j for j in judged if fold[j.case.group] == k and j.scores):
            sure = shipped.confidences(one.scores, _logistic(weights, one.features))
            held_out.setdefault(one.case.dataset, []).append((sure[0], one.right[0]))
            three.setdefault(one.case.dataset, []).extend(list(zip(sure, one.right, strict=True))[:3])
    public = [name for name in ("petshop", "nezha") if name in held_out]
    rows = [_calibration_row(name, pairs, three[name]) for name, pairs in held_out.items()]
    rows.append(
        _calibration_row(
            "public half", [p for n in public for p in held_out[n]], [p for n in public for p in three[n]]
        )
    )
    rows.append(
        _calibration_row(
            "all", [p for v in held_out.values() for p in v], [p for v in three.values() for p in v]
        )
    )
    print(f"## Calibration, {FOLDS}-fold, folds by fault\n")
    print("fitted on everything:", [round(w, 2) for w in fit_incident(judged)], "\n")
    table(("set", "answers", "stated", "right", "ECE best", "ECE best three"), rows)


def _calibration_row(
    name: str, pairs: Sequence[tuple[float, bool]], three: Sequence[tuple[float, bool]]
) -> tuple[object, ...]:
    stated, right = (sum(values) / len(pairs) for values in zip(*pairs, strict=True))
    errors = (shipped.calibration_error(pairs), shipped.calibration_error(three))
    return (name, len(pairs), f"{stated:.2f}", f"{right:.2f}", *(f"{error:.3f}" for error in errors))


# -- sensitivity --------------------------------------------------------------------------------------------

SENSITIVE_SETS = ("petshop", "nezha", "null30", "noedges")
CONSTANTS = {
    "baselines": ("MEMORYLESS", "PERSISTENCE", "RELATIVE_FLOOR"),
    "periods": ("FADING",),
    "onset": ("AS_HOT", "RISE"),
    "flow": ("NOISE", "CERTAIN", "CEILING", "GAP"),
    "graph": ("CARRIES",),
    "symptoms": ("PRIOR_CALLS", "BELOW_USUAL", "ESTIMATED"),
    "siblings": ("SAME_EXCESS", "SAME_CALLS"),
    "ranking": (
        "OTHER_SYMPTOM",
        "MESSENGER",
        "SHARE_POWER",
        "BY_COVERAGE",
        "IN_STEP",
        "FAR_END",
        "RISE",
        "SILENCE",
    ),
}


def print_sensitivity(folders: Mapping[str, Path]) -> None:
    """Top-1 with each constant 30 % smaller and larger: a plateau means that nothing was tuned."""
    names = [n for n in folders if n.startswith(SENSITIVE_SETS)]
    cases = {name: load(folders[name], name) for name in names}
    rows: list[tuple[object, ...]] = [("as shipped", "", *_accuracies(cases))]
    for module_name, constants in CONSTANTS.items():
        module = importlib.import_module(f"auto_repair.root_cause.{module_name}")
        for constant in constants:
            value = getattr(module, constant)
            for factor in (0.7, 1.3):
                setattr(module, constant, value * factor)
                rows.append(
                    (f"{module_name}.{constant}", f"{value:g} → {value * factor:g}", *_accuracies(cases))
                )
            setattr(module, constant, value)
    print("## Sensitivity: top-1 (and specificity for petshop)\n")
    table(("constant", "value", *names), rows)


def _accuracies(cases: Mapping[str, Sequence[Case]]) -> list[str]:
    cells = []
    for name, known in cases.items():
        verdicts: list[tuple[Case, Any]] = [(case, investigate(case.investigation)) for case in known]
        hits = [hit(verdict, case.node) for case, verdict in verdicts if case.node]
        quiet = [v.outcome is Outcome.NO_INCIDENT for case, v in verdicts if not case.node]
        cells.append(
            f"{sum(hits) / len(hits):.2f}"
            + (f" ({sum(quiet) / len(quiet):.2f})" if name == "petshop" else "")
        )
    return cells


# -- scaling ------------------------------------------------------------------------------------------------

METRICS = (
    ("requests", "Sum", Role.REQUESTS),
    ("availability", "Average", Role.AVAILABILITY),
    ("latency", "Average", Role.LATENCY),
    ("latency", "p90", Role.LATENCY),
    ("latency", "p99", Role.LATENCY),
    ("cpu", "Average", Role.SATURATION),
    ("memory", "Average", Role.SATURATION),
    ("throttles", "Sum", Role.SATURATION),
    ("connections", "Average", Role.SATURATION),
    ("bytes", "Sum", Role.OTHER),
)
WINDOW = 8


def random_system(
    nodes: int, points: int = 300, seed: int = 7, *, all_move: bool = False
) -> tuple[Investigation, str]:
    """A random call tree with shortcuts, ten metrics a node; one node turns slow, and with it its callers.

    With `all_move` every other node becomes slower too, by less and independently.
    """
    rng = random.Random(seed)
    names = [f"n{i}" for i in range(nodes)]
    parent = {i: (i - 1) // 3 for i in range(1, nodes)}
    edges = [(names[p], names[i]) for i, p in parent.items()]
    edges += [(rng.choice(names), rng.choice(names)) for _ in range(nodes // 5)]
    culprit = nodes // 2
    slow, at = {culprit}, culprit
    while at:
        at = parent[at]
        slow.add(at)
    columns: dict[Column, list[float]] = {}
    for i, name in enumerate(names):
        for metric, statistic, role in METRICS:
            level = rng.uniform(20, 100)
            values = [level * rng.lognormvariate(0, 0.05) for _ in range(points + WINDOW)]
            if role is Role.REQUESTS:
                values = [round(200 * rng.lognormvariate(0, 0.05)) for _ in values]
            elif role is Role.AVAILABILITY:
                values = [99.5 if rng.random() < 0.03 else 100.0 for _ in values]
            elif role is Role.LATENCY and i in slow:
                values[points + 4 :] = [v + 500 for v in values[points + 4 :]]
            elif role is Role.LATENCY and all_move:
                later = rng.uniform(20, 100)
                values[points + 4 :] = [v + later for v in values[points + 4 :]]
            columns[Column(name, metric, statistic, role)] = values
    times = [60.0 * i for i in range(points + WINDOW)]
    reference = Frame.of(times[:points], [(c, v[:points]) for c, v in columns.items()])
    window = Frame.of(times[points:], [(c, v[points:]) for c, v in columns.items()])
    alarm = Alarm(names[0], Role.LATENCY, times[points + 4] + 5)
    return Investigation(alarm, reference, window, Graph.of(names, edges)), names[culprit]


def print_scaling() -> None:
    """Processor and wall time over the size of the system, one fault in it or trouble everywhere."""
    rows = []
    for nodes, all_move in itertools.product((10, 30, 100, 300, 1000, 2000, 4000), (False, True)):
        investigation, culprit = random_system(nodes, all_move=all_move)
        wall, busy = time.perf_counter(), time.process_time()
        verdict = investigate(investigation)
        wall, busy = time.perf_counter() - wall, time.process_time() - busy
        place = [h.node for h in verdict.hypotheses].index(culprit) + 1
        rows.append(
            (
                nodes,
                nodes * len(METRICS) * 300,
                "all" if all_move else "a few",
                f"{busy:.3f}",
                f"{wall:.3f}",
                f"{1e6 * busy / nodes:.0f}",
                place,
            )
        )
    print("## Scaling: ten metrics a node, 300 points each\n")
    table(("nodes", "points", "moving", "processor s", "wall s", "µs / node", "place of the cause"), rows)


if __name__ == "__main__":
    sys.exit(main())
