"""The embedded AWS for tests: one server per test session, shared by every suite that needs it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.instance import Instance


@pytest.fixture(scope="session")
def embedded_aws() -> Iterator[Instance]:
    """A running server with all shims, ended with the session. Tests use names of their own in it."""
    with Instance() as instance:
        yield instance
