"""Runbooks as a search sees them: sections, the words in them, and when a match is good enough."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from auto_repair.domain.question.words import plain

ENOUGH = 1.3  # strength of the weakest match that is shown; `make bench-runbooks` shows what it lets through
MAX_TEXT = 1500  # characters of an extract

_REMARK = re.compile(r"<!--(.*?)-->", re.DOTALL)
_KEYWORDS = "keywords:"  # begins the remark with what operators call it, in their languages
_TITLE = re.compile(r"^# (.+)$", re.MULTILINE)
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
# What points to another runbook, or says when this one is not meant, would draw the wrong questions here.
_LINK = re.compile(r"\[[^\]\n]{0,200}\]\([^)\n]{0,200}\.md\)")
_NOT_THIS = re.compile(r"^It is (?:not this failure|something else).*", re.MULTILINE | re.DOTALL)

_WORD = re.compile(r"[\u3400-\u9fff]+|[^\W_\u3400-\u9fff]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_UNTELLING_NUMBER = re.compile(r"\d{1,2}|\d{4,}")  # status codes have three digits
_STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        """a about after all also am an and any are as at be because been before being but by can could did do
        does doing for from get gets go goes had has have how i if in into is it its itself just like many may
        me more most much my no nor not of on only or other our ours out over own please same she should so
        some such than that the their them then there these they this those to too under until up very was we
        were what when where which while who whom why will with would you your
        der die das den dem des ein eine einer und sind im auf mit von zu zur zum nach seit nicht
        la le les un une et est dans de du el los las una y en es por con del""",
    )
)


@dataclass(frozen=True)
class Section:
    """One `##` section of a runbook."""

    heading: str
    text: str


@dataclass(frozen=True)
class Runbook:
    """A runbook; `name` is its failure mode's and its file's."""

    name: str
    title: str
    keywords: str
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class RunbookExtract:
    """The part of a runbook that answers a question best. A larger `score` is a better match; it compares
    matches of one search only."""

    runbook: str
    title: str
    heading: str
    text: str
    score: float = 0.0

    @property
    def id(self) -> str:
        """`out_of_memory#what-to-check`: what is cited."""
        return f"{self.runbook}#{re.sub(r'[^a-z0-9]+', '-', self.heading.lower()).strip('-')}"


def read_runbook(name: str, markdown: str) -> Runbook:
    """The parts of a runbook; text before the first section is left out."""
    remarks = [remark.strip() for remark in _REMARK.findall(markdown)]
    body = _REMARK.sub("", markdown)
    title = _TITLE.search(body)
    parts = _HEADING.split(body)[1:]
    return Runbook(
        name,
        title[1].strip() if title else name,
        " ".join(r.removeprefix(_KEYWORDS).strip() for r in remarks if r.startswith(_KEYWORDS)),
        tuple(
            Section(head.strip(), text.strip()) for head, text in zip(parts[::2], parts[1::2], strict=True)
        ),
    )


def own_words(text: str) -> tuple[str, ...]:
    """The terms of a section without what it says about other failures."""
    return terms(_NOT_THIS.sub("", _LINK.sub("", text)))


def terms(text: str) -> tuple[str, ...]:
    """What is looked up, in order: words in lower case without accents, `ReadTimeout` also as `read timeout`,
    Chinese in pairs of characters; no stop words and no numbers but status codes."""
    found = [term for match in _WORD.finditer(text) for term in _terms_of(match.group())]
    return tuple(term for term in found if term not in _STOP_WORDS and not _UNTELLING_NUMBER.fullmatch(term))


def strength(score: float, matched: Collection[str], asked: Collection[str]) -> float:
    """How much a match of BM25 `score` is worth: a rare word alone among many that do not fit is chance."""
    return score * _words(matched) / _words(asked) if asked else 0.0


def best_section(runbook: Runbook, scores: Mapping[str, float]) -> Section:
    """The one with the best score by heading, else the first; empty for a runbook without sections."""
    if not runbook.sections:
        return Section("", "")
    return max(runbook.sections, key=lambda section: scores.get(section.heading, 0.0))


def _words(found: Collection[str]) -> int:
    """All pairs of Chinese characters count as one word: most of them straddle two."""
    chinese = sum(_is_chinese(term) for term in found)
    return len(found) - chinese + min(1, chinese)


def _is_chinese(term: str) -> bool:
    return "\u3400" <= term[0] <= "\u9fff"


def _terms_of(word: str) -> tuple[str, ...]:
    if _is_chinese(word):
        return tuple(word[i : i + 2] for i in range(max(1, len(word) - 1)))
    parts = _HUMP.split(word)
    return tuple(plain(w) for w in ((word, *parts) if len(parts) > 1 else (word,)))
