"""Set-up and deployment say what is missing before they do anything."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
# What the scripts use besides Python and Terraform.
ORDINARY_TOOLS = ("bash", "cat", "cmp", "dirname", "find", "sort")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A checkout on a machine whose PATH holds ordinary tools only; add programs to `bin`."""
    (tmp_path / "bin").mkdir()
    for tool in ORDINARY_TOOLS:
        found = shutil.which(tool)
        assert found is not None, tool
        (tmp_path / "bin" / tool).symlink_to(found)
    for folder in ("scripts", "requirements"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def add_program(machine: Path, name: str, body: str) -> None:
    program = machine / "bin" / name
    program.write_text(f"#!{machine}/bin/bash\n{body}\n")
    program.chmod(0o755)


def call(machine: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [machine / "scripts" / script, *arguments],
        env={"PATH": str(machine / "bin"), "HOME": str(machine)},
        capture_output=True,
        text=True,
    )


def test_everything_that_is_missing_is_said_at_once(machine: Path) -> None:
    result = call(machine, "setup.sh", "demo")
    assert result.returncode == 1
    assert "Terraform was not found" in result.stderr
    assert "No Python 3.11 or newer" in result.stderr
    assert not (machine / ".venv").exists()


def test_a_python_that_does_not_run_is_passed_over(machine: Path) -> None:
    add_program(machine, "python3.13", "echo 'command not found' >&2; exit 127")
    add_program(machine, "terraform", "exit 0")
    result = call(machine, "setup.sh", "demo")
    assert result.returncode == 1
    assert "No Python 3.11 or newer" in result.stderr
    assert "python3.13 runs" not in result.stderr


def test_a_python_without_venv_is_named(machine: Path) -> None:
    # Answers the question for its version and fails the one for its modules, as Debian's python3 does.
    add_program(machine, "python3", '[[ "$*" != *ensurepip* ]]')
    add_program(machine, "terraform", "exit 0")
    result = call(machine, "setup.sh", "demo")
    assert result.returncode == 1
    assert f"{machine}/bin/python3 runs, but its venv module is missing" in result.stderr


def test_an_unknown_set_is_refused(machine: Path) -> None:
    result = call(machine, "setup.sh", "everything")
    assert result.returncode == 2
    assert "Unknown set 'everything'" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--environment", "dev", "--region", "us-east-1"], "--email is missing."),
        (["--environment"], "--environment needs a value."),
        (["--force"], "Unknown option --force."),
    ],
)
def test_a_deployment_with_wrong_options_shows_the_usage(
    machine: Path, arguments: list[str], said: str
) -> None:
    result = call(machine, "deploy.sh", *arguments)
    assert result.returncode == 2
    assert said in result.stderr
    assert "Usage: scripts/deploy.sh" in result.stderr
