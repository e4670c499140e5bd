"""The client secrets of Connect applications (WorkOS, reference: Client secrets)."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Response, jsonify

from sandbox.workos.api.applications import found
from sandbox.workos.api.errors import not_found
from sandbox.workos.api.keys import keyed
from sandbox.workos.api.reading import fields
from sandbox.workos.authkit import AuthKit, authkit
from sandbox.workos.directory import written
from sandbox.workos.directory.applications import HINT, ClientSecret, SecretUse, known_secret
from sandbox.workos.records import Client
from sandbox.workos.store import hashed

blueprint = keyed("client_secrets")


@blueprint.get("/connect/applications/<application_id>/client_secrets")
def list_client_secrets(application_id: str) -> Response:
    """List the secrets of an application, of each only a hint; a bare list (WorkOS, OpenAPI)."""
    application, server = found(application_id), authkit()
    kept = server.directory.all(ClientSecret, application_id=application.id)
    own = [one for one in _registered(server).values() if one.application_id == application.id]
    return jsonify([_shown(server, one) for one in (*own, *kept)])


@blueprint.post("/connect/applications/<application_id>/client_secrets")
def create_client_secret(application_id: str) -> tuple[Response, int]:
    """Make another secret, which is shown this once; the others stay good."""
    fields()  # a body has nothing to say, but must be none that cannot be read
    application, server = found(application_id), authkit()
    value = server.sources.secret(48)
    secret = server.directory.make(
        ClientSecret, application_id=application.id, digest=hashed(value), secret_hint=value[-HINT:]
    )
    return jsonify(_shown(server, secret) | {"secret": value}), 201


@blueprint.delete("/connect/client_secrets/<secret_id>")
def delete_client_secret(secret_id: str) -> tuple[str, int]:
    """Revoke a secret: the next request with it is refused."""
    server = authkit()
    secret = server.directory.get(ClientSecret, secret_id)
    if secret is not None:
        server.directory.remove(secret)
        return "", 204
    for client, own in _registered(server).items():
        if own.id == secret_id:
            kept = server.client(client)
            if kept is not None:
                server.store.put(client, msgspec.structs.replace(kept, client_secret=None))
            return "", 204
    raise not_found("Client secret", secret_id)


def _registered(server: AuthKit) -> dict[str, ClientSecret]:
    """Give the secrets that clients got when they registered, by client id."""
    return {
        client.client_id: known_secret(client.client_id, client.client_secret, written(client.issued_at))
        for _, client in server.store.all(Client)
        if client.client_secret is not None
    }


def _shown(server: AuthKit, secret: ClientSecret) -> dict[str, Any]:
    used = server.store.get(SecretUse, secret.digest)
    return secret.shown() | {"last_used_at": used.at if used else None}
