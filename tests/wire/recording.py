"""Having an exchange written down, without a connection."""

from __future__ import annotations

import base64
from typing import Final

from sandbox.wire.exchange import Ended, Exchange
from sandbox.wire.message import Request, Response, json_response
from sandbox.wire.record import Recorder

BASE: Final = "http://localhost:4100"
SECRET: Final = "aB3-dE6_gH9.kL2~nO5"
ODD: Final = "s p&c=i%a+l/\"q'<u>\\é\u2028;?#{}"
"""A secret that every way of writing spells in its own way."""
CLAIMS: Final = base64.urlsafe_b64encode(b'{"sub":"user_1","aud":["ab"]}').decode().rstrip("=")
JWT: Final = f"eyJhbGciOiJSUzI1NiJ9.{CLAIMS}.c2lnbmF0dXJl"
OK: Final = json_response(200, {"status": "ok"})


def recorded(
    request: Request, response: Response | None = OK, ended: Ended = "answered", *, reveal: bool = False
) -> Exchange:
    """Have an exchange written down."""
    recorder = Recorder(number=1, at=0.0, base=BASE, system="workos", step="token", request=request, reveal=reveal)
    return recorder.exchange(response, ended, 0.1, ["set a"], None)


def text_of(exchange: Exchange) -> str:
    """Give everything that a record says, as one text."""
    parts = [exchange.url, exchange.request_body, exchange.response_body, str(exchange.held), *exchange.mcp_methods]
    parts += [value for _, value in (*exchange.request_headers, *exchange.response_headers)]
    return "\n".join(parts)
