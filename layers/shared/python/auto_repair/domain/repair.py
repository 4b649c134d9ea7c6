"""A repair is a change: typed before and after of named settings. Its inverse is its rollback."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from auto_repair.domain import policy_documents
from auto_repair.domain.evidence import Evidence
from auto_repair.domain.policy import FunctionPolicy


class Setting(StrEnum):
    """A setting we know how to change. The value's type follows from the setting."""

    MEMORY_MB = "memory_mb"
    TIMEOUT_S = "timeout_s"
    RESERVED_CONCURRENCY = "reserved_concurrency"  # None: no reservation
    VISIBILITY_TIMEOUT_S = "visibility_timeout_s"  # of the SQS queue `resource`
    BUCKET_POLICY = "bucket_policy"  # of the S3 bucket `resource`: canonical JSON text; None: no policy


Value = int | str | None  # a number, or the text of a document; None: nothing is set

# Settings that belong to a version of the function: callers of an alias see them only once a new
# version is published and the alias moved.
VERSIONED_SETTINGS = frozenset({Setting.MEMORY_MB, Setting.TIMEOUT_S})

# Settings whose value is a document: shown as a difference, and the same however AWS writes it down.
DOCUMENTS = frozenset({Setting.BUCKET_POLICY})

UNITS = {
    Setting.MEMORY_MB: "MB",
    Setting.TIMEOUT_S: "s",
    Setting.RESERVED_CONCURRENCY: "",
    Setting.VISIBILITY_TIMEOUT_S: "s",
    Setting.BUCKET_POLICY: "",
}

LABELS = {
    Setting.MEMORY_MB: "memory",
    Setting.TIMEOUT_S: "timeout",
    Setting.RESERVED_CONCURRENCY: "reserved concurrency",
    Setting.VISIBILITY_TIMEOUT_S: "visibility timeout",
    Setting.BUCKET_POLICY: "bucket policy",
}


def shown(setting: Setting, value: Value) -> str:
    """`384 MB`, `none`; a document in a few words: `2 statements (AllowApp, DenyOthers)`."""
    if setting in DOCUMENTS and isinstance(value, str):
        return policy_documents.summary(value)
    return "none" if value is None else f"{value} {UNITS[setting]}".strip()


def agree(setting: Setting, one: Value, other: Value) -> bool:
    """Whether two values of the setting mean the same."""
    if setting in DOCUMENTS and isinstance(one, str) and isinstance(other, str):
        return policy_documents.same(one, other)
    return one == other


@dataclass(frozen=True)
class SettingChange:
    """One setting of one resource: a function's name, or the ARN of a queue or bucket."""

    resource: str
    setting: Setting
    before: Value
    after: Value

    def __post_init__(self) -> None:
        kind = str if self.setting in DOCUMENTS else int
        if not all(value is None or isinstance(value, kind) for value in (self.before, self.after)):
            raise ValueError(f"the values of {self.setting.value} are of type {kind.__name__}")

    def inverse(self) -> "SettingChange":
        """The change that takes this one back."""
        return replace(self, before=self.after, after=self.before)

    def __str__(self) -> str:
        """`memory of orders: 128 MB → 384 MB`."""
        name = self.resource.rsplit(":", 1)[-1]
        before, after = shown(self.setting, self.before), shown(self.setting, self.after)
        return f"{LABELS[self.setting]} of {name}: {before} → {after}"

    @property
    def diff(self) -> str:
        """The difference between two documents line by line; empty for a number, which needs none."""
        if self.setting not in DOCUMENTS:
            return ""
        before, after = (v if isinstance(v, str) else None for v in (self.before, self.after))
        return policy_documents.unified_diff(before, after)


