"""How an answer of a content delivery network or firewall looks, that never reached the server behind it."""

from __future__ import annotations

import re
from typing import Final

from sandbox.wire.exchange import Exchange

_PAGE: Final = re.compile(
    r"\berror code:? 1\d{3}\b|attention required! \| cloudflare|you have been blocked|request blocked"
    r"|the request could not be satisfied|access denied.*reference (#|&#35;)|incapsula|\bray id\b|support id is",
    re.IGNORECASE | re.DOTALL,
)
_HOST: Final = re.compile(
    r"\b(invalid|unknown|blocked|disallowed|unrecognized) host\b|\bhost (header|is not allowed)", re.IGNORECASE
)
_HEADERS: Final = ("cf-mitigated", "x-sucuri-block", "x-iinfo", "x-datadome")


def is_from_edge(exchange: Exchange) -> bool:
    """Say whether a refusal comes from an edge: by its page, or by a header that only an edge sends."""
    if exchange.response_header("www-authenticate") is not None:
        return False
    marked = any(exchange.response_header(name) is not None for name in _HEADERS)
    return marked or _PAGE.search(exchange.response_body[:20_000]) is not None


def speaks_of_host(exchange: Exchange) -> bool:
    """Say whether a refusal names the host of the request as its reason."""
    return _HOST.search(exchange.response_body[:20_000]) is not None
