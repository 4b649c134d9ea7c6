"""uv looks for packages where pip is told to look."""

from __future__ import annotations

from scripts.uv_environment import pip_settings, uv_variables

LISTING = """\
:env:.find-links='/srv/wheels'
global.extra-index-url='file:///srv/a/simple\\nfile:///srv/b/simple'
global.find-links='/elsewhere'
global.index-url='https://packages.example.com/simple'
install.index-url='https://install.example.com/simple'
"""


def test_the_environment_wins_over_the_command_and_that_over_the_general_section() -> None:
    settings = pip_settings(LISTING)
    assert settings["find-links"] == "/srv/wheels"
    assert settings["index-url"] == "https://install.example.com/simple"


def test_settings_become_variables_of_uv() -> None:
    assert uv_variables(pip_settings(LISTING), {}) == {
        "UV_DEFAULT_INDEX": "https://install.example.com/simple",
        "UV_INDEX": "file:///srv/a/simple file:///srv/b/simple",
        "UV_FIND_LINKS": "/srv/wheels",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }


def test_several_folders_of_wheels_are_separated_by_commas() -> None:
    assert uv_variables({"find-links": "/a /b"}, {})["UV_FIND_LINKS"] == "/a,/b"


def test_a_variable_that_is_set_already_is_left_alone() -> None:
    variables = uv_variables(
        {"index-url": "https://pip.example.com"}, {"UV_DEFAULT_INDEX": "https://uv.example.com"}
    )
    assert variables == {}


def test_a_machine_without_settings_changes_nothing() -> None:
    assert uv_variables(pip_settings(""), {}) == {}
