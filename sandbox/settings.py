"""The settings of both systems, each with its healthy value: the WorkOS dashboard's, and the service's own."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

Duration = Annotated[str, Meta(pattern=r"^-?\d+(\.\d+)?(ms|s|m|h|d)$", description="a duration such as 30s or 5m")]


HeaderText = Annotated[str, Meta(pattern=r"^[\t\x20-\x7e\xa0-\xff]*$", description="one line of Latin-1 text")]
"""What can be sent in a header (RFC 9110, section 5.5)."""
AuthMethod = Literal["none", "client_secret_post", "client_secret_basic"]
Features = Literal["logs", "conformance"]


class User(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person who can sign in."""

    id: str
    email: str
    first_name: str
    last_name: str
    organization: Annotated[str | None, Meta(description="the id of the organization signed in to")] = None


class Organization(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A customer of the invented app."""

    id: str
    name: str


class Connection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A single sign-on connection of an organization."""

    id: str
    organization: str
    type: str
    name: str


class Application(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pre-registered Connect application."""

    client_id: str
    name: str
    type: Annotated[Literal["oauth", "m2m"], Meta(description="a person signs in, or a machine")] = "oauth"
    redirect_uris: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = ("authorization_code", "refresh_token")
    token_endpoint_auth_method: AuthMethod = "none"
    client_secret: Annotated[
        str | None, Meta(description="made at first start when absent and the application needs one")
    ] = None
    scopes: tuple[str, ...] = ("openid", "profile", "email", "offline_access")
    organization: str | None = None


class AccessToken(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How access tokens are made (WorkOS, reference of the Connect token endpoint)."""

    lifetime: Duration = "5m"
    format: Literal["jwt", "opaque"] = "jwt"
    audience: Annotated[
        str,
        Meta(description="`resource`: what the client asked for; `client`: the environment's client id; or any text"),
    ] = "resource"
    algorithm: Annotated[Literal["RS256"], Meta(description="how access tokens are signed; WorkOS knows one way")] = (
        "RS256"
    )


class RefreshToken(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When refresh tokens are issued and how they rotate (WorkOS, session resilience)."""

    issue: Literal["offline_access", "always", "never"] = "offline_access"
    rotate: bool = True
    grace: Annotated[Duration, Meta(description="how long a rotated token still answers with its successor")] = "30s"
    lifetime: Duration = "30d"


class DisabledRegistration(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is seen while dynamic client registration is off; reports conflict, so both are settings (UNCERTAIN)."""

    advertise: Annotated[bool, Meta(description="keep registration_endpoint in the metadata")] = False
    status: Annotated[int, Meta(ge=400, le=599, description="HTTP status of the refusal")] = 403


class WorkOS(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the WorkOS dashboard holds."""

    mode: Annotated[
        Literal["test", "production"], Meta(description="the environment of the dashboard; nothing reads it yet")
    ] = "test"
    client_id: Annotated[str, Meta(description="the environment's client id")] = "client_01SANDB0XENV1R0NMENT0000000"
    issuer: Annotated[
        Literal["authkit", "client", "custom"],
        Meta(
            description="`authkit`: the AuthKit domain, no path; `client`: /user_management/client_…; `custom`: a"
            " custom domain, here 127.0.0.1, apart from api.workos.com, which is then localhost"
        ),
    ] = "authkit"
    issuer_path: Annotated[str, Meta(pattern="^(/[^/?#]+)*$", description="a path of the issuer, such as /tenant1")] = (
        ""
    )
    metadata_at: Annotated[
        tuple[Literal["oauth", "openid", "oauth-appended", "openid-appended"], ...],
        Meta(
            description="the discovery documents: RFC 8414's and OpenID Connect's, the issuer's path inserted after"
            " .well-known, or appended before it"
        ),
    ] = ("oauth", "openid")
    dynamic_client_registration: Annotated[
        bool, Meta(description="Dashboard, Connect, Configuration: Dynamic Client Registration")
    ] = True
    disabled_registration: DisabledRegistration = DisabledRegistration()
    client_id_metadata_document: Annotated[
        bool, Meta(description="Dashboard, Connect, Configuration: Client ID Metadata Document")
    ] = False
    token_endpoint_auth_methods: Annotated[
        tuple[AuthMethod, ...],
        Meta(
            min_length=1,
            description="how a client may say who it is: on registration, at the token endpoint, in the metadata",
        ),
    ] = ("none", "client_secret_post", "client_secret_basic")
    scopes: Annotated[tuple[str, ...], Meta(description="scopes_supported of the metadata")] = (
        "email",
        "offline_access",
        "openid",
        "profile",
    )
    resource_scopes: Annotated[
        tuple[str, ...], Meta(description="scopes of the service that WorkOS grants without advertising them")
    ] = ("logs:delete",)
    resources: Annotated[
        Literal["any"] | tuple[str, ...],
        Meta(
            description="`any`, or the dashboard's resource indicators, matched byte for byte; an empty list means none"
        ),
    ] = "any"
    applications: tuple[Application, ...] = (
        Application(
            client_id="client_01SANDB0XCLA1DEWEB000000000",
            name="Claude (web and desktop)",
            redirect_uris=("https://claude.ai/api/mcp/auth_callback", "https://claude.com/api/mcp/auth_callback"),
        ),
        Application(
            client_id="client_01SANDB0XNIGHT1YREP0RT0000",
            name="Nightly report",
            type="m2m",
            grant_types=("client_credentials",),
            token_endpoint_auth_method="client_secret_basic",
            scopes=("logs:read",),
            organization="org_01SANDB0XNEARBYN0TEB00KS00",
        ),
    )
    require_pkce: Annotated[bool, Meta(description="refuse a public client without a code_challenge (UNCERTAIN)")] = (
        True
    )
    redirect_uris: Annotated[
        Literal["any"] | tuple[str, ...],
        Meta(description="`any` that the client registered, or only those the dashboard lists besides"),
    ] = "any"
    loopback_ports: Annotated[
        Literal["any", "exact"], Meta(description="whether the port of a loopback redirect URI matters (RFC 8252, 7.3)")
    ] = "any"
    access_token: AccessToken = AccessToken()
    refresh_token: RefreshToken = RefreshToken()
    sign_in: Annotated[
        Literal["page", "automatic", "deny"], Meta(description="pages, the first user at once, or always a refusal")
    ] = "page"
    cors: Annotated[
        bool, Meta(description="whether pages of other origins may read the answers, as a browser asks (UNCERTAIN)")
    ] = True
    not_found_body: Annotated[
        dict[str, Any], Meta(description="the JSON body of WorkOS's 404; its exact text is UNCERTAIN")
    ] = field(default_factory=lambda: {"message": "Not Found"})
    users: tuple[User, ...] = (
        User(
            id="user_01SANDB0XADA0000000000000000",
            email="ada@nearby-notebooks.example",
            first_name="Ada",
            last_name="Park",
            organization="org_01SANDB0XNEARBYN0TEB00KS00",
        ),
        User(
            id="user_01SANDB0XBEN0000000000000000",
            email="ben@nearby-notebooks.example",
            first_name="Ben",
            last_name="Okoro",
            organization="org_01SANDB0XNEARBYN0TEB00KS00",
        ),
        User(
            id="user_01SANDB0XCLEM000000000000000",
            email="clem@freelance.example",
            first_name="Clem",
            last_name="Duarte",
        ),
    )
    organizations: tuple[Organization, ...] = (
        Organization(id="org_01SANDB0XNEARBYN0TEB00KS00", name="Nearby Notebooks"),
    )
    connections: Annotated[tuple[Connection, ...], Meta(description="their single sign-on; nothing reads it yet")] = (
        Connection(
            id="conn_01SANDB0XNEARBY0KTA0000000",
            organization="org_01SANDB0XNEARBYN0TEB00KS00",
            type="OktaSAML",
            name="Nearby Notebooks Okta",
        ),
    )


class Challenge(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What log-aggregator answers to who may not come in: a 401 in the dialect that WorkOS documents for MCP."""

    status: Annotated[int, Meta(ge=200, le=599)] = 401
    scheme: Annotated[
        Annotated[str, Meta(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", description="one word")] | None,
        Meta(description="null: no WWW-Authenticate at all"),
    ] = "Bearer"
    error: HeaderText | None = "unauthorized"
    error_description: HeaderText | None = "Authorization needed"
    resource_metadata: Annotated[
        HeaderText | None,
        Meta(description="`path`: the URL with the path inserted; `root`: without; or any text; null leaves it out"),
    ] = "path"
    scope: HeaderText | None = None
    body: dict[str, Any] = field(default_factory=lambda: {"error": "Invalid bearer token."})


class Service(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What log-aggregator's manifest and own code hold."""

    visibility: Annotated[Literal["protected", "public"], Meta(description="raindrop.manifest: visibility")] = (
        "protected"
    )
    authorization_server: Annotated[
        str, Meta(description="raindrop.manifest: authorization_server; goes out as it is")
    ] = "{issuer}"
    url: Annotated[
        Annotated[str, Meta(pattern=r"^https?://[^\s/?#]+[^\s?#]*$", description="an http or https URL")] | None,
        Meta(
            description="your own MCP server, which is then `{mcp_url}` and `{resource}`; the sandbox's MCP port only"
            " says where it is; null: log-aggregator"
        ),
    ] = None
    path: Annotated[str, Meta(pattern="^/", description="where MCP is served; Raindrop serves it at /")] = "/mcp"
    given_url: Annotated[str, Meta(description="the URL that people type into their client")] = "{mcp_url}"
    metadata_at: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^(path|root|/[^?#]+)$", description="`path`, `root` or a path")], ...],
        Meta(description="where the resource metadata is: its `path` inserted, at the `root`, or any path"),
    ] = ("path", "root")
    authorization: Annotated[
        Literal["elsewhere", "here", "defaults"],
        Meta(
            description="who serves /authorize, /token and /register: WorkOS; the MCP server as well, with metadata, as"
            " in MCP 2025-03-26; or so, without metadata"
        ),
    ] = "elsewhere"
    protocol: Annotated[
        Literal["both", "legacy"],
        Meta(description="`both` serves MCP 2025-11-25 and 2026-07-28; `legacy` only versions with a session"),
    ] = "both"
    features: Annotated[
        Features,
        Meta(
            description="what MCP clients find: the tools over the `logs`; `conformance`: also the tools, resources"
            " and prompts that the MCP conformance suite calls by name"
        ),
    ] = "logs"
    challenge: Challenge = Challenge()
    refusal: Annotated[
        Challenge | None,
        Meta(
            description="the answer to a token that is not good, where it is another one; what it leaves out is as in"
            " the healthy challenge"
        ),
    ] = None
    jwks_uri: Annotated[str, Meta(description="where the keys are read to verify a token")] = "{workos}/oauth2/jwks"
    issuers: Annotated[tuple[str, ...], Meta(description="the issuers whose tokens are accepted")] = ("{issuer}",)
    keys_read: Annotated[
        Literal["as needed", "once"],
        Meta(description="the keys are read anew after a while and for a `kid` that is unknown; or never again"),
    ] = "as needed"
    audience: Annotated[str | None, Meta(description="what `aud` of a token must hold; null: nobody looks at it")] = (
        "{resource}"
    )
    clock_skew: Annotated[Duration, Meta(description="tolerance for exp, nbf and iat")] = "30s"
    scopes: Annotated[tuple[str, ...], Meta(description="scopes_supported of the resource metadata")] = (
        "openid",
        "profile",
        "email",
        "offline_access",
    )
    cors: Annotated[
        bool, Meta(description="whether pages of other origins may read the answers, as a browser asks")
    ] = True
    tool_scopes: Annotated[
        dict[str, tuple[str, ...]], Meta(description="scopes that a tool needs, asked for by a 403 step-up")
    ] = field(default_factory=lambda: {"delete_logs": ("logs:delete",)})


class Clock(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far the clocks are off."""

    workos: Annotated[Duration, Meta(description="ahead of the true time; behind it with a minus")] = "0s"
    service: Annotated[Duration, Meta(description="ahead of the true time; behind it with a minus")] = "0s"


class Tls(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which ports speak HTTPS."""

    workos: Annotated[
        Literal["off", "on", "untrusted"],
        Meta(description="`on`: with a certificate of the sandbox's own CA; `untrusted`: of a CA that nobody knows"),
    ] = "off"
    mcp: Annotated[Literal["off", "on", "untrusted"], Meta(description="the same for log-aggregator")] = "off"
