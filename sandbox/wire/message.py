"""A request and a response as values, with what the wire needs to read of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote

from sandbox.wire.json_text import as_json


def header(headers: Iterable[tuple[str, str]], name: str) -> str | None:
    """Give the first header of that name, in any case."""
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), None)


@dataclass(frozen=True)
class Request:
    """An HTTP request whose body has arrived."""

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """Give the first header of that name."""
        return header(self.headers, name)

    @cached_property
    def plain_path(self) -> str:
        """The path with its percent-encoding undone (RFC 3986, section 6.2.2.2)."""
        return unquote(self.path) if "%" in self.path else self.path

    @cached_property
    def json(self) -> Any:
        """The JSON body, or None."""
        return as_json(self.body)

    @cached_property
    def form(self) -> Mapping[str, str]:
        """The fields of the query and of a form body; the first of a name wins."""
        fields: dict[str, str] = {}
        text = self.query
        if (self.header("content-type") or "").lower().startswith("application/x-www-form-urlencoded"):
            text = f"{text}&{self.body.decode('utf-8', 'replace')}"
        for name, value in parse_qsl(text, keep_blank_values=True):
            fields.setdefault(name, value)
        return fields

    @cached_property
    def parameters(self) -> Mapping[str, Any]:
        """The fields of the query, of a form body, or of a JSON object."""
        return {**self.form, **self.json} if isinstance(self.json, dict) else self.form

    @cached_property
    def mcp_calls(self) -> tuple[Mapping[str, Any], ...]:
        """The JSON-RPC messages in the body."""
        messages = self.json if isinstance(self.json, list) else [self.json]
        return tuple(message for message in messages if isinstance(message, dict) and "jsonrpc" in message)

    @cached_property
    def mcp_methods(self) -> frozenset[str]:
        """The JSON-RPC methods asked for."""
        return frozenset(str(message["method"]) for message in self.mcp_calls if "method" in message)

    @cached_property
    def bearer(self) -> str | None:
        """The Bearer token (RFC 6750, section 2.1); the scheme's name is case-insensitive (RFC 9110, 11.1)."""
        scheme, _, token = (self.header("authorization") or "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" and token.strip() else None


@dataclass(frozen=True)
class Response:
    """An HTTP response with its whole body."""

    status: int
    headers: tuple[tuple[str, str], ...] = field(default_factory=tuple)
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """Give the first header of that name."""
        return header(self.headers, name)

    @cached_property
    def json(self) -> Any:
        """The JSON body, or None."""
        return as_json(self.body)

    def with_headers(self, **change: str | None) -> Response:
        """Give the response with headers replaced, or removed by None; `_` in a name stands for `-`."""
        return self.with_header_items({name.replace("_", "-"): value for name, value in change.items()})

    def with_header_items(self, change: Mapping[str, str | list[str] | None]) -> Response:
        """Give the response with headers replaced, removed by None, or there several times by a list."""
        gone = {name.lower() for name in change}
        kept = tuple((name, value) for name, value in self.headers if name.lower() not in gone)
        lists = {name: [value] if isinstance(value, str) else value or [] for name, value in change.items()}
        new = tuple((name.lower(), value) for name, values in lists.items() for value in values)
        return replace(self, headers=kept + new)

    def with_body(self, body: bytes, content_type: str | None = None) -> Response:
        """Give the response with another body, its length kept true."""
        changed = replace(self, body=body).with_headers(content_length=str(len(body)))
        return changed.with_headers(content_type=content_type) if content_type else changed


def json_response(status: int, value: Any, headers: Mapping[str, str] | None = None) -> Response:
    """Make a JSON response."""
    body = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    items = (("content-type", "application/json"), ("content-length", str(len(body))), *(headers or {}).items())
    return Response(status, items, body)
