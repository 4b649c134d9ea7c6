"""What read traces tell: to the engine as messages that accuse somebody, to people in words."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from auto_repair.domain.complaints import complaint
from auto_repair.domain.error_signatures import MAX_SAMPLE, template
from auto_repair.domain.redaction import redact, redacted
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import ResourceSignature
from auto_repair.domain.traces.durations import time_spent
from auto_repair.domain.traces.failures import Failure, Resources, failure_of, is_hurt
from auto_repair.domain.traces.spans import Trace

MAX_TEXT = 300  # characters of an error in the words of the evidence
MAX_KIND = 120  # characters of an exception's type
MAX_STATIONS = 12  # of a way; X-Ray sets no limit to how deep calls are nested
MAX_SHARES = 4  # resources whose time is told
LEAST_SHARE = 0.03  # of a request's time

Key = tuple[str, str, str]  # who complains, of whom, with what words


@dataclass(frozen=True)
class Failures:
    """How the requests that were read failed.

    excused: kinds of failures that hurt nobody, as a request that was served shows them too.
    """

    found: tuple[Failure, ...]
    excused: frozenset[Key]
    known: tuple[Resource, ...]

    def key(self, failure: Failure) -> Key:
        """What failures of one kind have in common."""
        words = template(failure.raised.message) if failure.raised else failure.text
        kind = redact(failure.raised.type[:MAX_KIND]) if failure.raised else ""
        return failure.caller, self.accused(failure), f"{kind}: {words}" if kind and words else kind or words

    @cached_property
    def kinds(self) -> dict[Key, list[Failure]]:
        """The failures of each kind."""
        kinds: dict[Key, list[Failure]] = {}
        for failure in self.found:
            kinds.setdefault(self.key(failure), []).append(failure)
        return kinds

    def accused(self, failure: Failure) -> str:
        """Id of the resource that it is blamed on, beside who complains; empty where there is none."""
        if failure.culprit:
            return "" if failure.culprit == failure.caller else failure.culprit
        others = [resource for resource in self.known if resource.id != failure.caller]
        said = complaint(failure.text, others)
        return said.resource if said else ""


def failures_of(
    traces: Sequence[Trace], resource: Resources, known: Sequence[Resource], *, by_errors: bool
) -> Failures:
    """How those requests failed that hurt; where none hurts, how all of them did."""
    found = [(trace, failure_of(trace, resource, known)) for trace in traces]
    hurt = [f for trace, f in found if f and is_hurt(trace, by_errors=by_errors)]
    served = [f for trace, f in found if f and not is_hurt(trace, by_errors=by_errors)]
    told = Failures(tuple(hurt or served), frozenset(), tuple(known))
    first = min((failure.began.start for failure in hurt), default=0.0)
    # It was so before anything hurt, or it is what code is usually prepared for.
    excused = (f for f in served if f.is_expected or f.began.start < first)
    return replace(told, excused=frozenset(told.key(f) for f in excused))


def signatures(told: Failures) -> tuple[ResourceSignature, ...]:
    """One for each kind of failure that tells more than that a request failed, most frequent first."""
    telling = {key: [f for f in alike if f.tells] for key, alike in told.kinds.items()}
    found = (_signature(key, alike) for key, alike in telling.items() if alike and key not in told.excused)
    return tuple(sorted(found, key=lambda s: (-s.count, s.first_seen)))


def _signature(key: Key, alike: Sequence[Failure]) -> ResourceSignature:
    caller, accused, words = key
    newest = _newest(alike)
    return ResourceSignature(
        resource=caller,
        template=words,
        first_seen=min(failure.began.at for failure in alike),
        last_seen=newest.began.at,
        count=len(alike),
        names=accused,
        sample=redacted(newest.text, MAX_SAMPLE),
        traced=True,
        evidence=newest.evidence,
    )


def of_each_kind(told: Failures) -> tuple[tuple[Failure, int], ...]:
    """The newest failure of each kind, with how many requests failed so."""
    newest = ((_newest(alike), len(alike)) for alike in told.kinds.values())
    return tuple(sorted(newest, key=lambda item: -item[1]))


def _newest(alike: Sequence[Failure]) -> Failure:
    return max(alike, key=lambda failure: failure.began.start)


def path_in_words(failure: Failure, told: Failures, title: Callable[[str], str]) -> str:
    """`POST /orders took the way shop → orders → stock; the error began at stock (PutItem): …`."""
    asked = next((span.asked for span in failure.trace.roots if span.asked), "") or "a request"
    excused = "; a request that was served met the same" if told.key(failure) in told.excused else ""
    way, began = _way(failure.path, title), _beginning(failure, title(failure.path[-1]))
    return f"{redacted(asked, MAX_TEXT)} took the way {way}; {began}{excused}"


def _way(path: Sequence[str], title: Callable[[str], str]) -> str:
    """Both ends of it, where it is long."""
    half = MAX_STATIONS // 2
    shown = (*path[:half], "…", *path[-half:]) if len(path) > MAX_STATIONS else path
    return " → ".join(map(title, shown))


def _beginning(failure: Failure, where: str) -> str:
    said = redacted(failure.text, MAX_TEXT)
    if not failure.tells:
        return f"{where} {said}, and nothing that it called is recorded as failed"
    operation = failure.began.aws.get("operation")
    call = f" ({redacted(operation, MAX_TEXT)})" if isinstance(operation, str) and failure.culprit else ""
    return f"the error began at {where}{call}: {said}"


def time_in_words(trace: Trace, resource: Resources, title: Callable[[str], str]) -> str:
    """`3.20 s: 91 % dynamodb:stock, 9 % lambda:orders`."""
    spent = time_spent(trace, resource)
    whole = sum(spent.values())
    told = [
        f"{100 * seconds / whole:.0f} % {title(name)}"
        for name, seconds in list(spent.items())[:MAX_SHARES]
        if whole and seconds >= LEAST_SHARE * whole
    ]
    return f"{whole:.2f} s: {', '.join(told)}" if told else f"{whole:.2f} s"


def titles(known: Iterable[Resource]) -> Callable[[str], str]:
    """What people call a resource of that id, or of the name that the traced code has for it."""
    names = {resource.id: str(resource) for resource in known}
    return lambda name: names.get(name) or redact(name)
