"""What WorkOS remembers, as values."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field


class Record(Struct, frozen=True, kw_only=True):
    """Something that the store keeps, until it expires."""

    expires: float | None = None
    """Seconds since the epoch; None keeps it for ever."""


class Client(Record, frozen=True, kw_only=True):
    """An OAuth client: registered by itself, pre-registered in the dashboard, or described by a document."""

    client_id: str
    name: str
    description: str | None = None
    redirect_uris: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = ("authorization_code", "refresh_token")
    token_endpoint_auth_method: str = "none"  # noqa: S105 - the name of a method
    client_secret: str | None = None
    scopes: tuple[str, ...] | None = None
    """The scopes it may ask for; None: any that WorkOS grants."""
    registered_scope: tuple[str, ...] = ()
    """What it registered of the scopes it named; later requests are not restricted to it (UNCERTAIN)."""
    organization: str | None = None
    application: str | None = None
    """The id of the Connect application that it is; None: it registered itself, or has a document."""
    first_party: bool = False
    """Whether it belongs to the environment's own team, so that nobody is asked for consent."""
    registered_itself: bool = False
    issued_at: int = 0

    @property
    def is_public(self) -> bool:
        """Whether it needs no secret (RFC 6749, section 2.1)."""
        return self.token_endpoint_auth_method == "none"  # noqa: S105 - the name of a method


class Grant(Record, frozen=True, kw_only=True):
    """What a person, or nobody for a machine, allowed a client to do."""

    sid: str
    client_id: str
    user_id: str
    scope: tuple[str, ...]
    resource: str | None = None
    organization: str | None = None
    """The id of the organization that the person signed in to."""
    nonce: str | None = None
    claims: dict[str, str] = field(default_factory=dict)
    """What the person chose of the app's consent options; the access token says it."""
    revoked: bool = False


class Code(Record, frozen=True, kw_only=True):
    """An authorization code (RFC 6749, section 4.1.2)."""

    sid: str
    client_id: str
    redirect_uri: str
    code_challenge: str | None
    used: bool = False


class RefreshToken(Record, frozen=True, kw_only=True):
    """A refresh token; what it was rotated into is never kept here (`successors`)."""

    sid: str
    rotated_at: float | None = None


Purpose = Literal["oauth", "session", "sso"]
"""What a sign-in is for: AuthKit's OAuth server, a session of the app (User Management), or classic SSO."""


class Choice(Struct, frozen=True):
    """One of the choices of a consent option."""

    value: str
    label: str


class ConsentOption(Struct, frozen=True):
    """Something that the app asks besides, on the consent page (WorkOS, Standalone Connect)."""

    claim: str
    label: str
    choices: tuple[Choice, ...]


class Authorization(Record, frozen=True, kw_only=True):
    """An authorization request on its way through the pages."""

    purpose: Purpose = "oauth"
    client_id: str
    redirect_uri: str
    scope: tuple[str, ...] = ()
    browser: str
    """The cookie of the browser that began it; no other may go on."""
    state: str | None = None
    resource: str | None = None
    code_challenge: str | None = None
    nonce: str | None = None
    login_hint: str | None = None
    provider: str | None = None
    """The identity provider that the app asked for, such as `GoogleOAuth`; None: WorkOS's own page."""
    connection: str | None = None
    """The id of the connection whose identity provider the person signs in with."""
    asked_organization: str | None = None
    """The id of the organization that the app asked for; nobody chooses another."""
    invitation_token: str | None = None
    user_id: str | None = None
    organization: str | None = None
    """The id of the organization chosen at sign-in."""
    consent_options: tuple[ConsentOption, ...] = ()
    claims: dict[str, str] = field(default_factory=dict)
    """What was chosen of them."""


class ExternalSignIn(Record, frozen=True, kw_only=True):
    """A sign-in that the app does itself, at its Login URI (WorkOS, Standalone Connect)."""

    session: str
    """Under which key the authorization is kept."""
    completed: bool = False


class SignInCode(Record, frozen=True, kw_only=True):
    """A code for the server of an app: of /user_management/authenticate or of /sso/token, as the purpose says."""

    begun: Authorization
    """What was asked for, and who signed in."""
    email: str | None = None
    """The address that they had."""
    used: bool = False


class Attempt(Record, frozen=True, kw_only=True):
    """An authentication over the API on its way: kept under its pending_authentication_token while a step is due."""

    user_id: str
    method: str
    """In the words of the answer, such as `Password`."""
    email: str | None = None
    """The address that the sign-in has shown to be the user's own; None where it has shown none."""
    provider: str | None = None
    connection: str | None = None
    """The id of the connection by which the user came, as in `Authorization`."""
    organization_id: str | None = None
    invitation_id: str | None = None
    passed: frozenset[str] = frozenset()
    """The steps that need not be asked for, by the code that asks for them."""
    ip_address: str | None = None
    user_agent: str | None = None


class Device(Record, frozen=True, kw_only=True):
    """A device waiting for a person to enter its user code (RFC 8628)."""

    purpose: Purpose = "oauth"
    client_id: str
    scope: tuple[str, ...] = ()
    user_code: str
    good_until: float
    """Seconds since the epoch; it is kept longer, so that a code that expired is told from one that never was."""
    resource: str | None = None
    polled_at: float = 0.0
    interval: int = 5
    sid: str | None = None
    """The grant, once a person has approved it, where it is for AuthKit's OAuth server."""
    user_id: str | None = None
    """Who approved it, where it is for a session of the app."""
    organization: str | None = None
    denied: bool = False

    @property
    def approved(self) -> bool:
        """Whether a person has approved it."""
        return self.sid is not None or self.user_id is not None


class OpaqueToken(Record, frozen=True, kw_only=True):
    """An access token that says nothing by itself, and the JWT it stands for."""

    jwt: str


class Secret(Record, frozen=True, kw_only=True):
    """A client secret that was made at first start."""

    value: str
