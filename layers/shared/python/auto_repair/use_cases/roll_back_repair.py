"""RollBackRepair: restore what was live before the incident, if what is live now is still ours.

Works from any point: nothing applied, half applied, several rungs applied. Where somebody else has changed
a value since, it is left alone; all the rest goes back, and then a person is told. Where something else has
been deployed since, a person decides on all of it: nobody knows whether the former values suit that.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from auto_repair.domain.build import Build
from auto_repair.domain.case import Case
from auto_repair.domain.errors import AutoRepairError, InvalidEvent, ResourceMissing, StaleConfiguration
from auto_repair.domain.evidence import FunctionConfiguration
from auto_repair.domain.guardrails import DEPLOYMENT_IN_PROGRESS, splits_traffic
from auto_repair.domain.last_look import NEWER_DEPLOYMENT, deployed_since
from auto_repair.domain.outcome import readable_cause, rolled_back
from auto_repair.domain.plan import Plan
from auto_repair.domain.repair import (
    OPEN,
    VERSIONED_SETTINGS,
    Attempt,
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
from auto_repair.ports import Buckets, Clock, Functions, IncidentStore, Queues
from auto_repair.use_cases.execute_repair import MAX_CALLS, live_value, write_latest, writers

DEPLOYMENTS = (DEPLOYMENT_IN_PROGRESS, NEWER_DEPLOYMENT)  # of somebody else: rules that forbid a further step
NEVER_APPLIED = ("OBSERVED", "REFUSED", "REJECTED")  # statuses of plans that nobody acted on


@dataclass(frozen=True)
class RollBackRepair:
    """Applies the plan's undo, step by step like the repair itself."""

    functions: Functions
    queues: Queues
    buckets: Buckets
    store: IncidentStore
    clock: Clock

    def __call__(self, case: Case) -> Progress:
        """`done` when everything is as before, `gave_up` when a live value is not ours, `left` when what is
        deployed by now is not what was repaired, `kept` when it works and only more headroom was wanted."""
        plan = case.plan
        if plan is None or plan.undo is None:
            raise InvalidEvent("plan: the state document holds no change to take back")
        former = case.rollback
        calls = former.calls + 1 if former else 1
        if calls > MAX_CALLS:
            raise StaleConfiguration(
                f"{plan.undo.function_name} does not finish updating after {calls} looks"
            )
        attempts = self._attempts(case, plan)
        never_begun = former.never_begun if former else self._never_begun(case, attempts)
        attempts = [replace(a, started=a.started and a.executed_at not in never_begun) for a in attempts]
        now = Progress(ProgressStatus.APPLYING, plan.planned_at, calls, never_begun=never_begun)
        steps = former.steps if former else ()
        if former is None and (stays := self._staying(case, plan.undo, attempts)):
            now = replace(now, status=stays.status, reason=stays.reason)
            self._record(case, attempts, now)
            return now
        try:
            step = self._advance(plan.undo, _written_by_us(attempts))
        except NotRestored as reason:
            now = replace(now, status=ProgressStatus.GAVE_UP, steps=steps, reason=str(reason))
        else:
            now = replace(now, steps=(*steps, *([step] if step else [])))
            if step is not None:
                return now
            now = replace(now, status=ProgressStatus.DONE, changed_at=iso(self.clock()))
        self._record(case, attempts, now)
        return now

    def _attempts(self, case: Case, plan: Plan) -> list[Attempt]:
        """What this incident may have written. A table that cannot be read must not keep a change alive
        that harms: the plan knows its rungs, too.
        """
        incident = case.incident
        try:
            return [a for a in self.store.attempts(incident.function_name) if a.incident_id == incident.id]
        except AutoRepairError:
            changes = [plan.change] if plan.change else []
            last = [Attempt(incident.id, plan.planned_at, plan.repair, "PLANNED", c) for c in changes]
            return [*plan.earlier, *last]

    def _never_begun(self, case: Case, attempts: list[Attempt]) -> tuple[str, ...]:
        """Plans that were to be written, and of which nothing is live: a look at what somebody else has
        changed, or AWS, refused them before the first write. Asked before anything is taken back."""
        done = case.repair.planned_at if case.repair and case.repair.steps else ""
        begun = (a for a in attempts if a.started and a.status in OPEN and a.executed_at != done)
        return tuple(a.executed_at for a in begun if not self._is_live(a.change))

    def _staying(self, case: Case, undo: Change, attempts: list[Attempt]) -> "Staying | None":
        """Which of our values stay, and why: what callers reach by now is not what was repaired, or it works
        and only a step for more headroom was not taken. None where neither is so, or none of ours is live.

        Half a rung goes back all the same, as does the rest of a repair that somebody has undone in part.
        """
        begun = [a for a in attempts if a.started]
        is_whole = bool(begun) and all(a.status not in OPEN for a in begun)
        look, build = case.verification, case.plan.planned_for if case.plan else None
        if not is_whole or (look and look.is_overruled):
            return None
        live = self._reached(undo.function_name, build.qualifier if build else undo.alias)
        ours = "; ".join(self._ours(undo, live, _written_by_us(begun)))
        if not ours:
            return None
        if build and (why := _deployed_since(case, build, live) or self._shifting(undo)):
            return Staying(ProgressStatus.LEFT, f"{ours}; {why}, and nobody knows whether that needs it")
        if look and look.is_for_headroom and look.planned_at == max(a.executed_at for a in begun):
            return Staying(ProgressStatus.KEPT, f"{ours} stays")
        return None

    def _ours(self, undo: Change, live: FunctionConfiguration, ours: "Written") -> list[str]:
        """What of ours is live, each with what was there before."""
        stays = []
        for setting in undo.settings:
            with suppress(ResourceMissing):  # what is gone does not stay
                value = self._live(setting, live)
                if not agree(setting.setting, value, setting.after) and ours.holds(setting, value):
                    stays.append(str(replace(setting.inverse(), after=value)))
        return stays

    def _shifting(self, undo: Change) -> str:
        """Who moves the alias right now: a deployment does not expect that anybody else does."""
        if not undo.publishes:
            return ""
        try:
            alias = self.functions.alias(undo.function_name, undo.alias or "")
        except ResourceMissing:
            return ""
        return splits_traffic(alias).reason if alias.weights else ""

    def _reached(self, function_name: str, qualifier: str | None) -> FunctionConfiguration:
        try:
            return self.functions.configuration(function_name, qualifier)
        except ResourceMissing:
            return self.functions.configuration(function_name)

    def _is_live(self, change: Change) -> bool:
        """Whether any of it may be; what is gone can tell nothing."""
        latest = self.functions.configuration(change.function_name)
        try:
            if change.publishes and self._alias_has_moved(change):
                return True
            moved = [s for s in change.settings if not agree(s.setting, s.before, s.after)]
            return any(agree(s.setting, self._live(s, latest), s.after) for s in moved)
        except ResourceMissing:
            return True

    def _alias_has_moved(self, change: Change) -> bool:
        return self.functions.alias(change.function_name, change.alias or "").version != change.alias_version

    def _live(self, setting: SettingChange, latest: FunctionConfiguration) -> Value:
        if setting.setting in VERSIONED_SETTINGS:
            return live_value(latest, setting)
        read_live, _ = writers(self.functions, self.queues, self.buckets)[setting.setting]
        return read_live(setting.resource)

    def _advance(self, undo: Change, ours: "Written") -> str | None:
        """Take the next step back and say it; empty while AWS works, None when nothing is left. Raises
        `NotRestored` with all reasons when something is left that does not go back."""
        latest = self.functions.configuration(undo.function_name)
        if latest.is_busy:
            return ""
        refused: list[str] = []
        for step in self._steps_back(undo, latest, ours):
            try:
                if text := step():
                    return text
            except (NotRestored, ResourceMissing) as reason:
                refused.append(str(reason))
        if refused:
            raise NotRestored("; ".join(refused))
        return None

    def _steps_back(
        self, undo: Change, latest: FunctionConfiguration, ours: "Written"
    ) -> Iterator[Callable[[], str]]:
        """In the order in which callers feel them. Each does nothing where all is as before."""
        yield partial(self._alias_back, undo, ours)
        yield partial(self._latest_back, undo, latest, ours)
        for setting in undo.settings:
            if setting.setting in VERSIONED_SETTINGS:
                yield partial(_expect_restored, setting, latest)
            else:
                yield partial(self._set_back, undo, setting, latest, ours)

    def _alias_back(self, undo: Change, ours: "Written") -> str:
        if not undo.publishes or undo.alias is None or undo.alias_version is None:
            return ""
        try:
            alias = self.functions.alias(undo.function_name, undo.alias)
        except ResourceMissing as error:
            raise NotRestored(f"alias {undo.alias} is gone") from error
        if alias.version == undo.alias_version:
            return ""
        if alias.weights:
            raise NotRestored(splits_traffic(alias).reason)
        live = self.functions.configuration(undo.function_name, alias.version)
        former = self.functions.configuration(undo.function_name, undo.alias_version)
        if live.fingerprint != former.fingerprint:
            raise NotRestored(f"alias {undo.alias} points to version {alias.version}, which holds other code")
        for setting in undo.settings:
            if setting.setting not in VERSIONED_SETTINGS:
                continue
            found = live_value(live, setting)
            if found != setting.after and not ours.holds(setting, found):
                raise NotRestored(
                    f"alias {undo.alias} points to version {alias.version}, which we did not publish"
                )
        self.functions.move_alias(
            undo.function_name, undo.alias, version=undo.alias_version, expected_version=alias.version
        )
        return f"alias {undo.alias} moved back from version {alias.version} to {undo.alias_version}"

    def _latest_back(self, undo: Change, latest: FunctionConfiguration, ours: "Written") -> str:
        """What of `$LATEST` is ours, in one update."""
        versioned = (s for s in undo.settings if s.setting in VERSIONED_SETTINGS)
        away = [s for s in versioned if live_value(latest, s) != s.after]
        back = [s for s in away if ours.holds(s, live_value(latest, s))]
        if not back:
            if undo.is_versioned and ours.by_setting and latest.last_update_status == "Failed":
                raise NotRestored(f"AWS could not update {undo.function_name}, see LastUpdateStatusReason")
            return ""
        write_latest(self.functions, replace(undo, settings=tuple(back)), latest)
        return "; ".join(str(replace(s, before=live_value(latest, s))) for s in back)

    def _set_back(
        self, undo: Change, setting: SettingChange, latest: FunctionConfiguration, ours: "Written"
    ) -> str:
        read_live, write = writers(self.functions, self.queues, self.buckets)[setting.setting]
        live = read_live(setting.resource)
        if agree(setting.setting, live, setting.after):
            return ""
        _expect_ours(setting, live, ours)
        if setting.setting is Setting.VISIBILITY_TIMEOUT_S:
            self._expect_time_to_run(undo, setting, latest)
        write(setting.resource, setting.after)
        return str(replace(setting, before=live))

    def _expect_time_to_run(
        self, undo: Change, setting: SettingChange, latest: FunctionConfiguration
    ) -> None:
        """A message that is visible again while a run still works on it is worked on twice."""
        run_s = max(latest.timeout_s, self._reached(undo.function_name, undo.alias).timeout_s)
        if latest.last_update_status == "Failed":
            run_s = max(run_s, undo.before(Setting.TIMEOUT_S) or 0)  # runs may still have that
        former_s, back_s = undo.after(Setting.TIMEOUT_S) or 0, setting.after
        if run_s > former_s and isinstance(back_s, int) and run_s > back_s:
            raise NotRestored(
                f"{setting}: a run may take {run_s} s by now, and messages must stay hidden so long"
            )

    def _record(self, case: Case, attempts: list[Attempt], now: Progress) -> None:
        status, told = rolled_back(now.status, case.verification), _told(case, now)
        for attempt in attempts:
            if attempt.status in NEVER_APPLIED:
                continue
            facts: dict[str, object] = {"status": status, "endedAt": iso(self.clock()), "outcome": told}
            if not attempt.started:  # it failed before its first write: there is nothing to take back
                outcome = f"nothing was changed: {_why(case)}"
                facts |= {"status": "FAILED", "outcome": outcome, "nothingWritten": True}
            self.store.record_repair(case.incident, attempt.executed_at, facts)


