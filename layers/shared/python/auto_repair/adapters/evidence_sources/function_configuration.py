"""Settings of the version that callers reach and of `$LATEST`, where aliases point, what is kept ready."""

from collections.abc import Callable
from typing import TypeVar

from auto_repair.adapters.clients import Clients
from auto_repair.adapters.console_links import ConsoleLinks
from auto_repair.adapters.lambda_functions import LambdaFunctions
from auto_repair.domain.errors import AwsCallFailed
from auto_repair.domain.evidence import (
    Alias,
    Evidence,
    EvidenceItem,
    FunctionConfiguration,
    MissingEvidence,
    ProvisionedConcurrency,
)
from auto_repair.ports import EvidenceSource, Target
from auto_repair.settings import Settings

T = TypeVar("T")


class FunctionConfigurationSource:
    """Two calls; one more where there are aliases, and one where an alias is named."""

    name = "function_configuration"

    def __init__(self, functions: LambdaFunctions, links: ConsoleLinks) -> None:
        self._functions = functions
        self._links = links

    def collect(self, target: Target) -> Evidence:
        """Raises `ResourceMissing` when there is no such function or alias."""
        latest = self._functions.configuration(target.function_name)
        reached = (
            self._functions.configuration(target.function_name, target.alias) if target.alias else latest
        )
        aliases, unlisted = self._if_allowed("aliases", self._functions.aliases, target)
        items = [self._configuration(target, "configuration.function", reached)]
        if target.alias:
            items.append(self._configuration(target, "configuration.latest", latest))
        if aliases:
            items.append(self._aliases(target, aliases))
        kept = self._functions.provisioned_concurrency
        provisioned, unread = (
            self._if_allowed("provisioned_concurrency", kept, target) if aliases or unlisted else ((), ())
        )
        if provisioned:
            items.append(self._provisioned(target, provisioned))
        return Evidence(
            target.function_name,
            target.window,
            configuration=reached,
            latest=latest if target.alias else None,
            aliases=aliases,
            provisioned=provisioned,
            items=tuple(items),
            missing=(*unlisted, *unread),
        )

    def _if_allowed(
        self, name: str, read: Callable[[str], tuple[T, ...]], target: Target
    ) -> tuple[tuple[T, ...], tuple[MissingEvidence, ...]]:
        """What is listed, or that it could not be read: that forbids some repairs, not the diagnosis."""
        try:
            return read(target.function_name), ()
        except AwsCallFailed as error:
            return (), (MissingEvidence(name, str(error)),)

    def _configuration(self, target: Target, item_id: str, found: FunctionConfiguration) -> EvidenceItem:
        changed = f", last changed {found.last_modified:%Y-%m-%d %H:%M:%S} UTC" if found.last_modified else ""
        return EvidenceItem(
            id=item_id,
            source=self.name,
            query=f"lambda:GetFunctionConfiguration {target.function_name} version {found.version}",
            window=target.window,
            observed=(
                f"version {found.version}: {found.memory_mb} MB, timeout {found.timeout_s} s, "
                f"{found.runtime or found.package_type}, {found.architecture}, state {found.state}, "
                f"last update {found.last_update_status}{changed}"
            ),
            link=self._links.function(target.function_name),
        )

    def _aliases(self, target: Target, aliases: tuple[Alias, ...]) -> EvidenceItem:
        return EvidenceItem(
            id="configuration.aliases",
            source=self.name,
            query=f"lambda:ListAliases {target.function_name}",
            window=target.window,
            observed="; ".join(map(_shown, aliases)),
            link=self._links.function(target.function_name, "aliases"),
        )

    def _provisioned(self, target: Target, kept: tuple[ProvisionedConcurrency, ...]) -> EvidenceItem:
        return EvidenceItem(
            id="configuration.provisioned_concurrency",
            source=self.name,
            query=f"lambda:ListProvisionedConcurrencyConfigs {target.function_name}",
            window=target.window,
            observed="; ".join(
                f"{one.requested} environments kept ready for {one.qualifier}" for one in kept
            ),
            link=self._links.function(target.function_name, "configure"),
        )


def _shown(alias: Alias) -> str:
    weights = ", ".join(f"{share:.0%} to {version}" for version, share in (alias.weights or {}).items())
    return f"{alias.name} → version {alias.version}" + (f" ({weights})" if weights else "")


def source(settings: Settings, clients: Clients) -> EvidenceSource:
    """The source, ready for use."""
    return FunctionConfigurationSource(LambdaFunctions(clients), ConsoleLinks(settings.region))
