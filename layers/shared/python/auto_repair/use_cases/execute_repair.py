"""ExecuteRepair: apply a change by compare-and-set, one step per call.

AWS works between the steps, and the workflow waits for it. Every call looks at what is live and takes the
next step from there, so a call that is repeated, after a retry or a crash, does no harm.

Before the first write the owner's pause switch, freeze windows, mode and caps are read again, what is
deployed, and what AWS keeps ready for callers: a question may have waited for hours. What has begun is
finished, or taken back.
Every call keeps the function claimed: an aborted execution that somebody resumes has lost it, perhaps to
another incident.
"""

from collections.abc import Callable, Set
from dataclasses import dataclass, replace

from auto_repair.domain.approval import read
from auto_repair.domain.case import Case
from auto_repair.domain.errors import InvalidEvent, RepairRejected, ResourceMissing, StaleConfiguration
from auto_repair.domain.evidence import Alias, FunctionConfiguration
from auto_repair.domain.guardrails import Moment, kept_ready
from auto_repair.domain.incident import LEASE
from auto_repair.domain.last_look import alias_moved_since, deployed_since, forbidden_now, gone_since
from auto_repair.domain.plan import Decision, Plan
from auto_repair.domain.repair import (
    VERSIONED_SETTINGS,
    Change,
    Refusal,
    Setting,
    SettingChange,
    Value,
    agree,
    shown,
)
from auto_repair.domain.repair_progress import Progress, ProgressStatus
from auto_repair.domain.timestamps import iso
from auto_repair.ports import Buckets, Clock, Functions, IncidentStore, Policies, Queues

MAX_CALLS = 60  # with the waits between them about five minutes, far longer than Lambda updates take


