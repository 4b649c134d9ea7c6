"""What people say changes what is told, not what the evidence weighs."""

from auto_repair.domain.answers import Answer, Say, accepted, declined, heard
from auto_repair.domain.diagnosis import Inquiry, InquiryOutcome, Verdict
from tests.builders import a_diagnosis, a_hypothesis

OOM = a_hypothesis()
CODE = a_hypothesis(failure_mode="code_error", title="The code raises an error", confidence=0.4)


def said(say: Say, finding: str, by: str = "ada", at: str = "2026-01-31T12:00:00.000000Z") -> Answer:
    return Answer(finding, say, by, at, "seen before" if by == "ada" else "")


def test_the_last_confirmation_counts() -> None:
    answers = (
        said(Say.ACCEPT, "code_error", at="2026-01-31T12:01:00.000000Z"),
        said(Say.ACCEPT, "out_of_memory"),
        said(Say.DECLINE, "timeout_too_low"),
    )
    assert accepted(answers) == "code_error"
    assert declined(answers) == ("timeout_too_low",)
    assert accepted(answers[2:]) == ""


def test_nothing_said_changes_nothing() -> None:
    assert heard(a_diagnosis(), ()) == a_diagnosis()


def test_a_confirmed_cause_leads_and_keeps_its_confidence() -> None:
    before = a_diagnosis(OOM, CODE, verdict=Verdict.CANNOT_TELL)
    after = heard(before, (said(Say.ACCEPT, "code_error"),))
    assert after.root_cause is not None
    assert [(h.id, h.confidence) for h in after.hypotheses] == [("code_error", 0.4), ("out_of_memory", 0.95)]
    assert after.root_cause.because[0].text == "confirmed by ada on 2026-01-31 12:00 UTC (“seen before”)"
    assert after.summary.startswith("The code raises an error: ")


def test_what_was_ruled_out_is_told_with_who_and_why() -> None:
    after = heard(a_diagnosis(CODE), (said(Say.DECLINE, "out_of_memory"),))
    assert after.summary.endswith(
        "Cause out_of_memory was ruled out by ada on 2026-01-31 12:00 UTC (“seen before”)."
    )


def test_a_confirmed_cause_that_is_no_longer_ranked_is_still_told() -> None:
    after = heard(a_diagnosis(CODE), (said(Say.ACCEPT, "sunspots", by="grace"),))
    assert [h.id for h in after.hypotheses] == ["code_error"]
    assert "Cause sunspots was confirmed by grace" in after.summary


def test_a_lead_that_a_person_confirms_becomes_the_cause_and_leads_no_more() -> None:
    lead = a_hypothesis(failure_mode="neighbour_changed", title="PutBucketPolicy", confidence=0.2)
    inquiry = Inquiry(InquiryOutcome.CANNOT_TELL, 0.3, ("too little was seen",), (lead,))
    before = a_diagnosis(CODE, verdict=Verdict.CANNOT_TELL, inquiry=inquiry)
    after = heard(before, (said(Say.ACCEPT, lead.id),))
    assert after.root_cause is not None
    assert (after.root_cause.id, after.root_cause.confidence) == (lead.id, 0.2)
    assert after.leads == ()
