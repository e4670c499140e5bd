"""Connect applications (WorkOS, reference: Applications): those of the dashboard, and those that registered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec
from flask import Response, jsonify, request
from msgspec import UNSET, Struct, UnsetType

from sandbox.workos.api.errors import invalid, not_found
from sandbox.workos.api.keys import keyed
from sandbox.workos.api.listing import page
from sandbox.workos.api.reading import body
from sandbox.workos.authkit import AuthKit, authkit
from sandbox.workos.directory import written
from sandbox.workos.directory.applications import GRANT_TYPES, Application, ClientSecret, Target, registered
from sandbox.workos.directory.entities import Organization
from sandbox.workos.records import Client
from sandbox.workos.redirects import why_not_in_production, why_not_registrable

blueprint = keyed("applications")

ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-fA-F:]+\](:[0-9]{1,5})?")
"""An origin, as a browser sends it (RFC 6454, section 6.2)."""

_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
"""RFC 6749, section 3.3."""

_USUAL_SCOPES: Final = {"oauth": ("openid", "profile", "email", "offline_access"), "m2m": ()}
"""What an application may ask for when nothing is said (UNCERTAIN)."""


class RedirectUri(Struct):
    """A redirect URI as one gives it."""

    uri: str
    default: bool | None = None


class NewApplication(Struct, kw_only=True):
    """The body that makes an application of either type."""

    name: str
    application_type: Literal["oauth", "m2m"]
    description: str | None = None
    scopes: list[str] | None = None
    redirect_uris: list[RedirectUri] | None = None
    cors_origins: list[str] | None = None
    uses_pkce: bool | None = None
    is_first_party: bool | None = None
    organization_id: str | None = None


class ChangedApplication(Struct, kw_only=True):
    """The body that changes an application; what it does not name stays."""

    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    scopes: list[str] | UnsetType | None = UNSET
    redirect_uris: list[RedirectUri] | UnsetType | None = UNSET
    cors_origins: list[str] | UnsetType | None = UNSET


def every(server: AuthKit) -> list[Application]:
    """Give every application, oldest first."""
    own = [registered(client, written(client.issued_at)) for _, client in server.store.all(Client)]
    return sorted([*server.directory.all(Application), *own], key=lambda application: application.created_at)


def found(application_id: str) -> Application:
    """Give an application by its id or its client id; raise ApiError 404 where there is none."""
    known = every(authkit())
    application = next((one for one in known if application_id in {one.id, one.client_id}), None)
    if application is None:
        raise not_found("Application", application_id)
    return application


@blueprint.get("/connect/applications")
def list_applications() -> Response:
    """List applications, or those of an `organization_id`."""
    wanted = request.args.get("organization_id")
    return page([one for one in every(authkit()) if not wanted or one.organization_id == wanted], Application.shown)


@blueprint.post("/connect/applications")
def create_application() -> tuple[Response, int]:
    """Make an application; its first secret is made by a call of its own.

    That an OAuth application needs a secret unless `uses_pkce` says otherwise is UNCERTAIN, and so is which grants it
    may use: here all that its type has.
    """
    asked, server = body(NewApplication), authkit()
    is_machine = asked.application_type == "m2m"
    _check_name(asked.name)
    if not is_machine and asked.is_first_party is None:
        raise invalid("is_first_party", "required", "Say whether the application is_first_party.")
    if asked.organization_id is None and not asked.is_first_party:
        raise invalid("organization_id", "required", "Say which organization the application belongs to.")
    if is_machine and (asked.redirect_uris or asked.cors_origins or asked.uses_pkce):
        raise invalid("redirect_uris", "invalid", "A machine has no browser: no redirect_uris, cors_origins, PKCE.")
    if asked.organization_id is not None and server.directory.get(Organization, asked.organization_id) is None:
        raise not_found("Organization", asked.organization_id)
    application = server.directory.make(
        Application,
        client_id=f"client_{server.sources.ulid()}",
        name=asked.name,
        application_type=asked.application_type,
        description=asked.description,
        scopes=_scopes(asked.scopes, asked.application_type),
        redirect_uris=_targets(asked.redirect_uris or (), server),
        cors_origins=_origins(asked.cors_origins or ()),
        token_endpoint_auth_method="none" if asked.uses_pkce else "client_secret_basic",
        grant_types=GRANT_TYPES[asked.application_type],
        is_first_party=bool(asked.is_first_party) and not is_machine,
        organization_id=asked.organization_id,
    )
    return jsonify(application.shown()), 201


@blueprint.get("/connect/applications/<application_id>")
def get_application(application_id: str) -> Response:
    """Give an application."""
    return jsonify(found(application_id).shown())


@blueprint.put("/connect/applications/<application_id>")
def update_application(application_id: str) -> Response:
    """Change an application; the next authorization sees it."""
    asked, application, server = body(ChangedApplication), found(application_id), authkit()
    changes: dict[str, Any] = {}
    if asked.name is not UNSET:
        _check_name(asked.name)
        changes["name"] = asked.name
    if asked.description is not UNSET:
        changes["description"] = asked.description
    if asked.scopes is not UNSET:
        changes["scopes"] = _scopes(asked.scopes, application.application_type)
    if application.application_type == "m2m" and (asked.redirect_uris or asked.cors_origins):
        raise invalid("redirect_uris", "invalid", "A machine has no redirect_uris and no cors_origins.")
    if asked.redirect_uris is not UNSET:
        changes["redirect_uris"] = _targets(asked.redirect_uris or (), server)
    if asked.cors_origins is not UNSET:
        changes["cors_origins"] = _origins(asked.cors_origins or ())
    changed = _registered_changed if application.was_dynamically_registered else server.directory.change
    return jsonify(changed(application, **changes).shown())


@blueprint.delete("/connect/applications/<application_id>")
def delete_application(application_id: str) -> tuple[str, int]:
    """Delete an application, with its secrets and all that was granted to it."""
    application, server = found(application_id), authkit()
    for secret in server.directory.all(ClientSecret, application_id=application.id):
        server.directory.remove(secret)
    if application.was_dynamically_registered:
        server.store.drop(Client, application.client_id)
    else:
        server.directory.remove(application)
    server.forget_orphans()
    return "", 204


def _registered_changed(application: Application, **changes: Any) -> Application:
    """Change a client that registered itself, as an application; such a one has no CORS origins."""
    server = authkit()
    changed = msgspec.structs.replace(application, **changes)
    client = server.client(application.client_id)
    if client is not None:
        kept = msgspec.structs.replace(
            client,
            name=changed.name,
            description=changed.description,
            redirect_uris=tuple(target.uri for target in changed.redirect_uris),
            registered_scope=changed.scopes,
        )
        server.store.put(client.client_id, kept)
    return msgspec.structs.replace(changed, cors_origins=())


# --- rules -----------------------------------------------------------------------------------------------------------


def _check_name(name: str) -> None:
    if not name.strip():
        raise invalid("name", "required", "The name must not be empty.")


def _scopes(names: Sequence[str] | None, application_type: str) -> tuple[str, ...]:
    if names is None:
        return _USUAL_SCOPES[application_type]
    for name in names:
        if not _SCOPE.fullmatch(name):
            raise invalid("scopes", "invalid", f"'{name}' is no scope: one word each, without quotes.")
    return tuple(dict.fromkeys(names))


def _targets(given: Sequence[RedirectUri], server: AuthKit) -> tuple[Target, ...]:
    """Give the redirect URIs, one of them the default: the first where none is said to be."""
    for one in given:
        check_redirect_uri("redirect_uris", one.uri, server)
    default = next((number for number, one in enumerate(given) if one.default), 0)
    return tuple(Target(one.uri, number == default) for number, one in enumerate(given))


def check_redirect_uri(field: str, uri: str, server: AuthKit) -> None:
    """Raise ApiError 422 for a redirect URI that this environment does not take."""
    why = why_not_registrable(uri) or (why_not_in_production(uri) if server.settings.mode == "production" else None)
    if why is not None:
        raise invalid(field, "invalid", f"The redirect URI '{uri[:200]}' {why}.")


def _origins(origins: Sequence[str]) -> tuple[str, ...]:
    for origin in origins:
        check_origin("cors_origins", origin)
    return tuple(dict.fromkeys(origins))


def check_origin(field: str, origin: str) -> None:
    """Raise ApiError 422 for what is no origin."""
    if not ORIGIN.fullmatch(origin):
        raise invalid(field, "invalid", f"'{origin[:200]}' is no origin, such as https://app.example.")
