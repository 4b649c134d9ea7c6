"""Evidence of a function and of what is around it: every source there is."""

from dataclasses import replace
from functools import cache

from auto_repair.adapters import observation_sources, topology_sources
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.evidence_sources import all_sources as all_evidence_sources
from auto_repair.bootstrap.environment import settings
from auto_repair.ports import EvidenceSource
from auto_repair.use_cases.look_around import LookAround


@cache
def evidence_sources(account: Clients) -> tuple[EvidenceSource, ...]:
    """Every evidence source."""
    return all_evidence_sources(settings(), account)


@cache
def look_around(account: Clients) -> LookAround:
    """Topology only; the collector observes as well."""
    return LookAround(topology_sources.all_sources(settings(), account))


@cache
def observing(account: Clients) -> LookAround:
    """Topology and observations."""
    sources = observation_sources.all_sources(settings(), account)
    return replace(look_around(account), observation_sources=sources)
