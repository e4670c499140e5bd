"""api.workos.com: what an app calls with its API key. One module for each part of WorkOS's reference."""

from __future__ import annotations

from typing import Final

from sandbox.workos.api import applications, client_secrets, environment, organizations, standalone

BLUEPRINTS: Final = (
    organizations.blueprint,
    applications.blueprint,
    client_secrets.blueprint,
    environment.blueprint,
    standalone.blueprint,
)
