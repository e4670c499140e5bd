"""Which client an exchange belongs to, and by what names a client is known."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any, Final

from sandbox.flow import Step
from sandbox.wire.json_text import as_json
from sandbox.wire.message import Request, Response

_REMEMBERED: Final = 10_000
_CLIENT_INFO: Final = "io.modelcontextprotocol/clientInfo"


class Identities:
    """The names that clients gave themselves, by client id; those of the last 10,000."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def clear(self) -> None:
        """Forget the names."""
        self._names.clear()

    def learn(self, step: Step, request: Request, response: Response | None) -> None:
        """Remember the name under which a client registered."""
        if step != "registration" or response is None or not isinstance(response.json, dict):
            return
        client_id, asked = response.json.get("client_id"), request.json
        name = asked.get("client_name") if isinstance(asked, dict) else None
        if isinstance(client_id, str) and isinstance(name, str):
            self._names[client_id] = name
            if len(self._names) > _REMEMBERED:
                del self._names[next(iter(self._names))]

    def names(self, request: Request) -> Iterator[str]:
        """Give every name by which the asker of a request may be known."""
        yield request.header("user-agent") or ""
        asked = request.json
        if isinstance(asked, dict) and isinstance(asked.get("client_name"), str):
            yield asked["client_name"]
        for message in request.mcp_calls:
            params = _mapping(message.get("params"))
            for info in (params.get("clientInfo"), _mapping(params.get("_meta")).get(_CLIENT_INFO)):
                if isinstance(name := _mapping(info).get("name"), str):
                    yield name
        client_id = self.client_id(request, None)
        if client_id in self._names:
            yield self._names[client_id]

    def client_id(self, request: Request, response: Response | None) -> str | None:
        """Give the client id that an exchange shows: in its form, its token, its credentials, or a registration."""
        shown: list[Any] = [request.form.get("client_id")]
        if request.bearer:
            shown.append((_jwt_claims(request.bearer) or {}).get("client_id"))
        shown.append(_basic_user(request.header("authorization") or ""))
        documents = (request.json, response.json if response else None)
        shown.extend(document.get("client_id") for document in documents if isinstance(document, dict))
        return next((value for value in shown if isinstance(value, str) and value), None)


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _jwt_claims(token: str) -> dict[str, Any] | None:
    parts = token.split(".")
    try:
        claims = as_json(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (IndexError, ValueError):
        return None
    return claims if isinstance(claims, dict) else None


def _basic_user(value: str) -> str | None:
    scheme, _, credentials = value.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(credentials).decode().partition(":")[0]
    except ValueError:
        return None
