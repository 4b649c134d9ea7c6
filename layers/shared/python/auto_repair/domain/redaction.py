"""Take secrets and personal data out of text before it is stored, shown or sent anywhere."""

import re

# Every quantifier is bounded, so that the time stays linear whatever the text.
_TELLING_NAME = (
    r"(?:passwords?|passwd|pwd|secrets?|tokens?|api[_-]?keys?|apikey|access[_-]?keys?|private[_-]?keys?"
    r"|authorization|credentials?|cookies?|session[_-]?id|signature)[\w.\-]{0,40}"
)

# Order matters: whole structures first, so that their parts are not replaced piece by piece.
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
        ),
        "[redacted:private-key]",
    ),
    (re.compile(r"\beyJ[\w-]{6,}\.[\w-]{6,}(?:\.[\w-]*)?"), "[redacted:jwt]"),
    (re.compile(r"\b(?:Bearer|Basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE), "[redacted:authorization]"),
    (re.compile(r"(?<=://)[^\s/@:]+:[^\s/@]+(?=@)"), "[redacted:login]"),
    (re.compile(r"\b(?:AKIA|ASIA|AROA|AIDA)[0-9A-Z]{16}\b"), "[redacted:aws-key-id]"),
    (
        re.compile(
            r"\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|xox[abeprs]-[\w-]{10,}|sk_(?:live|test)_\w{10,}"
            r"|sk-[\w-]{20,}|AIza[\w-]{30,})"
        ),
        "[redacted:token]",
    ),
    # name=value, name: value, "name": "value", 'name': 'value', also escaped inside a JSON string
    (
        re.compile(
            rf"""(?P<name>{_TELLING_NAME}(?:\\?["'])?\s*[:=]\s*)"""
            r"""(?!\s*\[redacted)(?P<value>\\?"(?:[^"\\]|\\(?!")[^"])*\\?"|'[^']*'|[^\s,;&}\])]+)""",
            re.IGNORECASE,
        ),
        r"\g<name>[redacted]",
    ),
    (re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}\b"), "[redacted:email]"),
    (
        re.compile(
            r"(?<![\w/+])(?=[A-Za-z0-9/+]{0,39}[A-Z])(?=[A-Za-z0-9/+]{0,39}[a-z])(?=[A-Za-z0-9/+]{0,39}\d)"
            r"[A-Za-z0-9/+]{40}(?![\w/+=])"
        ),
        "[redacted:key]",
    ),
)
_CARD = re.compile(r"(?<![\w.])(?:\d[ -]?){14,18}\d(?![\w.])")


def redact(text: str) -> str:
    """`text` without keys, tokens, passwords, e-mail addresses and card numbers."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return _CARD.sub(_card, text)


def redacted(text: str, most: int) -> str:
    """The beginning of `text` without them, `most` characters at most: a long text takes no longer."""
    return redact(text[: 4 * most])[:most]


def _card(match: re.Match[str]) -> str:
    digits = [int(c) for c in match.group() if c.isdigit()]
    doubled = [d if i % 2 == 0 else sum(divmod(2 * d, 10)) for i, d in enumerate(reversed(digits))]
    return "[redacted:card]" if sum(doubled) % 10 == 0 else match.group()
