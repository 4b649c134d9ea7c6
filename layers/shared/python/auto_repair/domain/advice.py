"""What a model may say about a diagnosis, and what of its answer counts.

The rules: it may name only hypotheses and evidence it was shown. It may shift a confidence by MAX_SHIFT, if
it cites evidence for that, and a hypothesis by one rank. It may not carry one across SURE_ENOUGH, since code
settles the verdict. Its words are cut to length and lose links and commands. Whatever else it says is
dropped, and that is said.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from auto_repair.domain.counsel import Counsel, Shift, Usage
from auto_repair.domain.diagnosis import Diagnosis, Reason
from auto_repair.domain.evidence import EvidenceItem
from auto_repair.domain.question.words import is_chinese
from auto_repair.domain.ranking import SURE_ENOUGH
from auto_repair.domain.redaction import redact
from auto_repair.domain.runbooks import RunbookExtract

MAX_SHIFT = 0.10
LEAST_SHIFT = 0.005  # below, a confidence is the same
MAX_EXPLANATION = 2000  # characters
MAX_WORDING = 400
MAX_EVIDENCE = 4000  # of one item, as it is sent
MAX_SAID = 300
MAX_REMARKS = 12  # on one answer
LANGUAGES = {"de": "German", "en": "English", "es": "Spanish", "fr": "French", "zh": "Chinese"}

_LINK = re.compile(r"\b(?:https?|ftp|s3|javascript|data):[^\s)\]>]{3,}|\bwww\.[^\s)\]>]{3,}", re.IGNORECASE)
_COMMAND = re.compile(
    r"\b(?:aws [a-z0-9-]{2,40} [a-z0-9]+-[a-z0-9-]+|(?:curl|wget|rm|bash|sh|powershell) -\w|sudo \w"
    r"|(?:curl|wget) [^\s.]{1,80}\.\w|kubectl (?:apply|delete|exec|patch|scale)"
    r"|terraform (?:apply|destroy|import|taint))[^\n`]{0,300}"
)
_LEFT_OUT = "[left out]"


@dataclass(frozen=True)
class BriefedEvidence:
    """A piece of evidence in words."""

    id: str
    text: str


@dataclass(frozen=True)
class BriefedHypothesis:
    """A hypothesis of ours; `confidence` is the share of such that are right, 0..1."""

    id: str
    title: str
    confidence: float
    because: tuple[Reason, ...] = ()
    against: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Briefing:
    """All that the advisor is told about an incident. `language` is the operator's: one of LANGUAGES."""

    incident_id: str
    problem: str
    hypotheses: tuple[BriefedHypothesis, ...]
    evidence: tuple[BriefedEvidence, ...] = ()
    runbooks: tuple[RunbookExtract, ...] = ()
    language: str = "en"


@dataclass(frozen=True)
class Judgement:
    """What the answer says about one hypothesis; not yet checked."""

    id: str
    confidence: float
    evidence: tuple[str, ...] = ()
    because: str = ""


@dataclass(frozen=True)
class Answer:
    """What the model settled; not yet checked. `about` is the hypothesis that the explanation explains."""

    hypotheses: tuple[Judgement, ...]
    about: str
    explanation: str
    language: str
    evidence: tuple[str, ...] = ()
    runbooks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Advised:
    """One of our hypotheses as the advisor sees it."""

    id: str
    confidence: float
    because: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Advice:
    """What counts of an answer. Without one, `hypotheses` is empty and `said` tells why.

    `hypotheses` are all that were briefed, in the advised order. The explanation is `about` one of them, and
    cites `evidence` and `runbooks` by id. `changes_the_first`: another hypothesis leads than in our ranking.
    """

    hypotheses: tuple[Advised, ...] = ()
    explanation: str = ""
    evidence: tuple[str, ...] = ()
    runbooks: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    model: str = ""
    usage: Usage = field(default_factory=Usage)
    changes_the_first: bool = False
    about: str = ""


