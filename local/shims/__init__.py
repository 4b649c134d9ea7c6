"""Adapters that make MiniStack behave as AWS does, one module per gap.

A shim is a module of this folder whose docstring names the gap and which has `install() -> None`. MiniStack
looks its functions up as module attributes at call time, so a shim replaces attributes; `wrap` does it such
that several shims may wrap the same function, each around what the earlier ones left. A name with a leading
underscore is a module that shims share.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable
from typing import Any


def install_all() -> list[str]:
    """Install every shim of this folder in the order of their names, and return the names."""
    names = sorted(
        module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")
    )
    for name in names:
        importlib.import_module(f"{__name__}.{name}").install()
    return names


def wrap(owner: Any, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Replace `owner.name` by the decorated function, which gets the present one as its first argument.

    AttributeError if `owner` has no such function: the emulator has changed and the shim must be reviewed.
    """

    def decorate(wrapper: Callable[..., Any]) -> Callable[..., Any]:
        original = getattr(owner, name)

        @functools.wraps(original)
        def call(*args: Any, **kwargs: Any) -> Any:
            return wrapper(original, *args, **kwargs)

        setattr(owner, name, call)
        return wrapper

    return decorate