@dataclass(frozen=True)
class Staying:
    """What is not taken back on purpose."""

    status: ProgressStatus
    reason: str


class NotRestored(Exception):
    """A live value is neither what we wrote nor what was there before us, or AWS could not set it."""


@dataclass(frozen=True)
class Written:
    """Every value that this incident may have written, by resource and setting."""

    by_setting: dict[tuple[str, Setting], frozenset[Value]]

    def holds(self, setting: SettingChange, live: Value) -> bool:
        """Whether we may find that live and still call it ours."""
        known = self.by_setting.get((setting.resource, setting.setting), frozenset())
        return any(agree(setting.setting, live, value) for value in known)


def _expect_restored(setting: SettingChange, latest: FunctionConfiguration) -> str:
    """Whatever of `$LATEST` is still away once our part is back is not ours."""
    if (found := live_value(latest, setting)) != setting.after:
        raise NotRestored(
            f"{setting}: the live value is {shown(setting.setting, found)}, which we did not write"
        )
    return ""


def _expect_ours(setting: SettingChange, live: Value, ours: Written) -> None:
    if not ours.holds(setting, live):
        found = shown(setting.setting, live)
        raise NotRestored(f"{setting}: the live value is {found}, which we did not write")


def _written_by_us(attempts: list[Attempt]) -> Written:
    values: dict[tuple[str, Setting], frozenset[Value]] = {}
    for attempt in attempts:
        # What was planned only may be live as well: somebody else was quicker.
        for s in attempt.change.settings if attempt.started else ():
            key = (s.resource, s.setting)
            values[key] = values.get(key, frozenset()) | {s.after}
    return Written(values)


