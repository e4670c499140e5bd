"""The page that plays a person's identity provider: Google, Okta, and whatever else a connection's type names.

It says that it is a sandbox's, vouches for any user of the world, and can refuse or fail as real providers do.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response

from sandbox.workos.answers import OAuthError
from sandbox.workos.authkit import AuthKit, authkit
from sandbox.workos.codes import denied
from sandbox.workos.connections import check_active, connection_of
from sandbox.workos.consent import page_user
from sandbox.workos.directory.entities import Connection, Organization, User
from sandbox.workos.directory.profiles import is_outside
from sandbox.workos.records import Authorization, Purpose
from sandbox.workos.redirects import is_loopback, shown_host
from sandbox.workos.sign_ins import EndedError, begun_at, end, known, offered, to

blueprint = Blueprint("idp", __name__)


class Ending(NamedTuple):
    """How a sign-in at an identity provider can end without a person: a button, and the error that the app gets."""

    button: str
    description: str
    protocols: frozenset[str]
    purposes: frozenset[Purpose] = frozenset({"session", "sso"})


_SAML, _OPENID, _OAUTH = "SAML 2.0", "OpenID Connect", "OAuth 2.0"
_EVERY: Final = frozenset({_SAML, _OPENID, _OAUTH})

REFUSAL: Final = "access_denied"

ENDINGS: Final[dict[str, Ending]] = {
    REFUSAL: Ending("Refuse", "The user denied access at the identity provider.", _EVERY),
    "signin_consent_denied": Ending(
        "Refuse WorkOS's question whether to sign in", "The user denied the sign-in.", _EVERY, frozenset({"sso"})
    ),
    "oauth_failed": Ending(
        "Answer the authorization request with an error",
        "The authorization request at the identity provider failed.",
        frozenset({_OPENID, _OAUTH}),
    ),
    "server_error": Ending(
        "Answer with what WorkOS cannot read",
        "The response of the identity provider could not be read.",
        _EVERY,
    ),
}
"""By the code of the error (WorkOS, reference: error codes)."""

_KIND: Final = re.compile(r"(?P<name>.+?)(?P<protocol>SAML|OIDC|Oidc|OAuth)?")
_PROTOCOLS: Final = {"SAML": _SAML, "OIDC": _OPENID, "Oidc": _OPENID, "OAuth": _OAUTH}
_NAMES: Final = {
    "ADFS": "AD FS",
    "Adp": "ADP",
    "Azure": "Microsoft Entra ID",
    "Cas": "CAS",
    "EntraId": "Microsoft Entra ID",
    "Generic": "your identity provider",
    "LoginGov": "Login.gov",
    "MagicLink": "a link in an email",
    "NetIq": "NetIQ",
    "Pending": "your identity provider",
    "ShibbolethGeneric": "Shibboleth",
    "SimpleSamlPhp": "SimpleSAMLphp",
    "TestIdp": "the test identity provider",
    "VMware": "VMware",
    "VercelMarketplace": "Vercel Marketplace",
}
"""What people call a provider, where WorkOS's type has it otherwise."""


class Kind(NamedTuple):
    """What a connection's type says of its identity provider."""

    provider: str
    protocol: str


def kind_of(connection_type: str) -> Kind:
    """Read a connection type: `OktaSAML` is Okta by SAML 2.0; one that names no protocol has OpenID Connect."""
    parts = _KIND.fullmatch(connection_type)
    name = parts["name"] if parts else connection_type
    return Kind(_NAMES.get(name, name), _PROTOCOLS.get(parts["protocol"] or "" if parts else "", _OPENID))


def endings(kind: Kind, purpose: Purpose) -> dict[str, Ending]:
    """Give how a sign-in with such a provider can end without a person."""
    return {code: one for code, one in ENDINGS.items() if kind.protocol in one.protocols and purpose in one.purposes}


@blueprint.get("/sso/idp")
def page() -> Response | str:
    """Show the people that the identity provider knows, and how it can refuse and fail."""
    server = authkit()
    session, begun, _ = begun_at(server, "idp.page")
    connection = _connection(server, begun)
    if refusal := _unlinked(server, session, begun, connection):
        return refusal
    kind = kind_of(connection.connection_type)
    organization = server.directory.get(Organization, connection.organization_id)
    return render_template(
        "idp.html",
        provider=kind.provider,
        protocol=kind.protocol,
        connection_name=connection.name if organization else None,
        organization_name=organization.name if organization else None,
        redirect_host=shown_host(begun.redirect_uri),
        loopback=is_loopback(begun.redirect_uri),
        users=[_shown(server, begun, connection, user) for user in offered(server, begun)],
        endings=[(code, one.button) for code, one in endings(kind, begun.purpose).items() if code != REFUSAL],
        action=url_for("idp.answer"),
        session=session,
    )


@blueprint.post("/sso/idp")
def answer() -> Response:
    """Vouch for the chosen person, or end the sign-in with the chosen error."""
    server = authkit()
    session, begun, _ = begun_at(server, "idp.page")
    connection = _connection(server, begun)
    if refusal := _unlinked(server, session, begun, connection):
        return refusal
    decision = request.form.get("decision", "")
    code = REFUSAL if decision == "deny" else decision
    ending = endings(kind_of(connection.connection_type), begun.purpose).get(code)
    if ending is not None:
        end(server, session)
        return denied(begun, code, ending.description)
    user = server.user(request.form.get("user_id", ""))
    if user is None or decision != "approve":
        return to("idp.page", session)
    return known(server, session, begun, user)


def _connection(server: AuthKit, begun: Authorization) -> Connection:
    """Give the connection of a sign-in; raise EndedError where it has none any more."""
    connection = connection_of(server, begun)
    if connection is None:
        raise EndedError
    return connection


def _unlinked(server: AuthKit, session: str, begun: Authorization, connection: Connection) -> Response | None:
    """End a sign-in whose connection has become inactive on the way; None while it is active."""
    try:
        check_active(connection)
    except OAuthError as error:
        end(server, session)
        return denied(begun, error.error, error.description)
    return None


def _shown(server: AuthKit, begun: Authorization, connection: Connection, user: User) -> dict[str, Any]:
    outside = begun.purpose == "sso" and is_outside(server.directory, connection, user.email)
    chip = "Outside" if outside else "Suggested" if user.email == begun.login_hint else None
    return page_user(server, user) | {"chip": chip}
