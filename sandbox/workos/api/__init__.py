"""api.workos.com: what an app calls with its API key. One module for each part of WorkOS's reference."""

from __future__ import annotations

from typing import Final

from sandbox.workos.api import (
    applications,
    authenticate,
    authorize,
    authorized_applications,
    challenges,
    client_secrets,
    connections,
    environment,
    factors,
    invitations,
    memberships,
    one_time_codes,
    organizations,
    password_reset,
    sessions,
    standalone,
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
    applications.blueprint,
    client_secrets.blueprint,
    authorized_applications.blueprint,
    connections.blueprint,
    authorize.blueprint,
    authenticate.blueprint,
    sessions.blueprint,
    challenges.blueprint,
    environment.blueprint,
    standalone.blueprint,
)
