"""Measures what the memory of incidents is worth, and what one wrong label can do to it.

Usage: python -m scripts.bench_memory [DATA] [--seeds 5]

Incidents are generated from the golden evidence of tests/scenarios: a fleet of functions, each with its own
habits and its own wording, and evidence that is incomplete. The failure modes diagnose each of them without
memory and with n labelled past incidents. With DATA (a folder that holds public/ and harness/), the same is
done with the root-cause engine's answers on PetShop, its stress variants and Nezha. Everything is drawn from
the seeds given. Figures are printed as Markdown tables; docs/incident-memory.md holds a run of them.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "layers" / "shared" / "python"))

from auto_repair.contracts.documents import decode
from auto_repair.domain.diagnosis import Diagnosis, Hypothesis
from auto_repair.domain.diagnosis import Verdict as DiagnosisVerdict
from auto_repair.domain.evidence import ChangeEvent, Evidence, MissingEvidence, Window
from auto_repair.domain.fingerprint import Fingerprint, fingerprint
from auto_repair.domain.ranking import diagnose
from auto_repair.domain.resources import Resource
from auto_repair.domain.similar_incidents import (
    Correction,
    PastIncident,
    recall,
    suggestions,
    with_memory,
)
from auto_repair.domain.surroundings import MetricRole, ResourceSeries, Scope, Surroundings, Symptom
from auto_repair.domain.topology import Edge, Topology
from auto_repair.failure_modes import all_failure_modes
from auto_repair.root_cause import Column, Frame, Investigation, investigate
from auto_repair.root_cause.around import PREFIX
from auto_repair.root_cause.case_format import read_cases
from scripts.bench_rca_cases import table

SCENARIOS = Path(__file__).resolve().parent.parent / "tests" / "scenarios"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
KNOWN = (0, 5, 10, 20, 50, 100, 200)  # labelled past incidents
TESTED = 60  # incidents for each seed
FUNCTIONS = 12
HABIT = 0.7  # share of a function's incidents that have one of its two usual causes
CORRECTED = 0.3  # share of incidents that people correct or confirm, in ordinary use
LOST = 0.3  # chance that a source of evidence could not be read
VARIANTS = ("edges20", "null30", "noedges")  # of PetShop, on which the engine is not always right


@dataclass(frozen=True)
class Case:
    """One incident: what it looked like, what we made of it without memory, and what it really was."""

    function: str
    seen: Fingerprint
    confidences: Mapping[str, float]
    cause: str
    at: datetime

    @property
    def diagnosed(self) -> str:
        """The likeliest cause without memory; empty when there is none."""
        return likeliest(self.confidences)


Label = Callable[[Case, Random], PastIncident]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--seeds", type=int, default=5, help="how many fleets are drawn")
    options = parser.parse_args(arguments)
    print_generated(range(options.seeds))
    if options.data:
        if not (options.data / "public").is_dir() or not (options.data / "harness").is_dir():
            print(f"{options.data} holds no public/ and harness/", file=sys.stderr)
            return 2
        print_recorded(options.data, range(options.seeds))
    return 0


# -- asking memory ------------------------------------------------------------------------------------------


def likeliest(confidences: Mapping[str, float]) -> str:
    """The first of the ranking; empty when there is nothing to rank."""
    return min(confidences, key=lambda cause: (-confidences[cause], cause), default="")


def remembering(case: Case, past: Iterable[PastIncident]) -> str:
    """The likeliest cause after memory was heard."""
    matches = recall(case.seen, past, NOW)
    return likeliest(with_memory(case.confidences, matches) | suggestions(case.confidences, matches))


def by_a_person(case: Case, _: Random) -> PastIncident:
    """Somebody wrote down what it was."""
    return _past(case, "OBSERVED", Correction(case.cause))


def in_ordinary_use(case: Case, rng: Random) -> PastIncident:
    """People say something now and then; else the repair proves a right diagnosis, and a wrong one stays."""
    if rng.random() < CORRECTED:
        wrong = (case.diagnosed,) if case.diagnosed not in ("", case.cause) else ()
        return _past(case, "OBSERVED", Correction(case.cause, wrong))
    return _past(case, "VERIFIED" if case.diagnosed == case.cause else "OBSERVED")


def _past(case: Case, status: str, correction: Correction | None = None) -> PastIncident:
    name = f"{case.function}-{case.at.timestamp():.0f}"
    return PastIncident(
        name, case.function, case.at, case.seen, case.diagnosed, status, correction=correction
    )


def poisoned(case: Case, past: Sequence[PastIncident], causes: Sequence[str], rng: Random) -> str:
    """The answer where the most similar past incident of all bears a wrong label, by a person."""
    matches = recall(case.seen, past, NOW)
    if not matches:
        return remembering(case, past)
    victim = matches[0].past
    wrong = rng.choice([cause for cause in causes if cause != case.cause])
    mislabelled = replace(victim, correction=Correction(wrong))
    return remembering(case, [mislabelled if one is victim else one for one in past])


@dataclass(frozen=True)
class Score:
    """Shares of all cases: right without memory, right with it, put right by it, spoiled by it."""

    without: float
    with_it: float
    mended: float
    spoiled: float

    @classmethod
    def of(cls, cases: Sequence[Case], answers: Sequence[str]) -> "Score":
        """The answers against the truth."""
        before = [case.diagnosed == case.cause for case in cases]
        after = [answer == case.cause for case, answer in zip(cases, answers, strict=True)]
        pairs = list(zip(before, after, strict=True))
        counts = (sum(before), sum(after), pairs.count((False, True)), pairs.count((True, False)))
        return cls(*(count / len(cases) for count in counts))

    @property
    def cells(self) -> tuple[str, ...]:
        """For a table."""
        return tuple(f"{share:.3f}" for share in (self.without, self.with_it, self.mended, self.spoiled))


HEADER = ("without", "with memory", "put right", "spoiled")


# -- generated incidents ------------------------------------------------------------------------------------


def print_generated(seeds: Iterable[int]) -> None:
    """What memory adds by the number of labelled incidents, and what a wrong label takes."""
    fleets = [(seed, list(Fleet(seed).incidents(max(KNOWN) + TESTED))) for seed in seeds]
    print("Generated incidents, every past one labelled by a person:\n")
    table(("past incidents", *HEADER), _rows(fleets, by_a_person))
    print("Generated incidents in ordinary use (corrections now and then, repairs that prove themselves):\n")
    table(("past incidents", *HEADER), _rows(fleets, in_ordinary_use))
    print("One wrong label, by a person, on the most similar past incident of each case:\n")
    table(
        ("past incidents", "labels", "without", "with memory", "with the wrong label"), _poison_rows(fleets)
    )


_Fleets = Sequence[tuple[int, list[Case]]]


def _rows(fleets: _Fleets, label: Label) -> Iterator[tuple[object, ...]]:
    for known in KNOWN:
        cases, answers = [], []
        for seed, incidents in fleets:
            past = _labelled(incidents, known, label, seed)
            cases += incidents[-TESTED:]
            answers += [remembering(case, past) for case in incidents[-TESTED:]]
        yield (known, *Score.of(cases, answers).cells)


def _poison_rows(fleets: _Fleets) -> Iterator[tuple[object, ...]]:
    for label, name in ((by_a_person, "by people"), (in_ordinary_use, "ordinary use")):
        for known in KNOWN[1:]:
            cases, clean, wrong = [], [], []
            for seed, incidents in fleets:
                past = _labelled(incidents, known, label, seed)
                rng = Random(f"poison {seed}")
                causes = sorted({case.cause for case in incidents})
                cases += incidents[-TESTED:]
                clean += [remembering(case, past) for case in incidents[-TESTED:]]
                wrong += [poisoned(case, past, causes, rng) for case in incidents[-TESTED:]]
            before, after = Score.of(cases, clean), Score.of(cases, wrong)
            yield (
                known,
                name,
                f"{before.without:.3f}",
                f"{before.with_it:.3f}",
                f"{after.with_it:.3f}",
            )


def _labelled(incidents: Sequence[Case], known: int, label: Label, seed: int) -> list[PastIncident]:
    """The last `known` incidents before the tested ones."""
    rng = Random(f"labels {seed}")
    before = incidents[: len(incidents) - TESTED]
    return [label(case, rng) for case in before[len(before) - known :]]


class Fleet:
    """Functions that fail in their own ways, drawn from a seed."""

    def __init__(self, seed: int) -> None:
        self._rng = Random(f"fleet {seed}")
        self._golden = golden()
        causes = sorted(self._golden)
        self._habits = [self._rng.sample(causes, 2) for _ in range(FUNCTIONS)]

    def incidents(self, count: int) -> Iterator[Case]:
        """So many incidents, one every twelve hours, the last one just now."""
        for i in range(count):
            yield self._incident(NOW - timedelta(hours=12 * (count - i)))

    def _incident(self, at: datetime) -> Case:
        rng, number = self._rng, self._rng.randrange(FUNCTIONS)
        usual = rng.random() < HABIT
        cause = rng.choice(self._habits[number] if usual else sorted(self._golden))
        seen = worn(named(self._golden[cause], number), rng)
        diagnosis = diagnose(seen, all_failure_modes())
        confidences = {h.id: h.confidence for h in diagnosis.hypotheses}
        return Case(seen.function_name, fingerprint(seen, diagnosis), confidences, cause, at)


def golden() -> dict[str, Evidence]:
    """The golden evidence by its root cause."""
    found = {}
    for folder in sorted(path.parent for path in SCENARIOS.glob("*/expected.json")):
        cause = json.loads((folder / "expected.json").read_text())["diagnosis"]["root_cause"]
        found[str(cause)] = decode(Evidence, json.loads((folder / "evidence.json").read_text()))
    return found


_WORDING = (
    "while reading the catalogue entry",
    "on behalf of the billing export",
    "during thumbnail conversion step",
    "for the nightly reconciliation job",
    "in shipment label rendering",
    "when merging inventory snapshots",
)


def named(evidence: Evidence, number: int) -> Evidence:
    """The same fault in function `number`, which words its messages in its own way."""
    own = _WORDING[number % len(_WORDING)]
    signatures = tuple(
        s if s.error_type.startswith(("Runtime.", "Sandbox.")) else replace(s, template=f"{s.template} {own}")
        for s in evidence.signatures
    )
    return replace(evidence, function_name=f"function-{number}", signatures=signatures)


def worn(evidence: Evidence, rng: Random) -> Evidence:
    """The evidence as it is on a bad day: sources missing, runs not logged, changes of no consequence."""
    kept = tuple(run for run in evidence.invocations if rng.random() < rng.choice((0.4, 0.7, 1.0)))
    evidence = replace(evidence, invocations=kept)
    if rng.random() < LOST:
        evidence = replace(evidence, history=())
    if rng.random() < LOST:
        gap = MissingEvidence("lambda_logs", "throttled")
        evidence = replace(
            evidence, invocations=(), history=(), signatures=(), missing=(*evidence.missing, gap)
        )
    if rng.random() < LOST:
        gap = MissingEvidence("lambda_metrics", "throttled")
        evidence = replace(evidence, series=(), missing=(*evidence.missing, gap))
    if rng.random() < LOST:
        action = rng.choice(("UpdateFunctionCode20150331v2", "PutParameter", "TagResource"))
        change = ChangeEvent(evidence.window.start, action, evidence.function_name)
        evidence = replace(evidence, changes=(*evidence.changes, change))
    return evidence


# -- recorded incidents -------------------------------------------------------------------------------------

RECORDED_KNOWN = (5, 10, 20)


def print_recorded(data: Path, seeds: Iterable[int]) -> None:
    """The engine's answers on recorded incidents, with other incidents of the same recording in memory."""
    drawn = list(seeds)
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for name, folder in _folders(data, Path(scratch)):
            cases = list(recorded(folder))
            for known in (*RECORDED_KNOWN, len(cases) - 1):
                rows.append((name, len(cases), known, *_leave_one_out(cases, known, drawn)))
    print("Recorded incidents: the engine's first answer, with others of the same recording in memory:\n")
    table(("set", "cases", "past incidents", *HEADER, "with the wrong label"), rows)


