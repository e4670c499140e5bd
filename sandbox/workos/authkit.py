"""WorkOS behind its endpoints: its configuration, its keys, and what it remembers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import msgspec
from flask import request

from sandbox.durations import seconds
from sandbox.settings import WorkOS
from sandbox.sources import Sources
from sandbox.workos import tokens
from sandbox.workos.answers import OAuthError
from sandbox.workos.client_documents import Documents, looks_like_document
from sandbox.workos.directory import Directory
from sandbox.workos.directory.applications import Application, ClientSecret
from sandbox.workos.directory.entities import Organization, User
from sandbox.workos.directory.environment import OAuthResource
from sandbox.workos.environment import template_claims
from sandbox.workos.keys import Keys
from sandbox.workos.records import Client, Grant, OpaqueToken, RefreshToken
from sandbox.workos.store import Store, hashed
from sandbox.workos.successors import Successors
from sandbox.workos.tokens import Claims

KNOWN: Final = "authkit"
"""Its name in the environment of a request (PEP 3333)."""
_ULID_TIME: Final = 10
"""How many characters of a ULID hold its milliseconds."""


class Verified(NamedTuple):
    """What a good access token says, and the grant behind it; a machine's has none."""

    claims: Claims
    grant: Grant | None


@dataclass
class AuthKit:
    """The authorization server; `settings` and the addresses change with the scenario."""

    settings: WorkOS
    origin: str
    issuer: str
    sources: Sources
    store: Store
    keys: Keys
    withdrawn_until: str = ""
    """The time part of a ULID; access tokens from before then are dead."""
    console: str = ""
    """The address of the console, which every page names; empty: there is none."""
    successors: Successors = field(default_factory=Successors, repr=False)
    documents: Documents = field(default_factory=Documents, repr=False)
    directory: Directory = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.directory = Directory(lambda: self.settings, self.store, self.sources)

    @property
    def domain(self) -> str:
        """The AuthKit domain: the issuer, unless that is a path of api.workos.com."""
        return self.origin if self.settings.issuer == "client" else self.issuer.removesuffix(self.settings.issuer_path)

    @property
    def client_issuer(self) -> str:
        """The issuer of the session tokens of the app: a path of api.workos.com (OBSERVED)."""
        return f"{self.origin}/user_management/{self.settings.client_id}"

    # --- clients --------------------------------------------------------------------------------------------------

    def client(self, client_id: str) -> Client | None:
        """Find a client: pre-registered, registered by itself, or described by a document."""
        application = self.directory.first(Application, client_id=client_id)
        if application is not None:
            return application.client(self._known_secret(application))
        if looks_like_document(client_id):
            return self.documents.client(client_id) if self.settings.client_id_metadata_document else None
        return self.store.get(Client, client_id)

    def clients(self) -> list[Client]:
        """Give every client but those described by documents: the applications, then who registered."""
        applications = self.directory.all(Application)
        listed = [application.client(self._known_secret(application)) for application in applications]
        return [*listed, *(client for _, client in self.store.all(Client))]

    def _known_secret(self, application: Application) -> str | None:
        """Give the secret that the settings know of an application, while it is one of its secrets."""
        seed = next((one for one in self.settings.applications if one.client_id == application.client_id), None)
        secret = self.directory.secret_of(seed) if seed else None
        held = secret and self.directory.first(ClientSecret, application_id=application.id, digest=hashed(secret))
        return secret if held else None

    # --- people and scopes ----------------------------------------------------------------------------------------

    def user(self, user_id: str) -> User | None:
        """Find a user by id."""
        return self.directory.get(User, user_id)

    def users(self) -> list[User]:
        """Give everybody who can sign in."""
        return self.directory.all(User)

    def first_organization(self, user: User) -> Organization | None:
        """Give the first of a user's organizations; None where they belong to none."""
        return next(iter(self.directory.organizations_of(user)), None)

    def checked_scope(self, text: str, client: Client) -> tuple[str, ...]:
        """Read a scope (RFC 6749, section 3.3), each name once; raise OAuthError invalid_scope for an unknown one."""
        known = {*self.settings.scopes, *self.settings.resource_scopes, *(client.scopes or ())}
        scope = tuple(dict.fromkeys(filter(None, text.split(" "))))
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
        if wanted == "client" or (wanted == "resource" and (not resource or self.resources() == ())):
            return self.settings.client_id
        return (resource or "") if wanted == "resource" else wanted

    def resources(self) -> tuple[str, ...] | None:
        """Give the resource indicators of the dashboard, those that the API made included; None where any is good."""
        if self.settings.resources == "any":
            return None
        return tuple(resource.uri for resource in self.directory.all(OAuthResource))

    def checked_resource(self, resource: str | None) -> None:
        """Raise OAuthError invalid_target for a resource that the dashboard does not list, byte for byte (RFC 8707)."""
        listed = self.resources()
        if resource and listed and resource not in listed:
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
        organization = machine.organization if machine else grant.organization
        if organization is not None:
            claims["org_id"] = organization
        if machine is None:
            claims |= {"sid": grant.sid, "client_id": grant.client_id}
            claims = template_claims(self, grant.user_id, organization) | grant.claims | claims
        if scope:
            claims["scope"] = " ".join(scope)
        token = tokens.signed(claims, self.keys.current)
        return self.opaque(token) if self.settings.access_token.format == "opaque" else token

    def lifetime(self, *, machine: bool = False) -> int:
        """Give the lifetime of an access token in seconds: 300 (CONFIRMED), for a machine 3,600 (OBSERVED)."""
        return 3600 if machine else int(seconds(self.settings.access_token.lifetime))

    def verified(self, token: str) -> Verified | None:
        """Give what an access token of this server says while it is good; None for any other text.

        An id token, which is nobody's permission, has no `jti`.
        """
        opaque = self.store.get(OpaqueToken, hashed(token))
        claims = tokens.verified(opaque.jwt if opaque else token, self.keys.current, self.now())
        if claims is None or "jti" not in claims or self.withdrawn(claims):
            return None
        sid = claims.get("sid")
        grant = self.grant(str(sid))
        return None if sid is not None and grant is None else Verified(claims, grant)

    def withdraw_access_tokens(self) -> None:
        """Let every access token issued so far be dead before its time: expired, or revoked."""
        self.withdrawn_until = self.sources.ulid()[:_ULID_TIME]

    def withdrawn(self, claims: Mapping[str, Any]) -> bool:
        """Say of a token's claims whether it was issued before that; its `jti` is a ULID, which tells the moment."""
        return str(claims.get("jti", "~"))[:_ULID_TIME] <= self.withdrawn_until

    def new_grant(
        self,
        client: Client,
        user: User,
        scope: tuple[str, ...],
        resource: str | None,
        *,
        organization: str | None = None,
        nonce: str | None = None,
        claims: Mapping[str, str] | None = None,
    ) -> Grant:
        """Remember what a user, signed in to the organization of that id or to none, allowed a client to do."""
        grant = Grant(
            sid=f"app_consent_{self.sources.ulid()}",
            client_id=client.client_id,
            user_id=user.id,
            scope=scope,
            resource=resource,
            organization=organization,
            nonce=nonce,
            claims=dict(claims or {}),
        )
        self.store.put(grant.sid, grant)
        return grant

    def grant(self, sid: str) -> Grant | None:
        """Give a grant that has not ended: its user is there, and still of the organization that it is for."""
        kept = self.store.get(Grant, sid)
        if kept is None or kept.revoked:
            return None
        user = self.user(kept.user_id)
        theirs = [one.id for one in self.directory.organizations_of(user)] if user else []
        return kept if user and kept.organization in {None, *theirs} else None

    def revoke(self, **having: str) -> None:
        """End every grant whose fields have these values: its codes, its tokens are dead, for who asks also those out.

        A JWT that is out is good until it expires for who only verifies it.
        """
        for sid, grant in self.store.all(Grant):
            if all(getattr(grant, name) == value for name, value in having.items()):
                self.store.put(sid, msgspec.structs.replace(grant, revoked=True))

    # --- what faults may do ---------------------------------------------------------------------------------------

    def now(self) -> float:
        """Give the sandbox's time in seconds."""
        return self.sources.now()

    def claims_of(self, token: str) -> Claims | None:
        """Give the claims of a JWT, unverified; None when it is none."""
        return tokens.claims_of(token)

    def resign(self, claims: Mapping[str, Any], sign: str | None) -> str:
        """Make an access token with these claims, signed as a fault says (`tokens.resigned`)."""
        return tokens.resigned(claims, self.keys, sign)

    def opaque(self, token: str) -> str:
        """Give an opaque token that stands for this one; introspection and userinfo know it."""
        name = self.sources.secret(43)
        expires = tokens.expiry(tokens.claims_of(token) or {})
        self.store.put(hashed(name), OpaqueToken(jwt=token, expires=expires))
        return name

    def forget_clients(self) -> None:
        """Forget every client that registered itself or was read of, and all that was granted to it."""
        self.store.forget(Client)
        self.documents.clear()
        self.forget_orphans()

    def forget_orphans(self) -> None:
        """Forget what was granted to clients that are gone; one with a document can always be read of again."""
        gone = {
            sid
            for sid, grant in self.store.all(Grant)
            if self.client(grant.client_id) is None and not looks_like_document(grant.client_id)
        }
        for sid in gone:
            self.store.drop(Grant, sid)
        for key, token in self.store.all(RefreshToken):
            if token.sid in gone:
                self.store.drop(RefreshToken, key)

    def revoke_refresh_tokens(self) -> None:
        """Make every refresh token worthless."""
        self.store.forget(RefreshToken)
        self.successors.clear()


def authkit() -> AuthKit:
    """Give the AuthKit behind the request being answered."""
    known: AuthKit = request.environ[KNOWN]
    return known
