"""The way back to who asked: with a code, or with the refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

import msgspec
from werkzeug.wrappers import Response

from sandbox.workos.answers import OAuthError, RedirectBack
from sandbox.workos.authkit import AuthKit
from sandbox.workos.directory.entities import User
from sandbox.workos.records import Authorization, Code, Purpose, SignInCode
from sandbox.workos.store import hashed

CODE_LIFETIME: Final = 600
"""Seconds that a code is good for (RFC 6749, section 4.1.2: at most ten minutes)."""


def back(redirect_uri: str, **fields: str | None) -> Response:
    """Send the browser back to who asked, where the redirect URI has been found to be its own."""
    query = urlencode({name: value for name, value in fields.items() if value is not None})
    return RedirectBack(redirect_uri + ("&" if "?" in redirect_uri else "?") + query)


def denied(begun: Authorization, error: str, description: str | None) -> Response:
    """Send the browser back with an error (RFC 6749, section 4.1.2.1)."""
    return back(begun.redirect_uri, error=error, error_description=description, state=begun.state)


def approved(server: AuthKit, begun: Authorization, user: User) -> Response:
    """Send the browser back with a code of the kind that was asked for."""
    return back(begun.redirect_uri, code=_CODES[begun.purpose](server, begun, user), state=begun.state)


def _of_oauth(server: AuthKit, begun: Authorization, user: User) -> str:
    """Give a code for /oauth2/token."""
    client = server.client(begun.client_id)
    if client is None:
        raise OAuthError("unauthorized_client", "The application was forgotten while the person signed in.")
    grant = server.new_grant(
        client,
        user,
        begun.scope,
        begun.resource,
        organization=begun.organization,
        nonce=begun.nonce,
        claims=begun.claims,
    )
    code = server.sources.secret()
    kept = Code(
        sid=grant.sid,
        client_id=client.client_id,
        redirect_uri=begun.redirect_uri,
        code_challenge=begun.code_challenge,
        expires=server.now() + CODE_LIFETIME,
    )
    server.store.put(hashed(code), kept)
    return code


def _of_an_app(server: AuthKit, begun: Authorization, user: User) -> str:
    """Give a code for /user_management/authenticate or /sso/token."""
    code = server.sources.secret()
    signed_in = msgspec.structs.replace(begun, user_id=user.id)
    server.store.put(hashed(code), SignInCode(begun=signed_in, email=user.email, expires=server.now() + CODE_LIFETIME))
    return code


_CODES: Final[dict[Purpose, Callable[[AuthKit, Authorization, User], str]]] = {
    "oauth": _of_oauth,
    "session": _of_an_app,
    "sso": _of_an_app,
}
