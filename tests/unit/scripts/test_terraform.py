"""The Terraform wrapper refuses early, in words, and reaches the embedded AWS with the right variables."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import terraform
from scripts.terraform import Request, TerraformError, Workspace, apply, apply_shell_lines, destroy, main


@pytest.fixture
def environments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Root modules dev (S3 backend) and local in a checkout of their own."""
    folder = tmp_path / "terraform" / "environments"
    for name, backend in (("dev", "s3"), ("local", "local")):
        (folder / name).mkdir(parents=True)
        (folder / name / "versions.tf").write_text(f'terraform {{\n  backend "{backend}" {{}}\n}}\n')
    (folder / "notes").mkdir()
    monkeypatch.setattr(terraform, "ROOT", tmp_path)
    return folder


def test_an_unknown_environment_is_answered_with_the_known_ones(
    environments: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", "staging"]) == 2
    assert "There is no environment 'staging'. ENV is one of: dev, local." in capsys.readouterr().err


def test_nothing_is_applied_that_was_not_planned(environments: Path) -> None:
    with pytest.raises(TerraformError, match="make plan ENV=dev"):
        apply(Request("dev"))


def test_a_saved_plan_takes_no_further_variables(environments: Path) -> None:
    saved = Request("dev").saved
    saved.mkdir(parents=True)
    (saved / "plan.tfplan").touch()
    with pytest.raises(TerraformError, match="give EXTRA_VARS to `make plan`"):
        apply(Request("dev", extra_vars=Path("more.tfvars.json")))


def test_applying_needs_to_know_where_the_state_lives(environments: Path) -> None:
    saved = Request("dev").saved
    saved.mkdir(parents=True)
    (saved / "plan.tfplan").touch()
    with pytest.raises(TerraformError, match=r"terraform/backend/dev\.s3\.tfbackend"):
        apply(Request("dev"))


def test_a_backend_file_that_does_not_exist_is_named(environments: Path) -> None:
    with pytest.raises(TerraformError, match=r"BACKEND=gone\.hcl does not exist"):
        terraform._backend_option(Request("dev", backend=Path("gone.hcl")))


def test_the_usual_backend_file_is_found(environments: Path, tmp_path: Path) -> None:
    usual = tmp_path / "terraform" / "backend" / "dev.s3.tfbackend"
    usual.parent.mkdir()
    usual.touch()
    assert terraform._backend_option(Request("dev")) == f"-backend-config={usual}"


def test_zips_are_named_the_same_on_every_machine(environments: Path, tmp_path: Path) -> None:
    options = terraform._variables(Request("dev"), tmp_path / ".build" / "artifacts" / "aws-x86_64")
    assert options[0] == "-var=artifacts_dir=../../../.build/artifacts/aws-x86_64"


def test_a_local_state_of_ones_own_never_reaches_aws(
    environments: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with pytest.raises(TerraformError, match="AWS_ENDPOINT_URL"):
        terraform._local_workspace(Request("local", state=tmp_path))


def test_the_state_belongs_to_one_instance(environments: Path, tmp_path: Path) -> None:
    folder = tmp_path / ".build" / "local"
    (folder / "terraform" / "instance-1").mkdir(parents=True)
    (folder / "state.json").write_text('{"folder": "/tmp/instance-2"}')
    assert terraform._state_of_running_instance() == folder / "terraform" / "instance-2"
    assert not (folder / "terraform" / "instance-1").exists()


@pytest.fixture
def onboarded(environments: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """What the last local apply onboarded; Terraform is a program that only keeps its variables."""
    (environments / "local" / "variables.tf").write_text(
        'variable "monitored_functions" {}\nvariable "additional_monitored_functions" {}\n'
    )
    given, program = tmp_path / "given.json", tmp_path / "terraform-that-keeps-its-variables"
    program.write_text(
        f"#!/bin/sh\necho {{}} >'{given}'\n"
        f'for word; do case $word in -var-file=*) cat "${{word#*=}}" >"{given}" ;; esac; done\n'
    )
    program.chmod(0o700)
    workspace = Workspace(environments / "local", {}, tmp_path / "data")
    workspace.data.mkdir()
    monkeypatch.setenv("TERRAFORM", str(program))
    monkeypatch.setattr(Request, "build", lambda _: tmp_path / "artifacts")
    monkeypatch.setattr(terraform, "_local_workspace", lambda _: workspace)
    return lambda: sorted(json.loads(given.read_text()).get("additional_monitored_functions", {}))


def naming(folder: Path, *functions: str) -> Path:
    """A file for EXTRA_VARS."""
    file = folder / "-".join(["functions", *functions, "tfvars.json"])
    file.write_text(json.dumps({"monitored_functions": {name: {} for name in functions}}))
    return file


def test_a_function_added_beside_the_others_takes_none_away_and_goes_with_the_next_apply(
    onboarded: Callable[[], list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    apply(Request("local", extra_vars=naming(tmp_path, "orders", "invoices")))
    apply(Request("local", extra_vars=naming(tmp_path, "checkout"), keeps_onboarded=True))
    assert onboarded() == ["checkout", "invoices", "orders"]
    assert "What was onboarded before stays so: invoices, orders." in capsys.readouterr().out
    apply(Request("local", extra_vars=naming(tmp_path, "thumbnails"), keeps_onboarded=True))
    assert onboarded() == ["invoices", "orders", "thumbnails"]


def test_an_apply_of_ones_own_says_all_that_is_onboarded(
    onboarded: Callable[[], list[str]], tmp_path: Path
) -> None:
    apply(Request("local", extra_vars=naming(tmp_path, "orders")))
    apply(Request("local"))
    assert onboarded() == []
    apply(Request("local", extra_vars=naming(tmp_path, "checkout"), keeps_onboarded=True))
    assert onboarded() == ["checkout"]


def test_an_apply_that_failed_is_not_remembered(
    onboarded: Callable[[], list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setenv("TERRAFORM", "false")
        with pytest.raises(TerraformError, match="terraform apply failed"):
            apply(Request("local", extra_vars=naming(tmp_path, "no-such-function")))
    apply(Request("local", extra_vars=naming(tmp_path, "checkout"), keeps_onboarded=True))
    assert onboarded() == ["checkout"]


def test_what_was_destroyed_is_not_onboarded_again(
    onboarded: Callable[[], list[str]], tmp_path: Path
) -> None:
    apply(Request("local", extra_vars=naming(tmp_path, "orders")))
    destroy(Request("local"))
    apply(Request("local", extra_vars=naming(tmp_path, "checkout"), keeps_onboarded=True))
    assert onboarded() == ["checkout"]


def test_shell_lines_set_and_unset() -> None:
    lines = "unset AWS_PROFILE AWS_SESSION_TOKEN\nexport AWS_REGION=us-east-1\nexport AWS_PAGER=''\n"
    assert apply_shell_lines(lines, {"AWS_PROFILE": "work", "HOME": "/h"}) == {
        "HOME": "/h",
        "AWS_REGION": "us-east-1",
        "AWS_PAGER": "",
    }
