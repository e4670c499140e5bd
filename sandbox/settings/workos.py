"""What the WorkOS dashboard holds."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from sandbox.settings.authentication import Authentication
from sandbox.settings.kinds import AuthMethod, Duration
from sandbox.settings.people import CONNECTIONS, ORGANIZATIONS, USERS, Connection, Organization, User

SandboxKey = Annotated[
    str,
    Meta(
        pattern=r"^sk_test_(?!a2V5)[A-Za-z0-9_]+$",
        description="a text that begins with sk_test_ and is no real key, which go on with a2V5",
    ),
]


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
    organization: Annotated[str | None, Meta(description="the customer or partner that it belongs to")] = None
    first_party: Annotated[bool, Meta(description="of the app's own team, so that nobody is asked for consent")] = False


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
        Literal["test", "production"],
        Meta(
            description="`production`: applications of the dashboard may not be sent back to http:// or localhost, but"
            " for http://127.0.0.1"
        ),
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
        bool,
        Meta(
            description="Dashboard, Connect, Configuration: Client ID Metadata Document; those of known clients are"
            " shipped"
        ),
    ] = False
    documents_fetched: Annotated[
        Literal["local", "anywhere"],
        Meta(description="which other documents are fetched: those on this machine, or also from the internet"),
    ] = "local"
    login_uri: Annotated[
        Annotated[str, Meta(pattern=r"^https?://[^\s#]+$", description="an http or https URL")] | None,
        Meta(
            description="Dashboard, Connect, Configuration: the app's own page where people sign in, which then calls"
            " /authkit/oauth2/complete; null: AuthKit's pages"
        ),
    ] = None
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
            organization="org_01SANDB0XNEARBYN0TEB00KS00",
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
        Meta(
            description="`any` that the client registered, and any at all for the app's own client, which has none;"
            " or only those the dashboard lists besides"
        ),
    ] = "any"
    loopback_ports: Annotated[
        Literal["any", "exact"], Meta(description="whether the port of a loopback redirect URI matters (RFC 8252, 7.3)")
    ] = "any"
    access_token: AccessToken = AccessToken()
    refresh_token: RefreshToken = RefreshToken()
    sign_in: Annotated[
        Literal["page", "automatic", "deny"], Meta(description="pages, the first user at once, or always a refusal")
    ] = "page"
    authentication: Annotated[Authentication, Meta(description="Dashboard, Authentication")] = Authentication()
    app_homepage_url: Annotated[
        str | None,
        Meta(description="Dashboard, Redirects: where a browser goes after signing out; null: nobody set it"),
    ] = None
    cors: Annotated[
        bool, Meta(description="whether pages of other origins may read the answers, as a browser asks (UNCERTAIN)")
    ] = True
    not_found_body: Annotated[
        dict[str, Any], Meta(description="the JSON body of WorkOS's 404; its exact text is UNCERTAIN")
    ] = field(default_factory=lambda: {"message": "Not Found"})
    users: Annotated[tuple[User, ...], Meta(description="who can sign in")] = USERS
    organizations: Annotated[tuple[Organization, ...], Meta(description="the customers of the app")] = ORGANIZATIONS
    connections: Annotated[tuple[Connection, ...], Meta(description="single sign-on of organizations")] = CONNECTIONS
    domain_selector: Annotated[
        bool, Meta(description="whether /sso/authorize still takes the deprecated `domain`; WorkOS says no longer")
    ] = False
    roles: Annotated[
        dict[str, tuple[str, ...]], Meta(description="the roles of members, each with its permissions")
    ] = field(default_factory=lambda: {"member": ("logs:read",), "admin": ("logs:read", "logs:delete")})
    api_keys: Annotated[
        tuple[SandboxKey, ...],
        Meta(description="the keys of api.workos.com; never a real one"),
    ] = ("sk_test_sandbox",)
    one_time_code: Annotated[
        str, Meta(pattern=r"^[0-9]{6}$", description="every code that WorkOS would send by email")
    ] = "424242"
