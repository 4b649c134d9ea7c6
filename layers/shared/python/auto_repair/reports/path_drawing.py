"""Draws the impact path as SVG: from the cause, at the top, to the alarm; others that suffer stand beside.

Everything is a fixed number of single lines, cut where they are too long: the whole text is in the tooltip
and in the words beside the picture. Each box clips what it holds, whatever a name is made of.
"""

from auto_repair.reports.elements import Markup, element
from auto_repair.reports.escaping import one_line
from auto_repair.reports.impact_path import ImpactPath, Link, Part, Station
from auto_repair.reports.wording import clock

WIDTH, HEIGHT = 322, 88  # of a box on the way
GAP = 50  # between two boxes on the way, for the words beside the arrow
ASIDE_WIDTH, ASIDE_HEIGHT, ASIDE_GAP = 240, 70, 16
ASIDE_LEFT = WIDTH + 64
EDGE = 2  # keeps strokes on the paper
LINE = 44  # characters of a line in a box, NAME of its name
NAME = 32
ASIDE_LINE = 32
ARROW = 7.0

STYLE = """
.path{overflow-x:auto;margin:0 0 14px}
.path svg.way{display:block;font:12px/1 var(--sans);font-variant-numeric:tabular-nums;max-width:none}
.way .box{fill:var(--sunken);stroke:var(--line);stroke-width:1.2}
.way .cause .box{fill:var(--bad-soft);stroke:var(--bad)}
.way .alarm .box{fill:var(--warn-soft);stroke:var(--warn)}
.way text{fill:var(--muted)}
.way .name{fill:var(--ink);font-size:14px;font-weight:600}
.way .wrong{fill:var(--ink)}
.way .part{font-size:11px;font-weight:700;letter-spacing:.06em}
.way .cause .part{fill:var(--bad)}
.way .alarm .part{fill:var(--warn)}
.way .beside .box{fill:var(--card)}
.way .beside .name{font-size:13px;font-weight:500;fill:var(--muted)}
.way .beside .wrong{fill:var(--muted)}
.way .arrow{stroke:var(--bad);stroke-width:2;fill:none}
.way .head{fill:var(--bad)}
.way .aside .arrow{stroke:var(--muted);stroke-width:1.2}
.way .aside .head{fill:var(--muted)}
.way .inferred .arrow{stroke-dasharray:5 4}
"""

_PARTS = {Part.CAUSE: "CAUSE", Part.ALARM: "ALARM", Part.BETWEEN: "", Part.BESIDE: ""}
_SINCE = {Part.CAUSE: "since", Part.BETWEEN: "first seen", Part.ALARM: "first seen", Part.BESIDE: "since"}

Place = tuple[float, float]  # left and top of a box


def draw_path(path: ImpactPath) -> Markup:
    """The whole as one `<svg>` of natural size, named and described for those who cannot see it."""
    places = _places(path)
    width = (ASIDE_LEFT + ASIDE_WIDTH if path.beside else WIDTH) + 2 * EDGE
    height = max(top + _size(s)[1] for s, (_, top) in zip(path.stations, places.values(), strict=True))
    return element(
        "svg",
        element("title", "Impact path from the cause to the alarm", id="impact-path-title"),
        element("desc", one_line(path.text), id="impact-path-desc"),
        *(_arrow(link, places) for link in path.links),
        *(_box(station, places[station.resource]) for station in path.stations),
        class_="way",
        viewBox=f"0 0 {_at(width)} {_at(height + EDGE)}",
        width=_at(width),
        height=_at(height + EDGE),
        role="img",
        aria_labelledby="impact-path-title impact-path-desc",
    )


def _places(path: ImpactPath) -> dict[str, Place]:
    """Where each box stands: the way in one column; who is beside it below what it needs, in another."""
    places: dict[str, Place] = {
        station.resource: (EDGE, EDGE + n * (HEIGHT + GAP)) for n, station in enumerate(path.way)
    }
    sources = {link.target: link.source for link in path.links if not link.is_on_path}
    free = float(EDGE)
    for station in path.beside:
        _, above = places.get(sources.get(station.resource, ""), (0.0, free))
        top = max(free, above)
        places[station.resource] = (ASIDE_LEFT, top)
        free = top + ASIDE_HEIGHT + ASIDE_GAP
    return places


