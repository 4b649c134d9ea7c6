"""Numbers in words, as times and durations use them, turned into figures."""

import re

NUMBER = r"\d{1,4}(?:[.,]\d)?"

_LATIN = (
    ("0.5", "half an?(?= (?:hour|day|week))|(?:einer? )?halben?(?= stunde)|(?:une )?demie?(?=[ -]heure)"
            "|(?:una )?media(?= hora)"),
    ("1", "one|eins|uno"),
    ("2", "two|a couple of|zwei|deux|dos"),
    ("3", "three|drei|trois|tres"),
    ("4", "four|vier|quatre|cuatro"),
    ("5", "five|funf|cinq|cinco"),
    ("6", "six|sechs|seis"),
    ("7", r"seven|sieben|(?<!\d )(?<!\d\. )(?<!\d[a-z]{2} )sept(?! \d)|siete"),  # Sept 8 is a day
    ("8", "eight|acht|huit|ocho"),
    ("9", "nine|neun|neuf|nueve"),
    ("10", "ten|zehn|dix|diez"),
    ("11", "eleven|elf|onze|(?<=las )once"),
    ("12", "twelve|zwolf|douze|doce"),
    ("15", "fifteen|funfzehn|quinze|quince"),
    ("20", "twenty|zwanzig|vingt|veinte"),
    ("30", "thirty|dreis?sig|trente|treinta"),
    ("40", "forty|vierzig|quarante|cuarenta"),
    ("45", "forty-five|funfundvierzig|quarante-cinq"),
    ("60", "sixty|sechzig|soixante|sesenta"),
    ("90", "ninety|neunzig"),
)  # fmt: skip
_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"两": 2}
_CHINESE = (
    r"(?<!星期)(?<!周)(?<!礼拜)"  # the number of a weekday stays
    r"(?:[一二三四五六七八九]?十[一二三四五六七八九]?|[零一二两三四五六七八九])|半个?(?=小时|钟头|天)"
)


def in_figures(text: str) -> str:
    """Plain `text` with numbers in figures: `half an hour` is `0.5 hour`, `十点` is `10点`."""
    words = "|".join(f"(?P<n{i}>{words})" for i, (_, words) in reversed(list(enumerate(_LATIN))))
    text = re.sub(rf"(?<![a-z0-9])(?:{words})(?![a-z0-9])", _figure, text)
    return re.sub(_CHINESE, lambda match: _chinese(match.group()), text)


def number_of(text: str) -> float | None:
    """The value of what `NUMBER` matches; None for anything else."""
    return float(text.replace(",", ".")) if re.fullmatch(NUMBER, text) else None


def _figure(match: re.Match[str]) -> str:
    return _LATIN[int((match.lastgroup or "n0")[1:])][0]


def _chinese(text: str) -> str:
    if text[0] == "半":
        return "0.5"
    tens, ten, ones = text.partition("十")
    if not ten:
        return str(_DIGITS[text])
    return str(10 * _DIGITS.get(tens, 1) + _DIGITS.get(ones, 0))
