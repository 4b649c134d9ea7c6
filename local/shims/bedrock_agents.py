"""Gap 17: an agent always has a prompt override configuration; without one Terraform's provider crashes."""

from __future__ import annotations

import json
from typing import Any

from ministack.services import bedrock_agent

from local.shims import wrap


def install() -> None:
    @wrap(bedrock_agent, "_create_agent")
    def create_agent(original: Any, body: bytes) -> Any:
        try:
            request = json.loads(body or b"{}")
        except ValueError:
            return original(body)
        request.setdefault("promptOverrideConfiguration", {"promptConfigurations": []})
        return original(json.dumps(request).encode())
