"""What is observed around a symptom: one module for each source, found by this folder.

A module offers `source(settings, clients)`. Its source's name is the module's name.
"""

from importlib import import_module
from pkgutil import iter_modules

from auto_repair.adapters.clients import Clients
from auto_repair.ports import ObservationSource
from auto_repair.settings import Settings


def all_sources(settings: Settings, clients: Clients) -> tuple[ObservationSource, ...]:
    """Every source there is, in order of name."""
    names = sorted(module.name for module in iter_modules(__path__))
    return tuple(import_module(f"{__name__}.{name}").source(settings, clients) for name in names)
