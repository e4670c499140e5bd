"""api.workos.com: what an app calls with its API key. One module for each part of WorkOS's reference."""

from __future__ import annotations

from typing import Final

from sandbox.workos.api import (
    authenticate,
    authorize,
    challenges,
    connections,
    factors,
    invitations,
    memberships,
    one_time_codes,
    organizations,
    password_reset,
    sessions,
    user_accounts,
    user_keys,
    users,
)

BLUEPRINTS: Final = (
    organizations.blueprint,
    users.blueprint,
    user_accounts.blueprint,
    user_keys.blueprint,
    factors.blueprint,
    memberships.blueprint,
    invitations.blueprint,
    one_time_codes.blueprint,
    password_reset.blueprint,
    connections.blueprint,
    authorize.blueprint,
    authenticate.blueprint,
    sessions.blueprint,
    challenges.blueprint,
)
