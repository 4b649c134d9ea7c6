"""Broken functions with real faults: how each is driven, what must be found, and how it is proven."""

from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from local.scenarios.model import Scenario

HERE = Path(__file__).parent


@cache
def all_scenarios() -> dict[str, Scenario]:
    """Every scenario of one function by its name. Those of a service are in `image_service.INCIDENTS`."""
    packages = [found.name for found in iter_modules(__path__) if found.ispkg]
    modules = {name: import_module(f"{__name__}.{name}") for name in packages}
    return {name: module.SCENARIO for name, module in modules.items() if hasattr(module, "SCENARIO")}
