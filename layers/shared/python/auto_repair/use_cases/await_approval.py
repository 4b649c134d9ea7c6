"""AwaitApproval: ask a person, with the exact change, its price, the way back and the expiry."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from auto_repair.domain.case import Case
from auto_repair.domain.errors import InvalidEvent
from auto_repair.domain.timestamps import iso
from auto_repair.ports import Announcer, Clock, IncidentStore

# (case, task token, expiry) -> (subject, body)
Writer = Callable[[Case, str, datetime], tuple[str, str]]


@dataclass(frozen=True)
class AwaitApproval:
    """Sends the question. The workflow then waits for the answer by itself."""

    announcer: Announcer
    store: IncidentStore
    clock: Clock
    write: Writer

    def __call__(self, case: Case, task_token: str) -> str:
        """The id of the message that was sent."""
        plan = case.plan
        if plan is None or plan.change is None:
            raise InvalidEvent("plan: the state document holds no change to ask about")
        expires_at = self.clock() + timedelta(seconds=plan.approval_expiry_s)
        subject, body = self.write(case, task_token, expires_at)
        # A retry of the state comes with a new token, and the old one is dead: it needs a message of its own.
        stage = f"approval-{sha256(task_token.encode()).hexdigest()[:12]}"
        message_id = self.announcer.publish(
            subject=subject,
            body=body,
            incident_id=case.incident.id,
            stage=stage,
            function_name=case.incident.function_name,
        )
        self.store.record_repair(
            case.incident,
            plan.planned_at,
            {"askedAt": iso(self.clock()), "approvalExpiresAt": iso(expires_at)},
        )
        return message_id
