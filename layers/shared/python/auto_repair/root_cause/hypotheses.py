"""Candidates worded as hypotheses: what speaks for each, what against, and the way to the alarm."""

from __future__ import annotations

from itertools import pairwise

from auto_repair.root_cause.baselines import Shift
from auto_repair.root_cause.calibration import confidences
from auto_repair.root_cause.flow import NOISE
from auto_repair.root_cause.impact_path import impact_paths
from auto_repair.root_cause.model import Evidence, Hypothesis, Investigation, Step
from auto_repair.root_cause.periods import Rows
from auto_repair.root_cause.ranking import Candidates

HALFWAY = 0.5  # of a symptom's mean excess: from the first row that reaches it, the symptom is there


def word_hypotheses(
    candidates: Candidates, investigation: Investigation, rows: Rows, probability: float
) -> tuple[Hypothesis, ...]:
    """All candidates, best first."""
    scores = candidates.scores
    sure = confidences(list(scores.values()), probability)
    paths = impact_paths(candidates.flow, scores, investigation.alarm.node)
    return tuple(
        _hypothesis(candidates, investigation, rows, paths[node], confidence)
        for node, confidence in zip(scores, sure, strict=True)
    )


def _hypothesis(
    candidates: Candidates,
    investigation: Investigation,
    rows: Rows,
    path: tuple[Step, ...],
    confidence: float,
) -> Hypothesis:
    node = path[0].node
    evidence = tuple(sorted(candidates.evidence[node], key=lambda item: -item.strength))
    return Hypothesis(
        node=node,
        kind=evidence[0].kind,
        score=candidates.scores[node],
        confidence=confidence,
        metric=_metric(evidence),
        evidence_for=evidence,
        evidence_against=_objections(candidates, investigation, rows, path),
        path=path,
        since=_since(candidates, investigation, rows, node),
    )


def _metric(evidence: tuple[Evidence, ...]) -> str | None:
    return next((item.metric for item in evidence if item.metric), None)


def _objections(
    candidates: Candidates, investigation: Investigation, rows: Rows, path: tuple[Step, ...]
) -> tuple[str, ...]:
    node, alarmed = path[0].node, investigation.alarm.node
    found = []
    if node == alarmed:
        found.append(f"{node} is where the alarm fired: usually the messenger")
    found += _excuses(candidates, node)
    found += [
        f"the given graph has no call from {caller.node} to {callee.node}"
        for callee, caller in pairwise(path)
        if caller.inferred
    ]
    symptom = candidates.symptoms.get(node)
    if symptom is None or symptom.sigmas <= NOISE:
        found.append("its own metrics do not show the alarm's symptom")
    if symptom is not None:
        found += _doubts(symptom.shift, rows)
    if _was_over(investigation, rows):
        found.append("the trouble was over when the alarm fired")
    found += [
        f"it is one of {len(circle)} that call each other in a circle, which nobody else calls: the data "
        "cannot tell whose trouble it is"
        for circle in candidates.flow.circles
        if node in circle
    ]
    for group in candidates.siblings:
        if node in group:
            others = ", ".join(other for other in candidates.scores if other in group and other != node)
            found.append(f"the data cannot tell it from {others}")
    return tuple(found)


def _excuses(candidates: Candidates, node: str) -> list[str]:
    """Callees that answer for a part of the node's trouble."""
    flow = candidates.flow
    volume = flow.volume.get(node, 0.0)
    if volume <= 0:
        return []
    return [
        f"{callee} answers for {min(1.0, flow.explained(node, callee) / volume):.0%} of it"
        for callee in flow.graph.callees.get(node, ())
        if flow.explained(node, callee) > 0
    ]


def _doubts(shift: Shift, rows: Rows) -> list[str]:
    found = []
    if not rows.before:
        found.append("nothing was measured right before it: drift since the reference cannot be excluded")
    elif shift.level is not None and shift.against_before is None and shift.against_reference is not None:
        found.append("it has no data before the alarm")
    if len(rows.after) < 3:
        found.append(f"only {len(rows.after)} period(s) were measured since it began")
    return found


def _was_over(investigation: Investigation, rows: Rows) -> bool:
    times, end = investigation.window.timestamps, rows.after[-1] + 1 if rows.after else 0
    return 0 < end < len(times) and times[end] <= investigation.alarm.at


def _since(candidates: Candidates, investigation: Investigation, rows: Rows, node: str) -> float | None:
    symptom = candidates.symptoms.get(node)
    if symptom is None or symptom.sigmas <= NOISE:
        return None
    threshold = symptom.shift.base + HALFWAY * symptom.shift.excess
    times = investigation.window.timestamps
    for i in rows.after:
        value = symptom.values[i]
        if value is not None and value >= threshold:
            return times[i]
    return None
