"""Terraform finds its provider on the machine, and a user's own settings stay in force."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import provider_mirror
from scripts.provider_mirror import (
    PROVIDER,
    find_mirror,
    locked_version,
    terraform_environment,
    this_platform,
)

LOCK = f'provider "{PROVIDER}" {{\n  version     = "5.100.0"\n}}\n'


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout on a machine without mirror and without Terraform settings."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(provider_mirror, "PLACES", (str(tmp_path / "opt"),))
    checkout = tmp_path / "checkout"
    folder = checkout / "terraform" / "environments" / "dev"
    folder.mkdir(parents=True)
    (folder / ".terraform.lock.hcl").write_text(LOCK)
    return checkout


def add_mirror(folder: Path, version: str = "5.100.0", system: str = "") -> Path:
    (folder / PROVIDER / version / (system or this_platform())).mkdir(parents=True)
    return folder


def test_the_version_is_the_locked_one(root: Path) -> None:
    assert locked_version(root) == "5.100.0"


def test_a_mirror_is_used_through_a_generated_configuration(root: Path, tmp_path: Path) -> None:
    mirror = add_mirror(tmp_path / "opt" / "tools" / "providers")
    variables = terraform_environment({}, root)
    configuration = Path(variables["TF_CLI_CONFIG_FILE"])
    assert configuration.is_relative_to(root / ".build")
    assert f'path    = "{mirror}"' in configuration.read_text()
    assert "TF_PLUGIN_CACHE_DIR" not in variables


def test_a_packed_mirror_is_found(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "opt" / "mirror" / PROVIDER
    folder.mkdir(parents=True)
    (folder / "terraform-provider-aws_5.100.0_linux_amd64.zip").touch()
    assert find_mirror([str(tmp_path / "opt")], "5.100.0", "linux_amd64") == tmp_path / "opt" / "mirror"


@pytest.mark.parametrize(("version", "system"), [("5.99.0", ""), ("5.100.0", "plan9_mips")])
def test_a_mirror_that_lacks_this_provider_does_not_replace_the_registry(
    root: Path, tmp_path: Path, version: str, system: str
) -> None:
    add_mirror(tmp_path / "opt", version, system)
    assert "TF_CLI_CONFIG_FILE" not in terraform_environment({}, root)


def test_without_a_mirror_one_download_serves_all_environments(root: Path) -> None:
    variables = terraform_environment({}, root)
    assert "TF_CLI_CONFIG_FILE" not in variables
    assert variables["TF_PLUGIN_CACHE_DIR"] == str(root / ".tools" / "terraform-plugins")
    assert Path(variables["TF_PLUGIN_CACHE_DIR"]).is_dir()


def test_a_configuration_file_that_does_not_exist_is_forgotten(root: Path, tmp_path: Path) -> None:
    assert "TF_CLI_CONFIG_FILE" not in terraform_environment(
        {"TF_CLI_CONFIG_FILE": str(tmp_path / "gone")}, root
    )


def test_a_users_own_configuration_stays_in_force(root: Path, tmp_path: Path) -> None:
    add_mirror(tmp_path / "opt")
    own = tmp_path / "own.tfrc"
    own.touch()
    variables = terraform_environment({"TF_CLI_CONFIG_FILE": str(own)}, root)
    assert variables["TF_CLI_CONFIG_FILE"] == str(own)
    assert "TF_PLUGIN_CACHE_DIR" not in variables


def test_a_users_settings_in_their_home_stay_in_force(root: Path, tmp_path: Path) -> None:
    add_mirror(tmp_path / "opt")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / ".terraformrc").touch()
    assert "TF_CLI_CONFIG_FILE" not in terraform_environment({}, root)


def test_a_mirror_given_by_name_wins(root: Path, tmp_path: Path) -> None:
    add_mirror(tmp_path / "opt")
    given = add_mirror(tmp_path / "given")
    configuration = terraform_environment({"TF_MIRROR": str(given)}, root)["TF_CLI_CONFIG_FILE"]
    assert str(given) in Path(configuration).read_text()


def test_every_environment_locks_the_same_providers() -> None:
    repository = Path(__file__).resolve().parents[3]
    locks = provider_mirror.lock_files(repository)
    folders = {path.parent for path in (repository / "terraform" / "environments").glob("*/*.tf")}
    assert {path.parent for path in locks} == folders
    assert len({path.read_text() for path in locks}) == 1


def test_every_platform_has_its_checksum() -> None:
    lock = provider_mirror.lock_files(Path(__file__).resolve().parents[3])[0].read_text()
    assert lock.count('"zh:') == 15  # the vendor's list has one for each platform it builds for
    assert lock.count('"h1:') >= 1
