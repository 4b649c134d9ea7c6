"""Commands of the Makefile, as a person pastes them into a shell."""

from shlex import quote

from auto_repair.reports.escaping import one_line

LONGEST = 400  # characters of an argument


def make(target: str, **arguments: str) -> str:
    """The command, without the arguments that are empty."""
    given = (f"{name}={_argument(value)}" for name, value in arguments.items() if value)
    return f"make {target} {' '.join(given)}"


def _argument(value: str) -> str:
    """A value that neither the shell nor make looks into: make takes `$(…)` for a command of its own."""
    return quote(one_line(value, LONGEST).replace("$", "$$"))