@dataclass(frozen=True)
class ExecuteRepair:
    """Applies the plan's change. The only use case, with its rollback, that writes to a target."""

    functions: Functions
    queues: Queues
    buckets: Buckets
    policies: Policies
    store: IncidentStore
    clock: Clock
    executed_by: str

    def __call__(self, case: Case) -> Progress:
        """How far it has come, or which rule forbids it by now. Raises `StaleConfiguration` when the target
        is not as planned."""
        plan, change = _permitted(case)
        former = case.repair if case.repair and case.repair.planned_at == plan.planned_at else None
        if former and former.status is ProgressStatus.DONE:
            return former  # no further rung was allowed: what is applied stays, and is looked at again
        if not self.store.hold(case.incident, self.clock() + LEASE):
            raise RepairRejected(f"another incident works on {case.incident.function_name} by now")
        calls = former.calls + 1 if former else 1
        if calls > MAX_CALLS:
            raise StaleConfiguration(f"{change.function_name} does not finish updating after {calls} looks")
        if former is None:
            if refusal := self._begin(case, plan, change):
                return Progress(ProgressStatus.REFUSED, plan.planned_at, calls, refusal=refusal)
            self._record(case, plan, self._started(case))
        step = self._advance(case, change, former.published_version if former else "")
        steps = (*(former.steps if former else ()), *([step.text] if step.text else []))
        if not step.done:
            return Progress(
                ProgressStatus.APPLYING, plan.planned_at, calls, steps, published_version=step.version
            )
        return self._done(case, plan, calls, steps, step.version)

    def _done(self, case: Case, plan: Plan, calls: int, steps: tuple[str, ...], version: str) -> Progress:
        changed_at = iso(self.clock())
        facts: dict[str, object] = {"status": "EXECUTED", "changedAt": changed_at, "steps": list(steps)}
        if version:
            facts["publishedVersion"] = version
        self._record(case, plan, facts)
        return Progress(
            ProgressStatus.DONE, plan.planned_at, calls, steps, changed_at, published_version=version
        )

    def _begin(self, case: Case, plan: Plan, change: Change) -> Refusal | None:
        """Look once before the first write: may we still, and is there anything to do?"""
        attempts = self.store.attempts(case.incident.function_name)
        if any(a.started for a in attempts if a.executed_at == plan.planned_at):
            return None  # the answer of an earlier call was lost, which may have written already
        if refusal := self._forbidden(case, plan, change):
            self._record(case, plan, self._refused(case, refusal))
            return refusal
        # Where all is as planned before we began, it is somebody else's, and not ours to take back.
        if self._is_made(change):
            raise RepairRejected(f"nothing is left to do: somebody else has made this change ({change})")
        return None

    def _forbidden(self, case: Case, plan: Plan, change: Change) -> Refusal | None:
        name = case.incident.function_name
        moment = Moment(self.clock(), self.policies.policy(name), self.policies.is_paused(name))
        if refusal := forbidden_now(moment, plan) or self._deployed_since(case, plan, change):
            return refusal
        return kept_ready(change, self.functions.provisioned_concurrency(name)) if change.publishes else None

    def _deployed_since(self, case: Case, plan: Plan, change: Change) -> Refusal | None:
        """Nobody knows whether what is deployed now needs what was planned for something else."""
        build, name = plan.planned_for, change.function_name
        if build is None:
            return None
        # Publishing releases all of `$LATEST`, so that it has to be the same, too.
        for qualifier in dict.fromkeys((build.qualifier, None if change.publishes else build.qualifier)):
            try:
                live = self.functions.configuration(name, qualifier)
            except ResourceMissing:
                return gone_since(case.incident, qualifier)
            if what := build.difference(live):
                return deployed_since(case.incident, what, live)
        if not change.publishes or change.alias is None:
            return None
        return alias_moved_since(case.incident, change, self.functions.alias(name, change.alias))

    def _refused(self, case: Case, refusal: Refusal) -> dict[str, object]:
        return {
            "status": "REFUSED",
            "refusedByRule": refusal.rule,
            "wayOut": refusal.way_out,
            "outcome": f"{refusal.rule}: {refusal.reason}",
            "endedAt": iso(self.clock()),
            "executedBy": self.executed_by,
            **_answer(case),
        }

    def _started(self, case: Case) -> dict[str, object]:
        """On record before the first write: from now on the target may be changed."""
        return {
            "status": "PLANNED",
            "startedAt": iso(self.clock()),
            "executedBy": self.executed_by,
            **_answer(case),
        }

    def _is_made(self, change: Change) -> bool:
        moved = [s for s in change.settings if not agree(s.setting, s.before, s.after)]
        return bool(moved) and all(agree(s.setting, self._felt(change, s), s.after) for s in moved)

    def _felt(self, change: Change, setting: SettingChange) -> Value:
        """What callers meet: of a versioned setting the value behind their alias, where they use one."""
        if setting.setting in VERSIONED_SETTINGS:
            return live_value(self.functions.configuration(change.function_name, change.alias), setting)
        read_live, _ = writers(self.functions, self.queues, self.buckets)[setting.setting]
        return read_live(setting.resource)

    def _record(self, case: Case, plan: Plan, facts: dict[str, object]) -> None:
        self.store.record_repair(case.incident, plan.planned_at, facts)

    def _advance(self, case: Case, change: Change, published: str) -> "Step":
        latest = self.functions.configuration(change.function_name)
        if latest.is_busy:
            return Step()
        if change.publishes:
            self._expect_released_code(change, latest)
        for setting in change.settings:
            if setting.setting not in VERSIONED_SETTINGS and self._set(setting):
                return Step(f"{setting}")
        if text := self._update_latest(change, latest):
            return Step(text)
        if change.is_versioned and latest.last_update_status == "Failed":
            raise RepairRejected(f"AWS could not update {change.function_name}, see LastUpdateStatusReason")
        if not change.publishes:
            return Step(done=True)
        return self._release(change, published or self._publish(case, change, latest))

    def _set(self, setting: SettingChange) -> bool:
        """Write a setting that belongs to no version; False when it already has the new value."""
        read_live, write = writers(self.functions, self.queues, self.buckets)[setting.setting]
        live = read_live(setting.resource)
        if agree(setting.setting, live, setting.after):
            return False
        _expect(setting, live)
        write(setting.resource, setting.after)
        return True

    def _update_latest(self, change: Change, latest: FunctionConfiguration) -> str:
        wanted = [
            s for s in change.settings if s.setting in VERSIONED_SETTINGS and live_value(latest, s) != s.after
        ]
        for setting in wanted:
            _expect(setting, live_value(latest, setting))
        if not wanted:
            return ""
        write_latest(self.functions, replace(change, settings=tuple(wanted)), latest)
        return "; ".join(str(s) for s in wanted)

    def _expect_released_code(self, change: Change, latest: FunctionConfiguration) -> None:
        """Publishing releases all of `$LATEST`; since the plan was made, somebody may have changed it."""
        released = self.functions.configuration(change.function_name, change.alias_version)
        moved = {s.setting for s in change.settings}
        if (released.fingerprint, _kept(released, moved)) != (latest.fingerprint, _kept(latest, moved)):
            raise StaleConfiguration(
                f"$LATEST of {change.function_name} now differs from version {released.version} behind alias "
                f"{change.alias}: publishing would release what somebody else has put there"
            )

    def _publish(self, case: Case, change: Change, latest: FunctionConfiguration) -> str:
        return self.functions.publish_version(
            change.function_name,
            description=f"lambda-auto-repair {case.incident.id}",
            revision_id=latest.revision_id,
        )

    def _release(self, change: Change, version: str) -> "Step":
        """Move the alias to the published version once it is ready: its callers see nothing before that."""
        name, alias_name = change.function_name, change.alias or ""
        published = self.functions.configuration(name, version)
        if published.is_busy:
            return Step(version=version)
        if published.state != "Active":
            # Its snapshot could not be made, or is gone: Lambda refuses calls of such a version.
            raise RepairRejected(f"version {version} of {name} is {published.state}: it would answer no call")
        alias = self.functions.alias(name, alias_name)
        if alias.version != version:
            _expect_alias(alias, change)
            self.functions.move_alias(name, alias_name, version=version, expected_version=alias.version)
        text = f"alias {alias_name} moved from version {change.alias_version} to {version}"
        return Step(text, done=True, version=version)


