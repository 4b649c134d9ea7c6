"""One deployment for all end-to-end tests: an embedded AWS of their own, IAM enforced."""

from collections.abc import Iterator

import pytest

from local.instance import Instance
from tests.e2e.deployment import Deployment, deploy


@pytest.fixture(scope="session")
def deployment() -> Iterator[Deployment]:
    """The system, deployed by Terraform, with the broken functions onboarded."""
    with Instance() as instance:
        yield deploy(instance)
