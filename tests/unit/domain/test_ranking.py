"""From findings to a verdict that says honestly what is known."""

from dataclasses import replace
from datetime import timedelta

import pytest

from auto_repair.domain.diagnosis import (
    FailureMode,
    Finding,
    Hypothesis,
    Inquiry,
    InquiryOutcome,
    Reason,
    Verdict,
)
from auto_repair.domain.evidence import Evidence
from auto_repair.domain.ranking import CENTRAL_SOURCES, MAX_HYPOTHESES, MAX_LEADS, diagnose, symptoms
from auto_repair.domain.surroundings import MetricRole, ResourceSeries
from auto_repair.repairs import raise_memory
from tests.builders import (
    FUNCTION,
    NOW,
    a_configuration,
    a_gap,
    a_kill,
    a_run,
    a_series,
    evidence,
    in_turn,
    some_surroundings,
)

SICK = evidence(invocations=in_turn([a_kill(), a_run()]))


def mode(name: str, confidence: float, **facts: object) -> FailureMode:
    def detect(_seen: Evidence) -> Finding | None:
        return Finding(confidence, (Reason(f"because of {name}"),), **facts)  # type: ignore[arg-type]

    return FailureMode(name, name.capitalize(), detect, raise_memory.REPAIR)


SILENT = FailureMode("silent", "Silent", lambda _: None)


def test_likeliest_is_held_responsible() -> None:
    diagnosis = diagnose(SICK, [mode("guess", 0.6), SILENT, mode("cause", 0.9)])
    assert diagnosis.verdict is Verdict.ROOT_CAUSE_FOUND
    assert [h.failure_mode for h in diagnosis.hypotheses] == ["cause", "guess"]
    assert diagnosis.summary == "Cause: because of cause."
    assert diagnosis.root_cause is diagnosis.hypotheses[0]
    assert diagnosis.hypotheses[0].repair == "raise_memory"


def test_repair_is_left_out_where_the_finding_forbids_it() -> None:
    diagnosis = diagnose(SICK, [mode("cause", 0.9, repairable=False, advice="fix it")])
    assert diagnosis.hypotheses[0].repair is None
    assert diagnosis.hypotheses[0].advice == "fix it"


def test_unlikely_causes_are_named_but_not_blamed() -> None:
    diagnosis = diagnose(SICK, [mode("guess", 0.4)])
    assert diagnosis.verdict is Verdict.CANNOT_TELL
    assert diagnosis.root_cause is None
    assert "1 of 2 logged runs failed" in diagnosis.summary
    assert "Likeliest so far: Guess." in diagnosis.summary


def test_missing_sources_lower_confidence() -> None:
    gaps = tuple(a_gap(source) for source in CENTRAL_SOURCES)
    diagnosis = diagnose(replace(SICK, missing=gaps), [mode("cause", 0.8)])
    assert diagnosis.hypotheses[0].confidence == pytest.approx(0.8 * 0.85**3, abs=0.001)
    assert diagnosis.verdict is Verdict.CANNOT_TELL
    assert diagnosis.missing == tuple(f"{source}: access denied" for source in CENTRAL_SOURCES)


def test_other_missing_sources_are_told_only() -> None:
    diagnosis = diagnose(replace(SICK, missing=(a_gap("xray"),)), [mode("cause", 0.8)])
    assert diagnosis.hypotheses[0].confidence == 0.8
    assert diagnosis.missing == ("xray: access denied",)


def test_equal_confidence_has_an_order() -> None:
    diagnosis = diagnose(SICK, [mode("b", 0.6), mode("a", 0.6)])
    assert [h.failure_mode for h in diagnosis.hypotheses] == ["a", "b"]


def test_state_document_stays_small() -> None:
    modes = [FailureMode(f"m{i}", "M", lambda _: Finding(0.9, (Reason("x" * 9999),) * 99)) for i in range(99)]
    diagnosis = diagnose(SICK, modes)
    assert len(diagnosis.hypotheses) == MAX_HYPOTHESES
    assert all(len(h.because) == 8 and len(h.because[0].text) == 400 for h in diagnosis.hypotheses)


def test_healthy_function_has_nothing_wrong() -> None:
    seen = evidence(invocations=in_turn([a_run()] * 3), series=(a_series("Invocations", 3),))
    diagnosis = diagnose(seen, [SILENT])
    assert diagnosis.verdict is Verdict.NOTHING_WRONG
    assert diagnosis.summary.startswith("Nothing is wrong: 3 invocations")


