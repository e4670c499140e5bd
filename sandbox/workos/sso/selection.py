"""Which connection a sign-in is for: the selectors of /sso/authorize, each with what WorkOS says when it selects none.

The codes and their meaning are WorkOS's (CONFIRMED: reference, error codes of Get an authorization URL); the texts are
the sandbox's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from sandbox.workos.answers import OAuthError
from sandbox.workos.authkit import AuthKit
from sandbox.workos.connections import PROVIDERS, check_active, providers_own
from sandbox.workos.directory.entities import Connection, Domain, Organization


def selected(server: AuthKit, selectors: Mapping[str, str]) -> Connection:
    """Give the connection that exactly one of `connection`, `organization`, `provider` and `domain` selects.

    Raise OAuthError with WorkOS's code where none or several do, or what is selected cannot be used.
    """
    given = [name for name in _SELECTORS if name in selectors]
    if len(given) != 1:
        came = f"{' and '.join(given)} came" if given else "none came"
        raise OAuthError(
            "invalid_connection_selector",
            f"Exactly one of connection, organization and provider must be given; {came}.",
        )
    name = given[0]
    connection = _SELECTORS[name](server, selectors[name])
    check_active(connection)
    return connection


def _by_id(server: AuthKit, connection_id: str) -> Connection:
    connection = server.directory.get(Connection, connection_id)
    if connection is None:
        raise OAuthError("connection_invalid", f"There is no connection '{connection_id}'.")
    return connection


def _by_organization(server: AuthKit, organization_id: str) -> Connection:
    if server.directory.get(Organization, organization_id) is None:
        raise OAuthError("organization_invalid", f"There is no organization '{organization_id}'.")
    connections = server.directory.all(Connection, organization_id=organization_id)
    if not connections:  # UNCERTAIN: WorkOS's reference names no code for it
        raise OAuthError("connection_invalid", f"The organization '{organization_id}' has no connection.")
    active = [one for one in connections if one.state == "active"]
    if len(active) > 1:
        said = f"The organization '{organization_id}' has {len(active)} connections; name one by 'connection'."
        raise OAuthError("ambiguous_connection_selector", said)
    return next(iter(active), connections[0])


def _by_provider(server: AuthKit, provider: str) -> Connection:
    """Give the only connection of that type, or without one the provider's own."""
    if provider not in PROVIDERS:
        said = f"'{provider}' is no provider; there are: {', '.join(PROVIDERS)}."
        raise OAuthError("invalid_connection_selector", said)
    connections = server.directory.all(Connection, connection_type=provider)
    if len(connections) > 1:
        said = f"This environment has {len(connections)} connections of the type {provider}; name one by 'connection'."
        raise OAuthError("connection_strategy_invalid", said)
    return next(iter(connections), providers_own(provider))


def _by_domain(server: AuthKit, domain: str) -> Connection:
    """Give the connection of a domain's organization; deprecated, and refused unless the settings allow it."""
    if not server.settings.domain_selector:
        said = "The selector 'domain' is no longer valid here; use 'organization' or 'connection'."
        raise OAuthError("domain_connection_selector_not_allowed", said)
    known = server.directory.first(Domain, domain=domain.lower())
    if known is None or not server.directory.all(Connection, organization_id=known.organization_id):
        raise OAuthError("connection_domain_invalid", f"There is no connection for the domain '{domain}'.")
    return _by_organization(server, known.organization_id)


_SELECTORS: Final[dict[str, Callable[[AuthKit, str], Connection]]] = {
    "connection": _by_id,
    "organization": _by_organization,
    "provider": _by_provider,
    "domain": _by_domain,
}
