"""What would keep an incident from coming back, once the same cause has come back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from auto_repair.domain.outcome import ALREADY_REPAIRED
from auto_repair.domain.similar_incidents import LabelSource, PastIncident, storms

REMEMBERED = timedelta(days=90)
TWICE = 2  # incidents, this one included, before anything is advised
OFTEN = 3  # from then on a repair that holds each time is itself the problem


class Measure(StrEnum):
    """What kind of prevention is advised."""

    PERMANENT_SETTING = "permanent_setting"
    FIX_THE_CODE = "fix_the_code"
    EARLIER_ALARM = "earlier_alarm"
    CHANGE_CONTROL = "change_control"
    CAREFUL_DEPLOYMENT = "careful_deployment"
    LIMITS_OF_WAITING = "limits_of_waiting"
    CAPACITY = "capacity"


@dataclass(frozen=True)
class Advice:
    """One prevention with its reasons: how often and when, by incident."""

    measure: Measure
    text: str
    because: str
    incidents: tuple[str, ...]  # ids, newest first


_TEXTS = {
    Measure.PERMANENT_SETTING: (
        "Write the value that held into the function's own Terraform, or whatever else deploys it, so that "
        "no deployment brings the old one back."
    ),
    Measure.FIX_THE_CODE: (
        "Put the fix of the code on the team's list with a date: the repair only buys time, and each "
        "incident costs failed calls."
    ),
    Measure.EARLIER_ALARM: (
        "Alarm before calls fail: at 80 % of the limit for ten minutes, or on the trend towards it."
    ),
    Measure.CHANGE_CONTROL: (
        "Let this resource be changed by the pipeline only: keep its policy in version control, review "
        "changes of it, and forbid changes by hand with a service control policy or a permissions boundary."
    ),
    Measure.CAREFUL_DEPLOYMENT: (
        "Deploy through an alias that moves a tenth of the calls first and goes back by itself on an alarm "
        "(CodeDeploy canary)."
    ),
    Measure.LIMITS_OF_WAITING: (
        "Give every call to this dependency a timeout below the function's own, a bounded retry with jitter, "
        "and a circuit breaker or a queue where the answer is not needed at once."
    ),
    Measure.CAPACITY: (
        "Size the capacity for the usual peak and let it scale by itself: on-demand or auto scaling for the "
        "table, a higher quota or reservation for the function."
    ),
}
_SIZING = (Measure.PERMANENT_SETTING, Measure.EARLIER_ALARM)
_DEPLOYING = (Measure.CAREFUL_DEPLOYMENT, Measure.FIX_THE_CODE)
_CONTROL = (Measure.CHANGE_CONTROL,)
_BY_CAUSE = {
    "out_of_memory": _SIZING,
    "timeout_too_low": _SIZING,
    "throttled_by_reserved_concurrency": (Measure.PERMANENT_SETTING, Measure.CAPACITY),
    "memory_leak": (Measure.FIX_THE_CODE, Measure.EARLIER_ALARM),
    "code_error": _DEPLOYING,
    "startup_error": _DEPLOYING,
    "slow_dependency": (Measure.LIMITS_OF_WAITING,),
    "neighbour_slow": (Measure.LIMITS_OF_WAITING, Measure.EARLIER_ALARM),
    "neighbour_failing": (Measure.LIMITS_OF_WAITING,),
    "neighbour_unreachable": (Measure.LIMITS_OF_WAITING,),
    "neighbour_saturated": (Measure.CAPACITY, Measure.EARLIER_ALARM),
    "neighbour_changed": _CONTROL,
}
# Causes of which we know no more than their name.
_BY_WORD = (
    (("denied", "policy", "permission", "grant"), _CONTROL),
    (("throttl", "capacity", "concurrency", "saturat"), (Measure.CAPACITY, Measure.EARLIER_ALARM)),
    (("deploy", "version", "import", "handler"), _DEPLOYING),
    (("leak",), (Measure.FIX_THE_CODE, Measure.EARLIER_ALARM)),
)


def measures_for(cause: str) -> tuple[Measure, ...]:
    """What prevents a cause (id of a hypothesis); empty where nothing is known of it."""
    kind = cause.partition("@")[0]
    if kind in _BY_CAUSE:
        return _BY_CAUSE[kind]
    return next((m for words, m in _BY_WORD if any(word in kind for word in words)), ())


def prevention(
    cause: str, function_name: str, past: Iterable[PastIncident], now: datetime
) -> tuple[Advice, ...]:
    """What to do about a cause that has come back; empty where it has not, or nothing is known of it.

    The present incident counts, and is not among `past`. A cause in another resource is the same cause
    whoever suffered from it; one in the function itself is the same only there.
    """
    earlier = repeats(cause, function_name, past, now)
    if len(earlier) + 1 < TWICE:
        return ()
    because = _because(earlier)
    return tuple(
        Advice(measure, _TEXTS[measure], because, tuple(one.incident_id for one in earlier))
        for measure in measures_for(cause)
    )


def repeats(
    cause: str, function_name: str, past: Iterable[PastIncident], now: datetime
) -> tuple[PastIncident, ...]:
    """Earlier incidents of the same cause within `REMEMBERED`, newest first, each storm once.

    Where a repair for that cause was taken back and nobody confirmed it, it was probably something else. A
    second look at failures that were repaired by then is no further incident.
    """
    same = [
        one
        for one in past
        if one.cause == cause
        and one.status != ALREADY_REPAIRED
        and ("@" in cause or one.function_name == function_name)
        and timedelta(0) < now - one.at <= REMEMBERED
        and (one.status != "ROLLED_BACK" or one.label_source is LabelSource.PERSON)
    ]
    return tuple(storms(sorted(same, key=lambda one: one.at, reverse=True)))


def _because(earlier: Sequence[PastIncident]) -> str:
    """`The third time in 90 days: before on 3 May and 9 May; each repair held, and it came back`."""
    days = [f"{one.at.day} {one.at:%B}" for one in reversed(earlier)]
    confirmed = sum(one.label_source is not LabelSource.DIAGNOSIS for one in earlier)
    sure = "" if confirmed == len(earlier) else f" ({confirmed} of them confirmed)"
    told = f"{len(earlier) + 1} times in {REMEMBERED.days} days, before on {', '.join(days)}{sure}"
    if len(earlier) + 1 >= OFTEN and all(one.status == "VERIFIED" for one in earlier):
        told += f"; {earlier[0].repair} held each time, and it came back all the same"
    return told
