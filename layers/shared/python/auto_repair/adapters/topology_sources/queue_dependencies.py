"""What a queue needs: its dead-letter queue and key; and which topics, buckets and rules write to it."""

import json
from collections.abc import Mapping
from functools import partial

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.discovery import Discovery, home
from auto_repair.adapters.kms_keys import KmsKeys
from auto_repair.domain.arns import Home, home_of, resource_of, resources_in
from auto_repair.domain.evidence import Window
from auto_repair.domain.resources import Resource
from auto_repair.domain.topology import Topology
from auto_repair.ports import TopologySource
from auto_repair.settings import Settings


class QueueDependenciesSource:
    """Two calls, three where an alias names the key."""

    name = "queue_dependencies"
    once = False

    def __init__(self, clients: Clients, keys: KmsKeys, home: Home) -> None:
        self._clients = clients
        self._keys = keys
        self._home = home

    def discover(self, start: Resource, window: Window) -> Topology:
        """One hop around a queue; its consumers are the event source mappings' business."""
        if start.service != "sqs":
            return Topology()
        attributes = self._attributes(start)
        found = Discovery(self.name, start, window)
        dead_letters = json.loads(attributes.get("RedrivePolicy", "{}")).get("deadLetterTargetArn", "")
        if dead_letter_queue := resource_of(dead_letters):
            found.needs(start, dead_letter_queue, "dead-letter queue")
        master = attributes.get("KmsMasterKeyId", "")
        if master and (key := found.attempt(partial(self._keys.resource, master))):
            found.needs(start, key, "encrypts it")
        for statement in json.loads(attributes.get("Policy", "{}")).get("Statement", ()):
            if statement.get("Effect") == "Allow":
                for writer in resources_in(json.dumps(statement.get("Condition", {}))):
                    found.needs(writer, start, "may write to it")
        return found.topology(f"sqs:GetQueueAttributes {start.name}")

    def _attributes(self, queue: Resource) -> Mapping[str, str]:
        client = self._clients.client("sqs")
        owner = (home_of(queue.arn) or self._home).account
        named = {"QueueName": queue.name} | ({"QueueOwnerAWSAccountId": owner} if owner else {})
        url = call(client.get_queue_url, **named)["QueueUrl"]
        wanted = ["RedrivePolicy", "KmsMasterKeyId", "Policy"]
        answer = call(client.get_queue_attributes, QueueUrl=url, AttributeNames=wanted)
        attributes: Mapping[str, str] = answer.get("Attributes", {})
        return attributes


def source(settings: Settings, clients: Clients) -> TopologySource:
    """The source, ready for use."""
    place = home(settings)
    return QueueDependenciesSource(clients, KmsKeys(clients, place), place)
