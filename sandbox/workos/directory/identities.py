"""The accounts with providers that users have signed in with (WorkOS, identity linking)."""

from __future__ import annotations

from typing import Any

from sandbox.workos.directory import Directory
from sandbox.workos.directory.entities import Connection, Entity, User
from sandbox.workos.directory.profiles import idp_id

_SPELLED: dict[str, str] = {"GitHubOAuth": "GithubOAuth"}
"""How WorkOS spells a provider here, where its connection types have it otherwise."""


class Identity(Entity, frozen=True, kw_only=True):
    """That a user signs in with an account of a provider."""

    OBJECT = "identity"
    PREFIX = "identity"

    user_id: str
    provider: str
    idp_id: str

    def shown(self) -> dict[str, Any]:
        """Give its JSON, which has neither an id nor a time."""
        return {"idp_id": self.idp_id, "type": "OAuth", "provider": self.provider}


def link(directory: Directory, user: User, connection: Connection | None) -> None:
    """Remember the account that a user came with, where it is one of a provider's own; others are no identities."""
    if connection is None or not connection.connection_type.endswith("OAuth"):
        return
    kind = connection.connection_type
    account = {"user_id": user.id, "provider": _SPELLED.get(kind, kind), "idp_id": idp_id(connection, user)}
    if directory.first(Identity, **account) is None:
        directory.make(Identity, **account)
