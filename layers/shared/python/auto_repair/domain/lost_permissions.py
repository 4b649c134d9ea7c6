"""Which change took a permission away, where AWS says that no identity-based policy allows the call.

Within one account AWS says so whenever nothing allows a call any more, also when it was the resource's policy
or a grant on its key that had allowed it. Whom the words accuse is the caller's role; whom the changes accuse
may be the resource.
"""

import json
from collections.abc import Iterable
from datetime import datetime

from auto_repair.domain.complaints import Complaint
from auto_repair.domain.policy_documents import allows, role_allows
from auto_repair.domain.surroundings import CLOCKS, ResourceChange

_OF_ROLE = ("PutRolePolicy", "DeleteRolePolicy")
_OF_GRANT = ("RevokeGrant", "RetireGrant")


def taken_from(said: Complaint, first_seen: datetime, changes: Iterable[ResourceChange]) -> str:
    """Id of what the latest change before `first_seen` that may have taken the permission was made to.

    The caller's role or the refused resource; empty where no change fits.
    """
    role = f"iam:{said.principal.rpartition('/')[2]}"
    earlier = (c for c in changes if c.at <= first_seen + CLOCKS and not c.ours)
    for change in sorted(earlier, key=lambda c: c.at, reverse=True):
        if change.resource == role and _role_lost_it(change, said):
            return role
        if change.resource == said.resource and _resource_withdrew_it(change, said):
            return said.resource
    return ""


def _role_lost_it(change: ResourceChange, said: Complaint) -> bool:
    if change.action == "DetachRolePolicy":
        return True  # what the managed policy allows is not known here
    if change.action not in _OF_ROLE:
        return False
    try:
        before, after = (bool(role_allows(d, said.action, said.resource_arn)) for d in _documents(change))
    except ValueError:
        return True
    return before and not after


def _resource_withdrew_it(change: ResourceChange, said: Complaint) -> bool:
    if change.action in _OF_GRANT:
        return _granted(change.before, said)
    if "Policy" not in change.action:
        return False
    call = said.principal, said.action, said.resource_arn
    try:
        before, after = (bool(allows(document, *call)) for document in _documents(change))
    except ValueError:
        return True
    return before and not after


def _documents(change: ResourceChange) -> tuple[str | None, str | None]:
    """The policy before and after, None where there was none. `ValueError` where nobody knows."""
    if not change.before and not change.had_none:
        raise ValueError("the former policy is not known")
    return change.before or None, change.after or None


def _granted(grant: str, said: Complaint) -> bool:
    """Whether the grant was for this caller and this call; a grant that nobody recorded may have been."""
    try:
        terms = json.loads(grant)
    except ValueError:
        return True
    operations = terms.get("operations", ())
    return (
        said.action.partition(":")[2] in operations
        and terms.get("granteePrincipal", "").rpartition("/")[2] == said.principal.rpartition("/")[2]
    )
