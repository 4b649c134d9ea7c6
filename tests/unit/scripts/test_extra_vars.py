"""EXTRA_VARS adds functions, passes the rest on, and says what is wrong with a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.extra_vars import ExtraVarsError, merged, terraform_variables

KNOWN = {"monitored_functions", "additional_monitored_functions", "region"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "file.tfvars.json"


def written(file: Path, content: Any) -> Path:
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def test_functions_are_added_to_those_of_the_environment(file: Path) -> None:
    written(file, {"monitored_functions": {"orders": {"mode": "ask"}}, "region": "eu-central-1"})
    assert terraform_variables(file, KNOWN) == {
        "additional_monitored_functions": {"orders": {"mode": "ask"}},
        "region": "eu-central-1",
    }


def test_two_files_onboard_the_functions_of_both() -> None:
    first = {
        "additional_monitored_functions": {"orders": {}, "checkout": {"mode": "ask"}},
        "log_level": "DEBUG",
    }
    second: dict[str, Any] = {"additional_monitored_functions": {"checkout": {}}}
    assert merged(first, second) == {
        "additional_monitored_functions": {"orders": {}, "checkout": {}},
        "log_level": "DEBUG",
    }


def test_one_file_beside_none_stays_as_it_is() -> None:
    functions: dict[str, Any] = {"additional_monitored_functions": {"orders": {}}}
    assert merged({}, functions) == merged(functions, {}) == functions


def test_a_file_without_functions_adds_none(file: Path) -> None:
    assert terraform_variables(written(file, {}), KNOWN) == {"additional_monitored_functions": {}}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("monitored_functions = {}", "is not valid JSON: Expecting value in line 1, column 1"),
        ([], "`the file` is []; expected an object"),
        ({"monitored_functions": ["orders"]}, '`monitored_functions` is ["orders"]; expected an object'),
        (
            {"monitored_functions": {"orders": True}},
            "`monitored_functions.orders` is true; expected an object",
        ),
        ({"monitored_functions": {"": {}}}, "has an entry without a name"),
        (
            {"monitored_function": {"orders": {}}},
            "there is no variable `monitored_function`. Known are: monitored_functions, region.",
        ),
    ],
)
def test_a_mistake_is_named_with_file_field_and_fix(file: Path, content: Any, said: str) -> None:
    with pytest.raises(ExtraVarsError) as error:
        terraform_variables(written(file, content), KNOWN)
    assert str(file) in str(error.value)
    assert said in str(error.value)


def test_a_missing_file_is_named(file: Path) -> None:
    with pytest.raises(ExtraVarsError, match=r"file\.tfvars\.json does not exist"):
        terraform_variables(file, KNOWN)
