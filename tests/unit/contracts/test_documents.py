"""What one state writes the next one reads, through JSON, and mistakes name the field."""

import json
from dataclasses import fields

import pytest

from auto_repair.contracts.documents import decode, encode
from auto_repair.domain.answers import Reopening
from auto_repair.domain.case import Case, WorkflowError
from auto_repair.domain.counsel import Counsel, Shift
from auto_repair.domain.errors import InvalidEvent
from auto_repair.domain.evidence import (
    Alias,
    Caller,
    ChangeEvent,
    EventSource,
    Evidence,
    EvidenceItem,
    ProvisionedConcurrency,
)
from auto_repair.domain.incident import Disposition
from auto_repair.domain.plan import Plan
from auto_repair.domain.precedents import Precedent
from auto_repair.domain.question.reading import Reading
from auto_repair.domain.repair import Check, Refusal
from auto_repair.domain.surroundings import ResourceChange
from tests.builders import (
    NOW,
    QUEUE,
    a_case,
    a_change,
    a_configuration,
    a_diagnosis,
    a_gap,
    a_kill,
    a_plan,
    a_run,
    a_series,
    a_signature,
    a_verification,
    a_window,
    an_incident,
    evidence,
    memory,
    progress,
    some_surroundings,
    visibility,
)

WHOLE_CASE = a_case(
    incident=an_incident(
        alias="live",
        joined_incident_id="other",
        disposition=Disposition.JOINED,
        reading=Reading("lambda:orders", "calls fail", NOW, "UTC", "de", ("it is the only one",)),
    ),
    diagnosis=a_diagnosis(
        at=NOW,
        similar=(Precedent("older", "orders", NOW, 0.94, "leak", "as a person confirmed", ("code",)),),
        counsel=Counsel("a-model", "leak", "It leaks.", shifts=(Shift("leak", 0.6, 0.7),)),
    ),
    plan=a_plan(
        a_change(visibility(30, 54), memory(128, 384), alias="live", alias_version="5"),
        refusal=Refusal("price", "too dear", "raise the cap"),
        extra_cost_usd_per_month=1.5,
        is_last_rung=True,
    ),
    approval={"decision": "approve", "nested": [1, None, {"a": 1.5}]},
    repair=progress(steps=("one", "two"), published_version="6"),
    verification=a_verification(checks=(Check("killed", "yes", "no", None, "none seen"),)),
    rollback=progress(reason="because"),
    reopenings=(Reopening(NOW, "leak", "policy@s3:images"),),
    first_diagnosis=a_diagnosis(),
    failure=WorkflowError("VerifyRepair", "AwsCallFailed", "denied"),
    error={"Error": "AwsCallFailed", "Cause": "{}"},
    rollback_error={"Error": "States.Timeout"},
    record_error={"Error": "AwsCallFailed"},
    event={"functionName": "orders", "manual": True},
)

WHOLE_EVIDENCE = evidence(
    alias="live",
    latest=a_configuration(last_modified=NOW),
    aliases=(Alias("live", "5", {"6": 0.1}),),
    provisioned=(ProvisionedConcurrency("live", 3),),
    event_sources=(EventSource("sqs", QUEUE, visibility_timeout_s=30),),
    callers=(Caller("apigateway.amazonaws.com", 29),),
    invocations=(a_kill(), a_run(init_ms=1.5)),
    history=(a_run(),),
    signatures=(a_signature(),),
    series=(a_series("Errors", 1, 2),),
    baseline=(a_series("Errors", 0),),
    changes=(ChangeEvent(NOW, "UpdateFunctionCode", "orders", ours=True),),
    surroundings=some_surroundings(
        changes=(ResourceChange("s3:images", NOW, "PutBucketPolicy", before="{}", had_none=True),)
    ),
    items=(EvidenceItem("metrics.errors", "cloudwatch", "Sum", a_window(), "3"),),
    missing=(a_gap("lambda_logs"),),
)


@pytest.mark.parametrize("whole", [WHOLE_CASE, WHOLE_EVIDENCE], ids=["case", "evidence"])
def test_nothing_is_lost_on_the_way(whole: Case | Evidence) -> None:
    assert decode(type(whole), json.loads(json.dumps(encode(whole)))) == whole


@pytest.mark.parametrize("whole", [WHOLE_CASE, WHOLE_EVIDENCE], ids=["case", "evidence"])
def test_example_leaves_no_part_out(whole: Case | Evidence) -> None:
    assert [f.name for f in fields(whole) if getattr(whole, f.name) in (None, ())] == []


def test_older_documents_without_new_fields_are_read() -> None:
    document = encode(a_plan())
    del document["is_last_rung"]
    assert decode(Plan, document) == a_plan()


def test_unknown_fields_of_the_state_document_are_ignored() -> None:
    assert decode(Case, {**encode(a_case()), "notice": {"report": "s3://x"}}) == a_case()


def test_mistake_names_the_field() -> None:
    document = encode(a_case(plan=a_plan()))
    document["plan"]["change"]["settings"][0]["after"] = 1.5
    with pytest.raises(InvalidEvent, match=r"plan\.change\.settings\[0\]\.after"):
        decode(Case, document)


def test_text_where_a_setting_is_a_number_is_a_mistake() -> None:
    document = encode(a_case(plan=a_plan()))
    document["plan"]["change"]["settings"][0]["after"] = "a lot"
    with pytest.raises(InvalidEvent, match=r"memory_mb are of type int.*plan\.change\.settings\[0\]"):
        decode(Case, document)