def _folders(data: Path, scratch: Path) -> Iterator[tuple[str, Path]]:
    """The public sets, and stress variants of PetShop made by the folder's own script."""
    petshop = data / "public" / "petshop"
    yield "petshop", petshop
    yield "nezha", data / "public" / "nezha"
    for variant in VARIANTS:
        script = [str(data / "harness" / "stress.py"), str(petshop), str(scratch / variant), variant]
        subprocess.run([sys.executable, *script, "--seed", "1"], check=True, stdout=subprocess.DEVNULL)
        yield f"petshop {variant}", scratch / variant


def _leave_one_out(cases: Sequence[Case], known: int, seeds: Iterable[int]) -> tuple[str, ...]:
    """Each case with `known` of the others in memory, rightly labelled, and with the nearest label wrong."""
    asked, answers, wrong = [], [], []
    causes = sorted({case.cause for case in cases})
    for seed in seeds:
        rng = Random(f"recorded {seed}")
        for case in cases:
            others = [other for other in cases if other is not case]
            past = [by_a_person(other, rng) for other in rng.sample(others, min(known, len(others)))]
            asked.append(case)
            answers.append(remembering(case, past))
            wrong.append(poisoned(case, past, causes, rng))
    return (*Score.of(asked, answers).cells, f"{Score.of(asked, wrong).with_it:.3f}")


