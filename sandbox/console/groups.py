"""The settings as the WorkOS dashboard, the service's manifest and its code group them; data for the dashboard."""

from __future__ import annotations

from typing import Final, NamedTuple

from sandbox.flow import Step

Seen = tuple[Step, ...]


class Group(NamedTuple):
    """Settings that stand together, and at which steps a client meets each."""

    title: str
    says: str
    settings: dict[str, Seen]


class Part(NamedTuple):
    """One of the two systems, or the machine under both."""

    id: str
    title: str
    says: str
    groups: tuple[Group, ...]


_ASKED: Final[Seen] = ("resource-metadata",)
_FOUND: Final[Seen] = ("server-metadata",)
_SIGNED_IN: Final[Seen] = ("authorization",)
_API: Final[Seen] = ("api",)
_CHECKED: Final[Seen] = ("session", "messages")

WORKOS: Final = Part(
    "workos",
    "WorkOS",
    "What the WorkOS dashboard holds.",
    (
        Group(
            "Connect: how clients come in",
            "Dashboard, Connect, Configuration.",
            {
                "workos.dynamic_client_registration": ("server-metadata", "registration"),
                "workos.disabled_registration.advertise": _FOUND,
                "workos.disabled_registration.status": ("registration",),
                "workos.client_id_metadata_document": ("server-metadata", "client-metadata", "authorization"),
                "workos.documents_fetched": ("client-metadata",),
                "workos.login_uri": _SIGNED_IN,
                "workos.token_endpoint_auth_methods": ("server-metadata", "registration", "token"),
                "workos.require_pkce": _SIGNED_IN,
                "workos.scopes": ("server-metadata", "authorization"),
                "workos.resource_scopes": _SIGNED_IN,
            },
        ),
        Group(
            "Applications",
            "Dashboard, Connect, Applications: the clients that a person registered, with their secrets.",
            {"workos.applications": ("authorization", "token")},
        ),
        Group(
            "Redirects",
            "Dashboard, Redirects: where a browser may be sent back to.",
            {
                "workos.redirect_uris": _SIGNED_IN,
                "workos.loopback_ports": _SIGNED_IN,
                "workos.app_homepage_url": ("logout",),
            },
        ),
        Group(
            "Resources",
            "Dashboard, Connect, Resource indicators: for which MCP servers there are tokens.",
            {"workos.resources": ("token", "refresh")},
        ),
        Group(
            "Sessions",
            "Dashboard, Sessions: the tokens that clients get, and how long they are good.",
            {
                "workos.access_token.lifetime": ("token", "refresh"),
                "workos.access_token.format": ("token", "refresh"),
                "workos.access_token.audience": ("token", "session"),
                "workos.access_token.algorithm": ("token", "jwks"),
                "workos.refresh_token.issue": ("token",),
                "workos.refresh_token.rotate": ("refresh",),
                "workos.refresh_token.grace": ("refresh",),
                "workos.refresh_token.lifetime": ("refresh",),
            },
        ),
        Group(
            "Users",
            "Dashboard, Users: who can sign in, and how.",
            {"workos.sign_in": _SIGNED_IN, "workos.users": _SIGNED_IN, "workos.one_time_code": _API},
        ),
        Group(
            "Authentication",
            "Dashboard, Authentication: how the users of the app may sign in; MCP clients do not meet it.",
            {
                f"workos.authentication.{name}": _API
                for name in ("password", "magic_auth", "sso", "mfa", "email_verification", "sign_up")
            },
        ),
        Group(
            "Organizations",
            "Dashboard, Organizations: the customers of the app.",
            {
                "workos.organizations": _SIGNED_IN,
                "workos.roles": _API,
                "workos.connections": _API,
                "workos.domain_selector": _API,
            },
        ),
        Group(
            "Domains and API keys",
            "Dashboard, Domains and API keys: the names under which the environment answers.",
            {
                "workos.issuer": ("resource-metadata", "server-metadata", "token"),
                "workos.issuer_path": ("resource-metadata", "server-metadata", "token"),
                "workos.metadata_at": _FOUND,
                "workos.client_id": ("token",),
                "workos.api_keys": _API,
                "workos.mode": _SIGNED_IN,
                "workos.cors": _FOUND,
                "workos.not_found_body": _FOUND,
            },
        ),
    ),
)

