"""What the API of WorkOS knows of: users, organizations, and what joins them; fields are named as on the wire."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import msgspec
from msgspec import field

from sandbox.workos.records import Record


class Entity(Record, frozen=True, kw_only=True):
    """Something with an id that the API shows, lists and changes."""

    OBJECT: ClassVar[str]
    """Its type, as `object` of the wire says it."""
    PREFIX: ClassVar[str]
    """How its ids begin."""
    HIDDEN: ClassVar[frozenset[str]] = frozenset()
    """The fields that no answer shows."""
    OPTIONAL: ClassVar[frozenset[str]] = frozenset()
    """The fields that an answer leaves out while they are None; others are null."""

    id: str
    created_at: str
    """RFC 3339 in UTC, with milliseconds."""
    updated_at: str

    def shown(self) -> dict[str, Any]:
        """Give its JSON: `object`, and every field that an answer shows."""
        left_out = {"expires"} | self.HIDDEN
        return {"object": self.OBJECT} | {
            name: value
            for name, value in msgspec.to_builtins(self).items()
            if name not in left_out and not (value is None and name in self.OPTIONAL)
        }


class User(Entity, frozen=True, kw_only=True):
    """A person (WorkOS, reference of User Management)."""

    OBJECT = "user"
    PREFIX = "user"
    HIDDEN = frozenset({"password"})

    email: str
    email_verified: bool = False
    first_name: str | None = None
    last_name: str | None = None
    name: str | None = None
    profile_picture_url: str | None = None
    external_id: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    last_sign_in_at: str | None = None
    locale: str | None = None
    password: str | None = None


class Organization(Entity, frozen=True, kw_only=True):
    """A customer of the app; its domains are entities of their own."""

    OBJECT = "organization"
    PREFIX = "org"
    OPTIONAL = frozenset({"stripe_customer_id"})

    name: str
    allow_profiles_outside_organization: bool = False
    metadata: dict[str, str] = field(default_factory=dict)
    external_id: str | None = None
    stripe_customer_id: str | None = None


class Domain(Entity, frozen=True, kw_only=True):
    """A domain of an organization."""

    OBJECT = "organization_domain"
    PREFIX = "org_domain"
    OPTIONAL = frozenset({"verification_token", "verification_prefix"})

    organization_id: str
    domain: str
    state: Literal["failed", "legacy_verified", "pending", "unverified", "verified"] = "pending"
    verification_strategy: Literal["dns", "manual"] = "dns"
    verification_token: str | None = None
    verification_prefix: str | None = None


class Membership(Entity, frozen=True, kw_only=True):
    """That a user belongs to an organization, and as what."""

    OBJECT = "organization_membership"
    PREFIX = "om"
    HIDDEN = frozenset({"role_slug"})

    user_id: str
    organization_id: str
    status: Literal["active", "inactive", "pending"] = "active"
    role_slug: str = "member"
    directory_managed: bool = False
    custom_attributes: dict[str, Any] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        """Give its JSON, the role as one and as the only one of several."""
        role = {"slug": self.role_slug}
        return super().shown() | {"role": role, "roles": [role]}


class Connection(Entity, frozen=True, kw_only=True):
    """A single sign-on connection of an organization."""

    OBJECT = "connection"
    PREFIX = "conn"

    organization_id: str
    connection_type: str
    name: str
    state: Literal["requires_type", "draft", "active", "validating", "inactive", "deleting"] = "active"


class Factor(Entity, frozen=True, kw_only=True):
    """A user's authenticator app (RFC 6238)."""

    OBJECT = "authentication_factor"
    PREFIX = "auth_factor"
    HIDDEN = frozenset({"user", "issuer", "secret"})

    user_id: str
    secret: str
    """Base32."""
    issuer: str
    user: str
    """The account name that the app shows."""

    def shown(self) -> dict[str, Any]:
        """Give its JSON; the secret is shown only once, when it is enrolled."""
        return super().shown() | {"type": "totp", "totp": {"issuer": self.issuer, "user": self.user}}
