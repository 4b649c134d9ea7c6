"""Environments differ by their variables alone: they are links to one root module."""

from __future__ import annotations

from pathlib import Path

import pytest

TERRAFORM = Path(__file__).resolve().parents[2] / "terraform"
ENVIRONMENTS = sorted(path.parent for path in (TERRAFORM / "environments").glob("*/main.tf"))
# The embedded AWS has its own provider and backend, and nothing to plan without it. The second region's
# environment is planned as prod is.
OWN_FILES = {"local": {"versions.tf", "plan.tftest.hcl"}, "prod-dr": {"plan.tftest.hcl"}}


def test_the_environments_of_the_operators_are_there() -> None:
    assert {"dev", "prod", "prod-dr", "local"} <= {folder.name for folder in ENVIRONMENTS}


@pytest.mark.parametrize("folder", ENVIRONMENTS, ids=lambda folder: folder.name)
def test_an_environment_is_the_shared_root_and_its_variables(folder: Path) -> None:
    shared = {path.name for path in (TERRAFORM / "shared" / "root").iterdir()}
    sources = [*folder.glob("*.tf"), *folder.glob("tests/*.tftest.hcl")]
    linked = {path.name for path in sources if path.resolve().parent == TERRAFORM / "shared" / "root"}
    assert linked == shared - OWN_FILES.get(folder.name, set())
    assert {path.name for path in sources} - linked <= OWN_FILES.get(folder.name, set())
    assert (folder / f"{folder.name}.tfvars").is_file()


def test_all_environments_lock_the_same_providers() -> None:
    assert len({(folder / ".terraform.lock.hcl").read_text() for folder in ENVIRONMENTS}) == 1
