"""Reads the file given as EXTRA_VARS and hands it to Terraform.

Its `monitored_functions` are added to those of the environment instead of replacing them: they travel as
`additional_monitored_functions`, and the environment merges both. All other variables pass through unchanged.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

MONITORED = "monitored_functions"
ADDITIONAL = "additional_monitored_functions"


class ExtraVarsError(ValueError):
    """The file cannot be used; the message names the file, the field and what would be right."""


def terraform_variables(path: Path, known: Collection[str]) -> dict[str, Any]:
    """The variables to give to Terraform, all of them `known`; ExtraVarsError if the file is not usable."""
    content = _read(path)
    # Terraform would warn, go on, and take everything out that the misspelt variable held before.
    if unknown := sorted(content.keys() - known):
        choices = ", ".join(sorted(set(known) - {ADDITIONAL}))
        raise ExtraVarsError(f"{path}: there is no variable `{unknown[0]}`. Known are: {choices}.")
    functions = content.pop(MONITORED, {})
    if not isinstance(functions, Mapping):
        raise _error(path, MONITORED, functions)
    for name, settings in functions.items():
        if not name:
            raise ExtraVarsError(
                f"{path}: `{MONITORED}` has an entry without a name; name it after its function."
            )
        if not isinstance(settings, Mapping):
            raise _error(path, f"{MONITORED}.{name}", settings)
    return {**content, ADDITIONAL: functions}


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """What `terraform_variables` gave for two files, with the functions of both; else the second counts."""
    if not (first and second):
        return {**first, **second}
    return {**first, **second, ADDITIONAL: {**first[ADDITIONAL], **second[ADDITIONAL]}}


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ExtraVarsError(f"{path} does not exist; EXTRA_VARS names a .tfvars.json file.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ExtraVarsError(f"{path} cannot be read: {error}.") from None
    except json.JSONDecodeError as error:
        raise ExtraVarsError(
            f"{path} is not valid JSON: {error.msg} in line {error.lineno}, column {error.colno}. "
            f'EXTRA_VARS takes JSON such as {{"{MONITORED}": {{"my-function": {{}}}}}}.'
        ) from None
    if not isinstance(content, dict):
        raise _error(path, "the file", content)
    return content


def _error(path: Path, field: str, value: Any) -> ExtraVarsError:
    return ExtraVarsError(
        f"{path}: `{field}` is {json.dumps(value)[:60]}; expected an object, "
        f'such as {{"{MONITORED}": {{"my-function": {{}}}}}}.'
    )
