"""Five ways in which the service comes to answer 500, each one change by somebody in the deploying role.

Around each of them harmless changes happen, before and after, to the same and to other resources, so that
neither the latest change nor the only change of a resource is the answer.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from local.scenarios.image_service import documents, stage
from local.scenarios.image_service.service import ImageService, Visitors
from local.scenarios.model import Cause, JsonObject
from local.scenarios.stage import wait_until

ACTOR = "release-241"
HARMLESS_ACTOR = "nightly-inventory"
PAUSE_S = 1.1  # CloudTrail's times are whole seconds
HEALTHY_S = 12.0  # four periods of a minute on the scaled clock
ALARM_S = 30.0


@dataclass(frozen=True)
class Made:
    """When the change that broke the service was begun, and when AWS had answered."""

    begun: datetime
    done: datetime


@dataclass(frozen=True)
class Incident:
    """One fault of the image service.

    change: makes it, as `ACTOR`. resource: what it changes, by the service. action: how. symptom: what the
    function's log says of it, word for word apart from names.
    """

    name: str
    title: str
    change: Callable[[ImageService], None]
    resource: Callable[[ImageService], str]
    action: str
    symptom: str
    fault: str

    def break_it(self, service: ImageService) -> Made:
        """Make the change, with harmless ones around it; when it was made."""
        _harmless_before(service)
        time.sleep(PAUSE_S)
        begun = datetime.now(UTC)
        self.change(service)
        made = Made(begun, datetime.now(UTC))
        time.sleep(PAUSE_S)
        _harmless_after(service)
        return made

    def cause(self, service: ImageService) -> Cause:
        """What an investigation must name."""
        return Cause(self.resource(service), self.action, ACTOR)


@dataclass(frozen=True)
class Staged:
    """An incident under way. since: when its first change began, harmless or not; made: its own change."""

    incident: Incident
    service: ImageService
    visitors: Visitors
    since: datetime
    made: Made
    seconds_to_alarm: float

    @property
    def cause(self) -> Cause:
        return self.incident.cause(self.service)


@contextmanager
def staged(service: ImageService, incident: Incident, *, healthy_s: float = HEALTHY_S) -> Iterator[Staged]:
    """Visitors come, all is well, the change is made, the alarm fires; the visitors stay for the block.

    Raises `TimeoutError` if the service does not answer in good health first or no alarm comes.
    """
    with service.visitors() as visitors:
        _wait_for_health(service, visitors)
        time.sleep(healthy_s)
        since = datetime.now(UTC)
        made = incident.break_it(service)
        changed = time.monotonic()
        wait_until(lambda: service.alarm_state() == "ALARM", seconds=ALARM_S, what=f"alarm {service.alarm}")
        yield Staged(incident, service, visitors, since, made, time.monotonic() - changed)


def _wait_for_health(service: ImageService, visitors: Visitors) -> None:
    """An alarm left over from an earlier incident would be taken for this one's."""
    wait_until(lambda: visitors.call() == "succeeded", seconds=ALARM_S, what="an image")
    wait_until(lambda: service.alarm_state() == "OK", seconds=ALARM_S, what=f"alarm {service.alarm} is OK")
    visitors.fresh_tally()


def _deny_by_bucket_policy(service: ImageService) -> None:
    arn, principal = f"arn:aws:s3:::{service.bucket}", {"AWS": service.role_arn}
    denials: list[JsonObject] = [
        {"Sid": "NoListing", "Effect": "Deny", "Action": "s3:ListBucket", "Resource": arn},
        {"Sid": "NoReading", "Effect": "Deny", "Action": "s3:GetObject", "Resource": f"{arn}/*"},
    ]
    document = documents.bucket_policy(service)
    document["Statement"] += [{**denial, "Principal": principal} for denial in denials]
    stage.put_bucket_policy(service, service.as_deployer("s3", ACTOR), document)


def _remove_permission(service: ImageService) -> None:
    kept = [
        statement
        for statement in documents.function_permissions(service)
        if statement["Action"] != "s3:GetObject"
    ]
    stage.put_role_policy(service, service.as_deployer("iam", ACTOR), kept)


def _revoke_grant(service: ImageService) -> None:
    stage.revoke_decryption(service, service.as_deployer("kms", ACTOR))


def _deploy_bug(service: ImageService) -> None:
    files = documents.function_files("function_with_bug")
    stage.put_code(service, service.as_deployer("lambda", ACTOR), files)


def _starve_table(service: ImageService) -> None:
    starved = {**documents.THROUGHPUT, "WriteCapacityUnits": 1}
    stage.put_throughput(service, service.as_deployer("dynamodb", ACTOR), starved)


def _harmless_before(service: ImageService) -> None:
    service.as_deployer("ssm", HARMLESS_ACTOR).put_parameter(
        Name=f"/{service.name}-newsletter/sender", Value="hello@example.com", Type="String", Overwrite=True
    )
    _tag_bucket(service, "inventoried")
    functions = service.as_deployer("lambda", HARMLESS_ACTOR)
    functions.update_function_configuration(
        FunctionName=service.maker, Description=f"Draws images. Seen at {datetime.now(UTC):%H:%M:%S}."
    )


def _harmless_after(service: ImageService) -> None:
    _tag_bucket(service, "reported")
    service.as_deployer("ssm", HARMLESS_ACTOR).put_parameter(
        Name=f"/{service.name}-newsletter/sender", Value="news@example.com", Type="String", Overwrite=True
    )


def _tag_bucket(service: ImageService, step: str) -> None:
    service.as_deployer("s3", HARMLESS_ACTOR).put_bucket_tagging(
        Bucket=service.bucket, Tagging={"TagSet": [{"Key": "inventory", "Value": step}]}
    )


INCIDENTS = {
    incident.name: incident
    for incident in (
        Incident(
            name="bucket_policy_denies",
            title="A bucket policy denies the function's role",
            change=_deny_by_bucket_policy,
            resource=lambda service: f"s3:{service.bucket}",
            action="PutBucketPolicy",
            symptom="with an explicit deny in a resource-based policy",
            fault="the bucket's policy now denies s3:ListBucket and s3:GetObject to the function's role",
        ),
        Incident(
            name="role_policy_lost_a_permission",
            title="The function's role lost a permission",
            change=_remove_permission,
            resource=lambda service: f"iam:{service.role}",
            action="PutRolePolicy",
            symptom="because no identity-based policy allows the s3:GetObject action",
            fault="the policy of the function's role no longer allows s3:GetObject",
        ),
        Incident(
            name="grant_revoked",
            title="A grant on the key was revoked",
            change=_revoke_grant,
            resource=lambda service: f"kms:{service.key_id}",
            action="RevokeGrant",
            symptom="because no identity-based policy allows the kms:Decrypt action",
            fault="the grant that let the function's role decrypt with the key is gone",
        ),
        Incident(
            name="code_with_a_bug",
            title="A release with a bug",
            change=_deploy_bug,
            resource=lambda service: f"lambda:{service.function}",
            action="UpdateFunctionCode",
            symptom="GET /random failed: KeyError: 'ContentType'",
            fault="the new code expects a member that listings of a bucket do not have",
        ),
        Incident(
            name="table_throttled",
            title="A table with too little capacity",
            change=_starve_table,
            resource=lambda service: f"dynamodb:{service.table}",
            action="UpdateTable",
            symptom="(ProvisionedThroughputExceededException) when calling the UpdateItem operation",
            fault="the table may take one write a second; every visitor is counted there",
        ),
    )
}
