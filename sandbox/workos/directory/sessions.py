"""The sessions of people who signed in to the app (WorkOS, reference of sessions)."""

from __future__ import annotations

from typing import Literal

from sandbox.workos.directory.entities import Entity

AuthMethod = Literal[
    "cross_app_auth",
    "external_auth",
    "impersonation",
    "magic_code",
    "migrated_session",
    "oauth",
    "passkey",
    "password",
    "sso",
    "unknown",
]
"""How a session says that its user signed in (WorkOS, the OpenAPI document)."""


class Session(Entity, frozen=True, kw_only=True):
    """That a user is signed in, to an organization or to none."""

    OBJECT = "session"
    PREFIX = "session"
    HIDDEN = frozenset({"authentication_method", "connection_id"})
    OPTIONAL = frozenset({"organization_id"})

    user_id: str
    organization_id: str | None = None
    auth_method: AuthMethod = "unknown"
    authentication_method: str | None = None
    """The same in the words of the answer of /user_management/authenticate, such as `Password` or `GoogleOAuth`."""
    connection_id: str | None = None
    """The connection by which the user came; None: none, or AuthKit's own page."""
    status: Literal["active", "expired", "revoked"] = "active"
    ip_address: str | None = None
    user_agent: str | None = None
    expires_at: str
    """RFC 3339 in UTC, with milliseconds."""
    ended_at: str | None = None
