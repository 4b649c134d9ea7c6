"""What every function has: the clock, its settings and AWS clients."""

from datetime import UTC, datetime
from functools import cache

from auto_repair.adapters.clients import Clients
from auto_repair.settings import Settings


def utc_now() -> datetime:
    """The present, UTC."""
    return datetime.now(UTC)


@cache
def settings() -> Settings:
    """The environment, read once."""
    return Settings.from_environment()


@cache
def clients() -> Clients:
    """AWS clients of our own region."""
    return Clients(settings().region)
