"""The diagnosis is on record with everything that speaks for and against it."""

import pytest

from auto_repair.domain.case import Case, EvidenceReference
from auto_repair.domain.diagnosis import Verdict
from auto_repair.domain.errors import InvalidEvent
from auto_repair.domain.evidence import Evidence
from auto_repair.failure_modes import all_failure_modes
from auto_repair.use_cases.diagnose_issue import DiagnoseIssue
from tests.builders import a_gap, a_kill, a_run, a_series, an_incident, evidence, in_turn
from tests.fakes import FakeStore


def diagnosed(seen: Evidence) -> tuple[FakeStore, Verdict]:
    store = FakeStore()
    ref = store.save_evidence(an_incident(), "before", seen)
    case = Case(an_incident(), EvidenceReference(ref))
    return store, DiagnoseIssue(all_failure_modes(), store, "diagnoser")(case).verdict


def test_root_cause_is_on_record() -> None:
    store, verdict = diagnosed(evidence(invocations=in_turn([a_kill()] * 3), missing=(a_gap("xray"),)))
    assert verdict is Verdict.ROOT_CAUSE_FOUND
    facts = store.diagnosis
    assert facts["diagnosisResult"] == "ROOT_CAUSE_FOUND"
    assert facts["rootCause"] == "out_of_memory"
    assert facts["confidence"] == 0.95
    assert facts["hypotheses"][0]["because"][0] == "3 of 3 failed runs died of memory"
    assert facts["missingEvidence"] == ["xray: access denied"]
    assert facts["executedBy"] == "diagnoser"
    assert facts["evidenceRef"] == "incident-1/before"


def test_nothing_wrong_is_a_result_too() -> None:
    store, verdict = diagnosed(evidence(invocations=in_turn([a_run()]), series=(a_series("Invocations", 1),)))
    assert verdict is Verdict.NOTHING_WRONG
    assert store.diagnosis["rootCause"] == ""
    assert store.diagnosis["confidence"] == 0.0


def test_doing_it_again_is_harmless() -> None:
    store = FakeStore()
    ref = store.save_evidence(an_incident(), "before", evidence(invocations=in_turn([a_kill()])))
    case = Case(an_incident(), EvidenceReference(ref))
    use_case = DiagnoseIssue(all_failure_modes(), store, "diagnoser")
    assert use_case(case) == use_case(case)
    assert len(store.diagnoses) == 1


def test_no_diagnosis_without_evidence() -> None:
    with pytest.raises(InvalidEvent, match="CollectMetricsAndLogs comes first"):
        DiagnoseIssue((), FakeStore(), "diagnoser")(Case(an_incident()))