def brief(
    incident_id: str,
    problem: str,
    diagnosis: Diagnosis,
    items: Iterable[EvidenceItem],
    runbooks: Iterable[RunbookExtract] = (),
    language: str = "en",
) -> Briefing:
    """What the advisor needs of an incident."""
    return Briefing(
        incident_id,
        problem,
        tuple(
            BriefedHypothesis(h.id, h.title, h.confidence, h.because, h.against) for h in diagnosis.hypotheses
        ),
        tuple(BriefedEvidence(item.id, _in_words(item)) for item in items),
        tuple(runbooks),
        language if language in LANGUAGES else "en",
    )


def redacted(briefing: Briefing) -> Briefing:
    """The briefing without secrets and personal data: what may leave for a model."""
    return replace(
        briefing,
        problem=redact(briefing.problem)[:MAX_EVIDENCE],
        hypotheses=tuple(
            replace(h, title=redact(h.title), because=_redacted(h.because), against=_redacted(h.against))
            for h in briefing.hypotheses
        ),
        evidence=tuple(replace(e, text=redact(e.text)[:MAX_EVIDENCE]) for e in briefing.evidence),
        runbooks=tuple(replace(r, text=redact(r.text)) for r in briefing.runbooks),
    )


def no_advice(reason: str, model: str = "", usage: Usage | None = None) -> Advice:
    """The incident goes on without advice, for that reason."""
    return Advice(said=(_remark(reason),), model=model, usage=usage or Usage())


def checked(
    answer: Answer, briefing: Briefing, runbooks: Iterable[str], model: str = "", usage: Usage | None = None
) -> Advice:
    """What counts of an answer to the briefing; `runbooks` are the ids of the extracts that were shown."""
    judgements, remarks = _judgements(answer, briefing)
    hypotheses = _ranked([_bounded(h, judgements.get(h.id)) for h in briefing.hypotheses])
    explanation, of_explanation = _explanation(answer, briefing)
    evidence, of_evidence = _known(answer.evidence, {e.id for e in briefing.evidence}, "an evidence id")
    cited, of_runbooks = _known(answer.runbooks, set(runbooks), "a runbook")
    said = [*remarks, *of_explanation, *of_evidence, *of_runbooks]
    return Advice(
        hypotheses,
        explanation,
        evidence if explanation else (),
        cited if explanation else (),
        tuple(dict.fromkeys(map(_remark, said)))[:MAX_REMARKS],
        model,
        usage or Usage(),
        changes_the_first=[h.id for h in hypotheses[:1]] != [h.id for h in briefing.hypotheses[:1]],
        about=answer.about if explanation else "",
    )


def advised(diagnosis: Diagnosis, advice: Advice) -> Diagnosis:
    """The diagnosis with its hypotheses in the advised order; the verdict stays."""
    ranks = {h.id: (rank, h.confidence) for rank, h in enumerate(advice.hypotheses)}
    if set(ranks) != {h.id for h in diagnosis.hypotheses}:
        return diagnosis
    moved = [replace(h, confidence=ranks[h.id][1]) for h in diagnosis.hypotheses]
    return replace(diagnosis, hypotheses=tuple(sorted(moved, key=lambda h: ranks[h.id][0])))


def counsel(advice: Advice, diagnosis: Diagnosis) -> Counsel:
    """What is to be told of the advice on that diagnosis, which is still our own."""
    ours = {h.id: h.confidence for h in diagnosis.hypotheses}
    return Counsel(
        advice.model,
        advice.about,
        advice.explanation,
        advice.evidence,
        advice.runbooks,
        tuple(
            Shift(h.id, ours[h.id], h.confidence, h.because, h.evidence)
            for h in advice.hypotheses
            if h.id in ours and abs(h.confidence - ours[h.id]) >= LEAST_SHIFT
        ),
        advice.said,
        advice.usage,
    )


def _in_words(item: EvidenceItem) -> str:
    baseline = f" (usual: {item.baseline})" if item.baseline else ""
    return f"{item.source}, {item.query}: {item.observed}{baseline}"


