"""Each piece of a deployment is compared with what was written down when it was deployed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scripts import deployed_pieces as pieces
from scripts.deployed import Level
from tests.unit.scripts.deployments import KEY, LAYER, Answers, ByName, levels, refusal, worst


def a_function(**facts: Any) -> dict[str, Any]:
    fine = {
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "CodeSha256": "sum",
        "Layers": [{"Arn": LAYER}],
    }
    return {**fine, **facts}


def the_functions(facts: dict[str, Any], reserved: int | None = None) -> Answers:
    concurrency = {} if reserved is None else {"ReservedConcurrentExecutions": reserved}
    return Answers(get_function_configuration=facts, get_function_concurrency=concurrency)


def test_a_function_as_deployed_is_fine() -> None:
    assert levels(pieces.functions(the_functions(a_function()))) == [Level.OK]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"State": "Failed"}, "Failed, last update Successful"),
        ({"LastUpdateStatus": "Failed"}, "Active, last update Failed"),
        ({"CodeSha256": "of a hotfix"}, "code or layer is not what was deployed"),
        ({"Layers": [{"Arn": LAYER.replace(":7", ":6")}]}, "code or layer is not what was deployed"),
    ],
)
def test_a_function_that_differs_is_named_with_what_to_do(facts: dict[str, Any], said: str) -> None:
    found = worst(pieces.functions(the_functions(a_function(**facts))))
    assert (found.level, found.text.startswith("function planner: ")) == (Level.BROKEN, True)
    assert said in found.text
    assert "make apply ENV=dev" in found.fix


def test_a_function_that_is_stopped_is_broken() -> None:
    found = worst(pieces.functions(the_functions(a_function(), reserved=0)))
    assert "stopped by a reserved concurrency of 0" in found.text
    assert found.fix == "aws lambda delete-function-concurrency --function-name planner"


def test_what_is_gone_does_not_hide_the_next() -> None:
    answers = ByName(gone=refusal("ResourceNotFoundException", "GetFunctionConfiguration"), here=a_function())
    account = Answers(
        {"functions": {"gone": "sum", "here": "sum"}},
        get_function_configuration=answers,
        get_function_concurrency={},
    )
    gone, here = pieces.functions(account)
    assert gone.text == "function gone: does not exist"
    assert (gone.level, here.level) == (Level.BROKEN, Level.OK)


def test_who_may_not_look_is_told_so_instead_of_to_deploy() -> None:
    account = Answers(describe_table=refusal("AccessDeniedException", "DescribeTable"))
    found = worst(pieces.tables(account))
    assert found.text == "table repairs: DescribeTable is denied"
    assert "make apply" not in found.fix


def the_tables(**changed: Any) -> Answers:
    facts = {"status": "ACTIVE", "recovery": "ENABLED", "expiry": "ENABLED", "key": KEY, **changed}
    recovery = {"PointInTimeRecoveryStatus": facts["recovery"]}
    return Answers(
        describe_table={
            "Table": {"TableStatus": facts["status"], "SSEDescription": {"KMSMasterKeyArn": facts["key"]}}
        },
        describe_continuous_backups={
            "ContinuousBackupsDescription": {"PointInTimeRecoveryDescription": recovery}
        },
        describe_time_to_live={"TimeToLiveDescription": {"TimeToLiveStatus": facts["expiry"]}},
    )


def test_a_table_as_deployed_is_fine() -> None:
    assert levels(pieces.tables(the_tables())) == [Level.OK]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"status": "UPDATING"}, "status is UPDATING"),
        ({"recovery": "DISABLED"}, "point-in-time recovery is DISABLED"),
        ({"expiry": "DISABLED"}, "expiry of items is DISABLED"),
        ({"key": "another"}, "key is another"),
    ],
)
def test_a_table_that_differs_is_named_with_what_differs(changed: dict[str, str], said: str) -> None:
    assert worst(pieces.tables(the_tables(**changed))).text == f"table repairs: {said}"


@pytest.mark.parametrize(
    ("versioning", "key", "blocked", "said"),
    [
        ("Enabled", KEY, True, None),
        ("Suspended", KEY, True, "versioning is Suspended"),
        ("Enabled", None, True, "key is None"),
        ("Enabled", KEY, False, "block of public access is False"),
    ],
)
def test_a_bucket_is_versioned_encrypted_and_closed(
    versioning: str, key: str | None, blocked: bool, said: str | None
) -> None:
    default = {"SSEAlgorithm": "aws:kms"} | ({"KMSMasterKeyID": key} if key else {})
    account = Answers(
        get_bucket_versioning={"Status": versioning},
        get_bucket_encryption={
            "ServerSideEncryptionConfiguration": {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
        },
        get_public_access_block={
            "PublicAccessBlockConfiguration": {"BlockPublicAcls": True, "BlockPublicPolicy": blocked}
        },
    )
    (found,) = pieces.buckets(account)
    assert found.level is (Level.BROKEN if said else Level.OK)
    assert said is None or found.text == f"bucket reports: {said}"


def the_key(policy: list[dict[str, Any]], state: str = "Enabled", rotates: bool = True) -> Answers:
    return Answers(
        describe_key={"KeyMetadata": {"KeyState": state}},
        get_key_rotation_status={"KeyRotationEnabled": rotates},
        get_key_policy={"Policy": json.dumps({"Statement": policy})},
    )


def allowing(*services: str) -> list[dict[str, Any]]:
    everybody = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}}
    return [everybody, *({"Effect": "Allow", "Principal": {"Service": name}} for name in services)]


EVENTS, LOGS = "events.amazonaws.com", "logs.us-east-1.amazonaws.com"


def test_a_key_that_admits_everybody_is_fine() -> None:
    assert levels(pieces.key(the_key(allowing(EVENTS, LOGS)))) == [Level.OK] * 3


def test_a_key_of_somebody_else_is_checked_for_the_services_that_need_it() -> None:
    refused = {"Effect": "Deny", "Principal": {"Service": EVENTS}}
    found = worst(pieces.key(the_key([*allowing(LOGS), refused])))
    assert found.text == "key 1234abcd: its policy admits everything but events.amazonaws.com"
    assert "terraform output key_policy" in found.fix


def test_a_disabled_key_is_broken_and_one_that_does_not_rotate_worth_a_look() -> None:
    assert worst(pieces.key(the_key(allowing(EVENTS, LOGS), state="Disabled"))).level is Level.BROKEN
    assert worst(pieces.key(the_key(allowing(EVENTS, LOGS), rotates=False))).level is Level.ATTENTION


@pytest.mark.parametrize(("attached", "level"), [(1, Level.OK), (0, Level.BROKEN), (2, Level.BROKEN)])
def test_a_role_has_as_many_policies_as_were_deployed(attached: int, level: Level) -> None:
    page = {"AttachedPolicies": [{"PolicyName": str(number)} for number in range(attached)]}
    assert levels(pieces.roles(Answers(get_role_policy={}, list_attached_role_policies=page))) == [level]


@pytest.mark.parametrize(
    ("group", "said", "level"),
    [
        ({"retentionInDays": 365}, "kept 365 days", Level.OK),
        ({"retentionInDays": 7}, "kept 7 days", Level.BROKEN),
        ({}, "kept endless days", Level.BROKEN),
        (None, "missing", Level.BROKEN),
    ],
)
def test_logs_are_kept_as_long_as_deployed(group: dict[str, int] | None, said: str, level: Level) -> None:
    groups = [] if group is None else [{"logGroupName": "/aws/lambda/planner", **group}]
    # The name is a prefix of others.
    groups.append({"logGroupName": "/aws/lambda/planner-2", "retentionInDays": 365})
    (found,) = pieces.log_groups(Answers(describe_log_groups={"logGroups": groups}))
    assert (found.level, found.text) == (level, f"log group /aws/lambda/planner: {said}")


@pytest.mark.parametrize(("waiting", "level"), [("0", Level.OK), ("3", Level.ATTENTION)])
def test_undelivered_events_are_worth_a_look(waiting: str, level: Level) -> None:
    account = Answers(
        get_queue_url={"QueueUrl": "url"},
        get_queue_attributes={"Attributes": {"ApproximateNumberOfMessages": waiting}},
    )
    (found,) = pieces.queues(account)
    assert (found.level, found.text) == (level, f"queue undelivered: {waiting} undelivered events")


def test_a_stopped_trail_is_broken() -> None:
    assert levels(pieces.trail(Answers(get_trail_status={"IsLogging": True}))) == [Level.OK]
    found = worst(pieces.trail(Answers(get_trail_status={"IsLogging": False})))
    assert (found.level, found.fix) == (Level.BROKEN, "aws cloudtrail start-logging --name trail")


@pytest.mark.parametrize(("others", "level"), [([{"Name": "company"}], Level.OK), ([], Level.ATTENTION)])
def test_without_a_trail_of_our_own_another_will_do(others: list[dict[str, str]], level: Level) -> None:
    account = Answers({"trail": None}, describe_trails={"trailList": others})
    assert levels(pieces.trail(account)) == [level]


def test_a_webhook_that_will_be_deleted_is_broken() -> None:
    secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:slack-AbCdEf"
    assert levels(pieces.slack(Answers())) == []
    assert levels(pieces.slack(Answers({"slack_secret": secret}, describe_secret={}))) == [Level.OK]
    going = {"DeletedDate": datetime.now(UTC)}
    found = worst(pieces.slack(Answers({"slack_secret": secret}, describe_secret=going)))
    assert found.level is Level.BROKEN


@pytest.mark.parametrize(("entitled", "level"), [("AVAILABLE", Level.OK), ("NOT_AVAILABLE", Level.ATTENTION)])
def test_a_model_without_access_is_worth_a_look(entitled: str, level: Level) -> None:
    arns = [
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.some.model",
        "arn:aws:bedrock:us-east-1::foundation-model/some.model",
    ]
    account = Answers(
        {"advisor": {"model_arns": arns, "knowledge_base_id": None}},
        get_foundation_model_availability=ByName(
            {"some.model": {"authorizationStatus": "AUTHORIZED", "entitlementAvailability": entitled}}
        ),
    )
    assert levels(pieces.advisor(account)) == [level]


def test_executions_that_failed_long_ago_are_forgotten() -> None:
    long_ago = datetime.now(UTC) - timedelta(days=3)
    account = Answers(list_executions={"executions": [{"name": "old", "startDate": long_ago}]})
    assert levels(pieces.recent_executions(account)) == [Level.OK] * 3
    recent = {"executions": [{"name": "new", "startDate": datetime.now(UTC)}]}
    assert levels(pieces.recent_executions(Answers(list_executions=recent))) == [Level.ATTENTION] * 3
