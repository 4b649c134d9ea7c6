"""What AWS Config recorded of a resource before and after a change, where Config is on.

One request tells when it last saw each resource change; only of those that changed lately more is read.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice, pairwise
from typing import Any, NamedTuple

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.discovery import home
from auto_repair.adapters.pages import following, pages
from auto_repair.domain.arns import Home, arn_of
from auto_repair.domain.changes import kind
from auto_repair.domain.changes.history import CONFIG_HISTORY
from auto_repair.domain.changes.kind import MAX_SUMMARY, as_text, document, policy_words
from auto_repair.domain.changes.telling import recent, since, told
from auto_repair.domain.citations import EvidenceItem, MissingEvidence
from auto_repair.domain.errors import AutoRepairError, AwsCallFailed
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import Observation, ResourceChange, Scope
from auto_repair.ports import ObservationSource
from auto_repair.settings import Settings

MAX_RESOURCES = 6  # nearest first
MAX_GAP = 400  # characters
MAX_PAGES = 5  # of seven days each, read only of a resource that changed within the last day
_TYPES = {
    "dynamodb": "AWS::DynamoDB::Table",
    "ec2": "AWS::EC2::Instance",
    "elasticloadbalancing": "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "iam": "AWS::IAM::Role",
    "kinesis": "AWS::Kinesis::Stream",
    "kms": "AWS::KMS::Key",
    "lambda": "AWS::Lambda::Function",
    "rds": "AWS::RDS::DBInstance",
    "s3": "AWS::S3::Bucket",
    "secretsmanager": "AWS::SecretsManager::Secret",
    "sns": "AWS::SNS::Topic",
    "sqs": "AWS::SQS::Queue",
    "states": "AWS::StepFunctions::StateMachine",
}
# What Config calls a resource: these by name, these by ARN, all others by an id that must be looked up.
_BY_NAME = ("dynamodb", "ec2", "kms", "lambda", "s3")
_BY_ARN = ("elasticloadbalancing", "secretsmanager", "sns", "states")
_OFF = "NoAvailableConfigurationRecorderException"
# Changes by itself, or repeats that something else changed.
_IDLE = ("lastModified", "revisionId", "itemCount", "tableSizeBytes", "lastUpdateStatus", "roleLastUsed")
_POLICY_OF_BUCKET = "BucketPolicy"


class Key(NamedTuple):
    """What Config calls a resource."""

    type: str
    id: str


class ConfigHistorySource:
    """One request for all resources, one more to learn each id that no name tells, and one or more for each
    resource that changed."""

    name = CONFIG_HISTORY

    def __init__(self, clients: Clients, place: Home) -> None:
        self._client = clients.client
        self._place = place

    def observe(self, scope: Scope) -> Observation:
        """The differences between the configurations that Config recorded within the last day."""
        asked = [r for r in scope.resources if r.service in _TYPES][:MAX_RESOURCES]
        try:
            keys = {r.id: key for r in asked if (key := self._key(r))}
            seen = self._last_seen(keys.values())
        except AwsCallFailed as error:
            if error.code != _OFF:
                raise
            return Observation(missing=(MissingEvidence(self.name, "AWS Config is not recording"),))
        known = {name: key for name, key in keys.items() if key in seen}
        changes, gaps = self._changes({n: k for n, k in known.items() if seen[k] >= since(scope)}, scope)
        names = ", ".join(r.id for r in asked)
        item = EvidenceItem(
            id=self.name,
            source=self.name,
            query=f"config:BatchGetResourceConfig, config:GetResourceConfigHistory of {names}",
            window=scope.window,
            observed=told(changes),
        )
        if unknown := ", ".join(r.id for r in asked if r.id not in known):
            gaps.append(MissingEvidence(self.name, f"AWS Config knows nothing of {unknown}"[:MAX_GAP]))
        return Observation(
            changes=tuple(changes),
            items=(item,) if known else (),
            missing=tuple(gaps),
        )

    def _changes(
        self, keys: Mapping[str, Key], scope: Scope
    ) -> tuple[list[ResourceChange], list[MissingEvidence]]:
        """Differences, and of which resource none or not all could be read and why."""
        changes: list[ResourceChange] = []
        gaps: list[MissingEvidence] = []
        for name, key in keys.items():
            try:
                history, is_whole = self._history(key, scope)
                changes += recent(differences(name, history), scope)
                if not is_whole:
                    more = f"AWS Config knows more of {name} than was read"
                    gaps.append(MissingEvidence(self.name, more[:MAX_GAP], partly=True))
            except AutoRepairError as error:
                why = f"the history of {name} could not be read: {error}"
                gaps.append(MissingEvidence(self.name, why[:MAX_GAP]))
        return changes, gaps

    def _last_seen(self, keys: Collection[Key]) -> dict[Key, datetime]:
        """When Config recorded their present configurations. What it does not record, or knows to be deleted,
        is left out."""
        if not keys:
            return {}
        wanted = [{"resourceType": key.type, "resourceId": key.id} for key in keys]
        answer = call(self._client("config").batch_get_resource_config, resourceKeys=wanted)
        return {
            Key(item["resourceType"], item["resourceId"]): item["configurationItemCaptureTime"]
            for item in answer.get("baseConfigurationItems", ())
        }

    def _history(self, key: Key, scope: Scope) -> tuple[list[Mapping[str, Any]], bool]:
        """The newest recorded configurations before the window's end, newest first, and whether they reach as
        far back as is of interest."""
        items: list[Mapping[str, Any]] = []
        recorded = pages(
            self._client("config").get_resource_config_history,
            resourceType=key.type,
            resourceId=key.id,
            laterTime=scope.window.end,
        )
        for page in islice(recorded, MAX_PAGES):
            items += page.get("configurationItems", ())
            oldest = items[-1]["configurationItemCaptureTime"] if items else since(scope)
            if oldest < since(scope) or not items or not following(page):
                return items, True
        return items, False

    def _key(self, resource: Resource) -> Key | None:
        resource_id = self._id_of(resource)
        return Key(_TYPES[resource.service], resource_id) if resource_id else None

    def _id_of(self, resource: Resource) -> str:
        if resource.service in _BY_NAME:
            return resource.name
        arn = resource.arn or arn_of(resource.service, resource.name, self._place)
        if resource.service in _BY_ARN and arn:
            return arn
        answer = call(
            self._client("config").list_discovered_resources,
            resourceType=_TYPES[resource.service],
            resourceName=resource.name,
            limit=1,
        )
        found = answer.get("resourceIdentifiers") or [{}]
        return str(found[0].get("resourceId", ""))


def differences(resource_id: str, items: list[Mapping[str, Any]]) -> Iterator[ResourceChange]:
    """What differs between one recorded configuration and the one before it; `items` newest first."""
    for newer, older in pairwise(items):
        after, before = _settings(newer), _settings(older)
        changed = [key for key in sorted(after.keys() | before.keys()) if after.get(key) != before.get(key)]
        if _POLICY_OF_BUCKET in changed:
            changed.remove(_POLICY_OF_BUCKET)
            yield _policy_change(resource_id, newer, before, after)
        if changed:
            yield ResourceChange(
                resource=resource_id,
                at=newer["configurationItemCaptureTime"].astimezone(UTC),
                action="ConfigurationChanged",
                summary=", ".join(changed)[:MAX_SUMMARY],
                source=CONFIG_HISTORY,
                before=_chosen(before, changed),
                after=_chosen(after, changed),
            )


def _policy_change(
    resource_id: str, item: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]
) -> ResourceChange:
    """A bucket's policy, told as CloudTrail tells it: the two accounts are one change."""
    former, policy = _bucket_policy(before), _bucket_policy(after)
    return ResourceChange(
        resource=resource_id,
        at=item["configurationItemCaptureTime"].astimezone(UTC),
        action="PutBucketPolicy" if policy else "DeleteBucketPolicy",
        summary=policy_words(policy) if policy else "",
        source=CONFIG_HISTORY,
        before=former,
        after=policy,
        had_none=not former,
    )


def _bucket_policy(values: Mapping[str, Any]) -> str:
    held = values.get(_POLICY_OF_BUCKET)
    return document(held.get("policyText")) if isinstance(held, Mapping) else ""


def _settings(item: Mapping[str, Any]) -> dict[str, Any]:
    """The recorded settings; what Config keeps apart is beside the others."""
    configuration = _parsed(item.get("configuration") or "{}")
    apart = {k: _parsed(v) for k, v in (item.get("supplementaryConfiguration") or {}).items()}
    whole = {**configuration, **apart} if isinstance(configuration, dict) else apart
    return {key: value for key, value in whole.items() if key not in _IDLE}


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _chosen(values: Mapping[str, Any], keys: list[str]) -> str:
    """These settings as JSON text. Environment variables are told by their names."""
    chosen = kind.settings({key: values[key] for key in keys if key in values})
    environment = values.get("environment")
    if "environment" in chosen and isinstance(environment, Mapping):
        chosen["environment"] = sorted(environment.get("variables") or ())
    return as_text(chosen)


def source(settings: Settings, clients: Clients) -> ObservationSource:
    """The source, ready for use."""
    return ConfigHistorySource(clients, home(settings))