@dataclass(frozen=True)
class Change:
    """All settings that one repair moves together, and the alias whose callers must see them."""

    function_name: str
    settings: tuple[SettingChange, ...]
    alias: str | None = None
    alias_version: str | None = None  # the version that the alias points to before the change

    def inverse(self) -> "Change":
        """The rollback. Settings are restored in reverse order."""
        return replace(self, settings=tuple(s.inverse() for s in reversed(self.settings)))

    @property
    def is_versioned(self) -> bool:
        """Whether it moves settings that belong to a version of the function."""
        return any(s.setting in VERSIONED_SETTINGS for s in self.settings)

    @property
    def publishes(self) -> bool:
        """Whether callers see the change only through a new version behind the alias."""
        return self.alias is not None and self.is_versioned

    def before(self, setting: Setting) -> int | None:
        """Former value of a setting that is a number, None when the change does not touch it."""
        return _number(next((s.before for s in self.settings if s.setting is setting), None))

    def after(self, setting: Setting) -> int | None:
        """New value of a setting that is a number, None when the change does not touch it."""
        return _number(next((s.after for s in self.settings if s.setting is setting), None))

    def __str__(self) -> str:
        text = "; ".join(str(s) for s in self.settings)
        return f"{text}; alias {self.alias} moves to a new version" if self.publishes else text


def _number(value: Value) -> int | None:
    return value if isinstance(value, int) else None


def since(first: Change, last: Change) -> Change:
    """One change from the state before `first` to the state after `last` (several rungs of a ladder)."""
    originals = {(s.resource, s.setting): s for s in first.settings}
    settings = []
    for setting in last.settings:
        original = originals.pop((setting.resource, setting.setting), setting)
        settings.append(replace(setting, before=original.before))
    return replace(last, settings=(*settings, *originals.values()), alias_version=first.alias_version)


@dataclass(frozen=True)
class Proposal:
    """What a repair would do, before policy and guardrails have looked at it."""

    change: Change
    because: tuple[str, ...]  # how the size of the step follows from the evidence
    needs_person: str = ""  # why a person must agree even where the mode is auto; empty: not needed


@dataclass(frozen=True)
class Refusal:
    """Why no change is right, and the way out."""

    rule: str
    reason: str
    way_out: str


# Statuses of plans that something is still to happen to, of those that left their values in place, and of
# those that were taken back or broke off.
OPEN = ("PLANNED", "AWAITING_APPROVAL")
LEFT_IN_PLACE = ("EXECUTED", "VERIFIED", "INCONCLUSIVE")
ENDED_BADLY = ("ROLLED_BACK", "FAILED")


@dataclass(frozen=True)
class Attempt:
    """An earlier repair of the same function, as the repairs table remembers it."""

    incident_id: str
    executed_at: str
    repair: str
    status: str
    change: Change
    started: bool = True  # False: planned, and nothing was written for it
    ended_at: str = ""  # when it was last touched or looked at; empty: never
    changed_at: str = ""  # when callers began to see it; empty: nobody has seen that yet

    @property
    def was_applied(self) -> bool:
        """Whether it did change something: what failed before its first write, such as a question that could
        not be sent, did not."""
        return self.status in LEFT_IN_PLACE or (self.status in ENDED_BADLY and self.started)

    @property
    def last_seen_at(self) -> str:
        """The end of it, as far as it has one: a person's answer and the verification may take hours."""
        return self.ended_at or self.executed_at


@dataclass(frozen=True)
class RepairContext:
    """What a repair needs to know beside the evidence."""

    policy: FunctionPolicy
    attempts: tuple[Attempt, ...] = ()  # newest first, all incidents
    incident_id: str = ""

    @property
    def rungs(self) -> tuple[Attempt, ...]:
        """What this incident has already applied, oldest first."""
        return tuple(
            a for a in reversed(self.attempts) if a.incident_id == self.incident_id and a.status == "EXECUTED"
        )


@dataclass(frozen=True)
class Check:
    """One verification signal, before against after. `passed` is None while it cannot be told."""

    name: str
    before: str
    after: str
    passed: bool | None
    text: str
    essential: bool = True  # False: worth another rung, but not worth taking the repair back


class Judge(Protocol):
    """The repair's own signal after the change; `before` is what the repair was planned by."""

    def __call__(
        self, change: Change, after: Evidence, before: Evidence | None = None, /
    ) -> tuple[Check, ...]: ...


@dataclass(frozen=True)
class Repair:
    """An action we can plan: pure planning and pure judging; applying is the same for all."""

    name: str
    title: str
    plan: Callable[[Evidence, RepairContext], Proposal | Refusal]
    judge: Judge
