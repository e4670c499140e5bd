"""The entities that the settings of a world name; they are there before anybody called the API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from sandbox import settings
from sandbox.workos.directory import applications, environment
from sandbox.workos.directory.entities import (
    Connection,
    Domain,
    Entity,
    Factor,
    Membership,
    Organization,
    User,
)

SEEDED_AT: Final = "2026-01-01T09:00:00.000Z"
"""When what the settings name was made."""


def seeds(world: settings.WorkOS, secret_of: Callable[[settings.Application], str | None]) -> Iterator[Entity]:
    """Give every entity that the settings name."""
    yield from applications.seeds(world, secret_of, SEEDED_AT)
    yield from environment.seeds(world, SEEDED_AT)
    for organization in world.organizations:
        yield from _organization(organization)
    for user in world.users:
        yield from _user(user)
    for connection in world.connections:
        yield Connection(
            id=connection.id,
            created_at=SEEDED_AT,
            updated_at=SEEDED_AT,
            organization_id=connection.organization,
            connection_type=connection.type,
            name=connection.name,
            state=connection.state,
        )


def _organization(organization: settings.Organization) -> Iterator[Entity]:
    yield Organization(
        id=organization.id,
        created_at=SEEDED_AT,
        updated_at=SEEDED_AT,
        name=organization.name,
        external_id=organization.external_id,
        metadata=organization.metadata,
    )
    for domain in organization.domains:
        yield Domain(
            id=_joined(Domain, organization.id, domain),
            created_at=SEEDED_AT,
            updated_at=SEEDED_AT,
            organization_id=organization.id,
            domain=domain,
            state="verified",
            verification_strategy="manual",
        )


def _user(user: settings.User) -> Iterator[Entity]:
    yield User(
        id=user.id,
        created_at=SEEDED_AT,
        updated_at=SEEDED_AT,
        email=user.email,
        email_verified=user.email_verified,
        first_name=user.first_name,
        last_name=user.last_name,
        name=f"{user.first_name} {user.last_name}",
        external_id=user.external_id,
        metadata=user.metadata,
        password=user.password,
    )
    for membership in user.memberships:
        yield Membership(
            id=_joined(Membership, user.id, membership.organization),
            created_at=SEEDED_AT,
            updated_at=SEEDED_AT,
            user_id=user.id,
            organization_id=membership.organization,
            role_slug=membership.role,
        )
    if user.totp_secret is not None:
        yield Factor(
            id=_joined(Factor, user.id, "totp"),
            created_at=SEEDED_AT,
            updated_at=SEEDED_AT,
            user_id=user.id,
            secret=user.totp_secret,
            issuer="Sandbox",
            user=user.email,
        )


def _joined(kind: type[Entity], owner: str, other: str) -> str:
    """Give the id of something that has none in the settings; it stays while it joins the same two."""
    return environment.id_of(kind, f"{owner} {other}")
