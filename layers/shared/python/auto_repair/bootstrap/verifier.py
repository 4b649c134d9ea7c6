"""VerifyRepair."""

from functools import cache

from auto_repair.adapters import evidence_sources, observation_sources
from auto_repair.bootstrap.environment import clients, settings, utc_now
from auto_repair.bootstrap.parts import functions, policies, store
from auto_repair.ports import EvidenceSource
from auto_repair.repairs import all_repairs
from auto_repair.use_cases.look_around import LookAround
from auto_repair.use_cases.verify_repair import VerifyRepair

# What can have changed since the repair; callers, event sources and limits are taken from the first look.
VERIFYING_OBSERVATIONS = ("resource_logs", "service_metrics")
VERIFYING_SOURCES = ("function_configuration", "concurrency", "lambda_metrics", "lambda_logs")


@cache
def sources() -> tuple[EvidenceSource, ...]:
    """What can have changed of the function itself."""
    return evidence_sources.all_sources(settings(), clients(), VERIFYING_SOURCES)


@cache
def observing_again() -> LookAround:
    """What can have changed around the function; who works with whom is taken from the first look."""
    return LookAround((), observation_sources.all_sources(settings(), clients(), VERIFYING_OBSERVATIONS))


def verify_repair() -> VerifyRepair:
    """VerifyRepair."""
    return VerifyRepair(sources(), all_repairs(), functions(), policies(), store(), utc_now, observing_again)
