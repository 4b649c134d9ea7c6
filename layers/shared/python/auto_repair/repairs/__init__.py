"""One file per repair that we can plan; found by this folder, not by a list."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from auto_repair.domain.repair import Repair


@cache
def all_repairs() -> dict[str, Repair]:
    """Every repair in this folder by its name."""
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    return {module.REPAIR.name: module.REPAIR for module in modules}
