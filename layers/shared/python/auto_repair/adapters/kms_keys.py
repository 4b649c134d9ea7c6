"""KMS keys by whatever a resource calls them: ARN, id or alias."""

import re

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.domain.arns import Home, arn_of, resource_of
from auto_repair.domain.resources import Resource

_ID = re.compile(r"(?:mrk-[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


class KmsKeys:
    """An alias costs one call of kms:DescribeKey, everything else none."""

    def __init__(self, clients: Clients, home: Home) -> None:
        self._clients = clients
        self._home = home

    def resource(self, key: str) -> Resource | None:
        """The key; None for keys that AWS manages itself, which nobody can change."""
        if "alias/aws/" in key:
            return None
        if _ID.fullmatch(key):
            return Resource("kms", key, arn_of("kms", key, self._home))
        if ":key/" in key:
            return resource_of(key)
        answer = call(self._clients.client("kms").describe_key, KeyId=key)
        return resource_of(answer["KeyMetadata"]["Arn"])
