"""The trace in forms that other programs read: JSON, HAR, a Mermaid diagram, a curl script."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from sandbox import __version__
from sandbox.timeline import path_of
from sandbox.wire.exchange import Exchange


def as_json(exchanges: Sequence[Exchange]) -> bytes:
    """Give the exchanges as they are remembered."""
    return msgspec.json.encode({"exchanges": exchanges})


def as_har(exchanges: Sequence[Exchange]) -> bytes:
    """Give a HAR 1.2 document; what HAR has no field for is in fields that begin with an underscore."""
    creator = {"name": "workos-mcp-sandbox", "version": __version__}
    return msgspec.json.encode({"log": {"version": "1.2", "creator": creator, "entries": [*map(_entry, exchanges)]}})


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
    }


def _pairs(items: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in items]


_LIFELINES: Final = {"client": "Client", "browser": "Browser", "log-aggregator": "MCP", "workos": "WorkOS"}


def as_mermaid(exchanges: Sequence[Exchange]) -> bytes:
    """Give a Mermaid sequence diagram."""
    lines = ["sequenceDiagram", "  participant Client", "  participant Browser"]
    lines += ["  participant MCP as log-aggregator", "  participant WorkOS"]
    for exchange in exchanges:
        asker, asked = _LIFELINES[exchange.asker], _LIFELINES[exchange.system]
        what = ",".join(exchange.mcp_methods) or path_of(exchange.url)
        lines.append(f"  {asker}->>{asked}: {_plain(f'{exchange.method} {what}')}")
        arrow = "-->>" if exchange.ended in {"answered", "open"} else "--x"
        lines.append(f"  {asked}{arrow}{asker}: {exchange.status or exchange.ended} ({exchange.step})")
    return ("\n".join(lines) + "\n").encode()


def _plain(text: str) -> str:
    """Take out of a label what Mermaid would read as syntax."""
    return "".join(character if character.isalnum() or character in " ,./_-()" else " " for character in text)[:120]


def as_curl(exchanges: Sequence[Exchange]) -> bytes:
    """Give a shell script that asks the same again; the secrets in it are fingerprints to be filled in."""
    lines = ["#!/bin/sh", "# Each request of the trace, in order. Fill in what stands between ‹ and ›."]
    for exchange in exchanges:
        method = ["--head"] if exchange.method == "HEAD" else ["-X", exchange.method]
        words = ["curl", "-i", "--globoff", *method, exchange.url]
        for name, value in exchange.request_headers:
            if name not in {"host", "content-length", "transfer-encoding", "connection", "accept-encoding"}:
                words += ["-H", f"{name}: {value}" if value else f"{name};"]
        if exchange.request_body:
            words += ["--data-raw", exchange.request_body]
        answer = exchange.status or exchange.ended
        lines += ["", f"# {exchange.number}. {exchange.step}: {answer}", shlex.join(words)]
    return ("\n".join(lines) + "\n").encode()


Writer = Callable[[Sequence[Exchange]], bytes]

FORMATS: Final[dict[str, tuple[str, Writer]]] = {
    "json": ("application/json", as_json),
    "har": ("application/json", as_har),
    "mermaid": ("text/vnd.mermaid; charset=utf-8", as_mermaid),
    "curl": ("text/x-shellscript; charset=utf-8", as_curl),
}
"""The forms by name, with their content type."""