def _deployed_since(case: Case, planned_for: Build, live: FunctionConfiguration) -> str:
    """What a further step was refused for, or would be; empty where nothing else is deployed."""
    if refusal := _deployment(case):
        return refusal.reason
    what = planned_for.difference(live)
    return deployed_since(case.incident, what, live).reason if what else ""


def _deployment(case: Case) -> Refusal | None:
    """Somebody else's, where it forbids a further step: by the plan, or by the time that was to begin."""
    late, planned = (part.refusal if part else None for part in (case.repair, case.plan))
    return next((r for r in (late, planned) if r and r.rule in DEPLOYMENTS), None)


def _told(case: Case, now: Progress) -> str:
    """What went back, what did not, and why; a rollback that went well needs few words."""
    if now.status is ProgressStatus.KEPT and case.verification:
        is_told = case.error or (case.repair and case.repair.refusal)
        why = _why(case) if is_told else "nobody agreed to the next step"
        return f"{case.verification.reason}; {now.reason}; {why}"
    if now.status is ProgressStatus.LEFT:
        said = case.verification.reason if case.verification and _deployment(case) else _why(case)
        return f"{said}; left as it is: {now.reason}"
    overruled = case.verification is not None and case.verification.is_overruled
    back = f"taken back: {'; '.join(now.steps)}" if now.steps else "nothing was left to take back"
    if now.status is ProgressStatus.DONE:
        return f"{_why(case)}; {back}" if overruled else _why(case)
    kept = f"{'left as it is' if overruled else 'not rolled back'}: {now.reason}"
    return f"{_why(case)}; {back}; {kept}" if overruled else "; ".join((kept, *([back] if now.steps else [])))


def _why(case: Case) -> str:
    if case.error is not None:
        cause = readable_cause(str(case.error.get("Cause", "")))
        name = case.error.get("Error", "an unnamed error")
        return f"the workflow failed with {name}{f': {cause}' if cause else ''}"
    if case.repair is not None and (refusal := case.repair.refusal):
        return f"the next step is forbidden, {refusal.rule}: {refusal.reason}"
    return case.verification.reason if case.verification else "the workflow failed"
