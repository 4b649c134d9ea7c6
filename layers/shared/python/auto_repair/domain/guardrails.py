"""The rules that may forbid a repair. Each answers with the rule's name and the way out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from auto_repair.domain.evidence import Alias, Evidence, ProvisionedConcurrency
from auto_repair.domain.ladder import MAX_RUNGS
from auto_repair.domain.policy import FunctionPolicy, Limits
from auto_repair.domain.repair import LEFT_IN_PLACE, Attempt, Change, Refusal, Setting, agree
from auto_repair.domain.timestamps import parse

INEFFECTIVE = ("ROLLED_BACK", "INCONCLUSIVE", "FAILED")
MAX_INEFFECTIVE = 2  # repairs without effect before people have to look
REPEAT_WINDOW = timedelta(hours=24)
PAUSED = "paused"
DEPLOYMENT_IN_PROGRESS = "deployment in progress"


@dataclass(frozen=True)
class Moment:
    """What the owner forbids at this time, whatever the repair is."""

    now: datetime
    policy: FunctionPolicy
    paused: bool


@dataclass(frozen=True)
class Situation(Moment):
    """Everything the rules look at."""

    incident_id: str
    evidence: Evidence
    attempts: tuple[Attempt, ...]  # newest first
    change: Change
    extra_cost_usd_per_month: float | None
    named_alias: str | None = None  # the one that the owner or the alarm names

    @property
    def earlier(self) -> tuple[Attempt, ...]:
        """Repairs of other incidents that did change something."""
        return tuple(a for a in self.attempts if a.incident_id != self.incident_id and a.was_applied)


def pause(s: Moment) -> Refusal | None:
    """The owner disabled the function's rule."""
    if s.paused:
        return Refusal(
            PAUSED, "the function's alarm rule is disabled", "enable it with `aws events enable-rule`"
        )
    return None


def freeze(s: Moment) -> Refusal | None:
    """A freeze window of the owner."""
    for window in s.policy.freeze_windows:
        if window.covers(s.now):
            span = f"{window.start} to {window.end} {window.timezone}"
            return Refusal("freeze window", f"no automatic changes {span}", "wait, or change freeze_windows")
    return None


def update_in_progress(s: Situation) -> Refusal | None:
    """Somebody else is changing the function now."""
    for config in (s.evidence.configuration, s.evidence.latest):
        if config and config.is_busy:
            return Refusal(
                "update in progress",
                "somebody is updating the function",
                "start again when the update is done",
            )
    return None


def weighted_alias(s: Situation) -> Refusal | None:
    """The alias splits traffic: a deployment is under way."""
    moved = (alias for alias in s.evidence.aliases if alias.name == s.change.alias)
    return next((splits_traffic(alias) for alias in moved if alias.weights), None)


def splits_traffic(alias: Alias) -> Refusal:
    """Why an alias that somebody shifts step by step is left alone."""
    return Refusal(
        DEPLOYMENT_IN_PROGRESS,
        f"alias {alias.name} splits its traffic over {len(alias.weights or {}) + 1} versions",
        "finish or abort the deployment, then start again",
    )


def several_aliases(s: Situation) -> Refusal | None:
    """Callers reach the version through several aliases, and only one would be moved."""
    if not s.change.publishes or s.named_alias:
        return None
    if s.evidence.lacks("aliases"):
        return Refusal(
            "several aliases",
            f"nobody can tell whether version {s.change.alias_version} stands behind further aliases than "
            f"{s.change.alias}: they could not be read",
            "name the alias that callers use in the function's entry",
        )
    names = sorted(alias.name for alias in s.evidence.aliases if alias.version == s.change.alias_version)
    if len(names) < 2:
        return None
    return Refusal(
        "several aliases",
        f"version {s.change.alias_version} stands behind {', '.join(names)}, and a repair moves one alias",
        "name the alias that callers use in the function's entry, or let the others go",
    )


def unreleased_code(s: Situation) -> Refusal | None:
    """Publishing would release what is in `$LATEST` but not behind the alias."""
    live, latest = s.evidence.configuration, s.evidence.latest
    if not s.change.publishes or live is None:
        return None
    if latest is None:
        return Refusal("unreleased code", "$LATEST could not be read", "start again when Lambda answers")
    if unreadable := live.unreadable or latest.unreadable:
        return Refusal(
            "unreleased code",
            f"nobody can tell whether $LATEST equals version {live.version}: {unreadable[:300]}",
            "allow kms:Decrypt on its key to the collector's and the executor's role, or repair by hand",
        )
    same = live.fingerprint == latest.fingerprint
    if same and (live.memory_mb, live.timeout_s) == (latest.memory_mb, latest.timeout_s):
        return None
    return Refusal(
        "unreleased code",
        f"$LATEST differs from version {live.version} behind alias {s.change.alias}; "
        "publishing would release it",
        "release or revert $LATEST first, then start again",
    )


def pinned_version(s: Situation) -> Refusal | None:
    """Callers name a version; no alias can be moved for them."""
    live = s.evidence.configuration
    if not s.change.is_versioned or live is None or live.version == "$LATEST" or s.change.alias is not None:
        return None
    if s.evidence.lacks("aliases"):
        return Refusal(
            "pinned version",
            f"callers use version {live.version}, and nobody can tell through which alias: none was read",
            "name the alias that callers use in the function's entry",
        )
    return Refusal(
        "pinned version",
        f"callers use version {live.version} directly, and a version cannot be changed",
        "let callers use an alias, and name it in the function's entry",
    )


