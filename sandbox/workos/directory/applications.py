"""Connect applications and their client secrets: those of the settings, and what the API made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from sandbox import settings
from sandbox.workos.directory.entities import Entity
from sandbox.workos.records import Client, Record
from sandbox.workos.store import hashed

GRANT_TYPES: Final = {
    "oauth": ("authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"),
    "m2m": ("client_credentials",),
}
"""What an application of each type may be allowed (WorkOS, Connect: OAuth and M2M applications)."""

HINT: Final = 6
"""How many of a secret's last characters its hint shows."""


class Target(Struct, frozen=True):
    """A redirect URI of an application."""

    uri: str
    default: bool = False


class Application(Entity, frozen=True, kw_only=True):
    """A Connect application (WorkOS, reference of Connect applications)."""

    OBJECT = "connect_application"
    PREFIX = "conn_app"

    client_id: str
    name: str
    application_type: Literal["oauth", "m2m"]
    description: str | None = None
    scopes: tuple[str, ...] = ()
    redirect_uris: tuple[Target, ...] = ()
    cors_origins: tuple[str, ...] = ()
    token_endpoint_auth_method: str = "none"  # noqa: S105 - the name of a method
    grant_types: tuple[str, ...] = ()
    is_first_party: bool = False
    organization_id: str | None = None
    was_dynamically_registered: bool = False

    def shown(self) -> dict[str, Any]:
        """Give its JSON, whose fields differ by type (WorkOS, OpenAPI: ConnectApplication)."""
        common = ("id", "client_id", "description", "name", "scopes", "created_at", "updated_at", "application_type")
        answer: dict[str, Any] = {"object": self.OBJECT} | {name: getattr(self, name) for name in common}
        if self.organization_id is not None and not self.is_first_party:
            answer["organization_id"] = self.organization_id
        if self.application_type == "m2m":
            return answer
        if not self.is_first_party:
            answer["was_dynamically_registered"] = self.was_dynamically_registered
        return answer | {
            "redirect_uris": msgspec.to_builtins(self.redirect_uris),
            "cors_origins": self.cors_origins,
            "uses_pkce": self.token_endpoint_auth_method == "none",  # noqa: S105 - the name of a method
            "is_first_party": self.is_first_party,
        }

    def client(self, secret: str | None) -> Client:
        """Give the OAuth client that it is; `secret` is the one that the settings know."""
        possible = GRANT_TYPES[self.application_type]
        return Client(
            client_id=self.client_id,
            name=self.name,
            redirect_uris=tuple(target.uri for target in self.redirect_uris),
            grant_types=tuple(grant for grant in self.grant_types if grant in possible),
            token_endpoint_auth_method=self.token_endpoint_auth_method,
            client_secret=secret,
            scopes=self.scopes,
            organization=self.organization_id,
            application=self.id,
            first_party=self.is_first_party,
        )


class ClientSecret(Entity, frozen=True, kw_only=True):
    """A secret of an application; only its hash is kept."""

    OBJECT = "connect_application_secret"
    PREFIX = "secret"
    HIDDEN = frozenset({"application_id", "digest"})

    application_id: str
    digest: str
    secret_hint: str


class SecretUse(Record, frozen=True, kw_only=True):
    """When a client secret was last used; kept under its digest, apart from what the settings say of it."""

    at: str


def seeds(
    world: settings.WorkOS, secret_of: Callable[[settings.Application], str | None], seeded_at: str
) -> Iterator[Entity]:
    """Give the applications of the settings, and the secret of each that has one."""
    for application in world.applications:
        yield Application(
            id=id_of(application.client_id),
            created_at=seeded_at,
            updated_at=seeded_at,
            client_id=application.client_id,
            name=application.name,
            application_type=application.type,
            scopes=application.scopes,
            redirect_uris=tuple(Target(uri, number == 0) for number, uri in enumerate(application.redirect_uris)),
            token_endpoint_auth_method=application.token_endpoint_auth_method,
            grant_types=application.grant_types,
            is_first_party=application.first_party,
            organization_id=application.organization,
        )
        secret = secret_of(application)
        if secret is not None:
            yield known_secret(application.client_id, secret, seeded_at)


def registered(client: Client, at: str) -> Application:
    """Give the application that a client is which registered itself; it belongs to nobody."""
    return Application(
        id=id_of(client.client_id),
        created_at=at,
        updated_at=at,
        client_id=client.client_id,
        name=client.name,
        description=client.description,
        application_type="oauth",
        scopes=client.registered_scope,
        redirect_uris=tuple(Target(uri, number == 0) for number, uri in enumerate(client.redirect_uris)),
        token_endpoint_auth_method=client.token_endpoint_auth_method,
        grant_types=client.grant_types,
        was_dynamically_registered=True,
    )


def known_secret(client_id: str, secret: str, at: str) -> ClientSecret:
    """Give the secret that came with a client: by the settings, or by its registration."""
    return ClientSecret(
        id=f"{ClientSecret.PREFIX}_{client_id.removeprefix('client_')}",
        created_at=at,
        updated_at=at,
        application_id=id_of(client_id),
        digest=hashed(secret),
        secret_hint=secret[-HINT:],
    )


def id_of(client_id: str) -> str:
    """Give the id of an application that the API did not make."""
    return f"{Application.PREFIX}_{client_id.removeprefix('client_')}"
