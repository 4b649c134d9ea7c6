"""Which change took a permission away, where AWS says that no identity-based policy allows the call.

Within one account AWS says so whenever nothing allows a call any more, also when it was the resource's policy
or a grant on its key that had allowed it. Whom the words accuse is the caller's role; whom the changes accuse
may be the resource.
"""

import json
from collections.abc import Callable, Iterable
from datetime import datetime

from auto_repair.domain.complaints import Complaint
from auto_repair.domain.policy_documents import Match, allows, role_allows
from auto_repair.domain.surroundings import CLOCKS, ResourceChange

_OF_GRANT = ("RevokeGrant", "RetireGrant")


def taken_from(said: Complaint, first_seen: datetime, changes: Iterable[ResourceChange]) -> str:
    """Id of what the change was made to that took the permission: the caller's role or the refused resource.

    The latest one before `first_seen` that is known to have taken it, else the latest that may have; empty
    where none fits.
    """
    earlier = [c for c in changes if c.at <= first_seen + CLOCKS and not c.ours]
    judged = [(_took(c, said), c) for c in sorted(earlier, key=lambda c: c.at, reverse=True)]
    certain = (c.resource for took, c in judged if took)
    possible = (c.resource for took, c in judged if took is None)
    return next(certain, "") or next(possible, "")


def _took(change: ResourceChange, said: Complaint) -> bool | None:
    """Whether the change took the permission; None: what it took is not known."""
    if change.resource == f"iam:{said.principal.rpartition('/')[2]}":
        return _role_lost_it(change, said)
    return _resource_withdrew_it(change, said) if change.resource == said.resource else False


def _role_lost_it(change: ResourceChange, said: Complaint) -> bool | None:
    if change.action not in ("PutRolePolicy", "DeleteRolePolicy"):
        # What a managed policy allows is not known here.
        return None if change.action == "DetachRolePolicy" else False
    return _no_longer(change, lambda document: role_allows(document, said.action, said.resource_arn))


def _resource_withdrew_it(change: ResourceChange, said: Complaint) -> bool | None:
    if change.action in _OF_GRANT:
        return _granted(change.before, said)
    if not _concerns_policy(change):
        return False
    return _no_longer(
        change, lambda document: allows(document, said.principal, said.action, said.resource_arn)
    )


def _concerns_policy(change: ResourceChange) -> bool:
    """By its name, or, where a call sets attributes of any kind, by what it set."""
    if "Policy" in change.action or change.action == "RemovePermission":
        return True
    return any('"Statement"' in document for document in (change.before, change.after))


def _no_longer(change: ResourceChange, allowing: Callable[[str | None], tuple[Match, ...]]) -> bool | None:
    """Whether the policy before allowed it and the one after does not; None where nobody knows them."""
    if not (change.before or change.had_none) or change.action == "RemovePermission":
        return None
    try:
        return bool(allowing(change.before or None)) and not allowing(change.after or None)
    except ValueError:
        return None


def _granted(grant: str, said: Complaint) -> bool | None:
    """Whether the grant was for this caller and this call; None for a grant that nobody recorded."""
    try:
        terms = json.loads(grant)
    except ValueError:
        return None
    operations = terms.get("operations", ())
    return (
        said.action.partition(":")[2] in operations
        and terms.get("granteePrincipal", "").rpartition("/")[2] == said.principal.rpartition("/")[2]
    )