SERVICE: Final = Part(
    "service",
    "log-aggregator",
    "What raindrop.manifest and the service's own code hold.",
    (
        Group(
            "raindrop.manifest",
            "What the service says of itself when it is deployed.",
            {
                "service.visibility": ("challenge",),
                "service.authorization_server": _ASKED,
                "service.path": ("challenge", "resource-metadata"),
                "service.given_url": ("challenge",),
                "service.url": ("challenge", "resource-metadata"),
            },
        ),
        Group(
            "The 401",
            "What a request without a good token is answered.",
            {
                "service.challenge.status": ("challenge",),
                "service.challenge.scheme": ("challenge",),
                "service.challenge.error": ("challenge",),
                "service.challenge.error_description": ("challenge",),
                "service.challenge.resource_metadata": ("challenge",),
                "service.challenge.scope": ("challenge",),
                "service.challenge.body": ("challenge",),
                "service.refusal": _CHECKED,
            },
        ),
        Group(
            "Resource metadata",
            "The document that says who signs people in (RFC 9728).",
            {"service.metadata_at": _ASKED, "service.scopes": _ASKED, "service.cors": ("challenge",)},
        ),
        Group(
            "Tokens",
            "What the guard looks at before it lets a request in.",
            {
                "service.issuers": _CHECKED,
                "service.audience": _CHECKED,
                "service.jwks_uri": ("jwks",),
                "service.keys_read": ("jwks",),
                "service.clock_skew": _CHECKED,
                "service.tool_scopes": ("messages",),
            },
        ),
        Group(
            "MCP",
            "Which MCP it speaks, and what is offered.",
            {
                "service.protocol": ("session",),
                "service.features": ("messages",),
                "service.authorization": ("server-metadata", "registration", "authorization", "token"),
            },
        ),
    ),
)

MACHINE: Final = Part(
    "machine",
    "The machines under both",
    "Clocks that are off, and who speaks HTTPS.",
    (
        Group(
            "Clocks",
            "How far each is off.",
            {"clock.workos": ("token", "refresh"), "clock.service": _CHECKED},
        ),
        Group(
            "HTTPS",
            "Ports that speak HTTPS, and whether a client can trust them.",
            {"tls.workos": _FOUND, "tls.mcp": ("challenge",)},
        ),
    ),
)

PARTS: Final = (WORKOS, SERVICE, MACHINE)

SEEN: Final = {name: seen for part in PARTS for group in part.groups for name, seen in group.settings.items()}
"""At which steps a client meets each setting."""


class Effect(NamedTuple):
    """Something to do to the state, and what a client meets then."""

    action: str
    thing: str
    title: str
    then: str


EFFECTS: Final = (
    Effect(
        "expire",
        "access-tokens",
        "Expire access tokens",
        "The next request with one is answered 401, and a client refreshes.",
    ),
    Effect(
        "revoke",
        "access-tokens",
        "Revoke access tokens",
        "The next request with one is answered 401, although its exp is ahead.",
    ),
    Effect(
        "expire",
        "refresh-tokens",
        "Expire refresh tokens",
        "The next refresh is answered invalid_grant, and a person has to sign in.",
    ),
    Effect(
        "revoke",
        "refresh-tokens",
        "Revoke refresh tokens",
        "The same, as when somebody takes the app's access away.",
    ),
    Effect("expire", "codes", "Expire codes", "A sign-in that is on its way ends with invalid_grant."),
    Effect(
        "forget",
        "clients",
        "Forget clients",
        "A client_id that registered itself is unknown: invalid_client, and a person sees an error page.",
    ),
    Effect("forget", "sessions", "Forget MCP sessions", "A request with its session id is answered 404."),
    Effect(
        "rotate",
        "signing-key",
        "Rotate the signing key",
        "New tokens have another kid, and the guard has to read the keys anew.",
    ),
)
"""What the state can be made to do; `advance` has a button of its own, and `change` is the dashboard itself."""

ONE: Final = (
    Effect("forget", "client", "Forget", "Its client_id is unknown from now on, as if it had never registered."),
    Effect("revoke", "session", "Revoke", "Its refresh tokens are dead; an access token is good until it runs out."),
    Effect("expire", "refresh-token", "Expire", "The next refresh with it is answered invalid_grant."),
)
"""What can be done to one alone."""

AHEAD: Final = ("1m", "6m", "1h", "1d", "31d")
"""How far the clock can be moved at once: past an access token's life, an hour, a day, and a refresh token's life."""
