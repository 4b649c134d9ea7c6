"""What was deployed: CodeDeploy's deployments of functions, and CloudFormation's work on stacks."""

from dataclasses import replace

from auto_repair.adapters.clients import Clients
from auto_repair.adapters.code_deployments import CodeDeployments
from auto_repair.adapters.deadline import Deadline
from auto_repair.adapters.discovery import home
from auto_repair.adapters.stack_updates import StackUpdates
from auto_repair.domain.arns import Home
from auto_repair.domain.changes.telling import recent, told
from auto_repair.domain.citations import EvidenceItem, MissingEvidence
from auto_repair.domain.errors import AutoRepairError
from auto_repair.domain.surroundings import Observation, ResourceChange, Scope
from auto_repair.ports import ObservationSource
from auto_repair.settings import Settings

MAX_GAP = 400  # characters


class DeploymentsSource:
    """Both services within one deadline; where one cannot be read, the other's answer stands."""

    name = "deployments"

    def __init__(self, clients: Clients, place: Home, deadline_s: float = 12.0) -> None:
        self._parts = (StackUpdates(clients, place), CodeDeployments(clients))
        self._deadline_s = deadline_s

    def observe(self, scope: Scope) -> Observation:
        """Deployments of the last day that touched one of the resources."""
        deadline = Deadline(self._deadline_s)
        found: list[ResourceChange] = []
        gaps: list[MissingEvidence] = []
        failed = 0
        for part in self._parts:
            try:
                told_here, unknown = part.changes(scope, deadline)
            except AutoRepairError as error:
                failed += 1
                gaps.append(MissingEvidence(self.name, str(error)[:MAX_GAP]))
                continue
            found += (replace(change, source=self.name) for change in told_here)
            gaps += (MissingEvidence(self.name, gap[:MAX_GAP], partly=True) for gap in unknown)
        changes = recent(found, scope)
        item = EvidenceItem(
            id=self.name,
            source=self.name,
            query="cloudformation:DescribeStackResources, codedeploy:ListDeployments",
            window=scope.window,
            observed=told(changes) if changes else "no deployment is known",
        )
        items = (item,) if failed < len(self._parts) else ()
        return Observation(changes=changes, items=items, missing=tuple(gaps))


def source(settings: Settings, clients: Clients) -> ObservationSource:
    """The source, ready for use."""
    return DeploymentsSource(clients, home(settings))
