"""The headers and the beginning of the body leave in one piece.

Hypercorn writes them one after the other. Now and then Terraform's HTTP client sees the headers alone, gives
the connection up and repeats the request: a Create that was served answers that the thing exists already.
"""

from __future__ import annotations

from typing import Any

import h11
from hypercorn.events import RawData
from hypercorn.protocol.h11 import H11Protocol

from local.shims import wrap


def install() -> None:
    @wrap(H11Protocol, "_send_h11_event")
    async def _send_h11_event(_: Any, self: Any, event: Any) -> None:
        held: bytes = self.__dict__.pop("_held_headers", b"")
        try:
            data = held + (self.connection.send(event) or b"")
        except h11.LocalProtocolError:
            if self.connection.their_state != h11.ERROR:
                raise
            return
        if isinstance(event, h11.Response):
            self._held_headers = data  # a body or the end of the message always follows
        else:
            await self.send(RawData(data=data))
