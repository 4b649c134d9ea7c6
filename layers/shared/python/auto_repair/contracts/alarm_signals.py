"""What an alarm's event and its SNS message come down to, everything cut to CloudWatch's own limits: the
incident travels through the whole workflow."""

from collections.abc import Sequence
from datetime import datetime

from auto_repair.contracts.start_request import place_of
from auto_repair.domain.incident import ARN_LENGTH, AlarmMetric, AlarmSignal

NAME_LENGTH = 255  # of alarms and metrics, as CloudWatch limits it
_VALUE_LENGTH = 1024  # of dimensions
_REASON_LENGTH = 1000
_MAX_METRICS = 20


def alarm_signal(
    name: str, arn: str, state: str, changed_at: datetime, reason: str, metrics: Sequence[AlarmMetric]
) -> AlarmSignal:
    """An alarm's change of state."""
    return AlarmSignal(
        name=name[:NAME_LENGTH],
        arn=arn[:ARN_LENGTH],
        state=state,
        changed_at=changed_at,
        reason=reason[:_REASON_LENGTH],
        metrics=tuple(metrics[:_MAX_METRICS]),
    )


def alarm_metric(
    namespace: str, name: str, dimensions: dict[str, str], stat: str, period_s: int
) -> AlarmMetric:
    """One metric that it watches."""
    kept = {k[:NAME_LENGTH]: v[:_VALUE_LENGTH] for k, v in list(dimensions.items())[:30]}
    return AlarmMetric(
        namespace[:NAME_LENGTH], name[:NAME_LENGTH], kept, stat[:NAME_LENGTH], min(period_s, 86400)
    )


def is_of(account: str | None, alarm_arn: str) -> bool:
    """Whether that is the alarm's own account: others may share metrics of what is not ours with it."""
    place = place_of(alarm_arn)
    return not account or not place or account == place[1]
