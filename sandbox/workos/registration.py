"""Dynamic client registration (RFC 7591)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from flask import Blueprint, Response, jsonify, request

from sandbox.workos.answers import OAuthError, not_stored
from sandbox.workos.authkit import AuthKit, authkit
from sandbox.workos.metadata import GRANT_TYPES
from sandbox.workos.records import Client
from sandbox.workos.redirects import why_not_registrable

blueprint = Blueprint("registration", __name__)

_ECHOED: Final = ("client_uri", "logo_uri", "tos_uri", "policy_uri", "contacts", "application_type", "software_id")
_LONGEST_NAME: Final = 200
_MOST_REDIRECT_URIS: Final = 50


@blueprint.post("/oauth2/register")
def register() -> tuple[Response, int]:
    """Register a client.

    The default authentication method is `client_secret_basic` (OBSERVED), where that is offered. The body of the
    201 is UNCERTAIN in its details; it echoes the registered metadata, as RFC 7591 section 3.2.1 demands. Of a scope
    it registers what can be granted; that later requests are not restricted to it is UNCERTAIN.
    """
    server = authkit()
    if not server.settings.dynamic_client_registration:
        raise OAuthError(
            "dynamic_client_registration_disabled",
            "Dynamic client registration is disabled for this environment.",
            server.settings.disabled_registration.status,
        )
    asked = _asked()
    client = client_of(asked, server)
    server.store.put(client.client_id, client)
    return not_stored(jsonify(document_of(client, asked))), 201


def _asked() -> dict[str, Any]:
    """Read the client metadata, a member that is null as one that is not there."""
    if not request.is_json:
        raise OAuthError("invalid_client_metadata", "The body must be JSON, with Content-Type: application/json.")
    try:
        asked = msgspec.json.decode(request.get_data(), type=dict[str, Any])
    except (ValueError, RecursionError) as error:
        raise OAuthError("invalid_client_metadata", "The body must be a JSON object.") from error
    return {name: value for name, value in asked.items() if value is not None}


def client_of(asked: dict[str, Any], server: AuthKit) -> Client:
    """Make the client that the metadata describes.

    Raise OAuthError invalid_redirect_uri or invalid_client_metadata (RFC 7591, section 3.2.2).
    """
    grant_types = _names(asked, "grant_types", GRANT_TYPES, ("authorization_code",))
    if "authorization_code" in grant_types:
        _names(asked, "response_types", ("code",), ("code",))
    methods = server.settings.token_endpoint_auth_methods
    usual = "client_secret_basic" if "client_secret_basic" in methods else next(iter(methods), "none")
    method = asked.get("token_endpoint_auth_method", usual)
    if method not in methods:
        offered = ", ".join(methods)
        raise OAuthError("invalid_client_metadata", f"token_endpoint_auth_method must be one of {offered}.")
    name = asked.get("client_name", "")
    if not isinstance(name, str) or len(name) > _LONGEST_NAME:
        raise OAuthError("invalid_client_metadata", f"client_name must be text of at most {_LONGEST_NAME} characters.")
    scope = asked.get("scope", "")
    if not isinstance(scope, str):
        raise OAuthError("invalid_client_metadata", "scope must be text, names parted by spaces.")
    return Client(
        client_id=f"client_{server.sources.ulid()}",
        name=name or "An unnamed application",
        redirect_uris=_redirect_uris(asked, grant_types),
        grant_types=grant_types,
        token_endpoint_auth_method=method,
        client_secret=None if method == "none" else server.sources.secret(48),
        registered_scope=_grantable(scope, server),
        registered_itself=True,
        issued_at=int(server.sources.now()),
    )


def _grantable(scope: str, server: AuthKit) -> tuple[str, ...]:
    grantable = {*server.settings.scopes, *server.settings.resource_scopes}
    return tuple(name for name in dict.fromkeys(scope.split(" ")) if name in grantable)


def _names(asked: dict[str, Any], field: str, known: Sequence[str], default: tuple[str, ...]) -> tuple[str, ...]:
    names = asked.get(field, default)
    if not isinstance(names, list | tuple) or not names or not all(name in known for name in names):
        raise OAuthError("invalid_client_metadata", f"{field} must be a list of {', '.join(known)}.")
    return tuple(dict.fromkeys(names))


def _redirect_uris(asked: dict[str, Any], grant_types: Sequence[str]) -> tuple[str, ...]:
    uris = asked.get("redirect_uris", [])
    if not isinstance(uris, list) or len(uris) > _MOST_REDIRECT_URIS:
        raise OAuthError("invalid_redirect_uri", f"redirect_uris must be a list of at most {_MOST_REDIRECT_URIS} URIs.")
    if not uris and "authorization_code" in grant_types:
        raise OAuthError("invalid_redirect_uri", "redirect_uris must name at least one URI.")
    for uri in uris:
        why = why_not_registrable(uri)
        if why is not None:
            raise OAuthError("invalid_redirect_uri", f"The redirect URI {str(uri)[:200]!r} {why}.")
    return tuple(uris)


def document_of(client: Client, asked: dict[str, Any]) -> dict[str, Any]:
    """Give the client information response (RFC 7591, section 3.2.1); what is unset is left out, never null."""
    document: dict[str, Any] = {"client_id": client.client_id, "client_id_issued_at": client.issued_at}
    if client.client_secret is not None:
        document |= {"client_secret": client.client_secret, "client_secret_expires_at": 0}
    document |= {
        "redirect_uris": list(client.redirect_uris),
        "client_name": client.name,
        "token_endpoint_auth_method": client.token_endpoint_auth_method,
        "grant_types": list(client.grant_types),
        "response_types": ["code"] if "authorization_code" in client.grant_types else [],
    }
    if client.registered_scope:
        document["scope"] = " ".join(client.registered_scope)
    return document | {name: asked[name] for name in _ECHOED if name in asked}
