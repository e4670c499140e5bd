"""Getting a client_id: the one that was given, or one that is registered (RFC 7591, section 3)."""

from __future__ import annotations

import base64
import json
from typing import Any, Final, NamedTuple
from urllib.parse import quote_plus

from sandbox.doctor.checks import Verdict, failed, passed, warned
from sandbox.doctor.documents import texts
from sandbox.doctor.http import Answer
from sandbox.doctor.walk import Walk
from sandbox.plain import one_line

_METHODS: Final = ("none", "client_secret_basic", "client_secret_post")
_CREATED, _OK = 201, 200
_LONGEST: Final = 200


class Client(NamedTuple):
    """Who the doctor is at the authorization server."""

    client_id: str
    client_secret: str | None = None
    method: str = "none"
    """`token_endpoint_auth_method` (RFC 7591, section 2)."""

    def authenticated(self, fields: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """Give the fields and headers of a token request that say who asks (RFC 6749, section 2.3.1)."""
        if self.method == "client_secret_basic" and self.client_secret is not None:
            pair = f"{quote_plus(self.client_id)}:{quote_plus(self.client_secret)}"
            return fields, {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        fields = {**fields, "client_id": self.client_id}
        if self.method == "client_secret_post" and self.client_secret is not None:
            fields["client_secret"] = self.client_secret
        return fields, {}


def method_for(server: dict[str, Any], *, secret: bool) -> str:
    """Choose how to say who one is, of what the server takes; unsaid, it takes client_secret_basic (RFC 8414, 2)."""
    listed = texts(server.get("token_endpoint_auth_methods_supported"))
    offered = [name for name in _METHODS if listed is None or name in listed]
    fitting = [name for name in offered if (name != "none") == secret]
    return next(iter(fitting or offered), "none")


def given(walked: Walk, client_id: str, client_secret: str | None) -> Client:
    """Give the client that a person registered before."""
    method = method_for(walked.server or {}, secret=True) if client_secret else "none"
    return Client(client_id, client_secret, method)


async def registered(walked: Walk, redirect_uri: str) -> Client | None:
    """Register; None when there is no way, which is a check that failed."""
    server = walked.server or {}
    url = server.get("registration_endpoint")
    what = "a client can register (RFC 7591, 3)"
    if not isinstance(url, str):
        walked.add(
            "registered", "registration", what, failed("no registration_endpoint; --client-id takes another way")
        )
        walked.stop("there is no way to register, and no --client-id was given")
        return None
    asked = _asked(server, redirect_uri, walked.scope)
    headers = {"content-type": "application/json", "accept": "application/json"}
    answer = await walked.http.ask(
        "POST", url, "registration", headers=headers, body=json.dumps(asked).encode(), follow="none"
    )
    client, verdict = _client(answer, asked)
    walked.add("registered", "registration", what, verdict)
    if client is None:
        walked.stop(f"registration failed: {verdict.evidence}")
    return client


def _asked(server: dict[str, Any], redirect_uri: str, scope: str | None) -> dict[str, Any]:
    fields = {
        "client_name": "sandbox doctor",
        "redirect_uris": [redirect_uri],
        "token_endpoint_auth_method": method_for(server, secret=False),
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "application_type": "native",
    }
    return fields | ({"scope": scope} if scope else {})


def _client(answer: Answer, asked: dict[str, Any]) -> tuple[Client | None, Verdict]:
    document = answer.response.json if answer.response else None
    if answer.status not in {_CREATED, _OK} or not isinstance(document, dict):
        return None, failed(refusal_of(answer))
    client_id, secret = document.get("client_id"), document.get("client_secret")
    if not isinstance(client_id, str) or not client_id:
        return None, failed(f"{answer.said}, but no client_id")
    method = document.get("token_endpoint_auth_method", asked["token_endpoint_auth_method"])
    secret = secret if isinstance(secret, str) and secret else None
    if secret is None:
        method = "none"
    elif method == "none" or method not in _METHODS:
        method = "client_secret_basic" if method not in _METHODS else method
    client = Client(client_id, secret, str(method))
    if answer.status == _OK:
        return client, warned(f"{client_id}, but with 200 instead of 201")
    return client, passed(client_id)


def refusal_of(answer: Answer) -> str:
    """Say how a request of OAuth was refused: its error and description (RFC 6749, section 5.2), else its beginning."""
    document = answer.response.json if answer.response else None
    if isinstance(document, dict) and isinstance(document.get("error"), str):
        text = f"{answer.said} {document['error']}: {document.get('error_description') or 'no description'}"
    else:
        text = f"{answer.said} {answer.exchange.response_body[:80] if answer.exchange else ''}"
    return one_line(text.strip(), _LONGEST)
