"""The discovery documents and the keys of the AuthKit domain, in the field order seen on the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from flask import Blueprint, Response, abort, current_app, request

from sandbox.workos.authkit import AuthKit, authkit

blueprint = Blueprint("metadata", __name__)

DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
GRANT_TYPES: Final = ("authorization_code", "refresh_token", DEVICE_GRANT)


def authorization_server(server: AuthKit) -> dict[str, Any]:
    """Give the RFC 8414 document (OBSERVED on two AuthKit domains, identical)."""
    base, settings = server.domain, server.settings
    advertised = settings.dynamic_client_registration or settings.disabled_registration.advertise
    document: dict[str, Any] = {
        "authorization_endpoint": f"{base}/oauth2/authorize",
        "client_id_metadata_document_supported": settings.client_id_metadata_document,
        "code_challenge_methods_supported": ["S256"],
        "device_authorization_endpoint": f"{base}/oauth2/device_authorization",
        "grant_types_supported": GRANT_TYPES,
        "introspection_endpoint": f"{base}/oauth2/introspection",
        "issuer": base + settings.issuer_path,
        "jwks_uri": f"{base}/oauth2/jwks",
        "registration_endpoint": f"{base}/oauth2/register" if advertised else None,
        "scopes_supported": list(settings.scopes),
        "response_modes_supported": ["query"],
        "response_types_supported": ["code"],
        "token_endpoint": f"{base}/oauth2/token",
        "token_endpoint_auth_methods_supported": list(settings.token_endpoint_auth_methods),
    }
    return {name: value for name, value in document.items() if value is not None}


_OPENID_ORDER: Final = ("none", "client_secret_basic", "client_secret_post").index
"""The order in which this document names the methods (OBSERVED)."""


def openid_configuration(server: AuthKit) -> dict[str, Any]:
    """Give the OpenID Connect discovery document (OBSERVED); PKCE and registration are only in the other one."""
    base = server.domain
    return {
        "issuer": base + server.settings.issuer_path,
        "authorization_endpoint": f"{base}/oauth2/authorize",
        "device_authorization_endpoint": f"{base}/oauth2/device_authorization",
        "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token", DEVICE_GRANT],
        "id_token_signing_alg_values_supported": ["RS256"],
        "introspection_endpoint": f"{base}/oauth2/introspection",
        "jwks_uri": f"{base}/oauth2/jwks",
        "response_types_supported": ["code"],
        "scopes_supported": list(server.settings.scopes),
        "subject_types_supported": ["public"],
        "token_endpoint": f"{base}/oauth2/token",
        "token_endpoint_auth_methods_supported": sorted(server.settings.token_endpoint_auth_methods, key=_OPENID_ORDER),
        "userinfo_endpoint": f"{base}/oauth2/userinfo",
    }


def client_configuration(server: AuthKit) -> dict[str, Any]:
    """Give the small document of an issuer under /user_management (OBSERVED); it lacks what clients require."""
    return {
        "issuer": server.client_issuer,
        "authorization_endpoint": f"{server.origin}/user_management/authorize",
        "token_endpoint": f"{server.origin}/user_management/authenticate",
        "response_types_supported": ["code"],
        "jwks_uri": f"{server.origin}/sso/jwks/{server.settings.client_id}",
    }


def _document(value: dict[str, Any]) -> Response:
    return current_app.response_class(msgspec.json.encode(value), mimetype="application/json")


PLACES: Final[dict[str, tuple[str, Callable[[AuthKit], dict[str, Any]]]]] = {
    "oauth": ("/.well-known/oauth-authorization-server{path}", authorization_server),
    "openid": ("/.well-known/openid-configuration{path}", openid_configuration),
    "oauth-appended": ("{path}/.well-known/oauth-authorization-server", authorization_server),
    "openid-appended": ("{path}/.well-known/openid-configuration", openid_configuration),
}
"""Where an issuer with a path has its documents: inserted (RFC 8414, section 3.1) or appended (OpenID Discovery, 4)."""


def documents(server: AuthKit) -> dict[str, Callable[[AuthKit], dict[str, Any]]]:
    """Say which discovery documents the settings publish, and where: by path, what makes each."""
    settings = server.settings
    places = (PLACES[place] for place in settings.metadata_at)
    served = {path.format(path=settings.issuer_path): make for path, make in places}
    if settings.issuer == "client":
        served[f"/user_management/{settings.client_id}/.well-known/openid-configuration"] = client_configuration
    return served


@blueprint.get("/.well-known/<path:_rest>")
@blueprint.get("/<path:_before>/.well-known/<_document_name>")
def discovery(_rest: str = "", _before: str = "", _document_name: str = "") -> Response:
    """Answer discovery at the places of the settings.

    A custom domain has its documents only there: api.workos.com, the other name, has none at its root.
    """
    server = authkit()
    if server.settings.issuer == "custom" and request.host != urlsplit(server.issuer).netloc:
        abort(404)
    make = documents(server).get(request.path)
    if make is None:
        abort(404)
    return _document(make(server))


@blueprint.get("/oauth2/jwks")
def jwks() -> Response:
    """Give the public signing keys (RFC 7517, section 5)."""
    return _document({"keys": [authkit().keys.current.public_jwk]})


@blueprint.get("/sso/jwks/<client_id>")
def client_jwks(client_id: str) -> Response:
    """Give the keys of the environment's client (WorkOS, OpenAPI: 404 `{"message"}` for any other)."""
    if client_id != authkit().settings.client_id:
        abort(404)
    return jwks()
