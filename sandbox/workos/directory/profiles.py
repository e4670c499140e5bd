"""What identity providers said of people who signed in by single sign-on (WorkOS, reference of SSO)."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from msgspec import field

from sandbox.workos.directory import Directory
from sandbox.workos.directory.entities import Connection, Domain, Entity, Membership, Organization, User
from sandbox.workos.records import Record

_DIGITS: Final = 21
"""As many as Google's ids of people have."""


VERIFIED: Final = ("verified", "legacy_verified")
"""The states of a domain that is the organization's own."""


class Profile(Entity, frozen=True, kw_only=True):
    """A person as one connection's identity provider knows them; there need be no user of that address."""

    OBJECT = "profile"
    PREFIX = "prof"
    HIDDEN = frozenset({"created_at", "updated_at"})

    organization_id: str | None
    connection_id: str
    connection_type: str
    idp_id: str
    email: str
    first_name: str | None = None
    last_name: str | None = None
    name: str | None = None
    role: dict[str, str] | None = None
    roles: list[dict[str, str]] | None = None
    groups: list[str] = field(default_factory=list)
    custom_attributes: dict[str, Any] = field(default_factory=dict)
    raw_attributes: dict[str, Any] = field(default_factory=dict)


class ProfileToken(Record, frozen=True, kw_only=True):
    """An access token of /sso/token, which /sso/profile takes."""

    profile_id: str


class LogoutToken(Record, frozen=True, kw_only=True):
    """A token of /sso/logout/authorize, which takes a browser through /sso/logout once."""

    profile_id: str


def is_outside(directory: Directory, connection: Connection, email: str) -> bool:
    """Say whether an address is of none of the domains of the connection's organization, which wants one of them.

    Where no domain is verified, every address is outside (CONFIRMED: WorkOS, SSO, Domains).
    """
    organization = directory.get(Organization, connection.organization_id)
    if organization is None or organization.allow_profiles_outside_organization:
        return False
    return not is_of(directory, organization.id, email)


def is_of(directory: Directory, organization_id: str, email: str) -> bool:
    """Say whether an address is of one of an organization's domains; only those that are verified count."""
    domains = directory.all(Domain, organization_id=organization_id)
    return email.rpartition("@")[2].lower() in {domain.domain for domain in domains if domain.state in VERIFIED}


def profile_of(directory: Directory, connection: Connection, user: User) -> Profile:
    """Give the profile with which a connection's identity provider vouches for a person, as of this sign-in.

    The id stays from one sign-in to the next, as WorkOS ties it to the connection and the provider's own id.
    """
    own_id = idp_id(connection, user)
    known = directory.first(Profile, connection_id=connection.id, idp_id=own_id)
    membership = directory.first(
        Membership, user_id=user.id, organization_id=connection.organization_id, status="active"
    )
    role = {"slug": membership.role_slug} if membership else None
    said = {"email": user.email, "first_name": user.first_name, "last_name": user.last_name}
    fields: dict[str, Any] = said | {
        "organization_id": connection.organization_id or None,
        "connection_type": connection.connection_type,
        "name": user.name,
        "role": role,
        "roles": [role] if role else None,
        "raw_attributes": {"id": own_id, **{name: value for name, value in said.items() if value is not None}},
    }
    if known is not None:
        return directory.change(known, **fields)
    return directory.make(Profile, connection_id=connection.id, idp_id=own_id, **fields)


def idp_id(connection: Connection, user: User) -> str:
    """Give the id by which a provider knows a person; each provider has another, and keeps it."""
    digest = hashlib.sha256(f"{connection.id} {user.id}".encode()).digest()
    return str(int.from_bytes(digest[:9], "big")).zfill(_DIGITS)[:_DIGITS]
