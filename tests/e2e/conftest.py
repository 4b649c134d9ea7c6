"""One deployment for all end-to-end tests of a process: an embedded AWS of its own, IAM enforced."""

import os
from collections.abc import Iterator

import pytest

from local.instance import Instance
from tests.e2e.deployment import Deployment, deploy
from tests.e2e.walk_extent import Extent

# Where two processes share the files, these come first: the last one to begin should be a short one.
LONG = (
    "test_every_call_fails",
    "test_image_service",
    "test_repairs",
    "test_asking",
    "test_every_look_around_fails",
    "test_operators_commands",
    "test_terraform",
)


def pytest_configure(config: pytest.Config) -> None:
    """Let pytest-xdist hand out files in our order; its own puts those with many tests first."""
    config.option.loadscopereorder = False
    try:
        Extent.of(os.environ)  # before anything is deployed
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first."""
    names = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: names.get(item.path.stem, len(names)))


@pytest.fixture(scope="session")
def deployment() -> Iterator[Deployment]:
    """The system, deployed by Terraform, with the broken functions onboarded."""
    with Instance() as instance:
        yield deploy(instance)
