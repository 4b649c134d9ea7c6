"""Statements about every failure mode and every repair: named, found, shown, told, reversible."""

import json
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from auto_repair import failure_modes, repairs
from auto_repair.contracts.documents import decode
from auto_repair.domain.diagnosis import FailureMode
from auto_repair.domain.evidence import Evidence
from auto_repair.domain.ranking import SURE_ENOUGH
from auto_repair.domain.repair import Proposal
from auto_repair.failure_modes import all_failure_modes
from auto_repair.repairs import all_repairs
from tests.builders import a_context

TESTS = Path(__file__).parents[1]
KNOWLEDGE = TESTS.parent / "knowledge"
SECTIONS = (
    "## What it means",
    "## How it is recognised",
    "## What the system does",
    "## What to check",
    "## How to undo",
)
MODES = all_failure_modes()
each_mode = pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)


def files(package: ModuleType) -> set[str]:
    """Names of the modules in a package's folder."""
    (folder,) = package.__path__
    return {path.stem for path in Path(folder).glob("*.py")} - {"__init__"}


def scenario(mode: FailureMode, name: str) -> Evidence:
    return decode(Evidence, json.loads((TESTS / "scenarios" / mode.name / f"{name}.json").read_text()))


def test_every_file_is_found_and_named_like_its_failure_mode() -> None:
    assert {mode.name for mode in MODES} == files(failure_modes)


def test_every_file_is_found_and_named_like_its_repair() -> None:
    assert set(all_repairs()) == files(repairs)
    assert all(name == repair.name for name, repair in all_repairs().items())


def test_names_and_titles_are_unique() -> None:
    assert len({mode.name for mode in MODES}) == len(MODES)
    assert len({mode.title for mode in MODES}) == len(MODES)
    titles = [repair.title for repair in all_repairs().values()]
    assert len(set(titles)) == len(titles)


def test_every_repair_cures_something_and_every_cure_is_known() -> None:
    assert {mode.repair.name for mode in MODES if mode.repair} == set(all_repairs())


@each_mode
def test_first_line_tells_the_symptom(mode: FailureMode) -> None:
    documented = import_module(f"{failure_modes.__name__}.{mode.name}").__doc__ or ""
    first = documented.partition("\n")[0]
    assert first.endswith(".")
    assert len(first) > 30


@each_mode
def test_scenario_matches(mode: FailureMode) -> None:
    finding = mode.detect(scenario(mode, "evidence"))
    assert finding is not None
    assert finding.confidence >= SURE_ENOUGH
    assert mode.repair or finding.advice, "either we can cure it, or we say what a person should do"


@each_mode
def test_neighbour_does_not_match(mode: FailureMode) -> None:
    finding = mode.detect(scenario(mode, "neighbour"))
    assert finding is None or finding.confidence < SURE_ENOUGH


@each_mode
def test_others_do_not_claim_its_scenario_more_surely(mode: FailureMode) -> None:
    seen = scenario(mode, "evidence")
    findings = {other.name: other.detect(seen) for other in MODES}
    sure = {name: finding.confidence for name, finding in findings.items() if finding}
    assert max(sure, key=lambda name: sure[name]) == mode.name


@each_mode
def test_unit_tests_exist(mode: FailureMode) -> None:
    assert (TESTS / "unit" / "failure_modes" / f"test_{mode.name}.py").exists()


@pytest.mark.parametrize("name", sorted(all_repairs()))
def test_unit_tests_of_the_repair_exist(name: str) -> None:
    assert (TESTS / "unit" / "repairs" / f"test_{name}.py").exists()


@each_mode
def test_runbook_answers_every_question(mode: FailureMode) -> None:
    text = (KNOWLEDGE / f"{mode.name}.md").read_text()
    assert text.startswith("# ")
    assert [line for line in text.splitlines() if line.startswith("## ")] == list(SECTIONS)
    if mode.repair:
        assert f"`{mode.repair.name}`" in text


def test_runbooks_are_about_known_failure_modes_and_their_links_lead_somewhere() -> None:
    assert {path.stem for path in KNOWLEDGE.glob("*.md")} == {mode.name for mode in MODES}
    for path in KNOWLEDGE.glob("*.md"):
        for target in path.read_text().split("](")[1:]:
            assert (KNOWLEDGE / target.partition(")")[0]).exists(), path


@each_mode
def test_planned_change_inverts_to_what_was_before(mode: FailureMode) -> None:
    if mode.repair is None:
        return
    proposal = mode.repair.plan(scenario(mode, "evidence"), a_context())
    assert isinstance(proposal, Proposal)
    change, back = proposal.change, proposal.change.inverse()
    assert proposal.because
    assert back.inverse() == change
    assert [(s.resource, s.setting, s.before, s.after) for s in back.settings] == [
        (s.resource, s.setting, s.after, s.before) for s in reversed(change.settings)
    ]
    assert all(s.before != s.after for s in change.settings)
