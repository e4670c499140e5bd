"""The sessions of the app: made when somebody has signed in, told in access tokens, refreshed, and ended."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import msgspec

from sandbox.durations import seconds
from sandbox.workos import tokens
from sandbox.workos.answers import OAuthError
from sandbox.workos.authkit import AuthKit
from sandbox.workos.directory.entities import Membership, User
from sandbox.workos.directory.sessions import AuthMethod, Session
from sandbox.workos.environment import template_claims
from sandbox.workos.records import RefreshToken
from sandbox.workos.store import hashed

_AUTH_METHOD: Final[dict[str, AuthMethod]] = {"Password": "password", "MagicAuth": "magic_code", "SSO": "sso"}
"""How a session says what the answer of /user_management/authenticate says in words of its own."""


def make(
    server: AuthKit,
    user: User,
    method: str,
    organization_id: str | None = None,
    *,
    connection_id: str | None = None,
    ip_address: str | None = None,
    user_agent: str | None = None,
) -> Session:
    """Remember that a user signed in, as long as a refresh token may live."""
    lifetime = seconds(server.settings.refresh_token.lifetime)
    return server.directory.make(
        Session,
        user_id=user.id,
        organization_id=organization_id,
        auth_method=_AUTH_METHOD.get(method, "oauth" if method.endswith("OAuth") else "unknown"),
        authentication_method=method,
        connection_id=connection_id,
        ip_address=ip_address,
        user_agent=user_agent,
        expires_at=server.directory.time(lifetime),
        expires=server.now() + lifetime,
    )


def end(server: AuthKit, session: Session) -> None:
    """Revoke a session: it cannot be refreshed any more."""
    if session.status == "active":
        server.directory.change(session, status="revoked", ended_at=server.directory.time())


def answer(server: AuthKit, session: Session, user: User) -> dict[str, Any]:
    """Give the answer of /user_management/authenticate, with fresh tokens."""
    told = {
        "user": user.shown(),
        "organization_id": session.organization_id,
        "access_token": access_token(server, session),
        "refresh_token": _refresh_token(server, session),
        "authentication_method": session.authentication_method,
    }
    return {name: value for name, value in told.items() if value is not None}


def access_token(server: AuthKit, session: Session) -> str:
    """Make the access token of a session: `aud` is the client id, as text; without an organization no `org_id`.

    The claims are those of real tokens (OBSERVED); `auth_time` is when the user signed in, in whole seconds.
    """
    now, settings = int(server.sources.now()), server.settings
    claims: dict[str, Any] = {
        "iss": server.client_issuer,
        "aud": settings.client_id,
        "sub": session.user_id,
        "sid": session.id,
        "jti": server.sources.ulid(),
        "auth_time": int(dt.datetime.fromisoformat(session.created_at).timestamp()),
        "client_id": settings.client_id,
        "iat": now,
        "exp": now + server.lifetime(),
    }
    claims |= _organization_claims(server, session)
    added = template_claims(server, session.user_id, session.organization_id)
    return tokens.signed(added | claims, server.keys.current)


def _organization_claims(server: AuthKit, session: Session) -> dict[str, Any]:
    if session.organization_id is None:
        return {}
    membership = server.directory.first(
        Membership, user_id=session.user_id, organization_id=session.organization_id, status="active"
    )
    role = membership.role_slug if membership else "member"
    permissions = list(server.settings.roles.get(role, ()))
    return {"org_id": session.organization_id, "role": role, "roles": [role], "permissions": permissions}


def _refresh_token(server: AuthKit, session: Session) -> str:
    token = server.sources.secret(25)
    server.store.put(hashed(token), RefreshToken(sid=session.id, expires=session.expires))
    return token


def refreshed(server: AuthKit, token: str) -> tuple[Session, RefreshToken]:
    """Give the session of a refresh token, and what is kept of the token.

    Raise OAuthError invalid_grant for one that is unknown, over, or was used longer ago than the grace.
    """
    kept = server.store.get(RefreshToken, hashed(token))
    session = server.directory.get(Session, kept.sid) if kept else None
    if kept is None or session is None or session.status != "active":
        raise OAuthError("invalid_grant", "The refresh token has expired, was revoked, or is none.")
    if kept.rotated_at is not None and server.now() - kept.rotated_at >= seconds(server.settings.refresh_token.grace):
        raise OAuthError("invalid_grant", "The refresh token was used before.")
    return session, kept


def replayed(server: AuthKit, token: str, kept: RefreshToken, organization_id: str | None) -> dict[str, Any] | None:
    """Give what a used refresh token was answered with, for this organization, while the grace lasts (WorkOS)."""
    server.successors.sweep(server.now() - seconds(server.settings.refresh_token.grace))
    return server.successors.get(_successor(token, organization_id)) if kept.rotated_at is not None else None


def rotate(server: AuthKit, token: str, kept: RefreshToken, answered: dict[str, Any]) -> None:
    """Retire a refresh token, and remember what it was answered with."""
    if not server.settings.refresh_token.rotate:
        answered["refresh_token"] = token
        return
    now = server.now()
    if kept.rotated_at is None:
        server.store.put(hashed(token), msgspec.structs.replace(kept, rotated_at=now))
    server.successors.put(_successor(token, answered.get("organization_id")), answered, now)


def _successor(token: str, organization_id: str | None) -> str:
    return f"{hashed(token)} {organization_id or ''}"
