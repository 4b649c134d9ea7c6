"""From a question in plain words to what an investigation needs: a resource, a symptom, a time.

Nothing in the text is followed as an instruction: words are looked up, the rest is left alone.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from auto_repair.domain.question.names import (
    Named,
    Names,
    by_address,
    most_alike_first,
    unknown_names,
)
from auto_repair.domain.question.reading import Reading
from auto_repair.domain.question.services import NOUNS, SERVICES
from auto_repair.domain.question.symptoms import AskedSymptom, Complaints, complaints, is_symptom
from auto_repair.domain.question.times import since_when
from auto_repair.domain.question.words import Heard, blank, is_chinese, plain, readable
from auto_repair.domain.redaction import redact
from auto_repair.domain.resources import Resource

MOST_CANDIDATES = 5  # in a question back
BY_ADDRESS = "by its ARN, or by service and name such as sqs:orders"  # of whatever no list holds
_NEAR = r"[\s:'\"`“”„«»「」的]{0,3}(?:(?:called|named|namens|nommee?|llamad[oa]) )?"
_ORDINARY = frozenset(
    re.findall(
        r"\w+",
        """what which when where with does since from after have been this that there please help find
        cause reason analyse analyze investigate check look into wrong problem issue production prod staging
        service services application system request requests call calls user users customer customers return
        returns returning give gives get gets getting show shows seem seems today yesterday morning evening
        night minute minutes hour hours day days week weeks last past aws amazon cloudwatch alarm the and for
        are was has why how not all our my is in on it to of at
        warum mein meine unsere seit gestern heute bitte liefert gibt
        pourquoi depuis notre mon porque desde nuestro nuestra""",
    )
)
_CHOICES = "errors, denied calls, slowness, throttling, memory, a backlog or cost"
# Words that give the language away. English comes first: it wins where nothing does.
_LANGUAGES: dict[str, str] = {
    "en": r"\b(?:since|why|is|are|my|our|the|not|returns?|yesterday|today|for|has|have|with)\b",
    "de": r"\b(?:seit|warum|sind|meine?|unsere?|der|das|nicht|keine?|liefert|gestern|heute|wird|ab)\b",
    "fr": r"\b(?:depuis|pourquoi|est|notre|mon|ma|la|le|les|des|renvoie|retourne|hier|avec)\b",
    "es": r"\b(?:desde|porque|esta|nuestr[oa]|mi|la|el|los|las|del|devuelve|ayer|hoy|por)\b",
}


@dataclass(frozen=True)
class Understood:
    """What was made of a question.

    `resource` is an id, `since` UTC; either is None where it was not said or not clear. `assumptions` belong
    into the answer. With anything in `ask_back`, that is to be asked before anybody looks further.
    """

    resource: str | None = None
    symptom: AskedSymptom | None = None
    since: datetime | None = None
    zone: str = ""  # in which its times of day were read; empty where it names none
    language: str = "en"  # of the question: de, en, es, fr, zh
    assumptions: tuple[str, ...] = ()
    ask_back: tuple[str, ...] = ()

    @property
    def reading(self) -> Reading:
        """What the report tells of it."""
        words = self.symptom.words if self.symptom else ""
        return Reading(self.resource or "", words, self.since, self.zone, self.language, self.assumptions)


@dataclass(frozen=True)
class _Subject:
    """What the question is about; None where it has to be asked back."""

    resource: Resource | None = None
    assumptions: tuple[str, ...] = ()
    ask_back: tuple[str, ...] = ()


def understand(text: str, now: datetime, known: Sequence[Resource], zone: tzinfo = UTC) -> Understood:
    """What is meant, among the `known` resources; times without a zone are in `zone`."""
    original = readable(text)
    words = plain(original)
    named = by_address(original, known)
    words = _without(words, named)
    names = Names(known)
    exact = names.by_name(words, _is_vocabulary)
    named, words = [*named, *exact], _without(words, exact)
    since = since_when(words, original, now, zone)
    services = SERVICES.hear(words, original)
    subject = _subject(words, original, named, services, names)
    symptom = _symptom(complaints(words, original), subject.resource)
    return Understood(
        resource=subject.resource.id if subject.resource else None,
        symptom=symptom.symptom,
        since=since.at,
        zone=since.zone,
        language=_language(words),
        assumptions=subject.assumptions + symptom.assumptions + since.assumptions,
        ask_back=subject.ask_back + symptom.ask_back + since.ask_back,
    )


def services_in(text: str) -> frozenset[str]:
    """The services that a question speaks of, by their words or by addresses of resources."""
    original = readable(text)
    addressed = by_address(original, ())
    heard = SERVICES.hear(_without(plain(original), addressed), original)
    return frozenset({s.meaning for s in heard} | {r.service for n in addressed for r in n.candidates})


def names_one(text: str, known: Iterable[Resource]) -> bool:
    """Whether a question names a resource exactly: one of the `known`, or any by its address."""
    original = readable(text)
    return bool(by_address(original, ()) or Names(known).by_name(plain(original), _is_vocabulary))


def _without(words: str, named: Sequence[Named]) -> str:
    for name in named:
        words = blank(words, name.start, name.end)
    return words


def _is_vocabulary(word: str) -> bool:
    return is_symptom(word) or SERVICES.knows(word) or word in _ORDINARY


def _subject(words: str, original: str, named: list[Named], services: list[Heard], names: Names) -> _Subject:
    """The first that is named; a service without a name counts where only one resource is of it."""
    known = names.known
    bare = [s for s in services if not any(_belong(words, s, n) for n in named)]
    named = sorted((_narrowed(words, n, services) for n in named), key=lambda n: n.start)
    if named and not (bare and bare[0].end <= named[0].start and len(_of(bare[0].meaning, known)) == 1):
        return _first(named, known, [s.meaning for s in services if _belong(words, s, named[0])])
    if not named and (alike := names.by_likeness(words, _is_vocabulary)):
        return _alike(_narrowed(words, alike[0], services), original)
    if not named and (strange := unknown_names(words, original, _is_vocabulary)):
        return _Subject(ask_back=(_unknown(strange[0], services, known),))
    return _of_service(bare[0].meaning if bare else "", known)


def _narrowed(words: str, named: Named, services: list[Heard]) -> Named:
    """Of resources with one name, those of the service that is said next to it, else anywhere."""
    for said in (
        {s.meaning for s in services if _belong(words, s, named)},
        {s.meaning for s in services},
    ):
        if fitting := tuple(r for r in named.candidates if r.service in said):
            return Named(named.start, named.end, named.words, fitting)
    return named


def _belong(words: str, service: Heard, named: Named) -> bool:
    """Whether the service's word stands right before or after the name."""
    between = (
        words[service.end : named.start] if service.end <= named.start else words[named.end : service.start]
    )
    return bool(re.fullmatch(_NEAR, between))


