"""A client and a browser that use everything WorkOS has, and remember every secret that they met."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import httpx2

from sandbox.sandbox import Sandbox

CALLBACK: Final = "http://localhost:9/callback"
VERIFIER: Final = "a-verifier~with.all_the-characters-that-are-allowed-0123456789"
DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
SCOPE: Final = "openid profile email offline_access"
MCP: Final = {"accept": "application/json, text/event-stream"}
INITIALIZE: Final[dict[str, Any]] = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "Known secrets", "version": "1"},
}


@dataclass
class SigningIn:
    """One person with one client; `secrets` is what must be seen nowhere."""

    sandbox: Sandbox
    http: httpx2.AsyncClient
    secrets: set[str] = field(default_factory=lambda: {VERIFIER})
    client: dict[str, Any] = field(default_factory=dict)
    messages: int = 0

    def keep(self, *values: str) -> None:
        """Remember secrets."""
        self.secrets.update(values)

    def url(self, path: str) -> str:
        """Give a URL of WorkOS."""
        return self.sandbox.addresses.workos + path

    def basic(self) -> dict[str, str]:
        """Give the client's credentials as a header."""
        pair = f"{self.client['client_id']}:{self.client['client_secret']}"
        credentials = base64.b64encode(pair.encode()).decode()
        self.keep(credentials)
        return {"authorization": f"Basic {credentials}"}

    async def post(self, path: str, **form: str) -> httpx2.Response:
        """Send a form to WorkOS as this client, by HTTP Basic."""
        return await self.http.post(self.url(path), data=form, headers=self.basic())

    async def register(self) -> None:
        """Register as a client with a secret."""
        metadata = {
            "client_name": "Known secrets",
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code", "refresh_token", DEVICE_GRANT],
        }
        answer = await self.http.post(self.url("/oauth2/register"), json=metadata)
        assert answer.status_code == 201, answer.text
        self.client = answer.json()
        self.keep(self.client["client_secret"])

    async def authorize(self) -> str:
        """Walk through the pages; give the code."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self.client["client_id"],
            "redirect_uri": CALLBACK,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "scope": SCOPE,
            "state": "a-state",
            "resource": self.sandbox.mcp_url,
        }
        answer = await self.http.get(self.url("/oauth2/authorize"), params=query)
        user = self.sandbox.world.workos.users[0].id
        for choice in ({"user_id": user}, {"decision": "approve"}):
            location = answer.headers["location"]
            session = dict(parse_qsl(urlsplit(location).query))["authorization_session_id"]
            self.keep(session)
            page = await self.http.get(self.url(location), headers={"referer": self.url("/oauth2/authorize")})
            assert session in page.text
            referer = {"referer": self.url(location), "origin": self.sandbox.addresses.workos}
            form = {"authorization_session_id": session, **choice}
            answer = await self.http.post(self.url(urlsplit(location).path), data=form, headers=referer)
        self.keep(*(cookie.value or "" for cookie in self.http.cookies.jar))
        code = dict(parse_qsl(urlsplit(answer.headers["location"]).query))["code"]
        self.keep(code)
        return code

    async def token(self, **form: str) -> dict[str, Any]:
        """Ask for tokens."""
        answer = await self.post("/oauth2/token", **form)
        tokens: dict[str, Any] = answer.json()
        self.keep(*(tokens[name] for name in ("access_token", "refresh_token", "id_token") if name in tokens))
        return tokens

    async def device(self) -> None:
        """Sign in by a device, whose code a person types in a browser."""
        asked = (await self.post("/oauth2/device_authorization", scope=SCOPE)).json()
        self.keep(asked["device_code"], asked["user_code"], asked["user_code"].replace("-", ""))
        await self.http.get(asked["verification_uri_complete"])
        await self.http.get(asked["verification_uri"])
        session = next(cookie.value for cookie in self.http.cookies.jar if cookie.name == "authkit_device") or ""
        self.keep(session)
        for user_code in (asked["user_code"].lower(), asked["user_code"].replace("-", "")):
            self.keep(user_code)
            form = {"authorization_session_id": session, "user_code": user_code}
            await self.http.post(asked["verification_uri"], data=form)
        form |= {"user_id": self.sandbox.world.workos.users[0].id, "decision": "approve"}
        await self.http.post(asked["verification_uri"], data=form)
        tokens = await self.token(grant_type=DEVICE_GRANT, device_code=asked["device_code"])
        assert "access_token" in tokens

    async def call(self, token: str, method: str, session: str | None = None, **params: Any) -> httpx2.Response:
        """Ask the MCP server."""
        self.messages += 1
        headers = {**MCP, "authorization": f"Bearer {token}", "mcp-protocol-version": "2025-11-25"}
        if session is not None:
            headers["mcp-session-id"] = session
        message = {"jsonrpc": "2.0", "id": self.messages, "method": method, "params": params}
        return await self.http.post(self.sandbox.mcp_url, json=message, headers=headers)

    async def everything(self) -> str:
        """Do all of it, with some mistakes on the way; give what explain_connection told."""
        await self.http.post(
            self.sandbox.mcp_url, json={"jsonrpc": "2.0", "id": 0, "method": "initialize"}, headers=MCP
        )
        await self.http.get(self.sandbox.addresses.mcp + "/.well-known/oauth-protected-resource/mcp")
        await self.http.get(self.url("/.well-known/oauth-authorization-server"))
        await self.register()
        code = await self.authorize()
        grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        await self.token(**grant, code_verifier=VERIFIER[::-1])
        self.keep(VERIFIER[::-1])
        tokens = await self.token(**grant, code_verifier=VERIFIER, resource=self.sandbox.mcp_url)
        tokens = await self.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
        token = tokens["access_token"]
        await self.post("/oauth2/introspection", token=token)
        await self.post("/oauth2/introspection", token=tokens["refresh_token"], token_type_hint="refresh_token")
        await self.http.get(self.url("/oauth2/userinfo"), headers={"authorization": f"Bearer {token}"})
        await self.mistakes(token, tokens)
        await self.device()
        begun = await self.call(token, "initialize", None, **INITIALIZE)
        session = begun.headers["mcp-session-id"]
        await self.call(token, "notifications/initialized", session)
        await self.call(token, "tools/list", session)
        told = await self.call(token, "tools/call", session, name="explain_connection", arguments={})
        found: dict[str, Any] = {"name": "search_logs", "arguments": {"query": "", "service": "sandbox", "limit": 200}}
        logs = await self.call(token, "tools/call", session, **found)
        return told.text + logs.text

    async def mistakes(self, token: str, tokens: dict[str, Any]) -> None:
        """Put secrets where they do not belong, as broken clients do."""
        client = {"client_id": self.client["client_id"], "client_secret": self.client["client_secret"]}
        refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        endpoint = self.url("/oauth2/token")
        await self.http.post(endpoint, json=client | refresh)
        await self.http.post(endpoint, content=json.dumps(client | refresh).encode())
        await self.http.post(endpoint, params=client | refresh)
        await self.http.post(endpoint, files={name: (None, value) for name, value in (client | refresh).items()})
        await self.http.get(self.sandbox.mcp_url, params={"access_token": token}, headers=MCP)
        await self.http.get(self.sandbox.addresses.mcp + f"/{token}", headers={"authorization": token})
        await self.http.get(self.url("/oauth2/userinfo"), headers={"authorization": f"Token {tokens['refresh_token']}"})
        fields = {"jsonrpc": "2.0", "id": 9, "method": token, "params": {"token": token, "note": token}}
        await self.http.post(self.sandbox.mcp_url, json=fields, headers={**MCP, "authorization": f"Bearer {token}"})
