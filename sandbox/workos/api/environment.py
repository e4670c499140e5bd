"""The environment's own lists (WorkOS, reference: MCP resource indicator, Redirect URIs, CORS origins, JWT template).

Lists, and what deletes a resource or a redirect URI, are in WorkOS's reference and SDKs, not yet in its OpenAPI
document; their shapes are those of its other lists.
"""

from __future__ import annotations

import re
from typing import Any, Final

from flask import Response, jsonify
from msgspec import Struct

from sandbox.workos import jwt_template
from sandbox.workos.api.applications import check_origin, check_redirect_uri
from sandbox.workos.api.errors import ApiError, invalid, not_found
from sandbox.workos.api.keys import keyed
from sandbox.workos.api.listing import page
from sandbox.workos.api.reading import body
from sandbox.workos.authkit import authkit
from sandbox.workos.directory.entities import Entity
from sandbox.workos.directory.environment import CorsOrigin, JwtTemplate, OAuthResource, RedirectUri

blueprint = keyed("environment")

_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s#]+")
_NO_TEMPLATE: Final = "This environment has no JWT template."


class Uri(Struct):
    """The body that makes a resource or a redirect URI."""

    uri: str


class Origin(Struct):
    """The body that makes a CORS origin."""

    origin: str


class Content(Struct):
    """The body that makes or changes the JWT template."""

    content: str


@blueprint.get("/user_management/authkit_oauth_resources")
def list_resources() -> Response:
    """List the resource indicators."""
    return page(authkit().directory.all(OAuthResource))


@blueprint.post("/user_management/authkit_oauth_resources")
def create_resource() -> tuple[Response, int]:
    """Add a resource indicator; from now on there are tokens for it, in a world that does not take `any`."""
    uri = body(Uri).uri
    if not _ABSOLUTE.fullmatch(uri):
        raise invalid("uri", "invalid", "The uri must be an absolute URI without a fragment.")
    _check_new(OAuthResource, uri=uri)
    return jsonify(authkit().directory.make(OAuthResource, uri=uri).shown()), 201


@blueprint.delete("/user_management/authkit_oauth_resources/<resource_id>")
def delete_resource(resource_id: str) -> tuple[str, int]:
    """Take a resource indicator away."""
    return _deleted(OAuthResource, "AuthKit OAuth resource", resource_id)


@blueprint.get("/user_management/redirect_uris")
def list_redirect_uris() -> Response:
    """List the redirect URIs."""
    return page(authkit().directory.all(RedirectUri))


@blueprint.post("/user_management/redirect_uris")
def create_redirect_uri() -> tuple[Response, int]:
    """Add a redirect URI; the first one is the default (UNCERTAIN)."""
    uri, server = body(Uri).uri, authkit()
    check_redirect_uri("uri", uri, server)
    _check_new(RedirectUri, uri=uri)
    is_first = not server.directory.all(RedirectUri)
    return jsonify(server.directory.make(RedirectUri, uri=uri, default=is_first).shown()), 201


@blueprint.delete("/user_management/redirect_uris/<redirect_uri_id>")
def delete_redirect_uri(redirect_uri_id: str) -> tuple[str, int]:
    """Take a redirect URI away."""
    return _deleted(RedirectUri, "Redirect URI", redirect_uri_id)


@blueprint.get("/user_management/cors_origins")
def list_cors_origins() -> Response:
    """List the CORS origins."""
    return page(authkit().directory.all(CorsOrigin))


@blueprint.post("/user_management/cors_origins")
def create_cors_origin() -> tuple[Response, int]:
    """Add an origin whose pages may read answers also where `workos.cors` is off; one of this machine, as ever."""
    origin = body(Origin).origin
    check_origin("origin", origin)
    if authkit().directory.first(CorsOrigin, origin=origin):
        raise ApiError(409, f"CORS origin '{origin}' already exists.", "duplicate_cors_origin")
    return jsonify(authkit().directory.make(CorsOrigin, origin=origin).shown()), 201


@blueprint.get("/user_management/jwt_template")
def get_jwt_template() -> Response:
    """Give the JWT template."""
    template = authkit().directory.first(JwtTemplate)
    if template is None:
        raise ApiError(404, _NO_TEMPLATE, "entity_not_found")
    return jsonify(template.shown())


@blueprint.put("/user_management/jwt_template")
def update_jwt_template() -> Response:
    """Make or change the JWT template; the next access token has its claims."""
    content, directory = body(Content).content, authkit().directory
    try:
        jwt_template.check(content)
    except jwt_template.TemplateError as error:
        raise invalid("content", "invalid", str(error)) from error
    kept = directory.first(JwtTemplate)
    template = directory.change(kept, content=content) if kept else directory.make(JwtTemplate, content=content)
    return jsonify(template.shown())


def _check_new(kind: type[Entity], **having: Any) -> None:
    """Raise ApiError 422 for what is there already (WorkOS, OpenAPI: the example of redirect URIs)."""
    if authkit().directory.first(kind, **having):
        name = "Redirect URI" if kind is RedirectUri else "Resource"
        raise invalid("uri", "duplicate", f"{name} '{having['uri']}' already exists.")


def _deleted(kind: type[Entity], what: str, entity_id: str) -> tuple[str, int]:
    entity = authkit().directory.get(kind, entity_id)
    if entity is None:
        raise not_found(what, entity_id)
    authkit().directory.remove(entity)
    return "", 204
