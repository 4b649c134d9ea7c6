"""The embedded AWS's own endpoints under /_local/, for tests and the demo."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ministack import app

from local.shims import wrap

# (body, query) → answer; ValueError and TypeError become status 400.
Endpoint = Callable[[bytes, dict[str, Any]], dict[str, Any]]

_endpoints: dict[tuple[str, str], Endpoint] = {}


def add(method: str, path: str, endpoint: Endpoint) -> None:
    """Serve an endpoint, such as GET /_local/mail."""
    if not _endpoints:
        wrap(app, "_handle_post_body_shortcuts")(_serve)
    _endpoints[method, path] = endpoint


async def _serve(
    original: Any, method: str, path: str, headers: Any, body: bytes, query: Any, *more: Any
) -> Any:
    if not path.startswith("/_local/"):
        return await original(method, path, headers, body, query, *more)
    if (method, path) not in _endpoints:
        return _json(404, {"message": f"There is no {method} {path}."})
    try:
        return _json(200, _endpoints[method, path](body, query))
    except (ValueError, TypeError) as error:
        return _json(400, {"message": str(error)})


def _json(status: int, content: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    return status, {"Content-Type": "application/json"}, json.dumps(content).encode()
