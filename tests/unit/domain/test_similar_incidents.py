"""Memory is one more piece of evidence: bounded, the better the source the more, and hard to poison."""

from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_repair.domain.diagnosis import Verdict
from auto_repair.domain.fingerprint import Fingerprint
from auto_repair.domain.similar_incidents import (
    CAP,
    NEAREST,
    Correction,
    LabelSource,
    PastIncident,
    conclude,
    factors,
    recall,
    suggestions,
    with_memory,
)
from tests.builders import NOW, a_case, a_diagnosis, a_plan, ago

SEEN = Fingerprint({"log:a": 1.0, "log:b": 1.0, "run:killed": 1.0, "function:#1": 1.0})
ALIKE = Fingerprint({"log:a": 1.0, "log:b": 1.0, "run:killed": 1.0, "function:#2": 1.0})
OTHER = Fingerprint({"log:z": 1.0, "run:timed out": 1.0, "function:#1": 1.0})
CAUSES = ("leak", "timeout", "denied")


def past(cause: str = "leak", *, days: float = 3, seen: Fingerprint = SEEN, **facts: Any) -> PastIncident:
    """An incident whose repair held."""
    defaults: dict[str, Any] = {"diagnosed": cause, "status": "VERIFIED", "repair": "raise_memory"}
    at = ago(days=days)
    defaults |= {"incident_id": f"{cause}-{days:g}", "function_name": "orders", "at": at, "fingerprint": seen}
    return PastIncident(**(defaults | facts))


def said(cause: str, *, days: float = 2, not_: tuple[str, ...] = (), **facts: Any) -> PastIncident:
    """An incident whose cause a person named, whatever we had diagnosed."""
    return past(
        "timeout", days=days, status="INCONCLUSIVE", correction=Correction(cause, not_, "ada"), **facts
    )


def factor(cause: str, *incidents: PastIncident, now: datetime = NOW) -> float:
    return factors([cause], recall(SEEN, incidents, now))[cause]


incidents = st.builds(
    past,
    st.sampled_from(CAUSES),
    days=st.floats(0.01, 700),
    seen=st.sampled_from([SEEN, ALIKE, OTHER]),
    status=st.sampled_from(["VERIFIED", "ROLLED_BACK", "INCONCLUSIVE", "OBSERVED"]),
    correction=st.none()
    | st.builds(
        Correction, st.sampled_from(["", *CAUSES]), st.lists(st.sampled_from(CAUSES), max_size=2).map(tuple)
    ),
)


class TestRecall:
    def test_likest_first_then_newest(self) -> None:
        matches = recall(SEEN, [past(days=9), past(days=1, seen=ALIKE), past(days=5)], NOW)
        assert [m.past.incident_id for m in matches] == ["leak-5", "leak-9", "leak-1"]
        assert all(a.similarity >= b.similarity for a, b in pairwise(matches))

    def test_unlike_unlabelled_and_later_incidents_say_nothing(self) -> None:
        unlike, unlabelled, later = past(seen=OTHER), past(""), past(days=-1)
        assert recall(SEEN, [unlike, unlabelled, later], NOW) == ()

    def test_an_incident_is_no_precedent_of_itself(self) -> None:
        again = past(days=1)
        assert recall(SEEN, [again], NOW, again.incident_id) == ()

    def test_too_little_in_common_to_compare(self) -> None:
        name_only = Fingerprint({"function:#1": 1.0})
        assert recall(name_only, [past(seen=name_only)], NOW) == ()

    def test_no_more_than_the_nearest(self) -> None:
        assert len(recall(SEEN, [past(days=d) for d in range(1, 30)], NOW)) == NEAREST

    def test_told_in_words(self) -> None:
        (match,) = recall(SEEN, [past(at=datetime(2025, 5, 3, tzinfo=NOW.tzinfo), incident_id="X")], NOW)
        assert match.text == (
            "100 % like incident X of 3 May 2025, cause leak (as its repair proved), "
            "repaired by raise_memory, held"
        )
        assert match.why.agree

    @pytest.mark.parametrize(
        ("incident", "told"),
        [
            (said("leak"), "cause leak (as a person confirmed), repaired by raise_memory, without proof"),
            (said("", not_=("timeout",)), "cause unknown, not timeout as a person said"),
            (past(status="OBSERVED"), "cause leak (by our diagnosis only)"),
            (past(status="ROLLED_BACK"), "by our diagnosis only), repaired by raise_memory, rolled back"),
        ],
        ids=["a person", "declined", "diagnosis", "rolled back"],
    )
    def test_source_and_ending_are_said(self, incident: PastIncident, told: str) -> None:
        (match,) = recall(SEEN, [incident], NOW)
        assert told in match.text

    @given(st.lists(incidents, max_size=12), st.randoms())
    def test_order_of_the_past_does_not_matter(self, many: list[PastIncident], random: Any) -> None:
        distinct = list({one.incident_id: one for one in many}.values())
        shuffled = random.sample(distinct, len(distinct))
        assert factors(CAUSES, recall(SEEN, distinct, NOW)) == pytest.approx(
            factors(CAUSES, recall(SEEN, shuffled, NOW))
        )


