"""The connections by which people sign in: those of organizations, and the providers' own."""

from __future__ import annotations

from typing import Final, get_args

from sandbox.settings.kinds import Provider
from sandbox.workos.answers import OAuthError
from sandbox.workos.authkit import AuthKit
from sandbox.workos.directory.entities import Connection, Membership, User
from sandbox.workos.directory.invitations import membership_of
from sandbox.workos.directory.profiles import is_of
from sandbox.workos.directory.seeds import SEEDED_AT
from sandbox.workos.records import Attempt, Authorization

PROVIDERS: Final[tuple[str, ...]] = get_args(Provider)

_VERIFYING: Final = frozenset({"AppleOAuth", "GoogleOAuth"})
"""The providers whose word for an email address is enough (CONFIRMED: WorkOS, reference of email verification)."""

_NO_LETTERS: Final = str.maketrans("ILOU", "110V")
"""The letters that no ULID has."""
_ID_TAIL: Final = 26


def providers_own(provider: str) -> Connection:
    """Give the connection that stands for everybody's own accounts with a provider; no organization has it.

    WorkOS has such a connection in each environment, and lists it nowhere (UNCERTAIN).
    """
    tail = f"01SANDB0X{provider.upper().translate(_NO_LETTERS)}".ljust(_ID_TAIL, "0")[:_ID_TAIL]
    return Connection(
        id=f"conn_{tail}",
        created_at=SEEDED_AT,
        updated_at=SEEDED_AT,
        organization_id="",
        connection_type=provider,
        name=provider,
    )


def connection_of(server: AuthKit, begun: Authorization | Attempt) -> Connection | None:
    """Give the connection by which a person signs in; None for one that is gone, or where AuthKit's own page asks."""
    if begun.connection is not None and begun.provider is not None:
        return providers_own(begun.provider)
    return server.directory.get(Connection, begun.connection)


def usable(server: AuthKit, begun: Authorization | Attempt) -> Connection | None:
    """Give the connection of a sign-in while people can sign in with it; None for one that is gone, or not active."""
    connection = connection_of(server, begun)
    return connection if connection is not None and connection.state == "active" else None


def check_active(connection: Connection) -> None:
    """Raise OAuthError connection_unlinked for a connection that nobody can sign in with."""
    if connection.state != "active":
        raise OAuthError("connection_unlinked", f"The connection '{connection.id}' is {connection.state}.")


def vouches_for(server: AuthKit, connection: Connection | None, email: str) -> bool:
    """Say whether a sign-in shows that an email address is the user's own; without a connection AuthKit's page does.

    Single sign-on does for a verified domain of the organization (CONFIRMED: WorkOS, AuthKit, email verification; the
    reference says of any, so for the others it is UNCERTAIN).
    """
    if connection is None or connection.connection_type in _VERIFYING:
        return True
    return is_of(server.directory, connection.organization_id, email)


def may_join(server: AuthKit, user: User, connection: Connection) -> bool:
    """Say whether who comes by a connection belongs to its organization; whom that made inactive does not."""
    joined = membership_of(server.directory, user.id, connection.organization_id)
    return bool(connection.organization_id) and (joined is None or joined.status != "inactive")


def join(server: AuthKit, user: User, connection: Connection) -> None:
    """Make who comes by an organization's connection a member of it (WorkOS: just-in-time provisioning).

    Who was invited becomes one at once.
    """
    joined = membership_of(server.directory, user.id, connection.organization_id)
    if joined is None:
        server.directory.make(Membership, user_id=user.id, organization_id=connection.organization_id)
    elif joined.status == "pending":
        server.directory.change(joined, status="active")
