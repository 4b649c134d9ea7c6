"""The wrappers around checkov, statelint and the order of the stages."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from scripts import lint_asl, run_tests, scan_terraform
from scripts.run_tests import Stage


@pytest.mark.parametrize(
    ("summary", "said"),
    [
        ({"passed": 9, "failed": 0, "parsing_errors": 0}, None),
        ({"passed": 9, "failed": 1, "parsing_errors": 0}, "1 checks failed"),
        ({"passed": 9, "failed": 0, "parsing_errors": 2}, "2 files could not be read and were not checked"),
        ({"passed": 0, "failed": 0, "parsing_errors": 0}, "nothing was checked"),
    ],
)
def test_a_scan_counts_only_if_everything_was_read_and_passed(
    summary: Mapping[str, int], said: str | None
) -> None:
    assert scan_terraform.complaint(summary) == said


def machine(**task: str) -> str:
    states = {"Work": {"Type": "Task", "Resource": "${executor_arn}", "End": True, **task}}
    return json.dumps({"StartAt": "Work", "States": states})


def test_placeholders_stand_for_arns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    definition = tmp_path / "machine.asl.json"
    definition.write_text(machine())
    assert lint_asl.main([str(definition)]) == 0


def test_a_field_that_does_not_exist_is_found_in_any_of_the_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong, right = tmp_path / "wrong.asl.json", tmp_path / "right.asl.json"
    wrong.write_text(machine(MaxAttempt="3"))
    right.write_text(machine())
    assert lint_asl.main([str(wrong), str(right)]) == 1
    assert "MaxAttempt" in capsys.readouterr().out


def test_no_batch_runs_after_one_that_failed_and_its_failures_are_named_last(
    capsys: pytest.CaptureFixture[str],
) -> None:
    quick = [Stage(name, (["sh", "-c", f"echo {name} says so; false"],)) for name in ("left", "right")]
    slow = Stage("slow", (["true"],), fills_machine=True)
    assert run_tests.run([*quick, slow]) == 1
    output = capsys.readouterr().out
    assert "slow" not in output
    assert "━━━ left\nleft says so\n✘ left" in output
    assert output.strip().splitlines()[-1].startswith("FAILED: left right.")


def test_what_runs_in_the_gaps_of_a_long_stage_has_less_priority_and_is_printed_in_one_piece(
    capfd: pytest.CaptureFixture[str],
) -> None:
    slow = Stage("slow", (["sh", "-c", "echo dots; sleep 0.5; nice"],), fills_machine=True)
    beside = [Stage(name, (["nice"],), in_gaps=True) for name in ("left", "right")]
    assert run_tests.run([slow, *beside]) == 0
    output = capfd.readouterr().out
    own = os.nice(0)
    less = min(own + 10, 19)  # there is no lower priority
    assert output.index("dots") < output.index(f"━━━ left\n{less}\n✔ left") < output.index("✔ right")
    assert f"{own}\n\n━━━ slow\n✔ slow" in output


def test_a_run_ends_with_what_passed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_tests.run([Stage("first", (["true"],)), Stage("second", (["true"],))]) == 0
    assert capsys.readouterr().out.strip().splitlines()[-1].endswith("first, second.")


def test_every_folder_of_tests_is_a_stage() -> None:
    folders = {path.parent for path in (run_tests.ROOT / "tests").rglob("test_*.py")}
    suites = {folder.relative_to(run_tests.ROOT / "tests").parts[0] for folder in folders}
    assert suites <= {stage.name for stage in run_tests.stages()}


def test_a_stage_that_does_not_exist_is_answered_with_those_that_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_tests.main(["unti"]) == 2
    assert "unit" in capsys.readouterr().err
