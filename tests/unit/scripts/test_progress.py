"""A long Terraform run is shown as dots and one line, and a failed one with its end."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from scripts.progress import follow

DEPLOYED = """
print('module.a.aws_iam_role.this["x"]: Creating...')
print('module.a.aws_iam_role.this["x"]: Creation complete after 0s [id=x]')
print('aws_lambda_function.this: Modifications complete after 6s [id=y]')
print('aws_sns_topic.old: Destruction complete after 1s')
print('Apply complete! Resources: 1 added, 1 changed, 1 destroyed.')
print('Outputs:')
"""
FAILED = "import sys; print('Error: no such function'); print('on main.tf', file=sys.stderr); sys.exit(3)"


def run(program: str, log: Path) -> int:
    return follow([sys.executable, "-c", program], os.environ, log)


def test_each_resource_is_a_dot_and_all_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "new" / "terraform.log"
    assert run(DEPLOYED, log) == 0
    dots, counts = capsys.readouterr().out.splitlines()
    assert dots == "..."
    assert counts.startswith("Resources: 1 added, 1 changed, 1 destroyed, in ")
    assert counts.endswith(str(log))
    assert "Creating..." in log.read_text()


def test_a_failure_shows_its_end_and_where_the_rest_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "terraform.log"
    assert run(f"print('early ' * 2000)\n{FAILED}", log) == 3
    printed = capsys.readouterr().err
    assert "Error: no such function" in printed
    assert "on main.tf" in printed
    assert str(log) in printed
    assert len(printed) < 4_500 < len(log.read_text())


def test_the_log_is_named_as_one_types_it_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(DEPLOYED, tmp_path / "new" / "terraform.log") == 0
    assert capsys.readouterr().out.endswith("All that Terraform said: new/terraform.log\n")


def test_nothing_is_counted_that_was_not_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("print('No changes.')", tmp_path / "terraform.log") == 0
    assert "Resources" not in capsys.readouterr().out
