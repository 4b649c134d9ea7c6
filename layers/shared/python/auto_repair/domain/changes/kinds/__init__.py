"""One file per kind of change that we recognise; found by this folder, not by a list."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from auto_repair.domain.changes.kind import Kind


@cache
def all_kinds() -> tuple[Kind, ...]:
    """Every kind of change in this folder, by file name."""
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    return tuple(module.KIND for module in modules)
