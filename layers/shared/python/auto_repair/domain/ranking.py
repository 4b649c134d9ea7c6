"""From findings to a diagnosis: rank, and say honestly when nothing is wrong or nobody can tell."""

from collections.abc import Iterable
from dataclasses import replace

from auto_repair.domain.diagnosis import Diagnosis, FailureMode, Hypothesis, Reason, Verdict
from auto_repair.domain.evidence import Evidence

SURE_ENOUGH = 0.5  # below this, no hypothesis is held responsible
MISSING_FACTOR = 0.85  # each central source that is missing takes this much of the confidence
CENTRAL_SOURCES = ("function_configuration", "lambda_metrics", "lambda_logs")
NEAR_TIMEOUT = 0.9  # share of the timeout at which long runs count as a symptom
MAX_HYPOTHESES = 5
MAX_TEXT = 400


def diagnose(evidence: Evidence, failure_modes: Iterable[FailureMode]) -> Diagnosis:
    """Ask every failure mode, rank what matches, and settle the verdict."""
    found = [(mode, mode.detect(evidence)) for mode in failure_modes]
    trust = MISSING_FACTOR ** sum(evidence.lacks(source) for source in CENTRAL_SOURCES)
    hypotheses = sorted(
        (
            Hypothesis(
                failure_mode=mode.name,
                title=mode.title,
                confidence=round(finding.confidence * trust, 3),
                because=_short(finding.because),
                against=_short(finding.against),
                repair=mode.repair.name if mode.repair and finding.repairable else None,
                advice=finding.advice,
            )
            for mode, finding in found
            if finding
        ),
        key=lambda h: (-h.confidence, h.failure_mode),
    )[:MAX_HYPOTHESES]
    missing = tuple(f"{gap.source}: {gap.reason}"[:MAX_TEXT] for gap in evidence.missing)
    verdict, summary = _settle(evidence, hypotheses)
    return Diagnosis(verdict, summary, tuple(hypotheses), missing)


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
    served = evidence.metric("Invocations").total
    return Verdict.NOTHING_WRONG, (
        f"Nothing is wrong: {served:.0f} invocations in the window, no errors, no throttles, durations well "
        "below the timeout."
    )


def _short(reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    return tuple(replace(reason, text=reason.text[:MAX_TEXT]) for reason in reasons[:8])
