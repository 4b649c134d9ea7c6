"""What a table needs: its key; and the functions that consume its stream."""

from functools import partial

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.discovery import Discovery
from auto_repair.adapters.topology_sources.event_sources import add_mappings
from auto_repair.domain.arns import resource_of
from auto_repair.domain.evidence import Window
from auto_repair.domain.resources import Resource
from auto_repair.domain.topology import Topology
from auto_repair.ports import TopologySource
from auto_repair.settings import Settings


class TableDependenciesSource:
    """One call, two where the table has a stream."""

    name = "table_dependencies"
    once = False

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def discover(self, start: Resource, window: Window) -> Topology:
        """One hop from a table."""
        if start.service != "dynamodb":
            return Topology()
        table = call(self._clients.client("dynamodb").describe_table, TableName=start.name)["Table"]
        found = Discovery(self.name, start, window)
        if key := resource_of(table.get("SSEDescription", {}).get("KMSMasterKeyArn", "")):
            found.needs(start, key, "encrypts it")
        if stream := table.get("LatestStreamArn"):
            ask = partial(call, self._clients.client("lambda").list_event_source_mappings)
            add_mappings(found, found.attempt(partial(ask, EventSourceArn=stream)) or {})
        return found.topology(f"dynamodb:DescribeTable {start.name}; lambda:ListEventSourceMappings")


def source(_: Settings, clients: Clients) -> TopologySource:
    """The source, ready for use."""
    return TableDependenciesSource(clients)
