"""Fingerprints: alike for alike incidents, explained in words, and empty of what nobody should keep."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_repair.domain.evidence import ChangeEvent, Evidence, Window
from auto_repair.domain.fingerprint import (
    MAX_KEY,
    MOST,
    Facet,
    Fingerprint,
    Rarity,
    compare,
    explain,
    fingerprint,
    similarity,
)
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import (
    MetricRole,
    ResourceChange,
    ResourceSeries,
    ResourceSignature,
    Scope,
    Surroundings,
    Symptom,
)
from auto_repair.domain.topology import Topology
from tests.builders import (
    NOW,
    a_diagnosis,
    a_gap,
    a_hypothesis,
    a_kill,
    a_life,
    a_run,
    a_series,
    a_signature,
    a_timeout,
    a_window,
    ago,
    an_error,
    evidence,
)

KEYS = [f"{facet.value}:{name}" for facet in Facet for name in ("one", "two", "three")]
features = st.dictionaries(st.sampled_from(KEYS), st.floats(0.05, 1.0), max_size=15)
fingerprints = st.builds(
    Fingerprint, features, st.lists(st.sampled_from([f.value for f in Facet]), max_size=2).map(tuple)
)


def denied(**facts: Any) -> Evidence:
    """A function that may no longer write to its bucket."""
    template = "An error occurred (AccessDenied) when calling the PutObject operation: Access Denied"
    defaults: dict[str, Any] = {
        "invocations": (a_run(), an_error("ClientError"), an_error("ClientError")),
        "signatures": (a_signature("ClientError", template),),
        "series": (a_series("Invocations", 10, 10), a_series("Errors", 0, 9)),
        "changes": (ChangeEvent(ago(minutes=9), "PutBucketPolicy", "images", "ada"),),
    }
    return evidence(**(defaults | facts))


def starved(**facts: Any) -> Evidence:
    """A function that is killed for its memory."""
    return evidence(
        invocations=(a_kill(), a_kill()),
        signatures=(a_signature("Runtime.ExitError", "Runtime exited with error: signal: killed"),),
        **facts,
    )


def around(*series: ResourceSeries, **facts: Any) -> Surroundings:
    scope = Scope(
        Symptom("apigateway:api", MetricRole.AVAILABILITY, ago(minutes=5)),
        Topology((Resource("lambda", "orders"), Resource("s3", "images"))),
        a_window(),
        Window(ago(hours=2), ago(minutes=15)),
    )
    return Surroundings(scope, series, **facts)


def metric(role: MetricRole, before: float, after: float, resource: str = "s3:images") -> ResourceSeries:
    start = ago(minutes=15).timestamp()
    times = tuple(start + 60 * i for i in range(-15, 15))
    return ResourceSeries(resource, "M", "Sum", role, times=times, values=(before,) * 15 + (after,) * 15)


class TestLikeness:
    @given(fingerprints, fingerprints, st.lists(fingerprints, max_size=4))
    def test_symmetric_and_bounded(self, a: Fingerprint, b: Fingerprint, others: list[Fingerprint]) -> None:
        rarity = Rarity.among(others)
        assert 0.0 <= similarity(a, b, rarity) <= 1.0
        assert similarity(a, b, rarity) == similarity(b, a, rarity)

    @given(features, st.lists(fingerprints, max_size=4))
    def test_one_for_equal_whatever_their_order(
        self, known: dict[str, float], others: list[Fingerprint]
    ) -> None:
        a, b = Fingerprint(known), Fingerprint(dict(reversed(known.items())))
        assert similarity(a, b, Rarity.among(others)) == (1.0 if known else 0.0)

    @given(fingerprints)
    def test_what_is_shared_and_added_to_both_never_makes_them_less_alike(self, a: Fingerprint) -> None:
        b = Fingerprint({"log:one": 1.0})
        more = {"log:shared": 1.0}
        grown = similarity(replace(a, features=a.features | more), Fingerprint(b.features | more))
        assert grown >= similarity(a, b) - 1e-12 or "log" in a.blind

    def test_the_same_fault_of_another_function_is_much_alike(self) -> None:
        here, there = fingerprint(denied()), fingerprint(denied(function_name="thumbnails"))
        assert 0.8 < similarity(here, there) < 1.0
        assert similarity(here, fingerprint(starved())) < 0.3

    def test_rare_features_count_more(self) -> None:
        a, b = Fingerprint({"log:common": 1.0, "log:rare": 1.0}), Fingerprint({"log:rare": 1.0})
        usual = Rarity.among([Fingerprint({"log:common": 1.0})] * 50)
        assert similarity(a, b, usual) > similarity(a, b) == pytest.approx(0.5)

    def test_what_one_side_could_not_observe_does_not_count(self) -> None:
        unread = fingerprint(denied(changes=(), missing=(a_gap("changes"),)))
        assert unread.blind == ("change",)
        assert similarity(unread, fingerprint(denied())) == 1.0
        assert similarity(fingerprint(denied(changes=())), fingerprint(denied())) < 0.9

    def test_little_to_compare_is_said(self) -> None:
        only_name = Fingerprint({"function:#1": 1.0})
        assert compare(only_name, only_name).similarity == 1.0
        assert compare(only_name, only_name).compared == 1.0
        as_usual = Fingerprint({"metric:lambda latency flat": 0.25})
        assert compare(as_usual, as_usual).compared == 0.5

    def test_nothing_to_compare(self) -> None:
        assert similarity(Fingerprint(), Fingerprint()) == 0.0


class TestExplanation:
    def test_in_words_from_both_sides(self) -> None:
        told = explain(fingerprint(denied()), fingerprint(denied(changes=(), function_name="thumbnails")))
        assert {"log: AccessDenied", "log: calling PutObject", "log: 4 of 4 marks of the wording"} <= set(
            told.agree
        )
        assert told.differ == ("only here: change: PutBucketPolicy", "another function")
        back = explain(fingerprint(denied(changes=())), fingerprint(denied()))
        assert "only there: change: PutBucketPolicy" in back.differ
        assert "same function" in back.agree


class TestFeatures:
    def test_errors_by_type_code_and_operation(self) -> None:
        seen = fingerprint(denied()).features
        assert seen["log:ClientError"] == seen["log:AccessDenied"] == seen["log:calling PutObject"] == 1.0

    def test_a_message_that_was_there_before_counts_half(self) -> None:
        old = a_signature("ValueError", first_seen=ago(days=2))
        assert fingerprint(evidence(signatures=(old,))).features["log:ValueError"] == 0.5

    def test_system_error_names(self) -> None:
        seen = fingerprint(evidence(signatures=(a_signature("Error", "connect ETIMEDOUT, not EVERYBODY"),)))
        assert "log:ETIMEDOUT" in seen.features
        assert "log:EVERYBODY" not in seen.features

    def test_reworded_messages_keep_most_of_their_marks(self) -> None:
        text = "could not reserve stock for order <n> since the warehouse service did not answer in time"
        a = fingerprint(evidence(signatures=(a_signature("E", text),)))
        b = fingerprint(evidence(signatures=(a_signature("E", text.replace("since", "because")),)))
        c = fingerprint(evidence(signatures=(a_signature("E", "invalid token, please sign in again"),)))
        assert similarity(a, b) > similarity(a, c)
        assert any("marks of the wording" in text for text in explain(a, b).agree)

    def test_how_runs_ended(self) -> None:
        seen = fingerprint(evidence(invocations=(a_run(), a_kill(), a_timeout(), a_run()))).features
        assert (seen["run:failed"], seen["run:killed"], seen["run:timed out"]) == (0.5, 0.5, 0.5)
        assert fingerprint(evidence(invocations=(a_run(),))).features["run:no run failed"] == 0.5

    def test_a_leak_is_told_from_memory_that_is_too_small(self) -> None:
        life = (20, 40, 60, 80, 100, 120)
        lives = tuple(run for n in "ab" for run in a_life(*life, stream=n, killed=True))
        assert fingerprint(evidence(invocations=lives)).features["run:memory climbs"] == 1.0
        assert "run:memory climbs" not in fingerprint(starved()).features

    @pytest.mark.parametrize(
        ("minutes", "strength"), [(5, 1.0), (60, 0.5), (600, None)], ids=["just before", "before", "long ago"]
    )
    def test_changes_by_how_long_ago(self, minutes: float, strength: float | None) -> None:
        change = ChangeEvent(ago(minutes=minutes), "UpdateFunctionCode20150331v2", "orders")
        seen = fingerprint(evidence(changes=(change,))).features
        assert seen.get("change:UpdateFunctionCode") == strength

    def test_our_own_changes_and_later_ones_do_not_count(self) -> None:
        ours = ResourceChange("s3:images", ago(minutes=9), "PutBucketPolicy", ours=True)
        later = ResourceChange("s3:images", ago(minutes=1), "DeleteBucketPolicy")
        seen = fingerprint(evidence(surroundings=around(changes=(ours, later)))).features
        assert not [key for key in seen if key.startswith("change:")]

    def test_own_metrics_against_their_baseline(self) -> None:
        seen = fingerprint(
            evidence(
                series=(a_series("Invocations", 10, 10), a_series("Duration.p99", 2900, 3000)),
                baseline=(
                    a_series("Invocations", 50, 50, 50, period_s=300),
                    a_series("Duration.p99", 200, 210, 190, period_s=300),
                ),
            )
        ).features
        # Ten calls a minute are fifty in five.
        assert seen["metric:lambda requests flat"] == 0.25
        assert seen["metric:lambda latency rose"] == 1.0
        assert seen["metric:lambda availability flat"] == 0.25

    @pytest.mark.parametrize(
        ("role", "before", "after", "expected"),
        [
            (MetricRole.AVAILABILITY, 1.0, 0.97, ("availability fell", 0.5)),
            (MetricRole.AVAILABILITY, 1.0, 0.2, ("availability fell", 1.0)),
            (MetricRole.LATENCY, 0.1, 0.15, ("latency rose", 0.5)),
            (MetricRole.LATENCY, 0.1, 0.3, ("latency rose", 0.75)),
            (MetricRole.REQUESTS, 100, 0, ("requests fell", 1.0)),
            (MetricRole.SATURATION, 0, 3, ("M rose", 1.0)),
            (MetricRole.LATENCY, 0.1, 0.1, ("latency flat", 0.25)),
            (MetricRole.AVAILABILITY, 0.5, 1.0, ("availability rose", 0.25)),
        ],
    )
    def test_metrics_of_neighbours(
        self, role: MetricRole, before: float, after: float, expected: tuple[str, float]
    ) -> None:
        seen = fingerprint(evidence(surroundings=around(metric(role, before, after)))).features
        moved, strength = expected
        assert seen[f"metric:s3 {moved}"] == strength
        deviating = [key for key in seen if key.startswith("resource:")]
        assert [key.endswith(moved) for key in deviating] == ([True] if strength > 0.25 else [])

    def test_services_and_messages_of_neighbours(self) -> None:
        told = ResourceSignature("s3:images", "AccessDenied for <id>", ago(minutes=6), NOW, count=4)
        seen = fingerprint(evidence(surroundings=around(signatures=(told,)))).features
        assert seen["service:s3"] == 1.0
        assert seen["log:AccessDenied"] == 1.0

    def test_failure_modes_by_their_confidence(self) -> None:
        both = a_diagnosis(a_hypothesis(), a_hypothesis(failure_mode="memory_leak", confidence=0.3))
        seen = fingerprint(evidence(), both).features
        assert (seen["mode:out_of_memory"], seen["mode:memory_leak"]) == (0.95, 0.3)

    def test_suspected_resources_by_their_hash(self) -> None:
        suspect = a_hypothesis(failure_mode="neighbour_slow", resource="dynamodb:stock", confidence=0.7)
        seen = fingerprint(evidence(), a_diagnosis(suspect)).features
        assert seen["mode:neighbour_slow"] == 0.7
        assert [v for k, v in seen.items() if k.endswith(" suspected")] == [0.7]
        assert not [key for key in seen if "stock" in key]

    def test_bounded_whatever_the_evidence(self) -> None:
        many = tuple(ChangeEvent(ago(minutes=1), f"{'Very' * 40}LongAction{i}", "orders") for i in range(100))
        seen = fingerprint(evidence(changes=many)).features
        assert len([key for key in seen if key.startswith("change:")]) <= MOST[Facet.CHANGE]
        assert max(map(len, seen)) <= MAX_KEY

    def test_empty_evidence(self) -> None:
        assert set(fingerprint(Evidence("orders", a_window())).features) == set(
            fingerprint(evidence()).features
        )


class TestPrivacy:
    def test_no_name_actor_or_message_is_kept(self) -> None:
        private = ("orders", "thumbnails", "images", "ada", "customer", "grace", "hopper", "secret-table")
        told = ResourceSignature(
            "dynamodb:secret-table", "customer Grace Hopper was not found", ago(minutes=6), NOW, count=4
        )
        seen = denied(
            function_name="orders-thumbnails",
            surroundings=around(
                metric(MetricRole.LATENCY, 1, 9, "dynamodb:secret-table"),
                signatures=(told,),
                changes=(ResourceChange("s3:images", ago(minutes=9), "PutBucketPolicy", "ada"),),
            ),
        )
        kept = " ".join(fingerprint(seen).features).lower()
        assert [word for word in private if word in kept] == []