@pytest.mark.parametrize(("good", "verdict"), [(0.4, Verdict.CANNOT_TELL), (1.0, Verdict.NOTHING_WRONG)])
def test_resource_without_a_function_is_judged_by_what_it_suffers(good: float, verdict: Verdict) -> None:
    around = some_surroundings()
    api = around.scope.symptom.resource
    times = tuple((NOW - timedelta(minutes=m)).timestamp() for m in range(10, 0, -1))
    failing = ResourceSeries(
        api, "5XXError / Count", "Sum", MetricRole.AVAILABILITY, times=times, values=(good,) * 10
    )
    seen = Evidence(api, around.scope.window, surroundings=replace(around, series=(failing,)))
    assert diagnose(seen, [SILENT]).verdict is verdict


def test_no_sign_of_trouble_means_little_without_metrics() -> None:
    diagnosis = diagnose(evidence(missing=(a_gap("lambda_metrics"),)), [SILENT])
    assert diagnosis.verdict is Verdict.CANNOT_TELL


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        (SICK, "1 of 2 logged runs failed"),
        (evidence(series=(a_series("Errors", 2, 1),)), "3 errors are counted"),
        (evidence(series=(a_series("Throttles", 4),)), "4 calls were throttled"),
        (evidence(series=(a_series("Duration.p99", 2700),)), "the slowest runs take 2.7 s of 3 s"),
    ],
)
def test_symptoms(seen: Evidence, told: str) -> None:
    assert symptoms(seen) == (told,)
    assert diagnose(seen, [SILENT]).verdict is Verdict.CANNOT_TELL


def test_healthy_function_has_no_symptoms() -> None:
    assert symptoms(evidence(series=(a_series("Duration.p99", 2600), a_series("Errors", 0)))) == ()
    assert symptoms(evidence(configuration=None, series=(a_series("Duration.p99", 9999),))) == ()
    assert a_configuration().timeout_s == 3


def elsewhere(confidence: float = 0.8, resource: str = "s3:images") -> Hypothesis:
    """A cause that the engine found in another resource."""
    return Hypothesis(
        "neighbour_changed",
        f"PutBucketPolicy on {resource}",
        confidence,
        (Reason("changed just before"),),
        resource=resource,
        path=(resource, f"lambda:{FUNCTION}"),
    )


def test_cause_elsewhere_explains_what_is_only_a_symptom() -> None:
    raises = replace(mode("code_error", 0.95), is_symptom=True)
    diagnosis = diagnose(SICK, [raises], [elsewhere(0.8)])
    assert [h.id for h in diagnosis.hypotheses] == ["neighbour_changed@s3:images", "code_error"]
    assert diagnosis.summary == "PutBucketPolicy on s3:images: changed just before."
    assert diagnosis.hypotheses[1].against[-1].text == "it is explained by: PutBucketPolicy on s3:images"


def test_weak_cause_elsewhere_explains_nothing() -> None:
    raises = replace(mode("code_error", 0.95), is_symptom=True)
    diagnosis = diagnose(SICK, [raises], [elsewhere(0.3)])
    assert diagnosis.hypotheses[0].id == "code_error"
    assert diagnosis.hypotheses[0].confidence == 0.95


def test_failure_mode_of_the_function_itself_is_not_outranked_by_being_a_cause() -> None:
    assert diagnose(SICK, [mode("out_of_memory", 0.95)], [elsewhere(0.8)]).hypotheses[0].id == "out_of_memory"


def test_what_a_mode_recognises_on_a_resource_stands_for_it() -> None:
    known = mode("denied", 0.9, resource="s3:images")
    diagnosis = diagnose(SICK, [known], [elsewhere(0.8)])
    (only,) = diagnosis.hypotheses
    assert only.id == "denied@s3:images"
    assert only.path == ("s3:images", f"lambda:{FUNCTION}")


def test_nobody_is_to_blame_where_nobody_suffers() -> None:
    diagnosis = diagnose(evidence(invocations=in_turn([a_run()])), [SILENT], [elsewhere()])
    assert diagnosis.verdict is Verdict.NOTHING_WRONG
    assert diagnosis.hypotheses == ()


def test_declined_hypothesis_makes_the_others_likelier() -> None:
    modes = [mode("first", 0.6), mode("second", 0.35)]
    diagnosis = diagnose(SICK, modes, declined={"first"})
    (left,) = diagnosis.hypotheses
    assert left.id == "second"
    assert left.confidence == pytest.approx(0.35 / 0.55, abs=0.001)
    assert diagnosis.verdict is Verdict.ROOT_CAUSE_FOUND


def test_weak_guess_does_not_become_certain_because_another_was_declined() -> None:
    diagnosis = diagnose(SICK, [mode("first", 0.9), mode("guess", 0.1)], declined={"first"})
    assert diagnosis.hypotheses[0].confidence < 0.5
    assert diagnosis.verdict is Verdict.CANNOT_TELL


def test_nothing_is_left_when_everything_was_declined() -> None:
    diagnosis = diagnose(SICK, [mode("only", 0.9)], declined={"only"})
    assert diagnosis.hypotheses == ()
    assert diagnosis.verdict is Verdict.CANNOT_TELL


