"""What a model said about a diagnosis, as far as it counts: the record of its advice."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Usage:
    """What asking took."""

    turns: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0
    usd: float = 0.0


@dataclass(frozen=True)
class Shift:
    """A confidence of ours, 0..1, that the model moved within bounds, and the evidence that it cited."""

    hypothesis: str  # its id
    before: float
    after: float
    because: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Counsel:
    """One asking. Without an answer `explanation` is empty, and `remarks` tell why.

    `about` is the id of the hypothesis that the explanation explains; `evidence` and `runbooks` are ids that
    it cites. `remarks` also name what was dropped of the answer.
    """

    model: str = ""
    about: str = ""
    explanation: str = ""
    evidence: tuple[str, ...] = ()
    runbooks: tuple[str, ...] = ()
    shifts: tuple[Shift, ...] = ()
    remarks: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)
