"""What a queue needs: its dead-letter queue and key; and which topics, buckets and rules write to it."""

import json
from functools import partial

from auto_repair.adapters.clients import Clients
from auto_repair.adapters.discovery import Discovery, home
from auto_repair.adapters.kms_keys import KmsKeys
from auto_repair.adapters.sqs_queues import SqsQueues
from auto_repair.adapters.topology_sources.function_grants import statements_of
from auto_repair.domain.arns import Home, arn_of, resource_of, resources_in
from auto_repair.domain.evidence import Window
from auto_repair.domain.resources import Resource
from auto_repair.domain.topology import Topology
from auto_repair.ports import TopologySource
from auto_repair.settings import Settings


class QueueDependenciesSource:
    """Two calls, three where an alias names the key."""

    name = "queue_dependencies"
    once = False

    def __init__(self, queues: SqsQueues, keys: KmsKeys, home: Home) -> None:
        self._queues = queues
        self._keys = keys
        self._home = home

    def discover(self, start: Resource, window: Window) -> Topology:
        """One hop around a queue; its consumers are the event source mappings' business."""
        if start.service != "sqs":
            return Topology()
        attributes = self._queues.attributes(start.arn or arn_of("sqs", start.name, self._home))
        found = Discovery(self.name, start, window)
        dead_letters = json.loads(attributes.get("RedrivePolicy", "{}")).get("deadLetterTargetArn", "")
        if dead_letter_queue := resource_of(dead_letters):
            found.needs(start, dead_letter_queue, "dead-letter queue")
        master = attributes.get("KmsMasterKeyId", "")
        if master and (key := found.attempt(partial(self._keys.resource, master))):
            found.needs(start, key, "encrypts it")
        for statement in statements_of(json.loads(attributes.get("Policy", "{}"))):
            if statement.get("Effect") == "Allow":
                for writer in resources_in(json.dumps(statement.get("Condition", {}))):
                    found.needs(writer, start, "may write to it")
        return found.topology(f"sqs:GetQueueAttributes {start.name}")


def source(settings: Settings, clients: Clients) -> TopologySource:
    """The source, ready for use."""
    place = home(settings)
    return QueueDependenciesSource(SqsQueues(clients), KmsKeys(clients, place), place)
