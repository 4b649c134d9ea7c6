"""The golden record of each failure mode: from stored evidence to the diagnosis and the plan.

Each folder holds the `evidence.json` of one incident, a `neighbour.json` that looks alike and has another
cause, and in `expected.json` what is to be made of both.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from auto_repair.contracts.documents import decode
from auto_repair.domain.case import Case, EvidenceReference
from auto_repair.domain.diagnosis import Diagnosis
from auto_repair.domain.evidence import Evidence
from auto_repair.domain.ranking import diagnose
from auto_repair.failure_modes import all_failure_modes
from auto_repair.repairs import all_repairs
from auto_repair.use_cases.determine_action import DetermineAction
from tests.builders import an_incident
from tests.fakes import FakeClock, FakePolicies, FakeStore

FOLDERS = sorted(path.parent for path in Path(__file__).parent.glob("*/expected.json"))
each_scenario = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


def expected(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "expected.json").read_text()))


def evidence(folder: Path, name: str = "evidence") -> Evidence:
    return decode(Evidence, json.loads((folder / f"{name}.json").read_text()))


def diagnosed(seen: Evidence) -> Diagnosis:
    return diagnose(seen, all_failure_modes())


def told(diagnosis: Diagnosis) -> dict[str, Any]:
    """What a golden record says of a diagnosis."""
    cause = diagnosis.root_cause
    return {"verdict": diagnosis.verdict.value, "root_cause": cause.failure_mode if cause else None}


@each_scenario
def test_diagnosis(folder: Path) -> None:
    diagnosis = diagnosed(evidence(folder))
    cause = diagnosis.root_cause
    assert {**told(diagnosis), "confidence": cause.confidence if cause else None} == expected(folder)[
        "diagnosis"
    ]


@each_scenario
def test_plan(folder: Path) -> None:
    store = FakeStore()
    seen = evidence(folder)
    ref = store.save_evidence(an_incident(), "before", seen)
    case = Case(an_incident(), EvidenceReference(ref), diagnosed(seen))
    plan = DetermineAction(all_repairs(), FakePolicies(), store, FakeClock(), "planner")(case)
    change = str(plan.change) if plan.change else None
    assert {"decision": plan.decision.value, "change": change} == expected(folder)["plan"]


@each_scenario
def test_every_claim_cites_evidence(folder: Path) -> None:
    for hypothesis in diagnosed(evidence(folder)).hypotheses:
        assert hypothesis.because
        assert any(reason.evidence for reason in hypothesis.because)


@each_scenario
def test_neighbour_has_another_cause(folder: Path) -> None:
    neighbour = expected(folder)["neighbour"]
    diagnosis = diagnosed(evidence(folder, "neighbour"))
    assert told(diagnosis) == {key: neighbour[key] for key in ("verdict", "root_cause")}
    assert told(diagnosis)["root_cause"] != expected(folder)["diagnosis"]["root_cause"]
    assert neighbour["difference"]
