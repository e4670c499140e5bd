"""What the dashboard holds for the whole environment: resources, redirect URIs, CORS origins, the JWT template."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox import settings
from sandbox.workos.directory.entities import Entity
from sandbox.workos.store import hashed


class OAuthResource(Entity, frozen=True, kw_only=True):
    """A resource indicator (RFC 8707): an MCP server that there are tokens for."""

    OBJECT = "authkit_oauth_resource"
    PREFIX = "authkit_oauth_resource"

    uri: str
    default: bool = False


class RedirectUri(Entity, frozen=True, kw_only=True):
    """Where a browser may be sent back to."""

    OBJECT = "redirect_uri"
    PREFIX = "ruri"

    uri: str
    default: bool = False


class CorsOrigin(Entity, frozen=True, kw_only=True):
    """An origin whose pages may read answers."""

    OBJECT = "cors_origin"
    PREFIX = "cors_origin"

    origin: str


class JwtTemplate(Entity, frozen=True, kw_only=True):
    """The claims that are added to access tokens; an environment has one template, or none."""

    OBJECT = "jwt_template"
    PREFIX = "jwt_template"
    HIDDEN = frozenset({"id"})

    content: str


def seeds(world: settings.WorkOS, seeded_at: str) -> Iterator[Entity]:
    """Give the resources and redirect URIs that the settings list; none where they take any."""
    if world.resources != "any":
        for uri in world.resources:
            yield OAuthResource(id=id_of(OAuthResource, uri), created_at=seeded_at, updated_at=seeded_at, uri=uri)
    if world.redirect_uris != "any":
        for number, uri in enumerate(world.redirect_uris):
            name = id_of(RedirectUri, uri)
            yield RedirectUri(id=name, created_at=seeded_at, updated_at=seeded_at, uri=uri, default=number == 0)


def id_of(kind: type[Entity], what: str) -> str:
    """Give the id of something that the settings list; it stays the same when the list changes."""
    return f"{kind.PREFIX}_{hashed(what)[:26].upper()}"
