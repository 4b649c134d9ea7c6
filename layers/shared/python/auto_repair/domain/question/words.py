"""Text as people type it, made comparable; offsets stay those of the original."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

MAX_QUESTION = 2000  # characters; what comes after is not read
_CJK = r"[\u3040-\u30ff\u3400-\u9fff]"


@dataclass(frozen=True)
class Heard:
    """A stretch of the text that was recognised, and what it means."""

    meaning: str
    start: int
    end: int
    words: str  # as they were typed

    def touches(self, start: int, end: int) -> bool:
        """Whether the stretches share a character."""
        return self.start < end and start < self.end


def readable(text: str) -> str:
    """The beginning of `text` with control characters as spaces."""
    return "".join(" " if unicodedata.category(c)[0] == "C" else c for c in text[:MAX_QUESTION])


def plain(text: str) -> str:
    """Lower case, without accents, full-width forms as ASCII; as many characters as `text`."""
    if text.isascii():  # as names of resources are, of which there are thousands
        return text.lower()
    return "".join(_plain(character) for character in text)


def blank(text: str, start: int, end: int) -> str:
    """`text` with that stretch as spaces, so that nobody reads it twice."""
    return text[:start] + " " * (end - start) + text[end:]


def is_chinese(text: str) -> bool:
    """Whether it holds Chinese (or Japanese) characters."""
    return bool(re.search(_CJK, text))


class Lexicon:
    """Phrases in several languages, each a regular expression over plain text, by what they mean.

    They are given as one text for each meaning, with `;` between them; `#` begins a remark. Compiling them
    takes time, and few incidents begin with a question: it is done when first needed.
    """

    def __init__(self, phrases: Mapping[str, str]) -> None:
        self._phrases = phrases

    @cached_property
    def _patterns(self) -> dict[str, re.Pattern[str]]:
        return {meaning: _any_of(_phrases(text)) for meaning, text in self._phrases.items()}

    def hear(self, text: str, original: str) -> list[Heard]:
        """Everything recognised in plain `text`, in its order; of stretches that overlap, the longest."""
        found = [
            Heard(meaning, match.start(), match.end(), original[match.start() : match.end()])
            for meaning, pattern in self._patterns.items()
            for match in pattern.finditer(text)
        ]
        kept: list[Heard] = []
        for heard in sorted(found, key=lambda h: (h.start - h.end, h.start)):
            if not any(heard.touches(k.start, k.end) for k in kept):
                kept.append(heard)
        return sorted(kept, key=lambda h: h.start)

    def knows(self, word: str) -> bool:
        """Whether the plain word as a whole means something."""
        return any(pattern.fullmatch(word) for pattern in self._patterns.values())


def _phrases(text: str) -> Iterable[str]:
    kept = "\n".join(line.partition("#")[0] for line in text.splitlines())
    return filter(None, (phrase.strip() for phrase in kept.split(";")))


def _any_of(options: Iterable[str]) -> re.Pattern[str]:
    """Latin words stand alone, with spaces or hyphens between them; Chinese is written without."""
    written = sorted(options, key=len, reverse=True)
    latin = [o.replace(" ?", r"[\s-]{0,3}").replace(" ", r"[\s-]{1,3}") for o in written if not is_chinese(o)]
    chinese = [o.replace(" ", r"\s{0,2}") for o in written if is_chinese(o)]
    return re.compile("|".join([rf"(?<![a-z0-9_])(?:{'|'.join(latin)})(?![a-z0-9_])", *chinese]))


def _plain(character: str) -> str:
    decomposed = unicodedata.normalize("NFKD", character.casefold())
    return next((c for c in decomposed if not unicodedata.combining(c)), " ")
