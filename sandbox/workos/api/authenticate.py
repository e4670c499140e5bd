"""POST /user_management/authenticate: who somebody is, proved in one of many ways, gets them a session.

Credentials are read from the body only; HTTP Basic is as good as none (OBSERVED). JSON and forms are read alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from flask import Blueprint, Response, jsonify
from msgspec import Struct

from sandbox.workos.answers import OAuthError, not_stored
from sandbox.workos.api.errors import invalid
from sandbox.workos.api.further_grants import (
    by_email_verification,
    by_organization,
    by_radar,
    by_refresh_token,
    by_totp,
)
from sandbox.workos.api.grant_bodies import (
    ForCode,
    ForDevice,
    ForEmailVerification,
    ForMagicAuth,
    ForOrganization,
    ForPassword,
    ForRadar,
    ForRefreshToken,
    ForTotp,
)
from sandbox.workos.api.keys import is_key
from sandbox.workos.api.reading import convert, fields
from sandbox.workos.api.sign_in_grants import by_code, by_device, by_magic_auth, by_password
from sandbox.workos.authkit import AuthKit, authkit
from sandbox.workos.metadata import DEVICE_GRANT

blueprint = Blueprint("authenticate", __name__)

WORKOS_GRANT: Final = "urn:workos:oauth:grant-type:"


class _Credentials(Struct, kw_only=True):
    """What every body says first."""

    client_id: str | None = None
    client_secret: str | None = None
    grant_type: str | None = None
    code_verifier: str | None = None


class _Grant(NamedTuple):
    """A grant: the body that it takes, what it does with it, and whether the app must send its secret."""

    body: type[Any]
    proves: Callable[[AuthKit, Any], dict[str, Any]]
    secret: bool = True


_GRANTS: Final[dict[str, _Grant]] = {
    "authorization_code": _Grant(ForCode, by_code),
    "password": _Grant(ForPassword, by_password),
    "refresh_token": _Grant(ForRefreshToken, by_refresh_token, secret=False),
    WORKOS_GRANT + "magic-auth:code": _Grant(ForMagicAuth, by_magic_auth),
    WORKOS_GRANT + "email-verification:code": _Grant(ForEmailVerification, by_email_verification),
    WORKOS_GRANT + "mfa-totp": _Grant(ForTotp, by_totp),
    WORKOS_GRANT + "organization-selection": _Grant(ForOrganization, by_organization),
    WORKOS_GRANT + "radar-email-challenge:code": _Grant(ForRadar, by_radar),
    WORKOS_GRANT + "radar-sms-challenge:code": _Grant(ForRadar, by_radar),
    DEVICE_GRANT: _Grant(ForDevice, by_device, secret=False),
}


@blueprint.post("/user_management/authenticate")
def authenticate() -> Response:
    """Answer with a user and the tokens of their session, or with what is still to be done."""
    server, given = authkit(), fields()
    asked = convert(given, _Credentials)
    if not asked.client_id:
        raise OAuthError("invalid_request", "Missing required parameter: client_id")
    if asked.client_id != server.settings.client_id:
        raise OAuthError("invalid_client", f"There is no environment with the client_id '{asked.client_id}'.", 400)
    if asked.client_secret and not is_key(asked.client_secret):
        raise OAuthError("invalid_client", "The client_secret is none of the environment's API keys.", 400)
    if not asked.grant_type:
        raise invalid("grant_type", "required", "The parameter 'grant_type' is missing.")
    grant = _GRANTS.get(asked.grant_type)
    if grant is None:
        raise OAuthError("invalid_request", f"The grant_type '{asked.grant_type}' is not supported.")
    public = not grant.secret or (grant.body is ForCode and asked.code_verifier)
    if not asked.client_secret and not public:
        raise OAuthError("invalid_request", "Missing required parameter: client_secret")
    return not_stored(jsonify(grant.proves(server, convert(given, grant.body))))
