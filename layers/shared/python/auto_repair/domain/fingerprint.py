"""What an incident looked like, small enough to keep and to compare: its fingerprint.

A fingerprint is a set of features with strengths. They belong to facets: what the logs say, how runs ended,
which metrics rose or fell and how far, what was changed just before, which failure modes matched, which
services are involved, and, weakly, which function and which resources.

Likeness is a weighted mean over the facets (as in Gower's coefficient, 1971) of the weighted Jaccard index
(Ružička, 1958) of their features: what both have, divided by what either has. Rare features count more, by
inverse document frequency (Spärck Jones, 1972); a facet counts as far as its strongest feature goes. A facet
that one side could not observe is left out.

No log message, payload or name of a resource is kept. Messages become error types and error codes, and four
minima of hashes of their words (min-hashing, Broder, 1997), which tell how alike two messages are; names
become eight digits of a hash, which tell whether two are the same and, to those who know the name, which.
"""

import errno
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from math import fsum, inf, log

from auto_repair.domain.diagnosis import Diagnosis
from auto_repair.domain.evidence import ChangeEvent, Evidence, MetricSeries, Status, Window, percentile
from auto_repair.domain.memory import FULL, leak
from auto_repair.domain.surroundings import MetricRole, ResourceChange, ResourceSeries, Surroundings


class Facet(StrEnum):
    """One way in which incidents can be alike."""

    LOG = "log"
    RUN = "run"
    METRIC = "metric"
    CHANGE = "change"
    MODE = "mode"
    SERVICE = "service"
    FUNCTION = "function"
    RESOURCE = "resource"


# The cause of an incident is another function's as often as not: names count, but little.
WEIGHTS = {
    Facet.LOG: 3.0,
    Facet.RUN: 2.0,
    Facet.METRIC: 2.0,
    Facet.CHANGE: 2.0,
    Facet.MODE: 1.5,
    Facet.SERVICE: 0.5,
    Facet.FUNCTION: 1.0,
    Facet.RESOURCE: 1.0,
}
MOST = {
    Facet.LOG: 20,
    Facet.RUN: 6,
    Facet.METRIC: 10,
    Facet.CHANGE: 5,
    Facet.MODE: 5,
    Facet.SERVICE: 6,
    Facet.FUNCTION: 1,
    Facet.RESOURCE: 6,
}
_BLINDS = {  # a source that could not be read, and what nothing is known of then
    "lambda_logs": (Facet.LOG, Facet.RUN),
    "lambda_metrics": (Facet.METRIC,),
    "changes": (Facet.CHANGE,),
}
JUST_BEFORE = timedelta(minutes=30)
BEFORE = timedelta(hours=2)
MIN_MOVE = 0.1  # of the usual value: below, a metric is flat
MIN_SHARE = 0.005  # the same for a share of good calls
UNHARMED = 0.25  # strength of a metric that is as usual, or of an availability that got better
LEAST_SHARE = 0.05
MAX_KEY = 56  # characters
SLOTS = 4  # minima of hashes for each message
MESSAGES = 5
_HASHED = ("words ", "#")  # features that say something to a computer only
_NAME = re.compile(r"[A-Za-z_][\w.:]{0,63}")
_VERSION = re.compile(r"\d{8}(?:v\d+)?$")  # UpdateFunctionCode20150331v2
_OPERATION = re.compile(r"when calling the (\w{1,48}) operation")
_CODE = re.compile(
    r"\b[A-Z]\w{0,40}(?:Error|Exception|Denied|Exceeded|NotFound|Fault|Timeout|TimedOut|Timedout|Unavailable"
    r"|Throttling|Throttled|Invalid|Failed|Refused|Expired)\b"
)
_ERRNO = re.compile(r"\bE[A-Z]{3,14}\b")
_ERRNOS = frozenset(errno.errorcode.values()) | {"ENOTFOUND", "ETIMEDOUT", "ECONNRESET"}
_WORD = re.compile(r"[a-z]{2,}")


@dataclass(frozen=True)
class Fingerprint:
    """Features as `facet:what` with strengths in (0, 1]. `blind` names facets that nothing is known of."""

    features: dict[str, float] = field(default_factory=dict)
    blind: tuple[str, ...] = ()

    @cached_property
    def facets(self) -> dict[str, dict[str, float]]:
        """The features by facet."""
        found: dict[str, dict[str, float]] = {}
        for key, strength in self.features.items():
            found.setdefault(key.partition(":")[0], {})[key] = strength
        return found


