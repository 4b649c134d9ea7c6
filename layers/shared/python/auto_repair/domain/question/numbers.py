"""Numbers in figures and in words, as times and durations use them."""

import re

_WORDS = (
    (0.5, "half an?|half a|halben?|demi|demie|media|半个?"),
    (1, "one|an?|ein|eine[rnm]?|une?|una?|uno|一个?"),
    (2, "two|a couple of|zwei|deux|dos|二|两个?"),
    (3, "three|drei|trois|tres|三"),
    (4, "four|vier|quatre|cuatro|四"),
    (5, "five|funf|cinq|cinco|五"),
    (6, "six|sechs|seis|六"),
    (7, "seven|sieben|sept|siete|七"),
    (8, "eight|acht|huit|ocho|八"),
    (9, "nine|neun|neuf|nueve|九"),
    (10, "ten|zehn|dix|diez|十"),
    (11, "eleven|elf|onze|十一"),
    (12, "twelve|zwolf|douze|doce|十二"),
    (15, "fifteen|funfzehn|quinze|quince|十五"),
    (20, "twenty|zwanzig|vingt|veinte|二十"),
    (30, "thirty|dreis?sig|trente|treinta|三十"),
    (40, "forty|vierzig|quarante|cuarenta|四十"),
    (45, "forty-five|funfundvierzig|quarante-cinq|四十五"),
    (60, "sixty|sechzig|soixante|sesenta|六十"),
    (90, "ninety|neunzig|九十"),
)
# The longest first: 十二 is not 十. No word of Latin letters begins or ends inside another.
_ALL = sorted((word for _, words in _WORDS for word in words.split("|")), key=len, reverse=True)
_LATIN = "|".join(word for word in _ALL if word[0].isascii())
_CHINESE = "|".join(word for word in _ALL if not word[0].isascii())
NUMBER = rf"(?:\d{{1,4}}(?:[.,]5)?|(?<![a-z])(?:{_LATIN})(?![a-z])|{_CHINESE})"


def number_of(text: str) -> float | None:
    """The value of what `NUMBER` matches; None for anything else."""
    if re.fullmatch(r"\d{1,4}([.,]\d)?", text):
        return float(text.replace(",", "."))
    return next((value for value, words in _WORDS if re.fullmatch(words, text)), None)
