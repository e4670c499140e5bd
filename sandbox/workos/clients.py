"""How a client proves who it is (RFC 6749, section 2.3)."""

from __future__ import annotations

from sandbox.settings import AuthMethod
from sandbox.workos.answers import OAuthError
from sandbox.workos.authkit import AuthKit
from sandbox.workos.directory.applications import ClientSecret, SecretUse, id_of
from sandbox.workos.records import Client
from sandbox.workos.store import hashed


def authenticated(server: AuthKit, client_id: str, secret: str, method: AuthMethod) -> Client:
    """Give the client of these credentials.

    Raise OAuthError invalid_client, whose texts are WorkOS's (OBSERVED): no client at all, an unknown one; for a
    wrong secret and a method that is not offered UNCERTAIN.
    """
    if not client_id:
        raise OAuthError("invalid_client", "Missing authorization header.")
    client = server.client(client_id)
    if client is None:
        raise OAuthError("invalid_client", "Application not found.")
    if not _proves(server, client, secret):
        raise OAuthError("invalid_client", "Invalid client secret.")
    if method not in server.settings.token_endpoint_auth_methods:
        raise OAuthError("invalid_client", f"The client authentication method {method} is not supported.")
    return client


def _proves(server: AuthKit, client: Client, secret: str) -> bool:
    """Say whether a secret is one of the client's; a public client needs none, but a wrong one proves nothing."""
    if client.is_public and not secret:
        return True
    own = {hashed(client.client_secret)} if client.registered_itself and client.client_secret else set[str]()
    owner = client.application or id_of(client.client_id)
    digests = own | {one.digest for one in server.directory.all(ClientSecret, application_id=owner)}
    digest = hashed(secret)
    if digest in digests:
        server.store.put(digest, SecretUse(at=server.directory.time()))
        return True
    return client.is_public and not digests
