"""The advisor's answer: the schema that the model is given, and what is read of what it returns."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from auto_repair.contracts.documents import decode
from auto_repair.domain.advice import Answer, Judgement

_Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
_MOST = 40  # entries of one list that are read


class JudgementDocument(msgspec.Struct):
    """`hypotheses[]`."""

    id: str
    confidence: _Share
    evidence: list[str] = []
    because: str = ""


class AnswerDocument(msgspec.Struct):
    """The input of the tool `settle`."""

    hypotheses: list[JudgementDocument]
    about: str
    explanation: str
    language: str
    evidence: list[str] = []
    runbooks: list[str] = []


def schema(hypotheses: Sequence[str], language: str) -> dict[str, Any]:
    """JSON schema of `AnswerDocument`. Written out: not every model resolves references."""
    text, texts = {"type": "string"}, {"type": "array", "items": {"type": "string"}}
    known = {"type": "string", "enum": list(hypotheses)}
    judgement = {
        "id": known,
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        "evidence": texts | {"description": "ids of evidence that speak for this confidence"},
        "because": text | {"description": "one sentence"},
    }
    return _object(
        {
            "hypotheses": {"type": "array", "items": _object(judgement, ("id", "confidence"))},
            "about": known | {"description": "the hypothesis that the explanation explains"},
            "explanation": text | {"description": "for the operator, no more than eight sentences"},
            "language": {"type": "string", "enum": [language]},
            "evidence": texts | {"description": "ids of evidence that the explanation rests on"},
            "runbooks": texts | {"description": "ids of runbook extracts that help"},
        },
        ("hypotheses", "about", "explanation", "language"),
    )


def read(document: Any) -> Answer:
    """The answer as it was given, lists cut to a sensible length. Raises `InvalidEvent` naming the field."""
    read = decode(AnswerDocument, document)
    return Answer(
        tuple(
            Judgement(j.id, j.confidence, tuple(j.evidence[:_MOST]), j.because)
            for j in read.hypotheses[:_MOST]
        ),
        read.about,
        read.explanation,
        read.language,
        tuple(read.evidence[:_MOST]),
        tuple(read.runbooks[:_MOST]),
    )


def _object(properties: dict[str, Any], required: Sequence[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}
