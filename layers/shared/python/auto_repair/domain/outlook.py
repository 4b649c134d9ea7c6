"""How an incident may go on: which limits are being approached, and when they will be reached."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from auto_repair.domain.evidence import Evidence, Invocation, MetricSeries, Status
from auto_repair.domain.forecast import Course, Forecast, in_words, until
from auto_repair.domain.memory import ENDS_THE_PROCESS, leak, lives_of
from auto_repair.domain.resources import at_heart
from auto_repair.domain.surroundings import SETTINGS, ResourceSeries, Surroundings

_URGENCY = (Course.REACHED, Course.WILL_REACH, Course.NOT_SOON, Course.NO_TREND, Course.CANNOT_TELL)


@dataclass(frozen=True)
class Statement:
    """One thing that is running out, or is not. `subject` and `limit` are in words."""

    resource: str  # its id
    quantity: str  # memory, iterator_age, message_age, storage, concurrency, capacity, credits
    subject: str
    limit: str
    forecast: Forecast
    assumption: str = ""

    @property
    def text(self) -> str:
        """`memory of lambda:orders reaches 128 MB in about 40 minutes (30 to 65 minutes), if …`."""
        where = f"{self.subject} of {self.resource}"
        forecast = self.forecast
        told = {
            Course.REACHED: f"{where} has reached {self.limit}",
            Course.WILL_REACH: f"{where} reaches {self.limit} in {_when(forecast)}, if {forecast.reason}",
            Course.NOT_SOON: f"{where} goes towards {self.limit}: {forecast.reason}",
            Course.NO_TREND: f"{where} shows no trend towards {self.limit}: {forecast.reason}",
            Course.CANNOT_TELL: f"nobody can tell whether {where} will reach {self.limit}: {forecast.reason}",
        }[forecast.course]
        return f"{told} ({self.assumption})" if self.assumption else told


def _when(forecast: Forecast) -> str:
    about, earliest = in_words(forecast.in_s or 0.0), in_words(forecast.earliest_s or 0.0)
    if forecast.latest_s is None:
        return f"about {about} ({earliest} at the earliest)"
    return f"about {about} ({earliest} to {in_words(forecast.latest_s)})"


@dataclass(frozen=True)
class _Limit:
    """A metric that must not go beyond a known value."""

    quantity: str
    subject: str
    value: float
    limit: str
    rising: bool = True
    assumption: str = ""


_DAY_S = 86400.0
_AGE = "the age of the oldest record"
_STREAM = "the default retention; what is older is lost"
_LIMITS = {
    ("lambda", "IteratorAge"): _Limit("iterator_age", _AGE, 1000 * _DAY_S, "24 hours", assumption=_STREAM),
    ("kinesis", "GetRecords.IteratorAgeMilliseconds"): _Limit(
        "iterator_age", _AGE, 1000 * _DAY_S, "24 hours", assumption=_STREAM
    ),
    ("sqs", "ApproximateAgeOfOldestMessage"): _Limit(
        "message_age",
        "the age of the oldest message",
        4 * _DAY_S,
        "4 days",
        assumption="the default retention; what is older is lost",
    ),
    ("rds", "FreeStorageSpace"): _Limit(
        "storage",
        "free storage",
        0.0,
        "zero",
        rising=False,
        assumption="unless storage autoscaling is on",
    ),
    ("elasticache", "DatabaseMemoryUsagePercentage"): _Limit("memory", "memory in use", 100.0, "100 %"),
    ("elasticache", "DatabaseMemoryUsageCountedForEvictPercentage"): _Limit(
        "memory", "memory in use", 100.0, "100 %"
    ),
    ("ec2", "CPUCreditBalance"): _Limit("credits", "the CPU credit balance", 0.0, "zero", rising=False),
}
_CAPACITY = (
    ("ConsumedReadCapacityUnits", "ProvisionedReadCapacityUnits", "read"),
    ("ConsumedWriteCapacityUnits", "ProvisionedWriteCapacityUnits", "write"),
)


def outlook(evidence: Evidence) -> tuple[Statement, ...]:
    """What can be said about every limit that is watched, the most urgent first.

    The present is the end of the evidence's window.
    """
    around = evidence.surroundings
    statements = [*_memory(evidence), *_concurrency(evidence)]
    if around:
        statements += [*_limits(around), *_capacities(around)]
    return tuple(sorted(statements, key=_urgency))


def _urgency(statement: Statement) -> tuple[int, float, str, str]:
    forecast = statement.forecast
    soon = forecast.in_s if forecast.in_s is not None else float("inf")
    return _URGENCY.index(forecast.course), soon, statement.resource, statement.quantity


# -- memory of execution environments -----------------------------------------------------------------------


def _memory(evidence: Evidence) -> Iterator[Statement]:
    """The fullest environment that is still alive, if memory leaks at all."""
    runs = (*evidence.history, *evidence.invocations)
    if not runs:
        return
    now = evidence.window.end
    limit = runs[-1].memory_size_mb
    yield Statement(
        at_heart(evidence.function_name).id,
        "memory",
        "memory of an execution environment",
        f"{limit} MB" if limit else "its limit",
        _memory_forecast(runs, limit, now),
    )


def _memory_forecast(runs: Sequence[Invocation], limit: int, now: datetime) -> Forecast:
    if not limit:
        return Forecast(Course.CANNOT_TELL, "the platform reports no memory figures")
    found = leak(runs)
    if found is None:
        return Forecast(Course.NO_TREND, "it does not climb from run to run")
    lives = [life for life in lives_of(runs) if _lives_on(life[-1])]
    forecasts = [_of_life(life, limit, now) for life in lives]
    known = [forecast for forecast in forecasts if forecast.in_s is not None]
    if known:
        return min(known, key=lambda forecast: forecast.in_s or 0.0)
    climb = f"it climbs by about {found.mb_per_run:.0f} MB a run"
    return Forecast(Course.CANNOT_TELL, f"{climb}, but no environment has been seen long enough lately")


def _lives_on(last: Invocation) -> bool:
    return not (last.killed or last.status is Status.TIMEOUT or last.error_type in ENDS_THE_PROCESS)


def _of_life(life: Sequence[Invocation], limit: int, now: datetime) -> Forecast:
    return until(
        [run.ended_at.timestamp() for run in life],
        [float(run.max_memory_used_mb) for run in life],
        float(limit),
        now=now.timestamp(),
    )


# -- concurrency --------------------------------------------------------------------------------------------


def _concurrency(evidence: Evidence) -> Iterator[Statement]:
    """The function against its reservation, the account against its limit."""
    if evidence.concurrency is None:
        return
    reserved, account = evidence.concurrency.reserved, evidence.concurrency.account_limit
    own, everyone = evidence.metric("ConcurrentExecutions"), evidence.metric("AccountConcurrentExecutions")
    if reserved and own.times:
        yield _concurrent(at_heart(evidence.function_name).id, own, reserved, "reserved", evidence)
    if account and everyone.times:
        yield _concurrent("the account", everyone, account, "allowed", evidence)


def _concurrent(where: str, series: MetricSeries, limit: int, how: str, evidence: Evidence) -> Statement:
    times = [moment.timestamp() for moment in series.times]
    forecast = until(times, series.values, float(limit), now=evidence.window.end.timestamp())
    return Statement(where, "concurrency", "concurrency", f"the {limit} {how}", forecast)


# -- what the resources around run out of -------------------------------------------------------------------


def _limits(around: Surroundings) -> Iterator[Statement]:
    for series in around.series:
        limit = _LIMITS.get((series.resource.partition(":")[0], series.metric))
        if limit and series.values:
            limit = _as_set(limit, series.resource, around)
            yield Statement(
                series.resource,
                limit.quantity,
                limit.subject,
                limit.limit,
                _of_series(series, limit.value, around, rising=limit.rising),
                limit.assumption,
            )


def _as_set(limit: _Limit, resource: str, around: Surroundings) -> _Limit:
    """The limit as the resource's settings have it, where they are known; else the default is assumed."""
    known = {s.resource: s.values[-1] for s in around.series if s.metric in SETTINGS and s.values}
    of = [resource]
    if limit.quantity == "iterator_age":  # the streams that a function reads keep the records
        of += [one for one in around.scope.topology.callers(resource) if one.startswith("kinesis:")]
    values = [known[one] for one in of if one in known]
    if not values:
        return limit
    if limit.quantity == "storage":
        grown = f"storage autoscaling may add {values[0] / 2**30:g} GiB" if values[0] else ""
        return replace(limit, assumption=grown)
    seconds = min(values)
    in_its_unit = seconds * (1000 if limit.quantity == "iterator_age" else 1)
    return replace(limit, value=in_its_unit, limit=in_words(seconds), assumption="what is older is lost")


