"""The trace in forms that other programs read: JSON, HAR, a Mermaid diagram, a curl script, a picture."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl

import msgspec

from sandbox import __version__
from sandbox.diagram import Picture
from sandbox.timeline import path_of
from sandbox.wire.exchange import Exchange


class Form(NamedTuple):
    """A form of the trace: how it begins, how each exchange is written, what stands between two, and how it ends."""

    content_type: str
    begin: str
    each: Callable[[Exchange], bytes]
    between: str = ""
    end: str = ""

    def pieces(self, exchanges: Iterable[Exchange]) -> Iterator[bytes]:
        """Give the text piece by piece, as a long trace takes a while to write."""
        yield self.begin.encode()
        for number, exchange in enumerate(exchanges):
            yield (self.between.encode() if number else b"") + self.each(exchange)
        yield self.end.encode()

    def text(self, exchanges: Iterable[Exchange]) -> bytes:
        """Give the whole text."""
        return b"".join(self.pieces(exchanges))


def _har(exchange: Exchange) -> bytes:
    """Write an entry of HAR 1.2; what HAR has no field for is in fields that begin with an underscore."""
    return msgspec.json.encode(_entry(exchange))


def _entry(exchange: Exchange) -> dict[str, Any]:
    milliseconds = exchange.seconds * 1000
    request: dict[str, Any] = {
        "method": exchange.method,
        "url": exchange.url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(exchange.request_headers),
        "queryString": _pairs(parse_qsl(exchange.url.partition("?")[2], keep_blank_values=True)),
        "headersSize": -1,
        "bodySize": len(exchange.request_body.encode()),
    }
    if exchange.request_body:
        content_type = exchange.request_header("content-type") or ""
        request["postData"] = {"mimeType": content_type, "text": exchange.request_body}
    return {
        "startedDateTime": dt.datetime.fromtimestamp(exchange.at, tz=dt.UTC).isoformat(),
        "time": milliseconds,
        "request": request,
        "response": {
            "status": exchange.status or 0,
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _pairs(exchange.response_headers),
            "content": {
                "size": len(exchange.response_body.encode()),
                "mimeType": exchange.response_header("content-type") or "",
                "text": exchange.response_body,
            },
            "redirectURL": exchange.response_header("location") or "",
            "headersSize": -1,
            "bodySize": len(exchange.response_body.encode()),
        },
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        "_step": exchange.step,
        "_asker": exchange.asker,
        "_ended": exchange.ended,
        "_system": exchange.system,
        "_client_id": exchange.client_id,
        "_held": exchange.held,
    }


def _pairs(items: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in items]


_LIFELINES: Final = {"client": "Client", "browser": "Browser", "log-aggregator": "MCP", "workos": "WorkOS"}


def _mermaid(exchange: Exchange) -> bytes:
    """Write the two arrows of an exchange in a Mermaid sequence diagram."""
    asker, asked = _LIFELINES[exchange.asker], _LIFELINES[exchange.system]
    what = ",".join(exchange.mcp_methods) or path_of(exchange.url)
    arrow = "-->>" if exchange.ended in {"answered", "open"} else "--x"
    there = f"  {asker}->>{asked}: {_plain(f'{exchange.method} {what}')}\n"
    return f"{there}  {asked}{arrow}{asker}: {exchange.status or exchange.ended} ({exchange.step})\n".encode()


def _plain(text: str) -> str:
    """Take out of a label what Mermaid would read as syntax."""
    return "".join(character if character.isalnum() or character in " ,./_-()" else " " for character in text)[:120]


def _curl(exchange: Exchange) -> bytes:
    """Write a command that asks the same again."""
    method = ["--head"] if exchange.method == "HEAD" else ["-X", exchange.method]
    words = ["curl", "-i", "--globoff", *method, exchange.url]
    for name, value in exchange.request_headers:
        if name not in _CURLS_OWN:
            words += ["-H", f"{name}: {value}" if value else f"{name};"]
    if exchange.request_body:
        words += ["--data-raw", exchange.request_body]
    answer = exchange.status or exchange.ended
    return f"\n# {exchange.number}. {exchange.step}: {answer}\n{shlex.join(words)}\n".encode()


_CURLS_OWN: Final = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding"})
"""Headers that curl sets by itself."""

CREATOR: Final = "workos-mcp-sandbox"
"""What a HAR of ours names as its creator."""

_CREATOR: Final = f'{{"name":"{CREATOR}","version":"{__version__}"}}'
_DIAGRAM: Final = """\
sequenceDiagram
  participant Client
  participant Browser
  participant MCP as log-aggregator
  participant WorkOS
"""
_SCRIPT: Final = """\
#!/bin/sh
# Each request of the trace, in order. Fill in the secrets, which stand between ‹ and ›.
"""

FORMATS: Final[dict[str, Form | Picture]] = {
    "json": Form("application/json", '{"exchanges":[', msgspec.json.encode, ",", "]}"),
    "har": Form("application/json", f'{{"log":{{"version":"1.2","creator":{_CREATOR},"entries":[', _har, ",", "]}}"),
    "mermaid": Form("text/vnd.mermaid; charset=utf-8", _DIAGRAM, _mermaid),
    "curl": Form("text/x-shellscript; charset=utf-8", _SCRIPT, _curl),
    "svg": Picture(),
}
"""The forms by name."""
