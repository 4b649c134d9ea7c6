"""How far the executor has come with applying a change or taking it back."""

from dataclasses import dataclass
from enum import StrEnum

from auto_repair.domain.repair import Refusal


class ProgressStatus(StrEnum):
    """`applying` means: call again after a wait, AWS is still working."""

    APPLYING = "applying"
    DONE = "done"
    REFUSED = "refused"  # repair only: a rule forbids it by now, and nothing was written
    LEFT = "left"  # rollback only: somebody has deployed something else since, what is applied stays
    KEPT = "kept"  # rollback only: what is applied works, only a step for more headroom was not taken
    GAVE_UP = "gave_up"  # rollback only: the live value is no longer ours, a person must look


@dataclass(frozen=True)
class Progress:
    """Result of one call of the executor. Times are ISO 8601 UTC."""

    status: ProgressStatus
    planned_at: str = ""  # which plan this belongs to
    calls: int = 1
    steps: tuple[str, ...] = ()  # what was done so far, in words for the report
    changed_at: str = ""  # when callers began to see the change
    revision_id: str = ""  # of the function after our last write
    published_version: str = ""  # the version for the alias, which points to it once this is done
    reason: str = ""
    refusal: Refusal | None = None  # the rule that forbids it
    never_begun: tuple[str, ...] = ()  # rollback only: `planned_at` of plans of which nothing was written