def _capacities(around: Surroundings) -> Iterator[Statement]:
    """Consumed against provisioned capacity of tables; a table on demand has none provisioned."""
    known = {(series.resource, series.metric): series for series in around.series}
    for consumed_name, provisioned_name, what in _CAPACITY:
        for (resource, metric), consumed in known.items():
            units = _last(known.get((resource, provisioned_name)))
            if metric != consumed_name or not units or not consumed.values:
                continue
            # Consumption is counted over a period, provision is by the second.
            forecast = _of_series(_of_whole_periods(consumed, around), units * consumed.period_s, around)
            yield Statement(
                resource,
                "capacity",
                f"consumed {what} capacity",
                f"the {units:g} units provisioned",
                forecast,
                "unless auto scaling raises it",
            )


def _last(series: ResourceSeries | None) -> float:
    """The newest value; 0 where there is none."""
    return series.values[-1] if series and series.values else 0.0


def _of_whole_periods(series: ResourceSeries, around: Surroundings) -> ResourceSeries:
    """Without a period that is not over: less has been counted in it, which is no fall."""
    over = around.scope.window.end.timestamp() - series.period_s
    whole = sum(time <= over for time in series.times)
    return replace(series, times=series.times[:whole], values=series.values[:whole])


def _of_series(
    series: ResourceSeries, limit: float, around: Surroundings, *, rising: bool = True
) -> Forecast:
    """By the window alone, since what the incident began is young; else by all that was observed."""
    start, now = around.scope.window.start.timestamp(), around.scope.window.end.timestamp()
    first = next((i for i, time in enumerate(series.times) if time >= start), len(series.times))
    lately = until(series.times[first:], series.values[first:], limit, now=now, rising=rising)
    if lately.course in (Course.REACHED, Course.WILL_REACH):
        return lately
    always = until(series.times, series.values, limit, now=now, rising=rising)
    return lately if always.course is Course.CANNOT_TELL else always
