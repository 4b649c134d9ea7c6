"""Where a request failed: the path that it took, and the innermost piece of work that explains it.

Who calls something that fails usually fails for it, so the innermost failure is where it began. Not every
error is one: code asks for what may be missing, is told so, and goes on.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from auto_repair.domain.complaints import ComplaintKind, complaint
from auto_repair.domain.resources import Resource
from auto_repair.domain.traces.resources import owner, service_called
from auto_repair.domain.traces.spans import Raised, Span, Trace

# Answers that code may well be prepared for: there is no such thing, or it is not as it was.
ANSWERS = frozenset(range(400, 500)) - {401, 403, 407, 408, 429}
MOST_BELOW = 200  # pieces of work in which an exception is looked for: each level of a deep trace looks

Resources = Callable[[Span], Resource | None]  # which resource did the work of a span, where anything tells


@dataclass(frozen=True)
class Failure:
    """How one request failed.

    path: from where it came in down to where it failed, each resource once. began: the innermost piece of
    work that failed. caller: id of whoever made the failing call, or whose code failed. culprit: id of what
    did not do the call's work; empty where the code itself failed, or nobody knows whom it called.
    is_expected: the call was only told that there is no such thing, which may be an answer like any other.
    """

    trace: Trace
    path: tuple[str, ...]
    began: Span
    caller: str
    culprit: str = ""
    raised: Raised | None = None
    is_expected: bool = False

    @property
    def text(self) -> str:
        """What it failed with."""
        if self.raised and self.raised.text:
            return self.raised.text
        if self.began.end is None:
            return "had not answered when the request ended"
        if self.began.throttle:
            return "was throttled"
        answered = self.began.status and self.began.status >= 400
        return f"answered {self.began.status}" if answered else "failed and did not say why"

    @property
    def evidence(self) -> str:
        """Id of the evidence item that tells of the request."""
        return f"traces.{self.trace.id}"

    @property
    def tells(self) -> bool:
        """Whether it tells more than that a request failed."""
        return bool(self.raised or self.culprit)


def is_hurt(trace: Trace, *, by_errors: bool) -> bool:
    """Whether somebody who took part failed in the judgement of his own; `by_errors`: requests that are
    answered 4xx count, too. Calls alone may fail without anybody suffering."""
    own = (span for span in trace.spans if not span.is_part and not span.inferred)
    return any(span.fault or span.throttle or (by_errors and span.error) for span in own)


def failure_of(trace: Trace, resource: Resources, known: Collection[Resource]) -> Failure | None:
    """How the request failed; None where nothing in it did. `known`: the resources around the symptom."""
    path = _way_down(trace, known)
    if not path:
        return None
    began = path[-1]
    owners = tuple(dict.fromkeys(owner(trace, span, resource) for span in path))
    raised = _raised(trace, path, resource)
    call = next((span for span in reversed(path) if span.is_call), None)
    if call is None or _raised_in_code(trace, began, call):
        return Failure(trace, owners, began, owners[-1], raised=raised)
    made = list(takewhile(lambda span: span.is_call, trace.above(call)))[-1]
    return Failure(
        trace,
        owners,
        began,
        caller=owner(trace, trace.by_id.get(made.parent, made), resource),
        culprit=_called(path, call, resource, known),
        raised=raised,
        is_expected=_is_expected(trace, made, known),
    )


def _way_down(trace: Trace, known: Collection[Resource]) -> list[Span]:
    """From the first piece of work that suffers to the innermost one that is to blame."""
    sick = _sick(trace)
    path: list[Span] = []
    below: Sequence[Span] = [root for root in trace.roots if root.id in sick][:1]
    while below:
        here = below[-1]
        path.append(here)
        below = _to_blame(trace, here, sick, known)
    while path and not path[-1].failed and path[-1].end is not None:
        path.pop()  # it went well itself, and what failed below it was no matter
    return path


def _sick(trace: Trace) -> set[str]:
    """Ids of what failed, and of all that contains it."""
    sick: set[str] = set()
    for span in trace.spans:
        if span.failed:
            # What contains one that is known already is known, too: of deep traces each is met once.
            sick.update(above.id for above in takewhile(lambda span: span.id not in sick, trace.above(span)))
    return sick


def _to_blame(trace: Trace, here: Span, sick: set[str], known: Collection[Resource]) -> list[Span]:
    """What `here` consists of and failed for; the one that matters stands last."""
    children = trace.children.get(here.id, ())
    failed = sorted((c for c in children if c.id in sick), key=trace.end_of)
    if not failed:
        # It waited for an answer until it was stopped.
        return [c for c in children if c.end is None] if here.failed else []
    return [] if _was_handled(trace, here, failed[-1], sick, known) else failed


def _was_handled(trace: Trace, here: Span, last: Span, sick: set[str], known: Collection[Resource]) -> bool:
    """Whether the work went on after its last failing part, or failed for something else."""
    siblings = trace.children.get(here.id, ())
    went_on = any(s.is_call and s.id not in sick and s.start >= trace.end_of(last) for s in siblings)
    expected = _is_expected(trace, last, known)
    if here.exceptions and not _repeats(here, _said_below(trace, last)):
        return went_on or expected
    return not here.exceptions and not here.cause and went_on and expected


def _said_below(trace: Trace, top: Span) -> Iterator[Raised]:
    """What was raised in a piece of work and below it, the nearest first."""
    waiting, seen = deque([top]), set[str]()
    while waiting and len(seen) < MOST_BELOW:
        span = waiting.popleft()
        if span.id not in seen:
            seen.add(span.id)
            yield from span.exceptions
            waiting += trace.children.get(span.id, ())


def _repeats(here: Span, said: Iterable[Raised]) -> bool:
    """Whether an exception is one of those that came up from below."""
    own = {(one.type, one.message) for one in here.exceptions} | {one.id for one in here.exceptions if one.id}
    texts = [one.message for one in here.exceptions]
    return any(
        one.id in own
        or (one.type, one.message) in own
        or (one.message and any(one.message in t for t in texts))
        for one in said
    )


def _is_expected(trace: Trace, top: Span, known: Collection[Resource]) -> bool:
    """Whether a call was only told that something is not there, or not as it was expected."""
    inner = [span for span in (top, *trace.children.get(top.id, ())) if span.failed]
    if not top.is_call or any(span.throttle or span.status not in ANSWERS for span in inner):
        return False
    said = (complaint(one.text, known) for span in inner for one in span.exceptions)
    return all(found is None or found.kind is ComplaintKind.MISSING for found in said)


def _raised(trace: Trace, path: Sequence[Span], resource: Resources) -> Raised | None:
    """What the innermost one raised; an inferred segment raises nothing, the call that it stands for does."""
    last = owner(trace, path[-1], resource)
    for span in reversed(path):
        if span.exceptions:
            return span.exceptions[0]
        if owner(trace, span, resource) != last:
            return None
    return None


def _raised_in_code(trace: Trace, began: Span, call: Span) -> bool:
    """Whether it began in the work of somebody who tells it himself, below the last call."""
    sent = next((span for span in trace.above(began) if not span.is_part and not span.inferred), None)
    is_below = sent is not None and call in list(trace.above(sent))
    # Lambda's own segment tells of a call that it did not let through; the function's tells what ran.
    return is_below and sent is not None and sent.origin != "AWS::Lambda"


def _called(path: Sequence[Span], call: Span, resource: Resources, known: Collection[Resource]) -> str:
    """Id of the resource that the failing call went to."""
    told = (resource(span) for span in reversed(path[path.index(call) :]))
    if (found := next((r for r in told if r), None)) and found.name:
        return found.id
    service = service_called(call)
    alike = [r for r in known if r.service == service]
    return alike[0].id if service and len(alike) == 1 else ""
