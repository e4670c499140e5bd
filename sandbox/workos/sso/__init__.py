"""Classic single sign-on: an app that knows the organization sends people to its identity provider by itself.

One module for each part of WorkOS's reference of SSO; connections are in `api/connections.py`.
"""

from __future__ import annotations

from typing import Final

from sandbox.workos.sso import authorize, logout, token

BLUEPRINTS: Final = (authorize.blueprint, token.blueprint, logout.blueprint)
