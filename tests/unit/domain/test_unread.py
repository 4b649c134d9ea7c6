"""A source that failed is told in words, unless something is known of it all the same."""

from auto_repair.domain.evidence import Evidence, MissingEvidence
from auto_repair.domain.unread import doubt_if_unread
from tests.builders import a_gap, evidence

DENIED = evidence(missing=(a_gap("callers"),))


def told(seen: Evidence, *found: object) -> str:
    return doubt_if_unread(seen, "callers", found=found, what="who waits", risk="somebody may give up")


def test_source_that_failed_is_told_with_what_may_follow() -> None:
    assert told(DENIED) == "who waits could not be read: somebody may give up"


def test_source_that_answered_with_nothing_leaves_no_doubt() -> None:
    assert told(evidence()) == ""
    assert told(evidence(missing=(a_gap("event_sources"),))) == ""


def test_part_of_a_source_tells_nothing_about_the_rest() -> None:
    cut = evidence(missing=(MissingEvidence("callers", "there are more", partly=True),))
    assert told(cut, "apigateway.amazonaws.com") == (
        "who waits could not be read to the end: somebody may give up"
    )


def test_what_is_known_all_the_same_leaves_no_doubt() -> None:
    assert told(DENIED, "apigateway.amazonaws.com") == ""