@dataclass(frozen=True)
class Step:
    """What one call did, and whether the change is complete."""

    text: str = ""
    done: bool = False
    version: str = ""


Reader = Callable[[str], Value]
Writer = Callable[[str, Value], None]


def writers(functions: Functions, queues: Queues, buckets: Buckets) -> dict[Setting, tuple[Reader, Writer]]:
    """How to read and write each setting that belongs to no version of the function."""

    def reserve(name: str, value: Value) -> None:
        functions.set_reserved_concurrency(name, None if value is None else _number(name, value))

    def set_visibility(queue_arn: str, seconds: Value) -> None:
        queues.set_visibility_timeout(queue_arn, _number(queue_arn, seconds))

    def set_policy(bucket_arn: str, document: Value) -> None:
        if isinstance(document, int):
            raise RepairRejected(f"the policy of {bucket_arn} is a document, not the number {document}")
        buckets.set_policy(bucket_arn, document)

    return {
        Setting.RESERVED_CONCURRENCY: (lambda name: functions.concurrency(name).reserved, reserve),
        Setting.VISIBILITY_TIMEOUT_S: (queues.visibility_timeout, set_visibility),
        Setting.BUCKET_POLICY: (buckets.policy, set_policy),
    }


def _number(resource: str, value: Value) -> int:
    if not isinstance(value, int):
        raise RepairRejected(f"the setting of {resource} is a number: it cannot be unset, nor hold a text")
    return value


def _kept(configuration: FunctionConfiguration, moved: Set[Setting]) -> tuple[int | None, ...]:
    """The versioned settings that a change leaves as they are."""
    return (
        None if Setting.MEMORY_MB in moved else configuration.memory_mb,
        None if Setting.TIMEOUT_S in moved else configuration.timeout_s,
    )


def write_latest(functions: Functions, change: Change, latest: FunctionConfiguration) -> None:
    """Write the change's versioned settings into `$LATEST`, in one update, if it is still as it was read."""
    functions.update_configuration(
        change.function_name,
        memory_mb=change.after(Setting.MEMORY_MB),
        timeout_s=change.after(Setting.TIMEOUT_S),
        revision_id=latest.revision_id,
    )


def live_value(configuration: FunctionConfiguration, setting: SettingChange) -> int:
    """The present value of a versioned setting."""
    return configuration.memory_mb if setting.setting is Setting.MEMORY_MB else configuration.timeout_s


def _expect(setting: SettingChange, live: Value) -> None:
    if not agree(setting.setting, live, setting.before):
        found = shown(setting.setting, live)
        raise StaleConfiguration(
            f"{setting} was planned, but the live value is {found}: somebody else changed it"
        )


def _expect_alias(alias: Alias, change: Change) -> None:
    if alias.version != change.alias_version:
        raise StaleConfiguration(
            f"alias {alias.name} points to version {alias.version}; "
            f"the plan was made for version {change.alias_version}"
        )
    if alias.weights:
        raise StaleConfiguration(f"alias {alias.name} splits its traffic now: a deployment has begun since")


def _answer(case: Case) -> dict[str, object]:
    """On whose word it was to happen, where somebody was asked."""
    if case.plan is None or case.plan.decision is not Decision.ASK:
        return {}
    answer = read(case.approval)
    said = {"decision": answer.decision, "answeredBy": answer.answered_by, "comment": answer.comment}
    return {"approval": said}


def _permitted(case: Case) -> tuple[Plan, Change]:
    plan = case.plan
    if plan is None or plan.change is None:
        raise InvalidEvent("plan: the state document holds no change to apply; DetermineAction comes first")
    if plan.decision is Decision.AUTO:
        return plan, plan.change
    if plan.decision is Decision.ASK and read(case.approval).approved:
        return plan, plan.change
    raise RepairRejected(f"the plan's decision is {plan.decision.value} and nobody approved it")