def provisioned_concurrency(s: Situation) -> Refusal | None:
    """Callers are served by environments that AWS keeps ready, and would lose them."""
    if not s.change.publishes:
        return None
    if s.evidence.lacks("provisioned_concurrency"):
        return Refusal(
            "provisioned concurrency",
            "nobody can tell whether callers are served by provisioned concurrency: it could not be read",
            "allow lambda:ListProvisionedConcurrencyConfigs to the collector's role, then start again",
        )
    return kept_ready(s.change, s.evidence.provisioned)


def kept_ready(change: Change, provisioned: Iterable[ProvisionedConcurrency]) -> Refusal | None:
    """Why the alias may not move to a new version while this much is kept ready for it or its version.

    When an alias with provisioned concurrency moves, AWS gives it weights that leave all calls on the former
    version until enough environments of the new one are ready; where those do not start, they stay for ever.
    """
    if not change.publishes:
        return None
    for kept in provisioned:
        if kept.qualifier == change.alias:
            return _kept_for_alias(change, kept)
        if kept.qualifier == change.alias_version:
            return _kept_for_version(change, kept)
    return None


def _kept_for_alias(change: Change, kept: ProvisionedConcurrency) -> Refusal:
    return Refusal(
        "provisioned concurrency",
        f"AWS keeps {kept.requested} environments ready for alias {change.alias}, and leaves its callers on "
        f"version {change.alias_version} until a new one has as many: nobody could tell in time if it helps",
        "publish and move the alias by hand and await READY, or remove its provisioned concurrency first",
    )


def _kept_for_version(change: Change, kept: ProvisionedConcurrency) -> Refusal:
    return Refusal(
        "provisioned concurrency",
        f"AWS keeps {kept.requested} environments ready for version {change.alias_version} alone: "
        f"when alias {change.alias} moves, its callers would meet cold starts, or find no concurrency left",
        "publish by hand and provision the new version before the alias moves, or provision the alias",
    )


def cooldown(s: Situation) -> Refusal | None:
    """The last repair is too fresh for another one without a person."""
    wait = timedelta(seconds=s.policy.cooldown_s)
    recent = [a for a in s.earlier if s.now - parse(a.last_seen_at) < wait]
    if not recent:
        return None
    return Refusal(
        "cooldown",
        f"the last repair ended at {recent[0].last_seen_at}, less than {s.policy.cooldown_s} s ago",
        "wait, lower cooldown_s, or repair by hand",
    )


def repeats_without_effect(s: Situation) -> Refusal | None:
    """Repairs that do not help are not repeated for ever."""
    recent = [a for a in s.earlier if s.now - parse(a.executed_at) < REPEAT_WINDOW]
    # Several rungs of one incident are one repair that did not help.
    vain = {a.incident_id for a in recent if a.status in INEFFECTIVE}
    if len(vain) < MAX_INEFFECTIVE:
        return None
    return Refusal(
        "repeat without effect",
        f"{len(vain)} repairs in 24 hours did not help",
        "a person has to find out why; the reports of those incidents are the place to start",
    )


def endless_ladder(s: Situation) -> Refusal | None:
    """An incident does not climb for ever, and its execution cannot: AWS bounds its time and its history."""
    rungs = sum(a.incident_id == s.incident_id and a.status == "EXECUTED" for a in s.attempts)
    if rungs < MAX_RUNGS:
        return None
    return Refusal(
        "rungs",
        f"this incident has taken {rungs} steps, and the function needs still more",
        "a person has to find out why it needs so much; a new incident starts from the value that is live",
    )


def price(s: Situation) -> Refusal | None:
    """The owner's cost cap."""
    return too_dear(s.policy.limits, s.extra_cost_usd_per_month)


def too_dear(limits: Limits, cost: float | None) -> Refusal | None:
    """The cost cap, for what a change may add to a month, USD; None: unknown."""
    cap = limits.max_extra_cost_usd_per_month
    if cost is None or cost <= cap:
        return None
    return Refusal(
        "price",
        f"the change would cost up to {cost:.2f} USD more a month; the cap is {cap:.2f} USD",
        "raise limits.max_extra_cost_usd_per_month",
    )


# In the order in which an operator would ask: may we at all, is it safe now, is it worth it.
GUARDRAILS = (
    pause,
    freeze,
    update_in_progress,
    weighted_alias,
    pinned_version,
    several_aliases,
    provisioned_concurrency,
    unreleased_code,
    cooldown,
    repeats_without_effect,
    endless_ladder,
    price,
)
# A person who approves has weighed these already.
WAIVED_BY_A_PERSON = (cooldown, repeats_without_effect)


def check(situation: Situation, *, person_decides: bool) -> Refusal | None:
    """The first rule that forbids the change, or None."""
    rules = (r for r in GUARDRAILS if not (person_decides and r in WAIVED_BY_A_PERSON))
    return next((refusal for rule in rules if (refusal := rule(situation))), None)


def put_back(change: Change, earlier: Iterable[Attempt]) -> tuple[str, ...]:
    """Why a person decides on values that we had moved and somebody has restored, the newest of our repairs
    for each. `earlier`: newest first."""
    now = {(s.resource, s.setting): s for s in change.settings}
    told: dict[tuple[str, Setting], str] = {}
    for attempt in earlier:
        for then in attempt.change.settings if attempt.status in LEFT_IN_PLACE else ():
            setting = now.get((then.resource, then.setting))
            if setting and agree(setting.setting, setting.before, then.before):
                told.setdefault(
                    (then.resource, then.setting),
                    f"{then} was our repair of {attempt.executed_at}, and somebody has put the old value "
                    "back, or undone the rest: a person, or a deployment that does not know the new one",
                )
    return tuple(told.values())
