"""A deployment since the plan is recognised, and what is none is not taken for one."""

from typing import Any

import pytest

from auto_repair.contracts.documents import decode, encode
from auto_repair.domain.build import Build, build_of
from auto_repair.domain.evidence import Alias
from auto_repair.domain.plan import Plan
from tests.builders import a_configuration, a_plan, evidence

HIDDEN = "Lambda was unable to decrypt the environment variables"
BUILD = Build(code="code-1", fingerprint="code-1")


@pytest.mark.parametrize(
    ("live", "what"),
    [
        ({}, ""),
        ({"memory_mb": 1024, "timeout_s": 60, "revision_id": "another"}, ""),
        ({"code": "code-2", "fingerprint": "code-2"}, "code"),
        ({"fingerprint": "other variables"}, "settings"),
        # A role that may not decrypt the variables sees another fingerprint at every update.
        ({"fingerprint": "by revision", "unreadable": HIDDEN}, ""),
        ({"code": "code-2", "fingerprint": "by revision", "unreadable": HIDDEN}, "code"),
    ],
)
def test_difference(live: dict[str, Any], what: str) -> None:
    assert BUILD.difference(a_configuration(**live)) == what


def test_variables_that_the_collector_could_not_read_are_no_deployment() -> None:
    build = build_of(evidence(configuration=a_configuration(fingerprint="by revision", unreadable=HIDDEN)))
    assert build == Build(code="code-1")
    assert build.difference(a_configuration(fingerprint="as it is")) == ""
    assert build.difference(a_configuration(code="code-2")) == "code"


def test_plan_whose_evidence_holds_no_hash_of_the_code_tells_by_the_rest() -> None:
    assert Build(fingerprint="code-1").difference(a_configuration()) == ""
    assert Build(fingerprint="code-0").difference(a_configuration()) == "settings"


@pytest.mark.parametrize(
    ("seen", "qualifier"),
    [
        ({}, None),
        ({"alias": "live", "configuration": a_configuration(version="3")}, "live"),
        ({"aliases": (Alias("blue", "3"),), "configuration": a_configuration(version="3")}, "blue"),
        ({"configuration": a_configuration(version="3")}, "3"),
    ],
)
def test_build_is_of_what_callers_reach(seen: dict[str, Any], qualifier: str | None) -> None:
    assert build_of(evidence(**seen)) == Build(qualifier, "code-1", "code-1")


def test_nothing_is_known_of_a_configuration_that_could_not_be_read() -> None:
    assert build_of(evidence(configuration=None)) is None


def test_latest_is_not_compared_with_what_was_released() -> None:
    released, latest = a_configuration(version="3"), a_configuration()
    assert Build("live").is_of(released)
    assert not Build("live").is_of(latest)
    assert Build().is_of(latest)
    assert not Build().is_of(released)


def test_plan_of_an_older_release_is_understood() -> None:
    document = encode(a_plan(planned_for=BUILD))
    assert decode(Plan, document).planned_for == BUILD
    del document["planned_for"]
    assert decode(Plan, document).planned_for is None
