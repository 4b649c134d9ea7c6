"""DetermineAction."""

from auto_repair.bootstrap.environment import settings, utc_now
from auto_repair.bootstrap.parts import policies, store
from auto_repair.repairs import all_repairs
from auto_repair.use_cases.determine_action import DetermineAction


def determine_action() -> DetermineAction:
    """DetermineAction."""
    return DetermineAction(all_repairs(), policies(), store(), utc_now, settings().function_name)
