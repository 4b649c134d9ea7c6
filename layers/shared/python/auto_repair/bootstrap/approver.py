"""AwaitApproval."""

from datetime import datetime

from auto_repair.adapters.sns_announcer import SnsAnnouncer
from auto_repair.bootstrap.environment import clients, settings, utc_now
from auto_repair.bootstrap.parts import store
from auto_repair.domain.case import Case
from auto_repair.reports.messages import approval_request
from auto_repair.use_cases.await_approval import AwaitApproval


def await_approval() -> AwaitApproval:
    """AwaitApproval."""

    def write(case: Case, task_token: str, expires_at: datetime) -> tuple[str, str]:
        if case.plan is None:
            raise ValueError("nothing to ask about")
        return approval_request(
            case.incident, case.plan, case.diagnosis, task_token, expires_at, settings().region
        )

    return AwaitApproval(SnsAnnouncer(clients(), settings()), store(), utc_now, write)
