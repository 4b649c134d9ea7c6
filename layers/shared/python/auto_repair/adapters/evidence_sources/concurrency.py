"""The function's reserved concurrency and what the account leaves."""

from auto_repair.adapters.clients import Clients
from auto_repair.adapters.console_links import ConsoleLinks
from auto_repair.adapters.lambda_functions import LambdaFunctions
from auto_repair.domain.evidence import Evidence, EvidenceItem
from auto_repair.ports import EvidenceSource, Target
from auto_repair.settings import Settings


class ConcurrencySource:
    """Two calls."""

    name = "concurrency"

    def __init__(self, functions: LambdaFunctions, links: ConsoleLinks) -> None:
        self._functions = functions
        self._links = links

    def collect(self, target: Target) -> Evidence:
        """Limits as they are now, not as they were in the window."""
        found = self._functions.concurrency(target.function_name)
        reserved = "none" if found.reserved is None else f"{found.reserved}"
        account = f"account limit {found.account_limit}, {found.account_unreserved} unreserved"
        item = EvidenceItem(
            id="configuration.concurrency",
            source=self.name,
            query=f"lambda:GetFunctionConcurrency {target.function_name}; lambda:GetAccountSettings",
            window=target.window,
            observed=f"reserved concurrency {reserved}; {account}",
            link=self._links.function(target.function_name),
        )
        return Evidence(target.function_name, target.window, concurrency=found, items=(item,))


def source(settings: Settings, clients: Clients) -> EvidenceSource:
    """The source, ready for use."""
    return ConcurrencySource(LambdaFunctions(clients), ConsoleLinks(settings.region))
