"""API keys that belong to a user of the app; they are the app's to check, and open nothing of WorkOS."""

from __future__ import annotations

from typing import Any

from sandbox.workos.directory.entities import Entity


class UserKey(Entity, frozen=True, kw_only=True):
    """An API key of a user in an organization; its value is shown once, when it is made, and not kept."""

    OBJECT = "api_key"
    PREFIX = "api_key"
    HIDDEN = frozenset({"user_id", "organization_id"})

    user_id: str
    organization_id: str
    name: str
    obfuscated_value: str
    last_used_at: str | None = None
    permissions: tuple[str, ...] = ()
    expires_at: str | None = None
    """RFC 3339; newer than the OpenAPI document, and needed by the SDK for Python."""

    def shown(self) -> dict[str, Any]:
        """Give its JSON, which names its owner."""
        owner = {"type": "user", "id": self.user_id, "organization_id": self.organization_id}
        return super().shown() | {"owner": owner}
