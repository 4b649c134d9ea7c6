"""A request about findings is understood, or the error names the field."""

from typing import Any

import pytest

from auto_repair.contracts.finding_requests import Operation, read
from auto_repair.domain.answers import Say
from auto_repair.domain.errors import InvalidEvent

DECLINE = {"operation": "decline", "incidentId": "i-1", "finding": "code_error", "by": "ada"}


def test_a_request_is_read_and_trimmed() -> None:
    request = read({**DECLINE, "comment": "  no deployment \n"})
    assert (request.say, request.incident_id, request.finding) == (Say.DECLINE, "i-1", "code_error")
    assert (request.by, request.comment) == ("ada", "no deployment")


def test_listing_needs_an_incident_or_a_function() -> None:
    assert read({"operation": "list", "functionName": "orders"}).say is None
    assert read({"operation": "list", "incidentId": "i-1"}).operation is Operation.LIST


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ([], "the request is a JSON list"),
        ({}, "operation: give one of list, accept, decline, new_evidence"),
        ({"operation": ["accept"]}, "operation: give one of"),
        ({**DECLINE, "operation": "approve"}, "operation: give one of"),
        ({**DECLINE, "incidentId": " "}, "incidentId: it is missing"),
        ({**DECLINE, "finding": ""}, "finding: it is missing"),
        ({**DECLINE, "by": ""}, "by: it is missing"),
        ({**DECLINE, "by": 7}, r"\$\.by"),
        ({"operation": "list"}, "incidentId: it is missing"),
        ({"operation": "new_evidence", "functionName": "orders"}, "incidentId: it is missing"),
        ({**DECLINE, "comment": "x" * 1001}, "comment: it has 1001 characters; give 1000 or fewer"),
        ({**DECLINE, "finding": "x" * 301}, "finding: it has 301 characters"),
    ],
)
def test_what_is_wrong_is_named(event: Any, told: str) -> None:
    with pytest.raises(InvalidEvent, match=told):
        read(event)
