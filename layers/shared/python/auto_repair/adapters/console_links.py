"""Addresses of the AWS console, so that a reader can look at the evidence where it lies."""

from datetime import UTC
from urllib.parse import quote

from auto_repair.domain.evidence import Window
from auto_repair.domain.timestamps import to_epoch_ms


class ConsoleLinks:
    """Links into the console of one region."""

    def __init__(self, region: str) -> None:
        self._region = region

    def function(self, name: str, tab: str = "configure") -> str:
        """The function's page; tabs are `configure`, `monitoring`, `aliases` …"""
        return self._page("lambda/home", f"/functions/{quote(name)}?tab={tab}")

    def log_events(self, log_group: str, window: Window) -> str:
        """The log group's events within the window."""
        start, end = map(to_epoch_ms, (window.start, window.end))
        # The console encodes names twice and the query once, and writes $ for %.
        group = quote(quote(log_group, safe=""), safe="").replace("%", "$")
        query = quote(f"?start={start}&end={end}", safe="").replace("%", "$")
        return self._page("cloudwatch/home", f"logsV2:log-groups/log-group/{group}/log-events{query}")

    def trail(self, resource: str) -> str:
        """CloudTrail's event history of one resource."""
        return self._page("cloudtrailv2/home", f"/events?ResourceName={quote(resource, safe='')}")

    def trace(self, trace_id: str) -> str:
        """One traced request."""
        return self._page("xray/home", f"/traces/{trace_id}")

    def traces(self, expression: str, window: Window) -> str:
        """The traced requests within the window that a filter expression matches."""
        start, end = (f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}" for moment in (window.start, window.end))
        query = f"timeRange={start}~{end}&filter={quote(expression, safe='')}"
        return self._page("xray/home", f"/traces?{query}")

    def _page(self, path: str, fragment: str) -> str:
        return f"https://{self._region}.{self._host()}/{path}?region={self._region}#{fragment}"

    def _host(self) -> str:
        if self._region.startswith("cn-"):
            return "console.amazonaws.cn"
        if self._region.startswith("us-gov-"):
            return "console.amazonaws-us-gov.com"
        return "console.aws.amazon.com"
