"""Single sign-on connections (WorkOS, reference: Connections)."""

from __future__ import annotations

from typing import Any, Final, get_args

from flask import Response, jsonify, request

from sandbox.settings.kinds import ConnectionType
from sandbox.workos.api.errors import invalid
from sandbox.workos.api.finding import found
from sandbox.workos.api.keys import keyed
from sandbox.workos.api.listing import page
from sandbox.workos.authkit import authkit
from sandbox.workos.directory.entities import Connection, Domain
from sandbox.workos.directory.profiles import Profile

blueprint = keyed("connections")

_BY_ANY_CASE: Final[dict[str, str]] = {name.lower(): name for name in get_args(ConnectionType)}
"""The document writes both GitHubOAuth and GithubOAuth."""


def type_of(text: str) -> str | None:
    """Give the connection type that a text names in any case; None where it names none."""
    return _BY_ANY_CASE.get(text.lower())


def shown(connection: Connection) -> dict[str, Any]:
    """Give the JSON of a connection, the domains of its organization with it."""
    domains = authkit().directory.all(Domain, organization_id=connection.organization_id)
    return connection.shown() | {
        "status": "linked" if connection.state == "active" else "unlinked",
        "domains": [{"object": "connection_domain", "id": one.id, "domain": one.domain} for one in domains],
    }


@blueprint.get("/connections")
def list_connections() -> Response:
    """List connections, of a type, an organization or a domain, or whose name has the text of `search`."""
    directory, asked = authkit().directory, request.args
    connections = directory.all(Connection)
    if "connection_type" in asked:
        wanted = type_of(asked["connection_type"])
        if wanted is None:
            raise invalid("connection_type", "invalid", f"'{asked['connection_type']}' is no type of connection.")
        connections = [one for one in connections if type_of(one.connection_type) == wanted]
    if asked.get("organization_id"):
        connections = [one for one in connections if one.organization_id == asked["organization_id"]]
    if asked.get("domain"):
        owners = {domain.organization_id for domain in directory.all(Domain, domain=asked["domain"].lower())}
        connections = [one for one in connections if one.organization_id in owners]
    search = asked.get("search", "").lower()
    return page([one for one in connections if search in one.name.lower()], shown)


@blueprint.get("/connections/<connection_id>")
def get_connection(connection_id: str) -> Response:
    """Give a connection."""
    return jsonify(shown(found(Connection, connection_id)))


@blueprint.delete("/connections/<connection_id>")
def delete_connection(connection_id: str) -> tuple[str, int]:
    """Delete a connection, with the profiles that came by it."""
    connection, directory = found(Connection, connection_id), authkit().directory
    for profile in directory.all(Profile, connection_id=connection.id):
        directory.remove(profile)
    directory.remove(connection)
    return "", 204
