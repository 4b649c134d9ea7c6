"""One file per root cause that we can recognise; found by this folder, not by a list."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from auto_repair.domain.diagnosis import FailureMode


@cache
def all_failure_modes() -> tuple[FailureMode, ...]:
    """Every failure mode in this folder, by file name."""
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    return tuple(module.FAILURE_MODE for module in modules)
