"""Our own function that answers for the findings of incidents, asked without waiting."""

import json

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.domain.naming import findings_function


class FindingsFunction:
    """Tells of a change that became known late."""

    def __init__(self, clients: Clients, environment: str) -> None:
        self._clients = clients
        self._name = findings_function(environment)

    def take_late_change(self, incident_id: str) -> None:
        """Lambda keeps the request and tries it again by itself."""
        request = {"operation": "late_change", "incidentId": incident_id}
        call(
            self._clients.client("lambda").invoke,
            FunctionName=self._name,
            InvocationType="Event",
            Payload=json.dumps(request).encode(),
        )
