"""From findings to a diagnosis: rank, and say honestly when nothing is wrong or nobody can tell."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from auto_repair.domain.diagnosis import Diagnosis, FailureMode, Hypothesis, Inquiry, Reason, Verdict
from auto_repair.domain.evidence import Evidence
from auto_repair.domain.resources import at_heart
from auto_repair.domain.similar_incidents import Match, with_memory
from auto_repair.domain.suffering import suffering

SURE_ENOUGH = 0.5  # below this, no hypothesis is held responsible
MISSING_FACTOR = 0.85  # each central source that is missing takes this much of the confidence
CENTRAL_SOURCES = ("function_configuration", "lambda_metrics", "lambda_logs")
NEAR_TIMEOUT = 0.9  # share of the timeout at which long runs count as a symptom
UNTHOUGHT_OF = 0.2  # that the cause is none of ours, once a person has ruled one out
MAX_HYPOTHESES = 5
MAX_LEADS = 3
LEAST_LEAD = 0.01  # confidence below which a lead only costs a person's time
MAX_TEXT = 400


def diagnose(
    evidence: Evidence,
    failure_modes: Iterable[FailureMode],
    around: Iterable[Hypothesis] = (),
    declined: Collection[str] = (),
    inquiry: Inquiry | None = None,
) -> Diagnosis:
    """Ask every failure mode, rank what matches with the causes found `around`, and settle the verdict.

    `declined`: ids of hypotheses that people have ruled out; what is left becomes likelier. `inquiry`: what
    the look around came to beside those causes; the verdict does not follow from it.
    """
    modes = tuple(failure_modes)
    own = [h for mode in modes if (h := _hypothesis(mode, evidence))]
    # Of the function itself, what a failure mode recognises says more.
    heart = at_heart(evidence.function_name).id
    others = [h for h in around if h.resource != heart or not own]
    if not symptoms(evidence):
        others = []  # where nobody suffers, nobody is to blame
    symptomatic = {mode.name for mode in modes if mode.is_symptom}
    ranked = _without(_ranked(own, others, symptomatic), declined)
    gaps = evidence.missing + (evidence.surroundings.missing if evidence.surroundings else ())
    missing = tuple(f"{gap.source}: {gap.reason}"[:MAX_TEXT] for gap in gaps)
    verdict, summary = _settle(evidence, ranked)
    is_open = verdict is Verdict.CANNOT_TELL or bool(ranked and ranked[0].failure_mode in symptomatic)
    return Diagnosis(
        verdict,
        summary,
        tuple(ranked),
        missing,
        look_around=evidence.surroundings is None and is_open and verdict is not Verdict.NOTHING_WRONG,
        inquiry=_with_leads(inquiry, verdict, {*declined, *(h.id for h in ranked)}, own, heart),
    )


def _with_leads(
    inquiry: Inquiry | None, verdict: Verdict, settled: Collection[str], own: list[Hypothesis], heart: str
) -> Inquiry | None:
    """The inquiry with the leads that are still worth a look, and short texts."""
    if inquiry is None:
        return None
    known = {h.resource or heart for h in own}
    leads = (
        replace(h, because=_short(h.because), against=_short(h.against))
        for h in inquiry.leads
        if h.confidence >= LEAST_LEAD and h.id not in settled and h.resource not in known
    )
    kept = () if verdict is Verdict.NOTHING_WRONG else tuple(leads)[:MAX_LEADS]
    return replace(inquiry, leads=kept, reasons=tuple(reason[:MAX_TEXT] for reason in inquiry.reasons))


def recalled(evidence: Evidence, diagnosis: Diagnosis, matches: Sequence[Match]) -> Diagnosis:
    """The diagnosis with what similar incidents taught: evidence like any other, never a proof."""
    similar = tuple(match.precedent for match in matches)
    if not matches or not diagnosis.hypotheses:
        return replace(diagnosis, similar=similar)
    moved = with_memory({h.id: h.confidence for h in diagnosis.hypotheses}, matches)
    ranked = sorted(
        (_reminded(h, round(moved[h.id], 3), matches) for h in diagnosis.hypotheses),
        key=lambda h: (-h.confidence, h.id),
    )
    verdict, summary = _settle(evidence, ranked)
    return replace(diagnosis, verdict=verdict, summary=summary, hypotheses=tuple(ranked), similar=similar)


def _reminded(hypothesis: Hypothesis, confidence: float, matches: Sequence[Match]) -> Hypothesis:
    """With the likest incident that had this cause, and the likest where a person ruled it out."""
    same = [m for m in matches if m.past.cause == hypothesis.id][:1]
    ruled_out = [m for m in matches if hypothesis.id in m.past.declined][:1]
    return replace(
        hypothesis,
        confidence=confidence,
        because=(*hypothesis.because, *(Reason(m.text[:MAX_TEXT]) for m in same)),
        against=(*hypothesis.against, *(Reason(m.text[:MAX_TEXT]) for m in ruled_out)),
    )


def _hypothesis(mode: FailureMode, evidence: Evidence) -> Hypothesis | None:
    finding = mode.detect(evidence)
    if finding is None:
        return None
    trust = MISSING_FACTOR ** sum(evidence.lacks(source) for source in CENTRAL_SOURCES)
    return Hypothesis(
        failure_mode=mode.name,
        title=mode.title,
        confidence=round(finding.confidence * trust, 3),
        because=_short(finding.because),
        against=_short(finding.against),
        repair=mode.repair.name if mode.repair and finding.repairable else None,
        advice=finding.advice,
        resource=finding.resource,
    )


def _ranked(own: list[Hypothesis], others: list[Hypothesis], symptomatic: set[str]) -> list[Hypothesis]:
    by_resource = {h.resource: h for h in others}
    # What a failure mode recognises on a resource says more than that something is wrong there.
    own = [
        replace(h, path=by_resource[h.resource].path, since=by_resource[h.resource].since)
        if h.resource in by_resource
        else h
        for h in own
    ]
    known = {h.resource for h in own}
    elsewhere = [h for h in others if h.resource not in known]
    deepest = max((h for h in (*own, *elsewhere) if h.resource), key=lambda h: h.confidence, default=None)
    if deepest and deepest.confidence >= SURE_ENOUGH:
        own = [_explained(h, deepest) if h.failure_mode in symptomatic else h for h in own]
    ranked = sorted((*own, *elsewhere), key=lambda h: (-h.confidence, h.id))
    return ranked[:MAX_HYPOTHESES]


def _explained(symptom: Hypothesis, cause: Hypothesis) -> Hypothesis:
    """A symptom ranks just below the cause that explains it."""
    confidence = max(0.0, min(symptom.confidence, round(cause.confidence - 0.05, 3)))
    reason = Reason(f"it is explained by: {cause.title}"[:MAX_TEXT])
    return replace(symptom, confidence=confidence, against=(*symptom.against, reason))


def _without(ranked: list[Hypothesis], declined: Collection[str]) -> list[Hypothesis]:
    """What is left when some are ruled out: likelier, with room for a cause that nobody has thought of."""
    left = [h for h in ranked if h.id not in declined]
    if len(left) == len(ranked):
        return left
    whole = min(1.0, sum(h.confidence for h in left) + UNTHOUGHT_OF)
    return [replace(h, confidence=round(h.confidence / whole, 3)) for h in left]


def symptoms(evidence: Evidence) -> tuple[str, ...]:
    """What is visibly wrong in the window, whatever the reason."""
    seen = []
    if evidence.failures:
        seen.append(f"{len(evidence.failures)} of {len(evidence.invocations)} logged runs failed")
    elif evidence.metric("Errors").total:
        seen.append(f"{evidence.metric('Errors').total:.0f} errors are counted")
    if evidence.metric("Throttles").total:
        seen.append(f"{evidence.metric('Throttles').total:.0f} calls were throttled")
    config = evidence.configuration
    slowest = evidence.metric("Duration.p99").peak / 1000
    if config and slowest >= NEAR_TIMEOUT * config.timeout_s:
        seen.append(f"the slowest runs take {slowest:.1f} s of {config.timeout_s} s")
    around, heart = evidence.surroundings, at_heart(evidence.function_name)
    # What a function suffers stands above, counted run by run.
    if around and (around.scope.symptom.resource != heart.id or heart.service != "lambda"):
        seen += suffering(around)
    return tuple(seen)


def _settle(evidence: Evidence, hypotheses: list[Hypothesis]) -> tuple[Verdict, str]:
    seen = symptoms(evidence)
    if hypotheses and hypotheses[0].confidence >= SURE_ENOUGH:
        best = hypotheses[0]
        return Verdict.ROOT_CAUSE_FOUND, f"{best.title}: {best.because[0].text}."
    if seen:
        guess = f" Likeliest so far: {hypotheses[0].title}." if hypotheses else ""
        return (
            Verdict.CANNOT_TELL,
            f"Something is wrong ({'; '.join(seen)}), but the cause is not clear.{guess}",
        )
    if evidence.lacks("lambda_metrics"):
        return (
            Verdict.CANNOT_TELL,
            "No sign of trouble was seen, but the function's metrics could not be read.",
        )
    if at_heart(evidence.function_name).service != "lambda":
        return _settle_without_function(evidence)
    served = evidence.metric("Invocations").total
    return Verdict.NOTHING_WRONG, (
        f"Nothing is wrong: {served:.0f} invocations in the window, no errors, no throttles, durations well "
        "below the timeout."
    )


def _settle_without_function(evidence: Evidence) -> tuple[Verdict, str]:
    around = evidence.surroundings
    alarmed = around.scope.symptom.resource if around else ""
    if around is None or not any(s.resource == alarmed and s.times for s in around.series):
        return Verdict.CANNOT_TELL, f"No metric of {evidence.function_name} could be read."
    return Verdict.NOTHING_WRONG, f"Nothing is wrong: {alarmed} does as it used to."


def _short(reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    return tuple(replace(reason, text=reason.text[:MAX_TEXT]) for reason in reasons[:8])
