"""What one signs in with: the keys, passwords and codes that the settings name, invented and no secrets of anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sandbox.workos.directory.entities import Factor, User

if TYPE_CHECKING:
    from sandbox.workos import AuthKit


class Person(NamedTuple):
    """A user of the settings, with what they still sign in with."""

    id: str
    email: str
    password: str | None
    totp_secret: str | None
    """Base32, for an authenticator app (RFC 6238)."""


def people(server: AuthKit) -> list[Person]:
    """Give the users of the settings who are still there.

    What an app has set over the API since, a password or another authenticator app, is its own, and is not told.
    """
    told = []
    for seed in server.settings.users:
        user = server.directory.get(User, seed.id)
        if user is None:
            continue
        secrets = {factor.secret for factor in server.directory.all(Factor, user_id=user.id)}
        password = seed.password if user.password == seed.password else None
        told.append(Person(user.id, user.email, password, seed.totp_secret if seed.totp_secret in secrets else None))
    return told
