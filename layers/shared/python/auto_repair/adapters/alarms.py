"""CloudWatch's alarms and their tags (`ports.Alarms`)."""

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.pages import pages
from auto_repair.domain.composite_alarms import KnownAlarm, composition, triggering_alarms
from auto_repair.domain.errors import ResourceMissing
from auto_repair.domain.incident import AlarmMetric, AlarmSignal

MOST_NAMES = 100  # names, and alarms in the answer, that one call allows
TYPES = ["MetricAlarm", "CompositeAlarm"]  # without them, only metric alarms are told


class CloudWatchAlarms:
    """Reads alarms of this account and Region."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    @property
    def _client(self) -> Any:
        return self._clients.client("cloudwatch")

    def read(self, names: Sequence[str]) -> list[KnownAlarm]:
        """The alarms of these names, in no certain order; who is not there any more is left out."""
        found: list[KnownAlarm] = []
        for start in range(0, len(names), MOST_NAMES):
            asked = list(names[start : start + MOST_NAMES])
            for page in pages(
                self._client.describe_alarms, AlarmNames=asked, AlarmTypes=TYPES, MaxRecords=MOST_NAMES
            ):
                found += [KnownAlarm(_signal(alarm)) for alarm in page.get("MetricAlarms", ())]
                found += [_composite(alarm) for alarm in page.get("CompositeAlarms", ())]
        return found

    def tags(self, alarm_arn: str) -> Mapping[str, str]:
        """The alarm's tags; none of an alarm that is not there any more."""
        try:
            answer = call(self._client.list_tags_for_resource, ResourceARN=alarm_arn)
        except ResourceMissing:
            return {}
        return {tag["Key"]: tag["Value"] for tag in answer.get("Tags", ())}


def _composite(alarm: Mapping[str, Any]) -> KnownAlarm:
    triggers = triggering_alarms(alarm.get("StateReasonData"))
    return KnownAlarm(_signal(alarm), composition(alarm.get("AlarmRule", ""), triggers))


def _signal(alarm: Mapping[str, Any]) -> AlarmSignal:
    # The update may have changed the reason only, the transition changed the state.
    changed_at = alarm.get("StateTransitionedTimestamp") or alarm["StateUpdatedTimestamp"]
    return AlarmSignal(
        name=alarm["AlarmName"],
        changed_at=changed_at.astimezone(UTC),
        arn=alarm["AlarmArn"],
        state=alarm["StateValue"],
        reason=alarm.get("StateReason", ""),
        metrics=tuple(_metrics(alarm)),
    )


def _metrics(alarm: Mapping[str, Any]) -> list[AlarmMetric]:
    """Its one metric, or those of its metric math; not those of other accounts: they are not about ours."""
    if alarm.get("MetricName"):
        statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic", "")
        return [_metric(alarm, statistic, alarm.get("Period", 60))]
    account = alarm["AlarmArn"].split(":")[4]
    ours = (query for query in alarm.get("Metrics", ()) if query.get("AccountId", account) == account)
    stats = [query["MetricStat"] for query in ours if query.get("MetricStat")]
    return [_metric(stat["Metric"], stat["Stat"], stat["Period"]) for stat in stats]


def _metric(metric: Mapping[str, Any], statistic: str, period_s: int) -> AlarmMetric:
    dimensions = {one["Name"]: one["Value"] for one in metric.get("Dimensions", ())}
    return AlarmMetric(metric["Namespace"], metric["MetricName"], dimensions, statistic, period_s)