def _first(named: list[Named], known: Sequence[Resource], said: list[str]) -> _Subject:
    """The first that is named; `said` are the services whose words stand beside it."""
    first = named[0]
    if len(first.candidates) > 1:
        return _Subject(ask_back=(f"Which one: {_list(first.candidates)}?",))
    resource, assumptions = first.candidates[0], []
    if resource not in known:
        assumptions.append(f"{resource} is not among the resources known; it is taken as it is written.")
    elif said and resource.service not in said:
        assumptions.append(f"No {NOUNS[said[0]]} of that name is known, so {resource} is taken as meant.")
    others = sorted({r.id for n in named[1:] for r in n.candidates} - {resource.id})
    if others:
        also = ", ".join(others[:MOST_CANDIDATES])
        assumptions.append(
            f"{resource} is named first and taken as the one that suffers; also named: {also}."
        )
    return _Subject(resource, tuple(assumptions))


def _alike(named: Named, original: str) -> _Subject:
    typed = redact(original[named.start : named.end])
    if len(named.candidates) > 1:
        return _Subject(ask_back=(f"Which one is “{typed}”: {_list(named.candidates)}?",))
    resource = named.candidates[0]
    return _Subject(resource, (f"“{typed}” is read as {resource}.",))


def _unknown(name: str, services: list[Heard], known: Sequence[Resource]) -> str:
    said = {s.meaning for s in services}
    candidates = tuple(r for r in known if r.service in said) or tuple(known)
    question = f"No resource called “{redact(name)[:60]}” is known."
    if candidates:
        question += f" Which one is meant: {_list(most_alike_first(name, candidates))}?"
    return f"{question} Name one that was idle for two weeks {BY_ADDRESS}."


def _of_service(service: str, known: Sequence[Resource]) -> _Subject:
    candidates = _of(service, known) if service else tuple(known)
    noun = NOUNS.get(service, "resource")
    if len(candidates) == 1:
        return _Subject(
            candidates[0], (f"{candidates[0]} is the only {noun} known, so it is taken as meant.",)
        )
    if candidates:
        return _Subject(ask_back=(f"Which {noun}: {_list(candidates)}?",))
    return _Subject(ask_back=(f"Which {noun}? None is known; name it {BY_ADDRESS}.",))


def _of(service: str, known: Sequence[Resource]) -> tuple[Resource, ...]:
    return tuple(r for r in known if r.service == service)


def _list(candidates: Sequence[Resource]) -> str:
    """Each by its plain name where that tells them apart, else with its service, else by its id."""
    shown = [r.title or r.name for r in candidates]
    if len({r.service for r in candidates}) > 1:
        shown = [str(r) for r in candidates]
    if len(set(shown)) < len(shown):
        shown = [r.id for r in candidates]
    if len(shown) > MOST_CANDIDATES:
        return f"{', '.join(shown[:MOST_CANDIDATES])} or one of {len(shown) - MOST_CANDIDATES} others"
    return " or ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


@dataclass(frozen=True)
class _Said:
    symptom: AskedSymptom | None = None
    assumptions: tuple[str, ...] = ()
    ask_back: tuple[str, ...] = ()


def _symptom(heard: Complaints, resource: Resource | None) -> _Said:
    contradicted = next((s for s in heard.symptoms if s in heard.denied), None)
    if contradicted:
        return _Said(ask_back=(f"It is said both ways: {contradicted.words}. Is it so?",))
    if not heard.symptoms:
        of = f" with {resource}" if resource else ""
        return _Said(ask_back=(f"What is wrong{of}: {_CHOICES}?",))
    first, others = heard.symptoms[0], heard.symptoms[1:]
    if not others:
        return _Said(first)
    also = ", ".join(s.words for s in others)
    return _Said(first, (f"The first complaint counts most: {first.words}. Also said: {also}.",))


def _language(words: str) -> str:
    """English, unless another language's words outnumber the English ones."""
    if is_chinese(words):
        return "zh"
    counted = {language: len(re.findall(pattern, words)) for language, pattern in _LANGUAGES.items()}
    return max(counted, key=lambda language: counted[language])
