"""A WorkOS without sockets, and what a client and a person do with it."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from flask.testing import FlaskClient
from joserfc import jws
from joserfc.jwk import KeySet
from werkzeug.test import TestResponse

from sandbox.sources import Sources
from sandbox.workos import AuthKit, flask_app
from sandbox.workos.authkit import KNOWN
from sandbox.workos.keys import Keys
from sandbox.workos.records import Client
from sandbox.workos.store import Store
from sandbox.world import Addresses, World, merged, placeholder_values

ORIGIN: Final = "http://localhost:4100"
ADDRESSES: Final = Addresses(*(f"http://localhost:{4100 + number}" for number in range(len(Addresses._fields))))
CALLBACK: Final = "http://localhost:51734/callback"
RESOURCE: Final = "http://localhost:4101/mcp"
VERIFIER: Final = "a-verifier-of-forty-three-characters-or-more-1234"
CHALLENGE: Final = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
SCOPE: Final = "openid profile email offline_access"
DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
ADA: Final = "user_01SANDB0XADA0000000000000000"
CLEM: Final = "user_01SANDB0XCLEM000000000000000"
MACHINE: Final = "client_01SANDB0XNIGHT1YREP0RT0000"


class Frozen(Sources):
    """A clock that stands still until it is advanced, and seeded dice."""

    def __init__(self) -> None:
        super().__init__(seed=1)
        self.at = 1_800_000_000.0

    def now(self) -> float:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += seconds


class Workos:
    """An AuthKit, its application, and a browser with one cookie jar."""

    def __init__(self) -> None:
        self.clock = Frozen()
        store = Store(self.clock.now)
        self.authkit = AuthKit(World().workos, ORIGIN, ORIGIN, self.clock, store, Keys(Sources()))
        self.app = flask_app()
        self.http = self.browser()

    def browser(self) -> FlaskClient:
        """Open another browser, with a cookie jar of its own."""
        client = self.app.test_client()
        environ: dict[str, Any] = {**client.environ_base, KNOWN: self.authkit}
        client.environ_base = environ
        return client

    def set(self, **settings: Any) -> None:
        """Change settings of the dashboard."""
        world = merged(World(workos=self.authkit.settings), {"workos": settings})
        self.authkit.settings = world.workos
        self.authkit.issuer = placeholder_values(world, ADDRESSES)["issuer"]

    # --- what a client does ---------------------------------------------------------------------------------------

    def post(self, path: str, form: Any = None, **options: Any) -> TestResponse:
        """Send a form."""
        return self.http.post(path, data=form, **options)

    def register(self, **metadata: Any) -> dict[str, Any]:
        """Register a public client that may refresh, or what the metadata says."""
        asked = {
            "client_name": "Claude Code",
            "redirect_uris": [CALLBACK],
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token", DEVICE_GRANT],
        }
        response = self.http.post("/oauth2/register", json=asked | metadata)
        assert response.status_code == 201, response.text
        return dict(response.get_json())

    @staticmethod
    def request(client: dict[str, Any], **change: str | None) -> dict[str, str]:
        """Give the parameters of a good authorization request; None takes one out."""
        asked = {
            "response_type": "code",
            "client_id": client["client_id"],
            "redirect_uri": client["redirect_uris"][0],
            "scope": SCOPE,
            "state": "a state",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in (asked | change).items() if value is not None}

    def authorize(self, client: dict[str, Any], **change: str | None) -> TestResponse:
        """Ask for authorization."""
        return self.http.get("/oauth2/authorize", query_string=self.request(client, **change))

    def signed_in(self, begun: TestResponse, *, user: str = ADA, organization: str | None = None) -> TestResponse:
        """Sign in on the page, and choose the organization where one is to be chosen."""
        session = {"authorization_session_id": fields(begun)["authorization_session_id"]}
        answer = self.post("/oauth2/sign-in", session | {"user_id": user})
        if organization is not None:
            assert answer.headers["Location"].startswith("/oauth2/organization?"), answer.headers["Location"]
            answer = self.post("/oauth2/organization", session | {"organization_id": organization})
        return answer

    def decide(
        self, begun: TestResponse, *, user: str = ADA, organization: str | None = None, decision: str = "approve"
    ) -> TestResponse:
        """Walk the pages as a person does."""
        chosen = self.signed_in(begun, user=user, organization=organization)
        assert chosen.headers["Location"].startswith("/oauth2/consent?"), chosen.headers["Location"]
        session = fields(begun)["authorization_session_id"]
        return self.post("/oauth2/consent", {"authorization_session_id": session, "decision": decision})

    def code(self, client: dict[str, Any], *, user: str = ADA, **change: str | None) -> str:
        """Sign in and consent; give the code."""
        return fields(self.decide(self.authorize(client, **change), user=user))["code"]

    @staticmethod
    def exchange(client: dict[str, Any], code: str, /, **change: str | None) -> dict[str, str]:
        """Give the parameters of a good token request for a code; None takes one out."""
        asked = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": client["redirect_uris"][0],
            "client_id": client["client_id"],
            "client_secret": client.get("client_secret"),
            "code_verifier": VERIFIER,
        }
        return {name: value for name, value in (asked | change).items() if value is not None}

    def token(self, client: dict[str, Any], code: str, /, **change: str | None) -> TestResponse:
        """Exchange a code."""
        return self.post("/oauth2/token", self.exchange(client, code, **change))

    def tokens(self, client: dict[str, Any], *, user: str = ADA, **change: str | None) -> dict[str, Any]:
        """Connect: sign in, consent, and exchange the code."""
        response = self.token(client, self.code(client, user=user, **change))
        assert response.status_code == 200, response.text
        return dict(response.get_json())

    def refresh(self, client: dict[str, Any], refresh_token: str, /, **change: str | None) -> TestResponse:
        """Exchange a refresh token."""
        asked = {
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "client_id": client["client_id"],
            "client_secret": client.get("client_secret"),
        }
        return self.post(
            "/oauth2/token", {name: value for name, value in (asked | change).items() if value is not None}
        )

    def introspect(self, client: dict[str, Any], token: str) -> dict[str, Any]:
        """Ask what a token is worth."""
        asked = {"client_id": client["client_id"], "client_secret": client.get("client_secret", ""), "token": token}
        response = self.post("/oauth2/introspection", asked)
        assert response.status_code == 200, response.text
        return dict(response.get_json())

    def userinfo(self, token: str) -> TestResponse:
        """Ask who the user of a token is."""
        return self.http.get("/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"})

    # --- what anybody can read ------------------------------------------------------------------------------------

    def jwt(self, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Verify a token with the published keys; give its header and its claims."""
        signature = jws.deserialize_compact(token, self.keys(), ["RS256"])
        return dict(signature.headers()), self.claims(token)

    def claims(self, token: str) -> dict[str, Any]:
        """Read a token's claims."""
        claims = self.authkit.claims_of(token)
        assert claims is not None
        return claims

    def keys(self) -> KeySet:
        """Read the published keys."""
        return KeySet.import_key_set(self.http.get("/oauth2/jwks").get_json())

    def client(self, client_id: str) -> dict[str, Any]:
        """Give a pre-registered client in the shape of a registered one."""
        known = self.authkit.client(client_id)
        assert isinstance(known, Client)
        return {
            "client_id": client_id,
            "client_secret": known.client_secret,
            "redirect_uris": list(known.redirect_uris),
        }


def fields(response: TestResponse) -> dict[str, str]:
    """Give the query of the address that a response redirects to."""
    assert response.status_code in {302, 303}, response.text
    query = parse_qs(urlsplit(response.headers["Location"]).query, keep_blank_values=True)
    return {name: value for name, (value,) in query.items()}


def basic(client_id: str, secret: str) -> dict[str, str]:
    """Give the header of HTTP Basic for these texts, as they are."""
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


def page_kind(response: TestResponse) -> str:
    """Say which page a response is."""
    match = re.search(r'name="sandbox-page" content="([^"]+)"', response.text)
    assert match is not None, response.text
    return match[1]


def error(response: TestResponse, status: int = 400) -> str:
    """Give the code of an OAuth error, once its shape has been found right (RFC 6749, section 5.2)."""
    assert response.status_code == status, response.text
    assert response.mimetype == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    body = response.get_json()
    assert set(body) <= {"error", "error_description"}
    return str(body["error"])


def error_page(response: TestResponse) -> str:
    """Give the code that a redirect to the error page carries."""
    assert urlsplit(response.headers["Location"]).path == "/oauth2/error", response.headers["Location"]
    return fields(response)["error"]