def recorded(folder: Path) -> Iterator[Case]:
    """The cases of a folder that have a cause. The truth is used as the label and for judging only."""
    truth = json.loads((folder / "truth.json").read_text())
    for i, (case_id, investigation) in enumerate(read_cases(folder)):
        cause = truth[case_id]["node"]
        if cause is None:
            continue
        suspects = suspected(investigation)
        confidences: dict[str, float] = {}
        for node, hypothesis in suspects:
            confidences[node] = max(confidences.get(node, 0.0), hypothesis.confidence)
        named_by_us = tuple(hypothesis for _, hypothesis in suspects)
        diagnosis = Diagnosis(DiagnosisVerdict.ROOT_CAUSE_FOUND, "", named_by_us)
        seen = fingerprint(observed(investigation), diagnosis)
        # A day apart each, so that no two are taken for one storm.
        yield Case(investigation.alarm.node, seen, confidences, cause, NOW - timedelta(days=1 + i))


def suspected(investigation: Investigation) -> list[tuple[str, Hypothesis]]:
    """The engine's hypotheses by node, as the product words them."""
    return [
        (h.node, Hypothesis(f"{PREFIX}{h.kind}", "", h.confidence, (), resource=resource_of(h.node).id))
        for h in investigate(investigation).hypotheses
    ]