def _redacted(reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    return tuple(replace(reason, text=redact(reason.text)) for reason in reasons)


def _judgements(answer: Answer, briefing: Briefing) -> tuple[dict[str, Judgement], list[str]]:
    """The judgements on hypotheses of ours, with evidence of ours."""
    ours = {h.id: h for h in briefing.hypotheses}
    known = {e.id for e in briefing.evidence}
    kept: dict[str, Judgement] = {}
    remarks = []
    for judgement in answer.hypotheses:
        if judgement.id not in ours:
            remarks.append(
                f"The model named a cause that is not on the list: {_quoted(judgement.id)}. Dropped."
            )
            continue
        evidence, of_evidence = _known(judgement.evidence, known, "an evidence id")
        remarks += of_evidence
        moves = abs(judgement.confidence - ours[judgement.id].confidence) > LEAST_SHIFT
        if moves and not evidence:
            remarks.append(f"The model would move {judgement.id} without citing evidence. Not moved.")
            judgement = replace(judgement, confidence=ours[judgement.id].confidence)
        because, of_words = _worded(judgement.because, MAX_WORDING)
        remarks += of_words
        kept.setdefault(judgement.id, replace(judgement, evidence=evidence, because=because))
    return kept, remarks


def _bounded(ours: BriefedHypothesis, judgement: Judgement | None) -> Advised:
    """Our confidence, shifted by no more than MAX_SHIFT and not across SURE_ENOUGH."""
    if judgement is None:
        return Advised(ours.id, ours.confidence)
    low, high = max(0.0, ours.confidence - MAX_SHIFT), min(1.0, ours.confidence + MAX_SHIFT)
    if ours.confidence >= SURE_ENOUGH:
        low = max(low, SURE_ENOUGH)
    else:
        high = min(high, SURE_ENOUGH - 0.001)
    confidence = round(min(max(judgement.confidence, low), high), 3)
    return Advised(ours.id, confidence, judgement.because, judgement.evidence)


def _ranked(hypotheses: Sequence[Advised]) -> tuple[Advised, ...]:
    """Neighbours change places where the lower one is held likelier; nobody moves by more than one rank."""
    ranked, rank = list(hypotheses), 0
    while rank < len(ranked) - 1:
        if ranked[rank + 1].confidence > ranked[rank].confidence:
            ranked[rank], ranked[rank + 1] = ranked[rank + 1], ranked[rank]
            rank += 1
        rank += 1
    for rank in range(1, len(ranked)):  # no confidence above the one it stands behind
        most = ranked[rank - 1].confidence
        ranked[rank] = replace(ranked[rank], confidence=min(ranked[rank].confidence, most))
    return tuple(ranked)


def _explanation(answer: Answer, briefing: Briefing) -> tuple[str, list[str]]:
    """The explanation, if it is about a hypothesis of ours and in the operator's language."""
    if not answer.explanation.strip():
        return "", ["The model gave no explanation."]
    if answer.about not in {h.id for h in briefing.hypotheses}:
        return "", [f"The model explained a cause that is not on the list: {_quoted(answer.about)}. Dropped."]
    spoken = answer.language.lower().partition("-")[0]
    if spoken != briefing.language or is_chinese(answer.explanation) != (briefing.language == "zh"):
        wanted = LANGUAGES[briefing.language]
        return "", [f"The model's explanation is not in {wanted}. Dropped."]
    return _worded(answer.explanation, MAX_EXPLANATION)


def _worded(text: str, length: int) -> tuple[str, list[str]]:
    """A model's words: redacted once more, since it may repeat in prose what it should not know."""
    printable = "".join(c if c.isprintable() or c == "\n" else " " for c in text).strip()
    words = redact(printable)
    harmless = _COMMAND.sub(_LEFT_OUT, _LINK.sub(_LEFT_OUT, words))
    remarks = []
    if harmless != words:
        remarks.append("The model's words held a link or a command, which it is not asked for. Left out.")
    if len(harmless) > length:
        remarks.append(f"The model's words were cut at {length} characters.")
    return harmless[:length], remarks


def _known(ids: Iterable[str], known: set[str], kind: str) -> tuple[tuple[str, ...], list[str]]:
    """Those that are known, each once, and a remark on each that is not."""
    named = dict.fromkeys(ids)
    invented = (_quoted(name) for name in named if name not in known)
    remarks = [f"The model named {kind} that does not exist: {name}. Dropped." for name in invented]
    return tuple(name for name in named if name in known), remarks


def _quoted(text: str) -> str:
    return f"“{redact(''.join(c for c in text if c.isprintable()))[:80]}”"


def _remark(text: str) -> str:
    return text if len(text) <= MAX_SAID else f"{text[: MAX_SAID - 1]}…"