def availability(*values: float) -> ResourceSeries:
    """Of the API, a value a minute up to NOW."""
    times = tuple((NOW - timedelta(minutes=len(values) - i)).timestamp() for i in range(len(values)))
    return ResourceSeries(
        "apigateway:a1b2c3", "5XXError", "Sum", MetricRole.AVAILABILITY, "", 60, times, values
    )


def test_api_that_fails_is_a_symptom_though_the_function_reports_none() -> None:
    around = some_surroundings(series=(availability(*[1.0] * 30, 0.4, 0.2),))
    assert symptoms(evidence(surroundings=around)) == (
        "apigateway:image-api fails up to 80 % of its calls in a period",
    )


def test_api_that_does_as_usual_is_none() -> None:
    around = some_surroundings(series=(availability(*[0.99] * 40),))
    assert symptoms(evidence(surroundings=around)) == ()


def test_resource_without_a_function_is_told_apart_from_one_without_metrics() -> None:
    well = some_surroundings(series=(availability(*[1.0] * 40),))
    alone = evidence(function_name="apigateway:a1b2c3", surroundings=well)
    assert diagnose(alone, [SILENT]).summary == "Nothing is wrong: apigateway:a1b2c3 does as it used to."
    blind = replace(alone, surroundings=some_surroundings())
    assert diagnose(blind, [SILENT]).verdict is Verdict.CANNOT_TELL


def test_what_the_engine_says_of_the_function_counts_where_no_mode_recognises_it() -> None:
    deployed = replace(elsewhere(0.7, f"lambda:{FUNCTION}"), title="UpdateFunctionCode on lambda:orders")
    (only,) = diagnose(SICK, [SILENT], [deployed]).hypotheses
    assert only.title == "UpdateFunctionCode on lambda:orders"
    assert [h.id for h in diagnose(SICK, [mode("known", 0.6)], [deployed]).hypotheses] == ["known"]


UNCLEAR = Inquiry(InquiryOutcome.CANNOT_TELL, 0.3, ("too little was seen",), (elsewhere(0.25),))


def test_leads_stay_beside_the_hypotheses_and_settle_nothing() -> None:
    diagnosis = diagnose(SICK, [SILENT], inquiry=UNCLEAR)
    assert diagnosis.verdict is Verdict.CANNOT_TELL
    assert diagnosis.hypotheses == ()
    assert diagnosis.inquiry == UNCLEAR
    assert "Likeliest so far" not in diagnosis.summary


@pytest.mark.parametrize("outcome", InquiryOutcome)
def test_surroundings_do_not_take_away_what_the_function_itself_shows(outcome: InquiryOutcome) -> None:
    diagnosis = diagnose(SICK, [mode("cause", 0.9)], inquiry=replace(UNCLEAR, outcome=outcome))
    assert diagnosis.verdict is Verdict.ROOT_CAUSE_FOUND
    assert [h.id for h in diagnosis.hypotheses] == ["cause"]
    assert diagnosis.hypotheses[0].confidence == 0.9


def test_lead_to_what_a_mode_recognises_or_a_person_ruled_out_is_none() -> None:
    leads = (elsewhere(0.2), elsewhere(0.1, f"lambda:{FUNCTION}"), elsewhere(0.05, "dynamodb:views"))
    inquiry = replace(UNCLEAR, leads=leads)
    diagnosis = diagnose(SICK, [mode("own", 0.4)], declined=("neighbour_changed@s3:images",), inquiry=inquiry)
    assert [lead.resource for lead in diagnosis.leads] == ["dynamodb:views"]


def test_lead_that_nothing_speaks_for_is_none() -> None:
    assert diagnose(SICK, [SILENT], inquiry=replace(UNCLEAR, leads=(elsewhere(0.001),))).leads == ()


def test_leads_are_few_and_short() -> None:
    wordy = [replace(elsewhere(0.1, f"s3:bucket-{i}"), because=(Reason("x" * 9999),) * 99) for i in range(9)]
    inquiry = replace(UNCLEAR, reasons=("y" * 9999,), leads=tuple(wordy))
    diagnosis = diagnose(SICK, [SILENT], inquiry=inquiry)
    assert len(diagnosis.leads) == MAX_LEADS
    assert all(len(lead.because) == 8 and len(lead.because[0].text) == 400 for lead in diagnosis.leads)
    assert diagnosis.inquiry is not None
    assert len(diagnosis.inquiry.reasons[0]) == 400


def test_nobody_is_led_anywhere_where_nothing_is_wrong() -> None:
    diagnosis = diagnose(evidence(invocations=in_turn([a_run()])), [SILENT], inquiry=UNCLEAR)
    assert diagnosis.verdict is Verdict.NOTHING_WRONG
    assert diagnosis.leads == ()