@dataclass(frozen=True)
class Rarity:
    """How much a feature tells: the fewer fingerprints have it, the more."""

    total: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def among(cls, fingerprints: Iterable[Fingerprint]) -> "Rarity":
        """Counted in these fingerprints."""
        known = list(fingerprints)
        return cls(len(known), Counter(key for one in known for key in one.features))

    def weight(self, key: str) -> float:
        """Smoothed inverse document frequency; 1 for what every fingerprint has."""
        return 1 + log((1 + self.total) / (1 + self.counts.get(key, 0)))


UNKNOWN_RARITY = Rarity()


@dataclass(frozen=True)
class Likeness:
    """How alike two fingerprints are, 0..1.

    `compared` is the summed weight of the facets that could be compared, each as far as its strongest feature
    goes: two incidents of which hardly anything deviates are alike, but that rests on little.
    """

    similarity: float
    compared: float


def similarity(a: Fingerprint, b: Fingerprint, rarity: Rarity = UNKNOWN_RARITY) -> float:
    """0..1, symmetric; 1 for equal ones, 0 where there is nothing to compare."""
    return compare(a, b, rarity).similarity


def compare(a: Fingerprint, b: Fingerprint, rarity: Rarity = UNKNOWN_RARITY) -> Likeness:
    """The similarity, and how much it rests on."""
    shares = [
        (WEIGHTS[facet] * max((*ours.values(), *theirs.values())), _overlap(ours, theirs, rarity))
        for facet, ours, theirs in _pairs(a, b)
    ]
    compared = fsum(weight for weight, _ in shares)
    total = fsum(weight * share for weight, share in shares)
    return Likeness(min(total / compared, 1.0) if compared else 0.0, compared)


@dataclass(frozen=True)
class Explanation:
    """What two fingerprints have in common and what they do not, in words."""

    agree: tuple[str, ...]
    differ: tuple[str, ...]


def explain(here: Fingerprint, there: Fingerprint) -> Explanation:
    """Why they are as alike as they are, as seen from `here`."""
    pairs = list(_pairs(here, there))
    return Explanation(
        tuple(text for pair in pairs for text in _agreeing(*pair)),
        tuple(text for pair in pairs for text in _differing(*pair)),
    )


_Features = Mapping[str, float]


def _pairs(a: Fingerprint, b: Fingerprint) -> Iterator[tuple[Facet, _Features, _Features]]:
    """The facets that both could observe and at least one has, with both sides' features."""
    for facet in Facet:
        ours, theirs = a.facets.get(facet, {}), b.facets.get(facet, {})
        if (ours or theirs) and facet not in a.blind and facet not in b.blind:
            yield facet, ours, theirs


def _overlap(a: _Features, b: _Features, rarity: Rarity) -> float:
    keys = [*a, *(key for key in b if key not in a)]
    both = fsum(rarity.weight(key) * min(a[key], b[key]) for key in a if key in b)
    either = fsum(rarity.weight(key) * max(a.get(key, 0.0), b.get(key, 0.0)) for key in keys)
    return both / either


def _agreeing(facet: Facet, ours: _Features, theirs: _Features) -> Iterator[str]:
    common = [key for key in ours if key in theirs]
    yield from (_told(key) for key in common if not _is_hashed(key))
    hashed = sum(map(_is_hashed, common))
    if hashed and facet is Facet.LOG:
        yield f"log: {hashed} of {sum(map(_is_hashed, ours))} marks of the wording"
    elif hashed:
        yield "same function" if facet is Facet.FUNCTION else f"the same resources deviate ({hashed})"


def _differing(facet: Facet, ours: _Features, theirs: _Features) -> Iterator[str]:
    yield from (f"only here: {_told(key)}" for key in ours if key not in theirs and not _is_hashed(key))
    yield from (f"only there: {_told(key)}" for key in theirs if key not in ours and not _is_hashed(key))
    if facet is Facet.FUNCTION and ours.keys() != theirs.keys():
        yield "another function"


def _is_hashed(key: str) -> bool:
    return key.partition(":")[2].startswith(_HASHED)


def _told(key: str) -> str:
    facet, _, what = key.partition(":")
    return f"{facet}: {what}"


