"""Reads CloudWatch's metrics in batches: `GetMetricData`, its pages, and the failures inside its answers."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from auto_repair.adapters.clients import Clients
from auto_repair.adapters.deadline import Deadline
from auto_repair.adapters.pages import following, pages
from auto_repair.domain.citations import Window
from auto_repair.domain.errors import AwsCallFailed, TransientError

MAX_QUERIES = 500  # of one request
MAX_POINTS = 100_800  # of one page
MAX_PAGES = 5

MetricPoints = dict[datetime, float]


class MetricData:
    """One request for up to 500 series of a span, further ones beyond that or where its answer is paged."""

    def __init__(self, clients: Clients, deadline_s: float) -> None:
        self._clients = clients
        self._deadline_s = deadline_s

    def read(self, queries: Sequence[dict[str, Any]], *spans: Window) -> tuple[dict[str, MetricPoints], bool]:
        """Data points of all spans by query id and time, and whether that is all of them.

        Raises `TransientError` when CloudWatch fails within, `AwsCallFailed` when it refuses.
        """
        deadline = Deadline(self._deadline_s)
        found: dict[str, MetricPoints] = {}
        complete = True
        for span in spans:
            for start in range(0, len(queries), MAX_QUERIES):
                complete &= self._pages(queries[start : start + MAX_QUERIES], span, deadline, found)
        return found, complete

    def _pages(
        self,
        queries: Sequence[dict[str, Any]],
        span: Window,
        deadline: Deadline,
        found: dict[str, MetricPoints],
    ) -> bool:
        answer = pages(
            self._clients.client("cloudwatch").get_metric_data,
            MetricDataQueries=queries,
            StartTime=span.start,
            EndTime=span.end,
            ScanBy="TimestampAscending",
        )
        for page in islice(answer, MAX_PAGES):
            for result in page["MetricDataResults"]:
                _refuse_failure(result)
                points = zip(result["Timestamps"], result["Values"], strict=True)
                found.setdefault(result["Id"], {}).update((t.astimezone(UTC), v) for t, v in points)
            if not following(page):
                return True
            if deadline.passed:
                break
        return False


def metric_query(
    query_id: str,
    namespace: str,
    metric: str,
    statistic: str,
    dimensions: Sequence[tuple[str, str]],
    period_s: int,
) -> dict[str, Any]:
    """One query of `GetMetricData`."""
    return {
        "Id": query_id,
        "ReturnData": True,
        "MetricStat": {
            "Metric": {
                "Namespace": namespace,
                "MetricName": metric,
                "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions],
            },
            "Period": period_s,
            "Stat": statistic,
        },
    }


def floor(moment: datetime, period_s: int) -> datetime:
    """The start of the period that the moment is in."""
    return datetime.fromtimestamp(moment.timestamp() // period_s * period_s, UTC)


def _refuse_failure(result: Mapping[str, Any]) -> None:
    # PartialData only says that a further page follows.
    code = result.get("StatusCode")
    told = "; ".join(str(message.get("Value", "")) for message in result.get("Messages", ()))
    if code == "InternalError":
        raise TransientError(f"cloudwatch:GetMetricData answered {code} {told}".strip())
    if code == "Forbidden":
        raise AwsCallFailed("cloudwatch", "GetMetricData", code, told)
