"""Where evidence comes from: one module for each source, found by this folder.

A module offers `source(settings, clients)`. Its source's name is the module's name.
"""

from collections.abc import Collection
from importlib import import_module
from pkgutil import iter_modules

from auto_repair.adapters.clients import Clients
from auto_repair.ports import EvidenceSource
from auto_repair.settings import Settings


def all_sources(
    settings: Settings, clients: Clients, only: Collection[str] | None = None
) -> tuple[EvidenceSource, ...]:
    """Every source there is, in order of name; with `only`, those of these names, and no other is loaded."""
    found = sorted(module.name for module in iter_modules(__path__))
    names = (name for name in found if only is None or name in only)
    return tuple(import_module(f"{__name__}.{name}").source(settings, clients) for name in names)
