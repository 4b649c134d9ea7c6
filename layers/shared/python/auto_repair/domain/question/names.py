"""Which known resources a text names: by ARN, by id, by name or title, by part of it, or misspelt."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property

from auto_repair.domain.arns import arns_in, resource_of
from auto_repair.domain.question.services import NOUNS
from auto_repair.domain.question.words import plain
from auto_repair.domain.resources import Resource

CLOSE = 0.84  # share of characters that agree, from which on a name counts as misspelt
CLEARLY = 0.05  # how much closer one name must be than the next
SHORTEST_MISSPELT = 5
SHORTEST_PART = 4
MOST_WORDS = 4  # of a name that is written with spaces

_ID = rf"(?<![\w:])({'|'.join(NOUNS)}):(/?[A-Za-z0-9][\w./$-]{{0,300}})"
_WORD = r"[a-z0-9_/](?:[a-z0-9_./$-]{0,300}[a-z0-9_/])?|[^\W_a-z0-9\u3040-\u30ff\u3400-\u9fff]{2,60}"
_QUOTED = r"[\"'`“„«「『]([^\"'`”“»」』\n]{2,80})[\"'`”“»」』]"


@dataclass(frozen=True)
class Named:
    """A stretch of the text that names a resource, or could mean one of several."""

    start: int
    end: int
    words: str  # as they were typed
    candidates: tuple[Resource, ...]


def by_address(text: str, known: Sequence[Resource]) -> list[Named]:
    """Resources named by ARN or by our id; one that is not known is taken from the address itself."""
    found = []
    for arn in arns_in(text):
        arn, start = arn.rstrip("?!，。"), text.index(arn)
        if resource := resource_of(arn):
            known_one = next((r for r in known if r.id == resource.id), resource)
            found.append(Named(start, start + len(arn), arn, (known_one,)))
    for match in re.finditer(_ID, text):
        if not any(n.start <= match.start() < n.end for n in found):
            words = match.group().rstrip(".")
            service, _, name = words.partition(":")
            resource = next((r for r in known if r.id == words), Resource(service, name))
            found.append(Named(match.start(), match.start() + len(words), words, (resource,)))
    return found


class Names:
    """Known resources by what people call them. There may be thousands: they are gone through once."""

    def __init__(self, known: Iterable[Resource]) -> None:
        self.known = tuple(known)

    def by_name(self, text: str, is_vocabulary: Callable[[str], bool]) -> list[Named]:
        """Those named by name or title. A name that is also an ordinary word counts in quotes only."""
        found: list[Named] = []
        for match in re.finditer(_QUOTED, text):
            if resources := self._spellings.get(_squashed(match.group(1))):
                found.append(Named(match.start(), match.end(), match.group(1), tuple(resources)))
        for start, end, words in _stretches(text):
            resources = self._spellings.get(_squashed(words))
            if resources and not is_vocabulary(words) and not _taken(found, start, end):
                found.append(Named(start, end, words, tuple(resources)))
        return sorted(found, key=lambda n: n.start)

    def by_likeness(self, text: str, is_vocabulary: Callable[[str], bool]) -> list[Named]:
        """Those whose name is misspelt or, where none is, given in part."""
        stretches: dict[str, tuple[int, int]] = {}
        for start, end, words in _stretches(text):
            if not is_vocabulary(words):
                stretches.setdefault(words, (start, end))
        for alike in (self._misspelt, self._with_part):
            found: list[Named] = []
            for words, (start, end) in stretches.items():
                if not _taken(found, start, end) and (candidates := alike(words)):
                    found.append(Named(start, end, words, candidates))
            if found:
                return sorted(found, key=lambda n: n.start)
        return []

    @cached_property
    def _spellings(self) -> dict[str, list[Resource]]:
        spellings: dict[str, list[Resource]] = {}
        for resource in self.known:
            for name in dict.fromkeys(_squashed(name) for name in _names(resource)):
                spellings.setdefault(name, []).append(resource)
        spellings.pop("", None)
        return spellings

    @cached_property
    def _by_length(self) -> dict[int, list[tuple[str, int]]]:
        """Spellings with the set of their letters."""
        spellings: dict[int, list[tuple[str, int]]] = {}
        for spelling in self._spellings:
            spellings.setdefault(len(spelling), []).append((spelling, _letters(spelling)))
        return spellings

    @cached_property
    def _parts(self) -> dict[str, dict[Resource, None]]:
        parts: dict[str, dict[Resource, None]] = {}
        for resource in self.known:
            for part in re.split(r"[\W_]+", plain(f"{resource.name} {resource.title}")):
                parts.setdefault(part, {})[resource] = None
        return parts

    def _misspelt(self, words: str) -> tuple[Resource, ...]:
        name = _squashed(words)
        if len(name) < SHORTEST_MISSPELT:
            return ()
        matcher = SequenceMatcher(autojunk=False)
        matcher.set_seq2(name)
        likeness = {}
        for spelling in self._perhaps(name):
            matcher.set_seq1(spelling)
            if matcher.quick_ratio() >= CLOSE:
                likeness[spelling] = matcher.ratio()
        best = max(likeness.values(), default=0.0)
        close = [s for s, share in likeness.items() if share >= CLOSE and share > best - CLEARLY]
        return tuple(dict.fromkeys(resource for spelling in close for resource in self._spellings[spelling]))

    def _perhaps(self, name: str) -> Iterable[str]:
        """Spellings of like length with nearly the same letters: to compare with all would take too long."""
        letters = _letters(name)
        for length, spellings in self._by_length.items():
            both = length + len(name)
            if 2 * min(length, len(name)) >= CLOSE * both:
                apart = (1 - CLOSE) * both  # as many characters may have no counterpart
                yield from (s for s, its in spellings if (its ^ letters).bit_count() <= apart)

    def _with_part(self, words: str) -> tuple[Resource, ...]:
        """Those with the word as a part of their name: `orders` of `orders-api` and `orders-worker`."""
        if len(words) < SHORTEST_PART or not re.fullmatch(r"[^\W_]+", words):
            return ()
        return tuple(self._parts.get(words, ()))


def unknown_names(text: str, original: str, is_vocabulary: Callable[[str], bool]) -> tuple[str, ...]:
    """What looks like the name of a resource: quoted, or one word with a hyphen, an underscore or a digit."""
    quoted = [match.span(1) for match in re.finditer(_QUOTED, text)]
    words = [m.span() for m in re.finditer(_WORD, text) if re.search(r"[a-z].*[-_\d]|[-_].*[a-z]", m.group())]
    telling = quoted + [(start, end) for start, end in words if not is_vocabulary(text[start:end])]
    return tuple(dict.fromkeys(original[start:end] for start, end in telling))


def most_alike_first(name: str, resources: Iterable[Resource]) -> list[Resource]:
    """The resources, those first that are called nearly so."""
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(_squashed(name))

    def likeness(resource: Resource) -> float:
        matcher.set_seq1(_squashed(resource.title or resource.name))
        return matcher.quick_ratio()

    return sorted(resources, key=likeness, reverse=True)


def _names(resource: Resource) -> tuple[str, ...]:
    """How people may call it: a balancer by the middle of `app/NAME/ID`, a rule without its bus."""
    parts = resource.name.strip("/").split("/")
    short = parts[1] if resource.service == "elasticloadbalancing" and len(parts) == 3 else parts[-1]
    return (resource.name, resource.title, short)


def _squashed(name: str) -> str:
    """`Image API`, `image-api` and `image_api` are one name."""
    return re.sub(r"[\W_]", "", plain(name))


def _stretches(text: str) -> Iterable[tuple[int, int, str]]:
    """One to four words in a row, the longest stretches first."""
    words = [(m.start(), m.end()) for m in re.finditer(_WORD, text)]
    for size in range(min(MOST_WORDS, len(words)), 0, -1):
        for first in range(len(words) - size + 1):
            start, end = words[first][0], words[first + size - 1][1]
            if end - start <= 300 and not re.search(r"[^\w\s./$-]|\s{3}", text[start:end]):
                yield start, end, text[start:end]


def _letters(name: str) -> int:
    """The set of its characters, as bits; a few share one."""
    bits = 0
    for character in set(name):
        bits |= 1 << ord(character) % 61
    return bits


def _taken(found: Iterable[Named], start: int, end: int) -> bool:
    return any(n.start < end and start < n.end for n in found)
