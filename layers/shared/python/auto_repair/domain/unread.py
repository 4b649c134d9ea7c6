"""What could not be read may be there all the same: where a repair rests on it, a person decides."""

from collections.abc import Collection

from auto_repair.domain.evidence import Evidence


def doubt_if_unread(
    evidence: Evidence, source: str, *, found: Collection[object], what: str, risk: str
) -> str:
    """Why a person must agree: what could not be read, and what may follow. Empty where it is known.

    found: what is known of it although the source failed, from an earlier look. It tells nothing about the
    rest of a source that was not read to its end.
    """
    if evidence.is_cut(source):
        return f"{what} could not be read to the end: {risk}"
    if found or not evidence.lacks(source):
        return ""
    return f"{what} could not be read: {risk}"
