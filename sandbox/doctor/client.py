"""The doctor as a client: it discovers, registers, signs in and speaks MCP, and asks nothing that a client would not.

So it can be the client under test of the MCP conformance suite: `sandbox doctor --sign-in URL`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from sandbox.doctor import mcp, places
from sandbox.doctor.callback import Callback, listening
from sandbox.doctor.discovery import walk
from sandbox.doctor.http import Http
from sandbox.doctor.opening import Open, opened
from sandbox.doctor.places import Place
from sandbox.doctor.registering import Client, given, registered
from sandbox.doctor.session import Session
from sandbox.doctor.signing_in import SignIn
from sandbox.doctor.walk import Walk, post

_REFUSED: Final = 401


class Habits(NamedTuple):
    """How the doctor signs in."""

    client_id: str | None = None
    """A client that is registered already, or the URL of a client-id metadata document."""
    client_secret: str | None = None
    callback_port: int = 0
    """0 is any free one (RFC 8252, section 7.3)."""
    tool: str | None = None
    """A tool to call, without arguments, when all else works."""
    open_url: Open = opened
    tell: Callable[[str], None] = lambda _line: None
    """Says a line to the person."""


USUAL_HABITS: Final = Habits()


async def connected(http: Http, url: str, habits: Habits = USUAL_HABITS) -> tuple[Walk, bool]:
    """Connect as a client does, from the URL to tools/list; say whether it worked."""
    walked = await walk(http, url, habits.client_id)
    _assume_old_endpoints(walked)
    if walked.stopped:
        return walked, False
    if walked.is_public:
        return walked, True
    async with listening(habits.callback_port) as callback:
        client = await client_of(walked, habits, callback.redirect_uri)
        if client is None:
            return walked, False
        return walked, await _signed_in(walked, client, callback, habits)


async def client_of(walked: Walk, habits: Habits, redirect_uri: str) -> Client | None:
    """Give who the doctor is: registered before, or now."""
    if habits.client_id is not None:
        return given(walked, habits.client_id, habits.client_secret)
    return await registered(walked, redirect_uri)


async def _signed_in(walked: Walk, client: Client, callback: Callback, habits: Habits) -> bool:
    sign_in = SignIn(walked, client, callback, habits.open_url, habits.tell)

    async def renewed(scope: str | None) -> str | None:
        if scope is None:
            scope = await _discovered_anew(sign_in, habits)
        more = None if sign_in.walked.stopped else await sign_in.token(scope)
        return None if more is None else str(more["access_token"])

    answer = await sign_in.token(walked.scope)
    if answer is None:
        return False
    token = str(answer["access_token"])
    worked = await Session(walked, token, renewed, habits.tool).used()
    if not worked and any(one.step == "session" and one.status == _REFUSED for one in walked.http.exchanges):
        await _asked_again(walked, token)
    return worked


async def _discovered_anew(sign_in: SignIn, habits: Habits) -> str | None:
    """Look anew who signs people in, and register there if it is another (SEP-2352); give the scopes to ask for."""
    before = sign_in.walked
    sign_in.walked = await walk(before.http, before.url, habits.client_id)
    sign_in.walked.checks = before.checks
    if sign_in.walked.issuer != before.issuer and not sign_in.walked.stopped:
        client = await client_of(sign_in.walked, habits, sign_in.callback.redirect_uri)
        sign_in.client = client or sign_in.client
    return sign_in.walked.scope


async def _asked_again(walked: Walk, token: str) -> None:
    """Read the keys and ask once more, so that the diagnosis sees whether the refused token could be verified."""
    url = (walked.server or {}).get("jwks_uri")
    if isinstance(url, str):
        await walked.document(Place("jwks", url), "jwks")
        await post(walked, mcp.initialize(), "session", token)


def _assume_old_endpoints(walked: Walk) -> None:
    """Go on without any metadata, as MCP 2025-03-26 says: with the endpoints at the MCP server's root."""
    if walked.stopped and walked.resource is None and walked.server is None and walked.is_protected:
        walked.server = places.old_endpoints(walked.url)
        walked.issuer = walked.server["issuer"]
        walked.stopped = ""
