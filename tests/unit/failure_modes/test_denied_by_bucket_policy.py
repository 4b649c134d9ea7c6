"""A bucket's policy is held responsible only for what it refuses itself, and only since it was changed."""

from typing import Any

import pytest

from auto_repair.domain.diagnosis import Finding
from auto_repair.domain.evidence import Evidence
from auto_repair.domain.ranking import SURE_ENOUGH
from auto_repair.domain.surroundings import ResourceSignature
from auto_repair.failure_modes.denied_by_bucket_policy import FAILURE_MODE, detect
from tests.bucket_policies import (
    ALLOW,
    DENY,
    DENYING,
    DEPLOYER,
    FORMER,
    ROLE,
    a_policy_change,
    another_change,
    around,
    denied,
    logged,
    policy,
    refused,
)
from tests.builders import BUCKET, ago, evidence

IMPLICIT = "because no resource-based policy allows the s3:GetObject action"
IDENTITY = "because no identity-based policy allows the s3:GetObject action"
BARE = "An error occurred (AccessDenied) when calling the GetObject operation: Access Denied"


def finding(seen: Evidence) -> Finding:
    found = detect(seen)
    assert found is not None
    return found


def reasons(found: Finding) -> str:
    return "\n".join(r.text for r in (*found.because, *found.against))


def test_new_deny_that_the_log_complains_of_is_the_cause() -> None:
    found = finding(denied())
    assert found.confidence == 0.95
    assert found.resource == "s3:images"
    assert not found.against
    told = reasons(found)
    assert "12× refused: s3:GetObject on s3:images, first at 2026-01-31 11:55:00 UTC" in told
    assert f"{DEPLOYER} changed the bucket's policy at 2026-01-31 11:54:00 UTC, 60 s before" in told
    assert "the new policy denies it: DenyImages" in told
    assert '+ "Sid": "DenyImages"' in told


def test_log_of_another_resource_around_counts_too() -> None:
    seen = ResourceSignature(
        "lambda:thumbnails", "An error occurred", ago(minutes=5), ago(minutes=1), 4, sample=refused()
    )
    found = finding(evidence(surroundings=around(a_policy_change(), signatures=(seen,))))
    assert found.confidence == 0.95
    assert found.because[0].evidence == ("around.lambda:thumbnails.errors",)


def test_permission_that_was_taken_out_is_the_cause() -> None:
    gone = a_policy_change(FORMER, policy({**ALLOW, "Action": "s3:PutObject"}))
    found = finding(denied(gone, signatures=(logged(refused(IMPLICIT)),)))
    assert found.confidence == 0.95
    assert "lacks what allowed it: AllowApp" in reasons(found)


def test_policy_that_was_deleted_is_the_cause() -> None:
    gone = a_policy_change(FORMER, "", action="DeleteBucketPolicy")
    found = finding(denied(gone, signatures=(logged(refused(IMPLICIT)),)))
    assert found.confidence == 0.95
    assert "took the bucket's policy away" in reasons(found)


def test_condition_that_was_narrowed_is_the_cause_where_the_log_says_deny() -> None:
    everybody = {**DENY, "Principal": "*", "Sid": "OnlyListed"}

    def only(*roles: str) -> str:
        return policy({**everybody, "Condition": {"StringNotEquals": {"aws:PrincipalArn": list(roles)}}})

    found = finding(denied(a_policy_change(only(ROLE, f"{ROLE}-2"), only(f"{ROLE}-2"))))
    assert found.confidence == 0.95
    assert "OnlyListed (under conditions)" in reasons(found)


def test_bare_refusal_is_less_certain() -> None:
    assert finding(denied(signatures=(logged(BARE),))).confidence == 0.7
    nobody = a_policy_change(FORMER, policy(ALLOW, {**DENY, "Action": "*", "Resource": "*"}))
    assert finding(denied(nobody, signatures=(logged(BARE),))).confidence == 0.85


def test_former_policy_that_only_the_journal_knows_leaves_some_doubt() -> None:
    found = finding(denied(a_policy_change(before_of=ago(days=3))))
    assert found.confidence == 0.9
    (reason,) = found.against
    assert reason.text == (
        "the former policy is the last one that was recorded, of 2026-01-28 12:00:00 UTC: "
        "a change in between that nobody recorded would not be known"
    )


def test_unknown_documents_leave_doubt_but_name_the_change() -> None:
    found = finding(denied(a_policy_change(before="", after="")))
    assert found.confidence == 0.6
    assert "nobody recorded what the new policy says" in reasons(found)
    assert finding(denied(a_policy_change("not", "a policy"))).confidence == 0.6


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"at": ago(minutes=4)}, "refused before the policy was changed"),
        ({"at": ago(minutes=40)}, "long after the change"),
    ],
)
def test_change_at_another_time_is_doubted(change: dict[str, Any], told: str) -> None:
    found = finding(denied(a_policy_change(**change)))
    assert found.confidence <= 0.7
    assert told in reasons(found)


