"""WorkOS behind its endpoints: its configuration, its keys, and what it remembers."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from flask import Request, current_app
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from sandbox.durations import seconds
from sandbox.sources import Sources
from sandbox.workos.answers import OAuthError
from sandbox.workos.client_documents import SHIPPED, looks_like_document
from sandbox.workos.keys import Keys
from sandbox.workos.records import Client, Code, Grant, OpaqueToken, RefreshToken, Secret
from sandbox.workos.store import Store, hashed
from sandbox.world import Application, User, WorkOS

EXTENSION: Final = "authkit"


@dataclass
class AuthKit:
    """The authorization server; `settings` and the addresses change with the scenario."""

    settings: WorkOS
    origin: str
    issuer: str
    sources: Sources
    store: Store
    keys: Keys

    # --- clients --------------------------------------------------------------------------------------------------

    def client(self, client_id: str) -> Client | None:
        """Find a client: pre-registered, registered by itself, or described by a document."""
        for application in self.settings.applications:
            if application.client_id == client_id:
                return self._application(application)
        if looks_like_document(client_id):
            return SHIPPED.get(client_id) if self.settings.client_id_metadata_document else None
        return self.store.get(Client, client_id)

    def _application(self, application: Application) -> Client:
        return Client(
            client_id=application.client_id,
            name=application.name,
            redirect_uris=application.redirect_uris,
            grant_types=application.grant_types,
            token_endpoint_auth_method=application.token_endpoint_auth_method,
            client_secret=self.secret_of(application),
            scopes=application.scopes,
            organization=application.organization,
        )

    def secret_of(self, application: Application) -> str | None:
        """Give the secret of a pre-registered application, made at first start; None for a public one."""
        if application.token_endpoint_auth_method == "none":  # noqa: S105 - the name of a method
            return None
        if application.client_secret is not None:
            return application.client_secret
        kept = self.store.get(Secret, application.client_id)
        if kept is None:
            kept = Secret(value=self.sources.secret(48))
            self.store.put(application.client_id, kept)
        return kept.value

    def authenticated(self, request: Request) -> Client:
        """Give the client that a request authenticates as.

        Raise OAuthError invalid_client, whose texts are WorkOS's (OBSERVED): no client at all, an unknown one, a
        wrong secret. A secret is taken from the Authorization header or the form (RFC 6749, section 2.3.1).
        """
        client_id, secret = _credentials(request)
        if not client_id:
            raise OAuthError("invalid_client", "Missing authorization header.")
        client = self.client(client_id)
        if client is None:
            raise OAuthError("invalid_client", "Application not found.")
        if client.client_secret is not None and not hmac.compare_digest(
            (secret or "").encode(), client.client_secret.encode()
        ):
            raise OAuthError("invalid_client", "Invalid client secret.")
        return client

    # --- people and scopes ----------------------------------------------------------------------------------------

    def user(self, user_id: str) -> User | None:
        """Find a user by id."""
        return next((user for user in self.settings.users if user.id == user_id), None)

    def organization_name(self, organization: str | None) -> str | None:
        """Give the name of an organization."""
        return next((known.name for known in self.settings.organizations if known.id == organization), None)

    def checked_scope(self, text: str, client: Client) -> tuple[str, ...]:
        """Read a scope (RFC 6749, section 3.3), each name once; raise OAuthError invalid_scope for an unknown one."""
        known = {*self.settings.scopes, *self.settings.resource_scopes, *(client.scopes or ())}
        scope = tuple(dict.fromkeys(text.split()))
        for name in scope:
            if name not in known or (client.scopes is not None and name not in client.scopes):
                raise OAuthError("invalid_scope", f"The scope '{name}' is not available to this application.")
        return scope

    # --- tokens ---------------------------------------------------------------------------------------------------

    def audience(self, resource: str | None) -> str:
        """Say who a token is for.

        The requested resource; without one, or with no resource indicators configured, the environment's client id
        (CONFIRMED: WorkOS, MCP; OBSERVED: the default is the client id).
        """
        wanted = self.settings.access_token.audience
        if wanted == "client" or (wanted == "resource" and (not resource or self.settings.resources == ())):
            return self.settings.client_id
        return (resource or "") if wanted == "resource" else wanted

    def checked_resource(self, resource: str | None) -> None:
        """Raise OAuthError invalid_target for a resource that the dashboard does not list, byte for byte (RFC 8707)."""
        listed = self.settings.resources
        if resource and isinstance(listed, tuple) and listed and resource not in listed:
            raise OAuthError("invalid_target", f"The resource '{resource}' is not registered in this environment.")

    def access_token(self, grant: Grant, scope: tuple[str, ...], *, machine: Client | None = None) -> str:
        """Make an access token.

        For a person: `iss, aud, sub, org_id, sid, jti, exp, iat` (CONFIRMED), `client_id` (OBSERVED) and `scope`
        (UNCERTAIN; a claims fault takes it out). For a machine: no `sid` and no `client_id`, an hour (OBSERVED).
        """
        now = int(self.sources.now())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": self.audience(grant.resource),
            "sub": grant.user_id,
            "jti": self.sources.ulid(),
            "iat": now,
            "exp": now + self.lifetime(machine=machine is not None),
        }
        user = self.user(grant.user_id)
        organization = machine.organization if machine else user.organization if user else None
        if organization is not None:
            claims["org_id"] = organization
        if machine is None:
            claims |= {"sid": grant.sid, "client_id": grant.client_id}
        if scope:
            claims["scope"] = " ".join(scope)
        token = self._signed(claims)
        return self.opaque(token) if self.settings.access_token.format == "opaque" else token

    def lifetime(self, *, machine: bool = False) -> int:
        """Give the lifetime of an access token in seconds: 300 (CONFIRMED), for a machine 3,600 (OBSERVED)."""
        return 3600 if machine else int(seconds(self.settings.access_token.lifetime))

    def id_token(self, grant: Grant, scope: tuple[str, ...]) -> str:
        """Make an id token, for the scope `openid` (OpenID Connect Core, section 2)."""
        now = int(self.sources.now())
        claims = {
            "iss": self.issuer,
            "aud": grant.client_id,
            "iat": now,
            "exp": now + self.lifetime(),
            "sid": grant.sid,
        }
        if grant.nonce is not None:
            claims["nonce"] = grant.nonce
        return self._signed(claims | self.profile(grant, scope))

    def profile(self, grant: Grant, scope: tuple[str, ...]) -> dict[str, Any]:
        """Give the claims about a person that the scope allows."""
        user = self.user(grant.user_id)
        claims: dict[str, Any] = {"sub": grant.user_id}
        if user and "email" in scope:
            claims |= {"email": user.email, "email_verified": True}
        if user and "profile" in scope:
            full_name = f"{user.first_name} {user.last_name}"
            claims |= {"name": full_name, "given_name": user.first_name, "family_name": user.last_name}
        return claims

    def _signed(self, claims: Mapping[str, Any]) -> str:
        key = self.keys.current
        return jws.serialize_compact({"alg": "RS256", "kid": key.kid}, msgspec.json.encode(claims), key.jose)

    def verified(self, token: str) -> dict[str, Any] | None:
        """Give the claims of an access token of this server that is good now; None for any other text."""
        opaque = self.store.get(OpaqueToken, hashed(token))
        try:
            signed = jws.deserialize_compact(opaque.jwt if opaque else token, self.keys.current.jose, ["RS256"])
            claims = msgspec.json.decode(signed.payload, type=dict[str, Any])
        except (JoseError, ValueError, msgspec.DecodeError):
            return None
        grant = self.store.get(Grant, str(claims.get("sid")))
        if claims.get("exp", 0) <= self.sources.now() or (grant is not None and grant.revoked):
            return None
        return claims

    def revoke(self, sid: str) -> None:
        """End a grant: its refresh tokens and, for who asks, its access tokens are dead."""
        grant = self.store.get(Grant, sid)
        if grant is not None:
            self.store.put(sid, msgspec.structs.replace(grant, revoked=True))

    # --- what faults may do ---------------------------------------------------------------------------------------

    def now(self) -> float:
        """Give the sandbox's time in seconds."""
        return self.sources.now()

    def claims_of(self, token: str) -> dict[str, Any] | None:
        """Give the claims of a JWT, unverified; None when it is none."""
        try:
            claims = msgspec.json.decode(jws.extract_compact(token.encode()).payload)
        except (JoseError, ValueError, msgspec.DecodeError):
            return None
        return claims if isinstance(claims, dict) else None

    def resign(self, claims: Mapping[str, Any], sign: str | None) -> str:
        """Make an access token with these claims.

        `sign` None signs as always; `unpublished-key` with a key that the JWKS does not hold; `none` not at all;
        HS256 with the public key's modulus as the secret (the classic confusion); others with the RSA key.
        """
        payload = msgspec.json.encode(claims)
        key = self.keys.unpublished if sign == "unpublished-key" else self.keys.current
        if sign == "none":
            head = msgspec.json.encode({"alg": "none", "kid": key.kid})
            return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (head, payload)) + "."
        if sign == "HS256":
            secret = OctKey.import_key(key.public_jwk["n"])
            return jws.serialize_compact({"alg": "HS256", "kid": key.kid}, payload, secret, ["HS256"])
        algorithm = "RS256" if sign in {None, "unpublished-key"} else str(sign)
        return jws.serialize_compact({"alg": algorithm, "kid": key.kid}, payload, key.jose, [algorithm])

    def opaque(self, token: str) -> str:
        """Give an opaque token that stands for this one; introspection and userinfo know it."""
        name = self.sources.secret(43)
        claims = self.claims_of(token) or {}
        self.store.put(hashed(name), OpaqueToken(jwt=token, expires=claims.get("exp")))
        return name

    def forget_clients(self) -> None:
        """Forget every client that registered itself, and all that was granted to it."""
        self.store.forget(Client, Grant, Code, RefreshToken)

    def revoke_refresh_tokens(self) -> None:
        """Make every refresh token worthless."""
        self.store.forget(RefreshToken)


def _credentials(request: Request) -> tuple[str | None, str | None]:
    """Read a client's id and secret from HTTP Basic or the form."""
    authorization = request.authorization
    if authorization is not None and authorization.type == "basic":
        return authorization.username, authorization.password
    return request.form.get("client_id"), request.form.get("client_secret")


def authkit() -> AuthKit:
    """Give the AuthKit behind the request being answered."""
    known: AuthKit = current_app.extensions[EXTENSION]
    return known
