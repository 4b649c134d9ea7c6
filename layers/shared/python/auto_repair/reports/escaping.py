"""Foreign text made harmless for the place where it is shown: log samples, alarm descriptions, names.

Nothing that comes from outside reaches a report by any other way.
"""

import html
import re
import unicodedata

SENTENCE = 600  # characters kept of one statement
SAMPLE = 2000  # characters kept of a log sample, a query or a cause
DOCUMENT = 40_000  # characters kept of a document, a difference or a command: cut, they are of little use

# Cc: control, Cf: invisible formatting such as bidi overrides that make text read as something else,
# Cs: lone surrogates that no encoder accepts, Co: private use. The joiners of scripts and emoji stay.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co"})
_KEPT = frozenset("\n\t\u200c\u200d")
# What Markdown (with GitHub's tables, links, formulas) acts on, and only that: the source stays readable.
_MARKDOWN_ACTIVE = re.compile(
    r"([\\`*\[\]|~$]|(?<!\w)_|_(?!\w)|:(?=//)|(?<=www)\.|(?<=\w)@|^[-+=#])", re.IGNORECASE
)
_MARKDOWN_LIST_NUMBER = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")
_SUBJECT_ARROWS = str.maketrans({"→": "->", "–": "-", "—": "-", "…": "...", "’": "'", "×": "x"})


def clean(text: object, limit: int = SAMPLE) -> str:
    """Readable text of at most about `limit` characters, without control or bidi characters."""
    whole = str(text)
    kept = whole[:limit].replace("\r\n", "\n").replace("\r", "\n")
    if not kept.isprintable():  # nearly every text is, and needs no closer look
        kept = "".join("\ufffd" if _is_hidden(c) else c for c in kept)
    return f"{kept}… ({len(whole) - limit:,} more characters)" if len(whole) > limit else kept


def one_line(text: object, limit: int = SENTENCE) -> str:
    """Like `clean`, with every run of white space turned into one blank."""
    return " ".join(clean(text, limit).split())


def for_html(text: object, limit: int = SAMPLE) -> str:
    """Text for element content and double-quoted attributes."""
    return html.escape(clean(text, limit), quote=True)


def for_markdown(text: object, limit: int = SENTENCE) -> str:
    """One line that Markdown shows as it is: no markup, no table break, no HTML, no link."""
    escaped = _MARKDOWN_ACTIVE.sub(r"\\\1", one_line(text, limit))
    return html.escape(_MARKDOWN_LIST_NUMBER.sub(r"\1\\\2", escaped), quote=False)


def code_span(text: object, limit: int = SENTENCE) -> str:
    """One line as Markdown code."""
    line = re.sub(r"`{9,}", "`" * 8, one_line(text, limit))  # parsers give up on very long fences
    fence = "`" * (_longest_run_of_backticks(line) + 1)
    # A blank on both sides keeps a backtick at the edge apart from the fence; Markdown strips it again.
    return f"{fence} {line} {fence}" if "`" in line else f"`{line or ' '}`"


def code_cell(text: object, limit: int = SENTENCE) -> str:
    """One line as Markdown code in a table, where a pipe is escaped even in code."""
    # Parsers differ over a pipe that has a backslash before it already, so that one is replaced.
    return re.sub(r"\\+\|", "¦", code_span(text, limit)).replace("|", r"\|")


def code_block(text: object, language: str = "", limit: int = SAMPLE) -> str:
    """Lines as a fenced Markdown block that the text cannot close."""
    lines = clean(text, limit)
    fence = "`" * max(3, _longest_run_of_backticks(lines) + 1)
    return f"{fence}{language}\n{lines}\n{fence}"


def for_subject(text: object) -> str:
    """A subject that SNS accepts: printable ASCII, one line, under 100 characters, starts with a word."""
    ascii_text = one_line(text).translate(_SUBJECT_ARROWS).encode("ascii", "replace").decode()
    words = ascii_text.lstrip(" ?") or "Lambda Auto-Repair"
    return words if len(words) < 100 else f"{words[:96].rstrip()}..."


def https_link(url: object) -> str:
    """`url` when it is an https address that is safe inside `<…>` and a quoted attribute, else nothing."""
    text = str(url)
    is_plain = text.isascii() and text.isprintable() and not re.search(r'[\s<>"\\`]', text)
    return text if text.startswith("https://") and is_plain and len(text) < SAMPLE else ""


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in _HIDDEN and character not in _KEPT


def _longest_run_of_backticks(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)