def test_refusals_in_the_reference_began_before_the_change() -> None:
    seen = ResourceSignature(
        "lambda:orders", "An error", ago(minutes=5), ago(minutes=1), 4, count_before=9, sample=refused()
    )
    found = finding(evidence(surroundings=around(a_policy_change(), signatures=(seen,))))
    assert found.confidence < SURE_ENOUGH


def test_policy_that_was_changed_again_is_doubted() -> None:
    again = a_policy_change(DENYING, FORMER, ago(minutes=2), event_id="event-2", actor="bob")
    found = finding(denied(a_policy_change(), again))
    assert found.confidence < SURE_ENOUGH
    assert "bob changed the policy again at 11:58:00 UTC" in reasons(found)


def test_our_own_change_is_no_cause() -> None:
    assert detect(denied(a_policy_change(ours=True))) is None


# Neighbours: what looks alike and has another cause.


def test_role_that_lost_its_permission_is_another_cause() -> None:
    seen = (logged(refused(IDENTITY)),)
    assert detect(denied(another_change("iam:orders-role", "DeleteRolePolicy"), signatures=seen)) is None
    # Even where somebody changed the bucket's policy shortly before, in a way that does not matter here.
    harmless = a_policy_change(FORMER, policy(ALLOW, {**DENY, "Action": "s3:DeleteObject"}))
    role = another_change("iam:orders-role", "DeleteRolePolicy")
    assert detect(denied(harmless, role, signatures=seen)) is None
    explicit = (logged(refused("with an explicit deny in an identity-based policy")),)
    assert detect(denied(a_policy_change(), role, signatures=explicit)) is None


def test_nearer_change_of_the_role_speaks_against_a_bare_refusal() -> None:
    found = finding(
        denied(
            a_policy_change(), another_change("iam:orders-role", "PutRolePolicy"), signatures=(logged(BARE),)
        )
    )
    assert found.confidence < SURE_ENOUGH
    assert "PutRolePolicy of iam:orders-role is nearer" in reasons(found)


def test_change_of_a_role_that_nobody_here_uses_does_not() -> None:
    found = finding(denied(a_policy_change(), another_change("iam:backup-role", "PutRolePolicy")))
    assert found.confidence == 0.95


def test_grant_of_a_key_that_was_revoked_is_another_cause() -> None:
    message = (
        "An error occurred (AccessDenied) when calling the GetObject operation: User: "
        "arn:aws:sts::123456789012:assumed-role/orders-role/orders is not authorized to perform: kms:Decrypt "
        "on the resource associated with this ciphertext because no identity-based policy allows the "
        "kms:Decrypt action"
    )
    revoked = another_change("kms:1234", "RevokeGrant")
    assert detect(denied(revoked, signatures=(logged(message),))) is None
    assert detect(denied(a_policy_change(), revoked, signatures=(logged(message),))) is None


def test_deployed_code_and_throttled_tables_are_other_causes() -> None:
    raised = logged("KeyError: 'image'")
    deployed = another_change("lambda:orders", "UpdateFunctionCode")
    assert detect(denied(a_policy_change(), deployed, signatures=(raised,))) is None
    throttled = logged(
        "An error occurred (ProvisionedThroughputExceededException) when calling the GetItem operation: The "
        "level of configured provisioned throughput for the table was exceeded."
    )
    assert detect(denied(a_policy_change(), signatures=(throttled,))) is None


@pytest.mark.parametrize("kind", ["service control policy", "VPC endpoint policy", "permissions boundary"])
def test_other_kinds_of_policies_are_other_causes(kind: str) -> None:
    assert detect(denied(signatures=(logged(refused(f"with an explicit deny in a {kind}")),))) is None


def test_another_bucket_another_action_another_role_are_other_causes() -> None:
    elsewhere = logged(refused(resource=f"{BUCKET}-archive/cat.png"))
    assert detect(denied(signatures=(elsewhere,))) is None
    deleting = logged(refused("", action="s3:DeleteObject"))
    assert detect(denied(signatures=(deleting,))) is None
    somebody_else = policy(ALLOW, {**DENY, "Principal": {"AWS": f"{ROLE}-2"}})
    assert detect(denied(a_policy_change(FORMER, somebody_else))) is None


def test_policy_that_denied_it_before_is_no_cause() -> None:
    more = policy(ALLOW, DENY, {**ALLOW, "Sid": "More"})
    assert detect(denied(a_policy_change(DENYING, more))) is None


def test_nothing_is_said_without_surroundings() -> None:
    assert detect(denied(surroundings=None)) is None


def test_repair_is_offered() -> None:
    assert FAILURE_MODE.repair is not None
    assert FAILURE_MODE.repair.name == "restore_bucket_policy"
