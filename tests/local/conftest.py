"""Fixtures of the shims' tests."""

import pytest

from local.instance import Instance
from tests.embedded import embedded_aws
from tests.local.state_machines import Machines

__all__ = ["embedded_aws"]


@pytest.fixture
def machines(embedded_aws: Instance) -> Machines:
    """State machines of the embedded AWS."""
    return Machines(embedded_aws, embedded_aws.client("stepfunctions"))
