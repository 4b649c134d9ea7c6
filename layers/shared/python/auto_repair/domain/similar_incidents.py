"""What earlier incidents teach about this one: the most similar ones, and how far they may move a confidence.

The causes of the most similar past incidents vote (the nearest-neighbour rule of T. M. Cover, 1967). A vote
weighs what the likeness, the source of the label and its age leave of 1. The odds of a hypothesis are
multiplied by (1 + votes for it) / (1 + votes against it): as if one more incident had been seen on each side
(Laplace). So one certain precedent doubles the odds at most, no number of them does more than `CAP`, and one
wrong label among several right ones takes some of their weight and does not turn them round. Memory is one
more piece of evidence, never a proof: it makes no verdict of a confidence below 1 / (1 + `CAP`) = 0.2.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import exp2

from auto_repair.domain.case import Case
from auto_repair.domain.fingerprint import Explanation, Fingerprint, Rarity, compare, explain
from auto_repair.domain.precedents import Precedent

NEAREST = 7
MIN_SIMILARITY = 0.5  # below, incidents have nothing to say about each other
MIN_COMPARED = 3.0  # summed weight of facets that a likeness has to rest on
CAP = 4.0
HALF_LIFE = timedelta(days=180)  # systems change: after this long a precedent counts half
ONE_STORM = timedelta(hours=6)  # incidents of one function within it are one precedent
MOST_TOLD = 5  # of what is alike, and of what is not
UNHEARD_OF = 0.1  # confidence of a cause that nothing but memory speaks for, before memory is asked


class LabelSource(StrEnum):
    """Who says what the cause was."""

    PERSON = "person"
    VERIFIED_REPAIR = "verified_repair"
    DIAGNOSIS = "diagnosis"  # our own, confirmed by nothing


TRUST = {LabelSource.PERSON: 1.0, LabelSource.VERIFIED_REPAIR: 0.8, LabelSource.DIAGNOSIS: 0.25}
ELSEWHERE = 0.5  # of a vote for the same kind of cause in another resource
FAILED_REPAIR = 0.4  # trust that a cause was wrong because its repair did not help
MOST_UNCONFIRMED = 0.5  # votes of all unconfirmed diagnoses together: we must not convince ourselves
_SOURCES = {
    LabelSource.PERSON: "as a person confirmed",
    LabelSource.VERIFIED_REPAIR: "as its repair proved",
    LabelSource.DIAGNOSIS: "by our diagnosis only",
}
_ENDINGS = {"VERIFIED": "held", "ROLLED_BACK": "rolled back", "INCONCLUSIVE": "without proof"}


@dataclass(frozen=True)
class Correction:
    """What a person said about the cause, by ids of hypotheses: the right one, or which it was not."""

    accepted: str = ""
    declined: tuple[str, ...] = ()
    by: str = ""
    at: str = ""  # ISO 8601 UTC


@dataclass(frozen=True)
class PastIncident:
    """A finished incident as it is remembered. `status` is its final one in the tables."""

    incident_id: str
    function_name: str
    at: datetime
    fingerprint: Fingerprint
    diagnosed: str = ""  # id of the hypothesis that we held responsible; empty when we named none
    status: str = ""
    repair: str = ""
    correction: Correction | None = None

    @property
    def declined(self) -> tuple[str, ...]:
        """Causes that a person ruled out."""
        return self.correction.declined if self.correction else ()

    @property
    def cause(self) -> str:
        """The cause by the best source there is; empty when it is unknown or was ruled out."""
        if self.correction and self.correction.accepted:
            return self.correction.accepted
        return "" if self.diagnosed in self.declined else self.diagnosed

    @property
    def label_source(self) -> LabelSource:
        """Who says so."""
        if self.correction and self.correction.accepted:
            return LabelSource.PERSON
        return LabelSource.VERIFIED_REPAIR if self.status == "VERIFIED" else LabelSource.DIAGNOSIS


@dataclass(frozen=True)
class Match:
    """A past incident that looks like this one. `weight` in 0..1 is what its likeness and age leave of it."""

    past: PastIncident
    similarity: float
    weight: float
    why: Explanation

    @property
    def text(self) -> str:
        """`94 % like incident X of 3 May 2026, cause Y (as a person confirmed), repaired by Z, held`."""
        return self.precedent.text

    @property
    def precedent(self) -> Precedent:
        """What a diagnosis keeps of it."""
        past, ending = self.past, _ENDINGS.get(self.past.status, "")
        return Precedent(
            past.incident_id,
            past.function_name,
            past.at,
            round(self.similarity, 3),
            past.cause,
            _SOURCES[past.label_source] if past.cause else "",
            past.declined,
            past.repair if ending else "",
            ending if past.repair else "",
            self.why.agree[:MOST_TOLD],
            self.why.differ[:MOST_TOLD],
        )


def conclude(case: Case, seen: Fingerprint, status: str) -> PastIncident:
    """How a finished case is remembered."""
    cause = case.diagnosis.root_cause if case.diagnosis else None
    return PastIncident(
        incident_id=case.incident.id,
        function_name=case.incident.function_name,
        at=case.incident.opened_at,
        fingerprint=seen,
        diagnosed=cause.id if cause else "",
        status=status,
        repair=case.plan.repair if case.plan and case.plan.change else "",
    )


def recall(
    seen: Fingerprint, past: Iterable[PastIncident], now: datetime, incident_id: str = ""
) -> tuple[Match, ...]:
    """The past incidents most like this one that have something to say about its cause, likest first.

    `incident_id`: of this one, which may be remembered already when it is diagnosed again.
    """
    known = [
        one for one in past if one.at < now and (one.cause or one.declined) and one.incident_id != incident_id
    ]
    rarity = Rarity.among(one.fingerprint for one in known)
    compared = [(one, compare(seen, one.fingerprint, rarity)) for one in known]
    alike = [
        (one, likeness.similarity)
        for one, likeness in compared
        if likeness.similarity >= MIN_SIMILARITY and likeness.compared >= MIN_COMPARED
    ]
    alike.sort(key=lambda pair: (-pair[1], now - pair[0].at, pair[0].incident_id))
    return tuple(
        Match(one, likeness, _weight(likeness, now - one.at), explain(seen, one.fingerprint))
        for one, likeness in _one_of_each_storm(alike)[:NEAREST]
    )


def _weight(likeness: float, age: timedelta) -> float:
    return (likeness - MIN_SIMILARITY) / (1 - MIN_SIMILARITY) * exp2(-(age / HALF_LIFE))


_Candidate = tuple[PastIncident, float]


def _one_of_each_storm(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """An alarm that flaps says the same thing many times: it is heard once, the surest label first."""
    surest_first = sorted(candidates, key=lambda c: -TRUST[c[0].label_source])
    heard = {one.incident_id for one in storms(one for one, _ in surest_first)}
    return [candidate for candidate in candidates if candidate[0].incident_id in heard]


def storms(past: Iterable[PastIncident]) -> list[PastIncident]:
    """The first of each storm in the order given: one function, one cause, close in time."""
    kept: list[PastIncident] = []
    for one in past:
        if not any(_same_storm(one, other) for other in kept):
            kept.append(one)
    return kept


def _same_storm(a: PastIncident, b: PastIncident) -> bool:
    same = a.function_name == b.function_name and (a.cause, a.declined) == (b.cause, b.declined)
    return same and abs(a.at - b.at) <= ONE_STORM


def factors(causes: Iterable[str], matches: Sequence[Match]) -> dict[str, float]:
    """What memory multiplies the odds of each cause with, within 1/`CAP` … `CAP`; 1 where it is silent.

    Causes are ids of hypotheses: `out_of_memory`, or `KIND@RESOURCE`, where the same kind of cause in another
    resource (of another function, say) counts half and does not count against.
    """
    pro, contra = _votes(matches)
    found = {}
    for cause in causes:
        same_kind = sum(votes for other, votes in pro.items() if _kind(other) == _kind(cause))
        exactly = pro.get(cause, 0.0)
        against = sum(pro.values()) - same_kind + contra.get(cause, 0.0)
        support = exactly + ELSEWHERE * (same_kind - exactly)
        found[cause] = min(max((1 + support) / (1 + against), 1 / CAP), CAP)
    return found


def _kind(cause: str) -> str:
    return cause.partition("@")[0]


def with_memory(confidences: Mapping[str, float], matches: Sequence[Match]) -> dict[str, float]:
    """The confidences of the hypotheses, by id, after memory was heard. None is added or removed."""
    factor = factors(confidences, matches)
    return {cause: _moved(confidence, factor[cause]) for cause, confidence in confidences.items()}


def suggestions(confidences: Mapping[str, float], matches: Sequence[Match]) -> dict[str, float]:
    """Causes that only memory speaks for, and how much: never enough for a verdict (0.31 at most)."""
    known = set(map(_kind, confidences))
    heard = dict.fromkeys(m.past.cause for m in matches if m.past.cause and _kind(m.past.cause) not in known)
    return {cause: _moved(UNHEARD_OF, f) for cause, f in factors(heard, matches).items() if f > 1}


def _moved(confidence: float, factor: float) -> float:
    """`confidence` with its odds multiplied by `factor`; 0 and 1 stay what they are."""
    return confidence * factor / (1 - confidence + confidence * factor)


def _votes(matches: Sequence[Match]) -> tuple[dict[str, float], dict[str, float]]:
    """The votes for and against causes."""
    pro: dict[str, float] = {}
    contra: dict[str, float] = {}
    unconfirmed: dict[str, float] = {}
    for match in matches:
        past = match.past
        for cause in past.declined:
            _add(contra, cause, match.weight * TRUST[LabelSource.PERSON])
        if not past.cause:
            continue
        if past.label_source is not LabelSource.DIAGNOSIS:
            _add(pro, past.cause, match.weight * TRUST[past.label_source])
        elif past.status == "ROLLED_BACK":
            _add(contra, past.cause, match.weight * FAILED_REPAIR)
        else:
            _add(unconfirmed, past.cause, match.weight * TRUST[LabelSource.DIAGNOSIS])
    scale = MOST_UNCONFIRMED / max(sum(unconfirmed.values()), MOST_UNCONFIRMED)
    for cause, votes in unconfirmed.items():
        _add(pro, cause, votes * scale)
    return pro, contra


def _add(votes: dict[str, float], cause: str, weight: float) -> None:
    votes[cause] = votes.get(cause, 0.0) + weight
