"""The sign-in of a careful client: the authorization request, the way back, and the exchange of the code.

PKCE with S256 (RFC 7636), the resource (RFC 8707), the issuer of the answer (RFC 9207).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sandbox.doctor.callback import Callback
from sandbox.doctor.checks import Verdict, failed, passed, skipped, warned
from sandbox.doctor.http import Answer
from sandbox.doctor.opening import Open, opening
from sandbox.doctor.registering import Client, refusal_of
from sandbox.doctor.walk import Walk
from sandbox.plain import one_line
from sandbox.wire.message import Response
from sandbox.wire.redaction import fingerprint

_FOUND: Final = 302
_OK: Final = 200
_SAID: Final = 120


@dataclass
class SignIn:
    """What a sign-in needs; `tell` says a line to the person."""

    walked: Walk
    client: Client
    callback: Callback
    open_url: Open
    tell: Callable[[str], None]

    async def token(self, scope: str | None) -> dict[str, Any] | None:
        """Send the person to sign in, and give the token response; None when it failed, which is a failed check."""
        verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
        url = self._request(scope, verifier, state)
        if url is None:
            return None
        fields = await self._came_back(url)
        if fields is None or not self._is_ours(fields, state):
            return None
        return await self._exchanged(fields["code"], verifier)

    @property
    def _resource(self) -> str | None:
        """The resource to name: what its metadata says; a server of MCP 2025-03-26 knows no such parameter."""
        said = (self.walked.resource or {}).get("resource")
        return said if isinstance(said, str) else None

    def _request(self, scope: str | None, verifier: str, state: str) -> str | None:
        parts = urlsplit(str((self.walked.server or {})["authorization_endpoint"]))
        digest = hashlib.sha256(verifier.encode()).digest()
        fields = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": self.callback.redirect_uri,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "state": state,
            "scope": scope,
            "resource": self._resource,
        }
        given = parse_qsl(parts.query, keep_blank_values=True)
        query = urlencode([*given, *((name, value) for name, value in fields.items() if value)])
        return urlunsplit(parts._replace(query=query, fragment=""))

    async def _came_back(self, url: str) -> dict[str, str] | None:
        """Open the browser, wait for the redirect, and write both down."""
        walked, began = self.walked, time.monotonic()
        what = "the browser comes back with a code (RFC 6749, 4.1.2)"
        refusal = await walked.http.refusal(url)
        if refusal is not None:
            walked.add("came-back", "authorization", what, failed(refusal))
            walked.stop(f"the browser was not opened: {refusal}")
            return None
        # What the browser is shown is not seen from here; so the request stands apart from the answer to it.
        await walked.http.note(url, "authorization", None, "browser")
        self.tell("Opening the browser to sign in.")
        async with opening(self.open_url, url) as opened:
            fields = await self._waited(opened, url)
        walked.http.wait(time.monotonic() - began)
        location = f"{self.callback.redirect_uri}?{urlencode(fields)}" if fields else ""
        response = Response(_FOUND, (("location", location),)) if fields else None
        if response is not None:
            await walked.http.note(url, "authorization", response, "browser")
        else:
            await self._look_at_page(url)
        if fields is None:
            walked.add("came-back", "authorization", what, failed("it never came"))
            walked.stop("the browser never came back")
        elif "code" not in fields:
            text = f"{fields['error']}: {fields.get('error_description', 'no description')}"
            walked.add("came-back", "authorization", what, failed(text))
            walked.stop(f"the sign-in was refused: {one_line(text, _SAID)}")
        else:
            walked.add("came-back", "authorization", what, passed("a code"))
        return fields

    async def _look_at_page(self, url: str) -> None:
        """Open the page that the browser stayed at, without its cookies, so that the diagnosis can read it."""
        answer = await self.walked.http.ask(
            "GET", url, "authorization", headers={"accept": "text/html"}, follow="same origin"
        )
        for one in (*answer.hops, *([answer.exchange] if answer.exchange else [])):
            one.asker = "browser"

    async def _waited(self, opened: asyncio.Task[bool], url: str) -> dict[str, str] | None:
        """Wait for the person; not as long when the browser itself says that it failed."""
        limits = self.walked.http.limits
        waiting = asyncio.ensure_future(self.callback.fields(limits.person_seconds))
        await asyncio.wait({waiting, opened}, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done() and (opened.exception() or not opened.result()):
            seconds = min(limits.failed_browser_seconds, limits.person_seconds)
            self.tell(f"The browser could not finish. Open this yourself, within {seconds:g} s: {url}")
            await asyncio.wait({waiting}, timeout=seconds)
            if not waiting.done():
                waiting.cancel()
                return None
        return await waiting

    def _is_ours(self, fields: dict[str, str], state: str) -> bool:
        """Check who answers: the state (RFC 6749, section 10.12) and the issuer (RFC 9207, section 2.4)."""
        walked = self.walked
        what = "the answer belongs to this request: `state` (RFC 6749, 10.12)"
        same = passed("the same") if fields.get("state") == state else failed("another state")
        issuer = issuer_verdict(walked.server or {}, walked.issuer, fields.get("iss"))
        for id_, text, verdict in (
            ("state", what, same),
            ("iss", "the answer is of this issuer: `iss` (RFC 9207)", issuer),
        ):
            walked.add(id_, "authorization", text, verdict)
            if verdict.result == "failed":
                walked.stop(f"{text}: {verdict.evidence}")
        return "code" in fields and "failed" not in {same.result, issuer.result}

    async def _exchanged(self, code: str, verifier: str) -> dict[str, Any] | None:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.callback.redirect_uri,
            "code_verifier": verifier,
        }
        if self._resource:
            fields["resource"] = self._resource
        fields, headers = self.client.authenticated(fields)
        answer = await self.walked.http.ask(
            "POST",
            str((self.walked.server or {})["token_endpoint"]),
            "token",
            headers={"content-type": "application/x-www-form-urlencoded", "accept": "application/json", **headers},
            body=urlencode(fields).encode(),
            follow="none",
        )
        return self._taken(answer)

    def _taken(self, answer: Answer) -> dict[str, Any] | None:
        walked = self.walked
        document = answer.response.json if answer.response else None
        what = "the code is exchanged for a token (RFC 6749, 5.1)"
        token = document.get("access_token") if isinstance(document, dict) else None
        if (
            answer.status != _OK
            or not isinstance(document, dict)
            or not isinstance(token, str)
            or not is_sendable(token)
        ):
            verdict = walked.add("token", "token", what, failed(refusal_of(answer)))
            walked.stop(f"no token: {verdict.evidence}")
            return None
        walked.add("token", "token", what, passed(f"access token {fingerprint(token)}"))
        kind = document.get("token_type")
        right = isinstance(kind, str) and kind.lower() == "bearer"
        walked.add("token-type", "token", "`token_type` is Bearer", passed(str(kind)) if right else warned(f"{kind}"))
        held = answer.exchange.held.get(fingerprint(token)) if answer.exchange else None
        self._read(held["claims"] if held and isinstance(held.get("claims"), dict) else None)
        return document

    def _read(self, claims: dict[str, Any] | None) -> None:
        """Check what the token says, where it says anything to others than its resource server (RFC 9068)."""
        walked = self.walked
        audience, issuer = (claims or {}).get("aud"), (claims or {}).get("iss")
        named = audience if isinstance(audience, list) else [audience]
        right = self._resource is None or self._resource in named
        for id_, what, verdict in (
            (
                "audience",
                "the token is for this resource: `aud` (RFC 8707, 2)",
                passed(f"{audience}") if right else warned(f"{audience}"),
            ),
            (
                "token-issuer",
                "the token is of this issuer: `iss`",
                passed(f"{issuer}") if issuer == walked.issuer else warned(f"{issuer}"),
            ),
        ):
            walked.add(id_, "token", what, skipped("the token is opaque") if claims is None else verdict)


def is_sendable(token: str) -> bool:
    """Say whether a token can stand in a header (RFC 6750, section 2.1)."""
    return bool(token) and token.isascii() and token.isprintable() and " " not in token


def issuer_verdict(server: dict[str, Any], issuer: str | None, said: str | None) -> Verdict:
    """Decide on the issuer of an authorization response (RFC 9207, section 2.4; MCP 2026-07-28): never normalised."""
    if said is None:
        if server.get("authorization_response_iss_parameter_supported") is True:
            return failed("advertised, and missing")
        return skipped("not said, and not advertised")
    return passed(said) if said == issuer else failed(f"{said} instead of {issuer}")
