"""HTML and SVG elements that escape their children, so that forgetting to is impossible."""

from auto_repair.reports.escaping import for_html

_VOID = frozenset({"meta", "br", "hr", "wbr"})
_EMPTY_MEANS_CLOSED = frozenset({"path", "line", "rect", "circle", "polyline", "use"})


class Markup(str):
    """Text that is markup already; everything else is escaped."""

    __slots__ = ()


def element(name: str, /, *children: object, **attributes: object) -> Markup:
    """`<name attribute="…">children</name>`.

    A child is escaped unless it is Markup; None is left out. `class_` and `for_` lose their underscore,
    other underscores become hyphens; an attribute that is None is left out.
    """
    shown = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{for_html(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    content = joined(*children)
    if name in _VOID:
        return Markup(f"<{name}{shown}>")
    if name in _EMPTY_MEANS_CLOSED and not content:
        return Markup(f"<{name}{shown}/>")
    return Markup(f"<{name}{shown}>{content}</{name}>")


def joined(*children: object) -> Markup:
    """The children side by side, escaped where they are not Markup."""
    return Markup("".join(c if isinstance(c, Markup) else for_html(c) for c in children if c is not None))