def observed(investigation: Investigation) -> Evidence:
    """An investigation as the product would have observed it."""
    alarm, window, reference = investigation.alarm, investigation.window, investigation.reference
    scope = Scope(
        Symptom(resource_of(alarm.node).id, MetricRole(alarm.role.value), _moment(alarm.at)),
        Topology(
            tuple(map(resource_of, investigation.graph.nodes)),
            tuple(
                Edge(resource_of(a).id, resource_of(b).id, "recorded") for a, b in investigation.graph.edges
            ),
        ),
        Window(_moment(window.timestamps[0]), _moment(window.timestamps[-1])),
        Window(_moment(reference.timestamps[0]), _moment(reference.timestamps[-1])),
    )
    return Evidence(alarm.node, scope.window, surroundings=Surroundings(scope, tuple(_series(investigation))))


def _series(investigation: Investigation) -> Iterator[ResourceSeries]:
    """Reference and window of each column; availability as a share; metrics of single edges left out."""
    roles = {role.value for role in MetricRole}
    for column in investigation.window.columns:
        if column.callee or column.role.value not in roles:
            continue
        points = sorted(
            (time, value)
            for frame in (investigation.reference, investigation.window)
            for time, value in _points(frame, column)
        )
        role = MetricRole(column.role.value)
        scale = 100 if role is MetricRole.AVAILABILITY and max((v for _, v in points), default=0) > 1 else 1
        yield ResourceSeries(
            resource_of(column.node).id,
            column.metric,
            column.statistic,
            role,
            times=tuple(time for time, _ in points),
            values=tuple(value / scale for _, value in points),
        )


def _points(frame: Frame, column: Column) -> Iterator[tuple[float, float]]:
    values = frame.columns.get(column, ())
    yield from ((t, v) for t, v in zip(frame.timestamps, values, strict=False) if v is not None)


def resource_of(node: str) -> Resource:
    """A recorded node: the end of its name tells the service where it has one."""
    name, _, service = node.partition("_AWS::")
    return Resource(service.lower().replace("::", "-") or "service", name)


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


if __name__ == "__main__":
    sys.exit(main())
