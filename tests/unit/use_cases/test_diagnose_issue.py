"""The diagnosis is on record with everything that speaks for and against it."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from auto_repair.contracts.documents import decode, encode
from auto_repair.domain.advice import Advice, Advised, Briefing, no_advice
from auto_repair.domain.case import Case, EvidenceReference
from auto_repair.domain.counsel import Counsel, Shift
from auto_repair.domain.diagnosis import Diagnosis, InquiryOutcome, Verdict
from auto_repair.domain.errors import AwsCallFailed, InvalidEvent
from auto_repair.domain.evidence import Evidence
from auto_repair.domain.fingerprint import fingerprint
from auto_repair.domain.question.reading import Reading
from auto_repair.domain.similar_incidents import Correction, PastIncident
from auto_repair.domain.surroundings import MetricRole, ResourceChange, ResourceSeries
from auto_repair.domain.timestamps import iso
from auto_repair.failure_modes import all_failure_modes
from auto_repair.use_cases.diagnose_issue import DiagnoseIssue
from tests.builders import (
    FUNCTION,
    a_gap,
    a_kill,
    a_run,
    a_series,
    ago,
    an_incident,
    evidence,
    in_turn,
    some_surroundings,
)
from tests.fakes import FakeClock, FakeMemory, FakeStore


def diagnosed(seen: Evidence) -> tuple[FakeStore, Verdict]:
    store = FakeStore()
    ref = store.save_evidence(an_incident(), "before", seen)
    case = Case(an_incident(), EvidenceReference(ref))
    return store, DiagnoseIssue(all_failure_modes(), store, FakeMemory(), FakeClock(), "diagnoser")(
        case
    ).verdict


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
    use_case = DiagnoseIssue(all_failure_modes(), store, FakeMemory(), FakeClock(), "diagnoser")
    first, again = use_case(case), use_case(case)
    assert first.at
    assert again == replace(first, at=again.at)
    assert len(store.diagnoses) == 1


def test_no_diagnosis_without_evidence() -> None:
    with pytest.raises(InvalidEvent, match="CollectMetricsAndLogs comes first"):
        DiagnoseIssue((), FakeStore(), FakeMemory(), FakeClock(), "diagnoser")(Case(an_incident()))


class Forgetful(FakeMemory):
    """Cannot be read."""

    def past(self, limit: int = 500) -> list[PastIncident]:
        raise AwsCallFailed("dynamodb", "Query", "AccessDeniedException", "no")


KILLED = evidence(invocations=in_turn([a_kill()] * 3))


def diagnosing(memory: FakeMemory) -> DiagnoseIssue:
    return DiagnoseIssue(all_failure_modes(), FakeStore(), memory, FakeClock(), "diagnoser")


def remembered(**facts: Any) -> FakeMemory:
    """An incident of last week that looked the same."""
    seen = fingerprint(KILLED, diagnosing(FakeMemory()).conclude(KILLED))
    past = PastIncident("last-week", FUNCTION, ago(days=7), seen, **({"diagnosed": "out_of_memory"} | facts))
    return FakeMemory({"last-week": past})


def test_similar_incident_of_the_past_is_one_more_reason() -> None:
    alone = diagnosing(FakeMemory()).conclude(KILLED).hypotheses[0]
    best = diagnosing(remembered(status="VERIFIED", repair="raise_memory")).conclude(KILLED).hypotheses[0]
    assert best.confidence > alone.confidence
    assert best.because[-1].text == (
        "100 % like incident last-week of 24 January 2026, cause out_of_memory (as its repair proved), "
        "repaired by raise_memory, held"
    )


def test_cause_that_a_person_ruled_out_then_is_doubted_now() -> None:
    memory = remembered(correction=Correction(declined=("out_of_memory",), by="ada"))
    best = diagnosing(memory).conclude(KILLED).hypotheses[0]
    assert best.confidence < 0.95
    assert "not out_of_memory as a person said" in best.against[-1].text


def test_incident_teaches_nothing_about_itself() -> None:
    best = diagnosing(remembered()).conclude(KILLED, incident_id="last-week").hypotheses[0]
    assert best.confidence == 0.95


def test_memory_that_cannot_be_read_is_said() -> None:
    seen = diagnosing(Forgetful()).conclude(KILLED)
    assert seen.verdict is Verdict.ROOT_CAUSE_FOUND
    assert seen.missing[-1].startswith("incident_memory: dynamodb:Query")


def test_the_past_is_asked_once_what_is_around_is_known() -> None:
    clueless = replace(diagnosing(Forgetful()), failure_modes=())
    first = in_record(clueless, KILLED)
    again = in_record(clueless, replace(KILLED, surroundings=some_surroundings()))
    assert (first.look_around, again.look_around) == (True, False)
    assert not any(gap.startswith("incident_memory") for gap in first.missing)
    assert again.missing[-1].startswith("incident_memory")


def in_record(use_case: DiagnoseIssue, seen: Evidence) -> Diagnosis:
    """The diagnosis as the state makes it."""
    ref = use_case.store.save_evidence(an_incident(), "before", seen)
    return use_case(Case(an_incident(), EvidenceReference(ref)))


@dataclass
class Model:
    """An advisor that answers the same whatever it is asked."""

    advice: Advice
    briefings: list[Briefing] = field(default_factory=list)

    def advise(self, briefing: Briefing) -> Advice:
        self.briefings.append(briefing)
        return self.advice


def advised(advice: Advice, seen: Evidence = KILLED) -> tuple[Diagnosis, Model, FakeStore]:
    store, model = FakeStore(), Model(advice)
    ref = store.save_evidence(an_incident(), "before", seen)
    use_case = replace(diagnosing(FakeMemory()), store=store, advisor=model)
    return use_case(Case(an_incident(), EvidenceReference(ref))), model, store


def test_advice_words_the_diagnosis_and_is_on_record() -> None:
    wise = Advice((Advised("out_of_memory", 0.9),), "It needs more memory.", model="a-model")
    diagnosis, model, store = advised(wise)
    assert [h.id for h in model.briefings[0].hypotheses] == ["out_of_memory"]
    assert diagnosis.counsel
    assert diagnosis.counsel.explanation == store.diagnosis["explanation"] == "It needs more memory."
    assert (diagnosis.counsel.model, store.diagnosis["advisor"]) == ("a-model", ["a-model"])
    assert diagnosis.counsel.shifts == (Shift("out_of_memory", 0.95, 0.9),)
    assert diagnosis.verdict is Verdict.ROOT_CAUSE_FOUND
    assert diagnosis.needs_person == ""


def test_advice_that_is_none_says_why_and_changes_nothing() -> None:
    diagnosis, *_ = advised(no_advice("the model was too slow"))
    assert diagnosis.counsel == Counsel(remarks=("the model was too slow",))
    assert diagnosis.hypotheses[0].confidence == 0.95


def test_order_that_a_model_chose_needs_a_person() -> None:
    wise = Advice((Advised("out_of_memory", 0.9),), model="a-model", changes_the_first=True)
    diagnosis, *_ = advised(wise)
    assert "a person decides" in diagnosis.needs_person


def test_nobody_is_asked_about_nothing() -> None:
    _, model, _ = advised(no_advice("unused"), evidence(invocations=in_turn([a_run()])))
    assert model.briefings == []


def test_similar_incidents_are_kept_beside_the_reasons() -> None:
    diagnosis = diagnosing(remembered(status="VERIFIED", repair="raise_memory")).conclude(KILLED)
    (precedent,) = diagnosis.similar
    assert (precedent.incident_id, precedent.similarity) == ("last-week", 1.0)
    assert (precedent.cause, precedent.repair, precedent.ending) == ("out_of_memory", "raise_memory", "held")
    assert "same function" in precedent.agree


def test_where_nobody_can_tell_the_past_is_told_and_settles_nothing() -> None:
    memory = remembered(status="VERIFIED")
    clueless = replace(diagnosing(memory), failure_modes=())
    diagnosis = clueless.conclude(KILLED)
    assert diagnosis.verdict is Verdict.CANNOT_TELL
    assert diagnosis.hypotheses == ()
    assert [precedent.cause for precedent in diagnosis.similar] == ["out_of_memory"]


def test_the_diagnosis_tells_when_it_was_made() -> None:
    store = FakeStore()
    case = Case(an_incident(), EvidenceReference(store.save_evidence(an_incident(), "before", KILLED)))
    diagnosis = replace(diagnosing(FakeMemory()), store=store)(case)
    assert diagnosis.at
    assert store.diagnosis["diagnosedAt"] == iso(diagnosis.at)


def test_a_model_is_asked_in_the_language_of_the_question() -> None:
    store, model = FakeStore(), Model(no_advice("too slow"))
    incident = an_incident(question="orders 报错", reading=Reading("lambda:orders", language="zh"))
    ref = store.save_evidence(incident, "before", KILLED)
    replace(diagnosing(FakeMemory()), store=store, advisor=model)(Case(incident, EvidenceReference(ref)))
    assert model.briefings[0].language == "zh"


WELL_AROUND = some_surroundings(
    series=(
        ResourceSeries(
            "apigateway:a1b2c3",
            "Latency",
            "Average",
            MetricRole.LATENCY,
            times=tuple(ago(minutes=m).timestamp() for m in range(75, 0, -1)),
            values=(100.0, 101.0, 99.0) * 25,
        ),
    )
)


def test_what_the_look_around_came_to_is_on_record_with_its_leads() -> None:
    """Somebody changed the bucket, and nothing was measured: it may have a part in it or not."""
    put = ResourceChange("s3:images", ago(minutes=5), "PutBucketPolicy", "deployer/ci", event_id="event-1")
    clueless = replace(diagnosing(FakeMemory()), failure_modes=())
    diagnosis = in_record(clueless, replace(KILLED, surroundings=some_surroundings(changes=(put,))))
    assert diagnosis.verdict is Verdict.CANNOT_TELL
    assert isinstance(clueless.store, FakeStore)
    told = clueless.store.diagnosis["inquiry"]
    assert told["outcome"] == "cannot_tell"
    assert told["reasons"][0] == "no metric has data around the alarm"
    assert [lead["id"] for lead in told["leads"]] == ["neighbour_changed@s3:images"]
    assert clueless.store.diagnosis["hypotheses"] == []


def test_healthy_surroundings_leave_an_incident_of_the_function_itself_as_it_is() -> None:
    alone = diagnosing(FakeMemory()).conclude(KILLED)
    beside = diagnosing(FakeMemory()).conclude(replace(KILLED, surroundings=WELL_AROUND))
    assert beside.inquiry is not None
    assert beside.inquiry.outcome is InquiryOutcome.NO_INCIDENT
    assert replace(beside, inquiry=None) == alone


def test_lead_that_a_person_ruled_out_is_told_no_more() -> None:
    put = ResourceChange("s3:images", ago(minutes=5), "PutBucketPolicy", "deployer/ci", event_id="event-1")
    clueless = replace(diagnosing(FakeMemory()), failure_modes=())
    seen = replace(KILLED, surroundings=some_surroundings(changes=(put,)))
    assert clueless.conclude(seen, ["neighbour_changed@s3:images"]).leads == ()


def test_diagnosis_of_before_the_look_around_was_kept_is_still_read() -> None:
    stored = encode(diagnosing(FakeMemory()).conclude(KILLED))
    del stored["inquiry"]
    assert decode(Diagnosis, stored) == diagnosing(FakeMemory()).conclude(KILLED)