def _size(station: Station) -> tuple[float, float]:
    return (ASIDE_WIDTH, ASIDE_HEIGHT) if station.part is Part.BESIDE else (WIDTH, HEIGHT)


# --- boxes ------------------------------------------------------------------------------------------------


def _box(station: Station, place: Place) -> Markup:
    width, height = _size(station)
    whole = ": ".join(filter(None, (f"{station.service} {station.name}", station.wrong)))
    return element(
        "g",
        element("title", one_line(whole)),
        element("rect", class_="box", x=_at(place[0]), y=_at(place[1]), width=width, height=height, rx=8),
        element("svg", *_lines(station), x=_at(place[0]), y=_at(place[1]), width=width, height=height),
        class_=station.part,
    )


def _lines(station: Station) -> tuple[Markup, ...]:
    since = f"{_SINCE[station.part]} {clock(station.since)}" if station.since else ""
    if station.part is Part.BESIDE:
        name = f"{station.service} {station.name}"
        return (
            element("text", _cut(name, ASIDE_LINE), class_="name", x=12, y=21),
            element("text", _cut(station.wrong, ASIDE_LINE), class_="wrong", x=12, y=41),
            element("text", since, x=12, y=58),
        )
    return (
        element("text", _cut(station.service, NAME), x=14, y=21),
        element("text", _PARTS[station.part], class_="part", x=WIDTH - 14, y=21, text_anchor="end"),
        element("text", _cut(station.name, NAME), class_="name", x=14, y=40),
        element("text", _cut(station.wrong, LINE), class_="wrong", x=14, y=59),
        element("text", since, x=14, y=76),
    )


def _cut(text: str, length: int) -> str:
    line = one_line(text)
    return line if len(line) <= length else f"{line[: length - 1].rstrip()}…"


# --- arrows -----------------------------------------------------------------------------------------------


def _arrow(link: Link, places: dict[str, Place]) -> Markup:
    seen = "" if link.is_seen else " inferred"
    if not link.is_on_path:
        return element("g", *_aside(link, places), class_=f"aside{seen}")
    x, top = places[link.source][0] + 34, places[link.source][1] + HEIGHT
    foot = places[link.target][1]
    return element(
        "g",
        element("title", one_line(link.because)),
        element("path", class_="arrow", d=f"M{_at(x)} {_at(top)}V{_at(foot - ARROW)}"),
        _head(x, foot, down=True),
        element("text", _cut(link.because, LINE - 4), x=_at(x + 14), y=_at((top + foot) / 2 + 4)),
        class_=f"on-path{seen}",
    )


def _aside(link: Link, places: dict[str, Place]) -> tuple[Markup, ...]:
    """A curve from the right side of what is needed to the left side of who needs it."""
    source, target = places[link.source], places[link.target]
    if source[0] == target[0]:  # one beside the way hands it on to another
        x = source[0] + 20
        line = f"M{_at(x)} {_at(source[1] + ASIDE_HEIGHT)}V{_at(target[1] - ARROW)}"
        return element("path", class_="arrow", d=line), _head(x, target[1], down=True)
    start, end = (source[0] + WIDTH, source[1] + HEIGHT / 2), (target[0], target[1] + ASIDE_HEIGHT / 2)
    middle = (start[0] + end[0]) / 2
    curve = f"M{_at(start[0])} {_at(start[1])}C{_at(middle)} {_at(start[1])} {_at(middle)} {_at(end[1])} "
    return (
        element("title", one_line(link.because)),
        element("path", class_="arrow", d=f"{curve}{_at(end[0] - ARROW)} {_at(end[1])}"),
        _head(end[0], end[1], down=False),
    )


def _head(x: float, y: float, *, down: bool) -> Markup:
    """An arrow's head whose tip is at the point."""
    back = f"l-4-{ARROW}h8z" if down else f"l-{ARROW}-4v8z"
    return element("path", class_="head", d=f"M{_at(x)} {_at(y)}{back}")


def _at(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
