"""What the dashboard decides for the whole environment: where browsers may be sent, and what tokens say besides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.workos import jwt_template
from sandbox.workos.directory.entities import Domain, Membership, Organization, User
from sandbox.workos.directory.environment import CorsOrigin, JwtTemplate, RedirectUri
from sandbox.workos.redirects import allowed, why_not_in_production, why_not_registrable

if TYPE_CHECKING:
    from sandbox.workos.authkit import AuthKit
    from sandbox.workos.records import Client
    from sandbox.workos.tokens import Claims


def may_return_to(server: AuthKit, redirect_uri: str, client: Client | None = None) -> bool:
    """Say whether a browser may be sent there: to a client's own, and where the dashboard lists some, one of those.

    Without a client the environment's own app asks, whose URIs are those of the dashboard.
    An application of a production environment may not be on plain http:// or localhost. Clients that registered
    themselves may: native ones connect to production environments (UNCERTAIN how WorkOS tells them apart).
    """
    settings = server.settings
    registered = client is not None and client.application is None
    if settings.mode == "production" and not registered and why_not_in_production(redirect_uri):
        return False
    if client is not None and not allowed(redirect_uri, client.redirect_uris, settings.loopback_ports):
        return False
    if settings.redirect_uris == "any":
        return client is not None or why_not_registrable(redirect_uri) is None
    listed = [one.uri for one in server.directory.all(RedirectUri)]
    return allowed(redirect_uri, listed, settings.loopback_ports)


def shares_with(server: AuthKit, origin: str) -> bool:
    """Say whether a page of that origin may read answers: any, or one that the API named as a CORS origin."""
    return server.settings.cors or server.directory.first(CorsOrigin, origin=origin) is not None


def template_claims(server: AuthKit, user_id: str, organization_id: str | None) -> Claims:
    """Give the claims that the JWT template adds to a person's token; those without a value are left out.

    CONFIRMED for the tokens of sessions (WorkOS, JWT templates), for those of the OAuth server UNCERTAIN.
    """
    directory = server.directory
    template = directory.first(JwtTemplate)
    if template is None:
        return {}
    user, organization = directory.get(User, user_id), directory.get(Organization, organization_id)
    domains = directory.all(Domain, organization_id=organization_id)
    membership = directory.first(Membership, user_id=user_id, organization_id=organization_id)
    context = {
        "user": user and user.shown(),
        "organization": organization and organization.shown() | {"domains": [one.shown() for one in domains]},
        "organization_membership": membership and membership.shown() | {"role": {"slug": membership.role_slug}},
    }
    claims = jwt_template.rendered(template.content, context)
    return {name: value for name, value in claims.items() if value is not None}