class TestFactors:
    def test_one_precedent_at_most_doubles(self) -> None:
        assert 1.7 < factor("leak", said("leak")) <= 2.0
        assert 0.5 <= factor("timeout", said("leak")) < 0.6

    def test_sources_of_the_label_differ(self) -> None:
        person, proved = factor("leak", said("leak")), factor("leak", past())
        guessed, failed = factor("leak", past(status="OBSERVED")), factor("leak", past(status="ROLLED_BACK"))
        assert person > proved > guessed > 1.0 > failed

    def test_age_and_distance_take_weight(self) -> None:
        assert factor("leak", past(days=1)) > factor("leak", past(days=300)) > 1.0
        assert factor("leak", past(days=1)) > factor("leak", past(days=1, seen=ALIKE)) > 1.0

    def test_our_own_unconfirmed_diagnoses_do_not_add_up(self) -> None:
        many = [past(days=d, status="OBSERVED") for d in range(1, 8)]
        assert factor("leak", *many) <= 1.5
        assert factor("timeout", *many, said("timeout")) > factor("leak", *many, said("timeout"))

    def test_a_flapping_alarm_is_heard_once(self) -> None:
        storm = [past(days=3 + i / 100) for i in range(6)]
        assert factor("leak", *storm) == pytest.approx(factor("leak", storm[0]))
        assert factor("leak", *storm) < factor("leak", *[past(days=3 + i) for i in range(6)])

    def test_in_a_storm_the_surest_label_is_heard(self) -> None:
        confirmed = past(days=3.05, status="INCONCLUSIVE", correction=Correction("leak"))
        assert factor("leak", past(days=3, status="OBSERVED"), confirmed) == pytest.approx(
            factor("leak", confirmed)
        )

    def test_declined_causes_lose(self) -> None:
        declined = said("", not_=("timeout",))
        assert factor("timeout", declined) < 1.0
        assert factor("leak", declined) == 1.0

    def test_a_correction_changes_what_is_ranked_first(self) -> None:
        before = {"timeout": 0.5, "leak": 0.45}
        wrong = past("timeout", status="INCONCLUSIVE")
        corrected = past(
            "timeout", status="INCONCLUSIVE", correction=Correction("leak", ("timeout",), by="ada")
        )
        assert first(with_memory(before, recall(SEEN, [wrong], NOW))) == "timeout"
        assert first(with_memory(before, recall(SEEN, [corrected], NOW))) == "leak"

    @pytest.mark.parametrize("right", [2, 3, 6])
    def test_one_wrong_label_does_not_flip_a_consensus(self, right: int) -> None:
        consensus = [past(days=1 + d, seen=ALIKE) for d in range(right)]
        poison = said("denied", days=0.5, seen=SEEN)  # by a person, newer, and more alike than all others
        assert factor("leak", *consensus, poison) > 1.0 > factor("denied", *consensus, poison)

    def test_the_same_kind_of_cause_in_another_resource_counts_half(self) -> None:
        exact, kindred = said("denied@s3:images"), said("denied@s3:archive")
        weight = factor("denied@s3:images", exact) - 1
        assert factor("denied@s3:images", kindred) == pytest.approx(1 + weight / 2)
        assert factor("leak", kindred) < 1.0

    def test_silence_moves_nothing(self) -> None:
        assert factors(CAUSES, ()) == dict.fromkeys(CAUSES, 1.0)


class TestWithMemory:
    @given(
        st.dictionaries(st.sampled_from(CAUSES), st.floats(0, 1)),
        st.lists(incidents, max_size=30),
    )
    def test_bounded_in_odds(self, before: dict[str, float], many: list[PastIncident]) -> None:
        after = with_memory(before, recall(SEEN, many, NOW))
        assert after.keys() == before.keys()
        for cause, was in before.items():
            odds, moved = odds_of(was), odds_of(after[cause])
            assert odds / CAP * 0.999 <= moved <= odds * CAP * 1.001

    @given(st.lists(incidents, max_size=30))
    def test_impossible_and_certain_stay(self, many: list[PastIncident]) -> None:
        assert with_memory({"leak": 0.0, "denied": 1.0}, recall(SEEN, many, NOW)) == {
            "leak": 0.0,
            "denied": 1.0,
        }

    def test_never_a_proof(self) -> None:
        many = [said("leak", days=d, incident_id=str(d)) for d in range(1, 30)]
        matches = recall(SEEN, many, NOW)
        assert with_memory({"leak": 0.15}, matches)["leak"] < 0.5
        assert with_memory({"denied": 0.95, "leak": 0.3}, matches)["denied"] > 0.8

    def test_suggestions_are_what_only_memory_knows(self) -> None:
        matches = recall(SEEN, [said("leak", days=d, incident_id=str(d)) for d in (1, 2, 3)], NOW)
        assert 0.2 < suggestions({"timeout": 0.4}, matches)["leak"] < 0.31
        assert suggestions({"timeout": 0.4, "leak": 0.1}, matches) == {}
        assert suggestions({"timeout": 0.4}, recall(SEEN, [past(status="ROLLED_BACK")], NOW)) == {}


class TestConclude:
    def test_of_a_verified_repair(self) -> None:
        concluded = conclude(a_case(plan=a_plan()), SEEN, "VERIFIED")
        assert concluded == PastIncident(
            "incident-1", "orders", NOW, SEEN, "out_of_memory", "VERIFIED", "raise_memory"
        )
        assert concluded.label_source is LabelSource.VERIFIED_REPAIR

    def test_of_nothing_clear(self) -> None:
        unclear = conclude(a_case(diagnosis=a_diagnosis(verdict=Verdict.CANNOT_TELL)), SEEN, "CANNOT_TELL")
        assert (unclear.cause, unclear.repair) == ("", "")

    def test_the_label_that_counts(self) -> None:
        assert past(correction=Correction(declined=("leak",))).cause == ""
        assert past(correction=Correction("denied")).cause == "denied"
        assert past(correction=Correction(declined=("denied",))).label_source is LabelSource.VERIFIED_REPAIR


def first(confidences: dict[str, float]) -> str:
    return max(confidences, key=lambda cause: confidences[cause])


def odds_of(confidence: float) -> float:
    return confidence / (1 - confidence) if confidence < 1 else float("inf")
