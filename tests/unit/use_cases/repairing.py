"""A function, its queue and its records, and an executor that can be stopped after any of its writes."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

from auto_repair.domain.case import Case
from auto_repair.domain.plan import Decision, Plan
from auto_repair.domain.repair import Attempt, Change, since
from auto_repair.domain.repair_progress import Progress, ProgressStatus
from auto_repair.domain.timestamps import iso
from auto_repair.use_cases.execute_repair import ExecuteRepair
from auto_repair.use_cases.roll_back_repair import RollBackRepair
from tests.builders import BUCKET, QUEUE, a_case, a_change, a_plan, an_incident
from tests.fakes import (
    FakeBuckets,
    FakeClock,
    FakeFunction,
    FakeFunctions,
    FakePolicies,
    FakeQueues,
    FakeStore,
)


class StoppedHere(Exception):
    """The executor was stopped after a write that reached AWS."""


class StoppableFunctions(FakeFunctions):
    """Lambda as it is, until the given number of writes was made."""

    def __init__(self, function: FakeFunction | None = None, **facts: Any) -> None:
        super().__init__(function, **facts)
        self.writes: list[str] = []
        self.writes_left = 10_000

    def count(self, name: str) -> None:
        """One more write has reached AWS."""
        self.writes.append(name)
        self.writes_left -= 1
        if self.writes_left == 0:
            raise StoppedHere(name)

    def update_configuration(self, *args: Any, **kwargs: Any) -> Any:
        answer = super().update_configuration(*args, **kwargs)
        self.count("update_configuration")
        return answer

    def publish_version(self, *args: Any, **kwargs: Any) -> str:
        before = len(self.only.versions)
        answer = super().publish_version(*args, **kwargs)
        if len(self.only.versions) > before:
            self.count("publish_version")
        return answer

    def move_alias(self, *args: Any, **kwargs: Any) -> None:
        super().move_alias(*args, **kwargs)
        self.count("move_alias")

    def set_reserved_concurrency(self, *args: Any, **kwargs: Any) -> None:
        super().set_reserved_concurrency(*args, **kwargs)
        self.count("set_reserved_concurrency")


@dataclass
class StoppableQueues(FakeQueues):
    """SQS, counting its writes with Lambda's."""

    on_write: Callable[[str], None] = lambda _: None

    def set_visibility_timeout(self, queue_arn: str, seconds: int) -> None:
        super().set_visibility_timeout(queue_arn, seconds)
        self.on_write("set_visibility_timeout")


@dataclass
class StoppableBuckets(FakeBuckets):
    """S3, counting its writes with Lambda's."""

    on_write: Callable[[str], None] = lambda _: None

    def set_policy(self, bucket_arn: str, document: str | None) -> None:
        super().set_policy(bucket_arn, document)
        self.on_write("set_policy")


@dataclass
class Workshop:
    """Everything that a repair touches."""

    functions: StoppableFunctions = field(default_factory=StoppableFunctions)
    policies: FakePolicies = field(default_factory=FakePolicies)
    store: FakeStore = field(default_factory=FakeStore)
    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        self.queues = StoppableQueues({QUEUE: 30}, on_write=self.functions.count)
        self.buckets = StoppableBuckets({BUCKET: None}, on_write=self.functions.count)

    @property
    def execute(self) -> ExecuteRepair:
        return ExecuteRepair(
            self.functions, self.queues, self.buckets, self.policies, self.store, self.clock, "executor"
        )

    @property
    def roll_back(self) -> RollBackRepair:
        return RollBackRepair(self.functions, self.queues, self.buckets, self.store, self.clock)

    @property
    def live(self) -> dict[str, Any]:
        """What is live now, as far as repairs can touch it."""
        function = self.functions.only
        return {
            "memory": function.latest.memory_mb,
            "timeout": function.latest.timeout_s,
            "reserved": function.reserved,
            "visibility": self.queues.timeouts[QUEUE],
            "policy": self.buckets.policies[BUCKET],
            "aliases": {name: alias.version for name, alias in function.aliases.items()},
            "code": function.latest.fingerprint,
        }

    def planned(self, *changes: Change, **facts: Any) -> Case:
        """A case whose plan is the last of these rungs, the earlier ones applied and on record."""
        applied: list[Change] = []
        earlier: tuple[Attempt, ...] = ()
        case = a_case()
        for change in changes or (a_change(),):
            if applied:
                case = self.finish(case)
                earlier = tuple(reversed(self.store.attempts(an_incident().function_name)))
            change = self.aliased(change)
            applied.append(change)
            undo = reduce(since, applied).inverse()
            plan = a_plan(change, undo=undo, planned_at=iso(self.clock()), earlier=earlier, **facts)
            self.record(plan)
            case = replace(case, plan=plan)
        return case

    def record(self, plan: Plan) -> None:
        """As DetermineAction records a plan."""
        asks = plan.decision is Decision.ASK
        status = "AWAITING_APPROVAL" if asks else "PLANNED"
        facts = {"status": status, "action": plan.repair, "change": plan.change}
        self.store.record_repair(an_incident(), plan.planned_at, facts)

    def aliased(self, change: Change) -> Change:
        """The change as it is planned for callers of the alias, where there is one."""
        for name, alias in self.functions.only.aliases.items():
            return replace(change, alias=name, alias_version=alias.version)
        return change

    def step(self, case: Case) -> Case:
        """One call of the executor."""
        return replace(case, repair=self.execute(case))

    def finish(self, case: Case) -> Case:
        """Call the executor until the change is applied."""
        return _until_done(case, self.step, lambda c: c.repair)

    def restore(self, case: Case) -> Case:
        """Call the rollback until it has come to an end."""
        return _until_done(case, lambda c: replace(c, rollback=self.roll_back(c)), lambda c: c.rollback)


def _until_done(
    case: Case, step: Callable[[Case], Case], progress: Callable[[Case], Progress | None]
) -> Case:
    for _ in range(40):
        case = step(case)
        now = progress(case)
        if now and now.status is not ProgressStatus.APPLYING:
            return case
    raise AssertionError("it does not come to an end")
