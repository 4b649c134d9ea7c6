"""VerifyRepair."""

from dataclasses import replace

from auto_repair.bootstrap.environment import utc_now
from auto_repair.bootstrap.parts import functions, policies, store
from auto_repair.bootstrap.surroundings import evidence_sources, observing
from auto_repair.repairs import all_repairs
from auto_repair.use_cases.look_around import LookAround
from auto_repair.use_cases.verify_repair import VerifyRepair

# What can have changed since the repair; callers and event sources are taken from the first look.
VERIFYING_OBSERVATIONS = ("resource_logs", "service_metrics")
VERIFYING_SOURCES = ("function_configuration", "concurrency", "lambda_metrics", "lambda_logs")


def verify_repair() -> VerifyRepair:
    """VerifyRepair."""
    sources = tuple(source for source in evidence_sources() if source.name in VERIFYING_SOURCES)
    return VerifyRepair(sources, all_repairs(), functions(), policies(), store(), utc_now, observing_again)


def observing_again() -> LookAround:
    """What can have changed around a function since the repair."""
    around = observing()
    sources = tuple(s for s in around.observation_sources if s.name in VERIFYING_OBSERVATIONS)
    return replace(around, observation_sources=sources)
