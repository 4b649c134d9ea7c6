"""What a bucket needs: the key it encrypts with; and whom it tells about new objects."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.discovery import Discovery, home
from auto_repair.adapters.kms_keys import KmsKeys
from auto_repair.domain.arns import resource_of
from auto_repair.domain.errors import AwsCallFailed
from auto_repair.domain.evidence import Window
from auto_repair.domain.resources import Resource
from auto_repair.domain.topology import Topology
from auto_repair.ports import TopologySource
from auto_repair.settings import Settings

_NOTIFIED = {
    "LambdaFunctionConfigurations": "LambdaFunctionArn",
    "QueueConfigurations": "QueueArn",
    "TopicConfigurations": "TopicArn",
}
_UNENCRYPTED = "ServerSideEncryptionConfigurationNotFoundError"


class BucketDependenciesSource:
    """Two calls, three where an alias names the key."""

    name = "bucket_dependencies"
    once = False

    def __init__(self, clients: Clients, keys: KmsKeys) -> None:
        self._clients = clients
        self._keys = keys

    def discover(self, start: Resource, window: Window) -> Topology:
        """One hop from a bucket. Raises `ResourceMissing` when there is no such bucket."""
        if start.service != "s3":
            return Topology()
        client = self._clients.client("s3")
        notified = call(client.get_bucket_notification_configuration, Bucket=start.name)
        found = Discovery(self.name, start, window)
        for kind, key in _NOTIFIED.items():
            for configuration in notified.get(kind, ()):
                if receiver := resource_of(configuration[key]):
                    found.needs(start, receiver, "event notification")
        for master in found.attempt(partial(self._masters, start.name)) or ():
            if master_key := found.attempt(partial(self._keys.resource, master)):
                found.needs(start, master_key, "encrypts its objects by default")
        return found.topology(f"s3:GetBucketNotificationConfiguration, s3:GetBucketEncryption {start.name}")

    def _masters(self, bucket: str) -> list[str]:
        try:
            answer = call(self._clients.client("s3").get_bucket_encryption, Bucket=bucket)
        except AwsCallFailed as error:
            if error.code == _UNENCRYPTED:
                return []
            raise
        return list(_keys_of(answer.get("ServerSideEncryptionConfiguration", {})))


def _keys_of(configuration: Mapping[str, Any]) -> Iterator[str]:
    for rule in configuration.get("Rules", ()):
        if master := rule.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID"):
            yield master


def source(settings: Settings, clients: Clients) -> TopologySource:
    """The source, ready for use."""
    return BucketDependenciesSource(clients, KmsKeys(clients, home(settings)))