# -- taking a fingerprint -----------------------------------------------------------------------------------


def fingerprint(evidence: Evidence, diagnosis: Diagnosis | None = None) -> Fingerprint:
    """The fingerprint of an incident: of its evidence and of what was made of it, if anything was."""
    around = evidence.surroundings
    found = [
        _runs(evidence),
        _messages(evidence),
        _own_metrics(evidence),
        _changes(evidence),
        {f"function:{_hash(evidence.function_name)}": 1.0},
        _suspicions(diagnosis) if diagnosis else {},
        _around(around) if around else {},
    ]
    features = _strongest(found)
    present = {key.partition(":")[0] for key in features}
    blind = {facet for source, facets in _BLINDS.items() if evidence.lacks(source) for facet in facets}
    return Fingerprint(features, tuple(sorted(facet.value for facet in blind if facet not in present)))


def _strongest(parts: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """One set of features, each as strong as in its strongest part, and of each facet no more than `MOST`."""
    merged: dict[str, float] = {}
    for part in parts:
        for key, strength in part.items():
            short = key[:MAX_KEY]
            merged[short] = max(merged.get(short, 0.0), round(min(strength, 1.0), 2))
    kept: dict[str, float] = {}
    room = Counter({facet.value: most for facet, most in MOST.items()})
    for key, strength in sorted(merged.items(), key=lambda feature: (-feature[1], feature[0])):
        facet = key.partition(":")[0]
        if strength > 0 and room[facet] > 0:
            room[facet] -= 1
            kept[key] = strength
    return dict(sorted(kept.items()))


def _hash(name: str) -> str:
    return "#" + sha256(name.encode()).hexdigest()[:8]


def _suspicions(diagnosis: Diagnosis) -> dict[str, float]:
    """What we held responsible, as sure as we were: a mistake that we make twice is known by it."""
    features: dict[str, float] = {}
    for hypothesis in diagnosis.hypotheses:
        named = {f"mode:{hypothesis.failure_mode}": hypothesis.confidence}
        if hypothesis.resource:
            named[f"resource:{_hash(hypothesis.resource)} suspected"] = hypothesis.confidence
        for key, strength in named.items():
            features[key] = max(features.get(key, 0.0), strength)
    return features


def _runs(evidence: Evidence) -> dict[str, float]:
    """How runs ended, as shares, and whether their memory climbs."""
    runs, failed = evidence.invocations, evidence.failures
    if not failed:
        return {"run:no run failed": 0.5} if runs else {}
    shares = {
        "run:failed": len(failed) / len(runs),
        "run:timed out": sum(run.status is Status.TIMEOUT for run in failed) / len(failed),
        "run:killed": sum(run.killed for run in failed) / len(failed),
        "run:memory full": sum(run.memory_share >= FULL for run in failed) / len(failed),
        "run:memory climbs": 1.0 if leak((*evidence.history, *runs)) else 0.0,
        "run:failed at its first call": sum(run.init_ms is not None for run in failed) / len(failed),
    }
    return {key: share for key, share in shares.items() if share >= LEAST_SHARE}


def _messages(evidence: Evidence) -> dict[str, float]:
    """What the most frequent messages say, half as strong where they were there before."""
    around = evidence.surroundings.signatures if evidence.surroundings else ()
    told = [(s.count, s.error_type, s.template, s.first_seen in evidence.window) for s in evidence.signatures]
    told += [(s.count, "", s.template, s.count_before == 0) for s in around]
    features: dict[str, float] = {}
    for _, error_type, template, is_new in sorted(told, reverse=True)[:MESSAGES]:
        for key, strength in _message(error_type, template).items():
            features[key] = max(features.get(key, 0.0), strength if is_new else strength / 2)
    return features


def _message(error_type: str, template: str) -> dict[str, float]:
    features = {f"log:{error_type}": 1.0} if _NAME.fullmatch(error_type) else {}
    features |= {f"log:{code}": 1.0 for code in _CODE.findall(template)}
    features |= {f"log:{code}": 1.0 for code in _ERRNO.findall(template) if code in _ERRNOS}
    features |= {f"log:calling {operation}": 1.0 for operation in _OPERATION.findall(template)}
    # One digest has room for all hash functions: each slot is four bytes of it.
    digests = [sha256(word.encode()).digest() for word in set(_WORD.findall(template.lower()))]
    for slot in range(SLOTS if digests else 0):
        least = min(digest[4 * slot : 4 * slot + 4] for digest in digests)
        features[f"log:words {slot}{least.hex()}"] = 1 / SLOTS
    return features


def _changes(evidence: Evidence) -> dict[str, float]:
    """What others changed in the hours before, the last minutes counting twice."""
    around = evidence.surroundings
    until = around.scope.symptom.at if around else evidence.window.end
    changes: list[ChangeEvent | ResourceChange] = [*evidence.changes, *(around.changes if around else ())]
    features: dict[str, float] = {}
    for change in changes:
        ago = until - change.at
        if change.ours or not timedelta(0) <= ago <= BEFORE:
            continue
        key = f"change:{_VERSION.sub('', change.action)}"
        features[key] = max(features.get(key, 0.0), 1.0 if ago <= JUST_BEFORE else 0.5)
    return features


def _own_metrics(evidence: Evidence) -> dict[str, float]:
    """How the function's own metrics moved against their baseline."""
    calls, errors = evidence.metric("Invocations"), evidence.metric("Errors")
    features: dict[str, float] = {}
    if calls.total:
        failing = min(errors.total / calls.total, 1.0)
        features |= _named("lambda availability", _move([1.0], [1.0 - failing], is_share=True))
    for name, told in (("Throttles", "Throttles"), ("Duration.p99", "latency"), ("Invocations", "requests")):
        now, usual = _rates(evidence.metric(name)), _rates(evidence.normal(name))
        if name == "Throttles" and now and not usual:
            usual = [0.0]
        features |= _named(f"lambda {told}", _move(usual, now))
    return features


def _rates(series: MetricSeries) -> list[float]:
    """Values that can be compared whatever the period: sums per second, statistics as they are."""
    if "." in series.name:
        return list(series.values)
    return [value / series.period_s for value in series.values]


def _around(around: Surroundings) -> dict[str, float]:
    """What the resources around did: by service, and, hashed, which ones."""
    features = {f"service:{resource.service}": 1.0 for resource in around.scope.resources}
    for series in around.series:
        service, what = series.resource.partition(":")[0], _quantity(series)
        usual, now = _values(series, around.scope.reference), _values(series, around.scope.window)
        moved = _move(usual, now, is_share=what == "availability")
        for key, strength in _named(f"{service} {what}", moved).items():
            features[key] = max(features.get(key, 0.0), strength)
        if moved and moved[1] > UNHARMED:
            features[f"resource:{_hash(series.resource)} {what} {moved[0]}"] = moved[1]
    return features


def _quantity(series: ResourceSeries) -> str:
    if series.role in (MetricRole.SATURATION, MetricRole.OTHER):
        return series.metric
    return series.role.value


def _values(series: ResourceSeries, span: Window) -> list[float]:
    start, end = span.start.timestamp(), span.end.timestamp()
    return [v for t, v in zip(series.times, series.values, strict=True) if start <= t < end]


def _named(what: str, moved: tuple[str, float] | None) -> dict[str, float]:
    return {f"metric:{what} {moved[0]}": moved[1]} if moved else {}


def _move(usual: list[float], now: list[float], *, is_share: bool = False) -> tuple[str, float] | None:
    """Which way a metric went and, as a strength, how far: a little, several times, tenfold."""
    if not usual or not now:
        return None
    middle = percentile(usual, 0.5)
    up = percentile(now, 0.9) - percentile(usual, 0.95)
    down = percentile(usual, 0.05) - percentile(now, 0.1)
    least = MIN_SHARE if is_share else MIN_MOVE * abs(middle)
    if max(up, down) <= least:
        return "flat", UNHARMED
    if is_share:
        return ("fell", _grade(down, 0.05, 0.5)) if down > up else ("rose", UNHARMED)
    if up > down:
        return "rose", _grade(_ratio(percentile(now, 0.9), middle), 2, 10)
    return "fell", _grade(_ratio(middle, percentile(now, 0.1)), 2, 10)


def _ratio(larger: float, smaller: float) -> float:
    return larger / smaller if smaller > 0 else inf


def _grade(size: float, several: float, tenfold: float) -> float:
    return 1.0 if size >= tenfold else 0.75 if size >= several else 0.5
