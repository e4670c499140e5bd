"""What a user has let applications do (WorkOS, reference of User Management: Authorized Connect Applications)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Response

from sandbox.workos.api.applications import every
from sandbox.workos.api.errors import not_found
from sandbox.workos.api.finding import found
from sandbox.workos.api.keys import keyed
from sandbox.workos.api.listing import page
from sandbox.workos.authkit import AuthKit, authkit
from sandbox.workos.directory.applications import Application, registered
from sandbox.workos.directory.entities import Entity, User
from sandbox.workos.records import Grant

blueprint = keyed("authorized_applications")


class AuthorizedApplication(Entity, frozen=True, kw_only=True):
    """An application that a user consented to, seen over all the grants of theirs; it is never kept itself."""

    OBJECT = "authorized_connect_application"
    PREFIX = "authorized_connect_app"
    HIDDEN = frozenset({"created_at", "updated_at"})
    OPTIONAL = frozenset({"oauth_resource"})

    granted_scopes: tuple[str, ...]
    oauth_resource: str | None
    application: Application

    def shown(self) -> dict[str, Any]:
        """Give its JSON, the application within it as the API shows it."""
        return super().shown() | {"application": self.application.shown()}


@blueprint.get("/user_management/users/<user_id>/authorized_applications")
def list_authorized_applications(user_id: str) -> Response:
    """List the applications that a user consented to."""
    server = authkit()
    return page(_authorized(server, _grants(server, found(User, user_id))))


@blueprint.delete("/user_management/users/<user_id>/authorized_applications/<application_id>")
def delete_authorized_application(user_id: str, application_id: str) -> tuple[str, int]:
    """Let an application, named by its id or its client id, do nothing for a user any more."""
    server = authkit()
    grants = _grants(server, found(User, user_id))
    for one in _authorized(server, grants):
        if application_id in {one.id, one.application.id, one.application.client_id}:
            server.revoke(user_id=user_id, client_id=one.application.client_id)
            return "", 204
    raise not_found("Authorized Connect Application", application_id)


def _grants(server: AuthKit, user: User) -> list[tuple[str, Grant]]:
    """Give what a user allowed, and has not taken back, oldest first."""
    return [(sid, grant) for sid, grant in server.store.all(Grant) if grant.user_id == user.id and not grant.revoked]


def _authorized(server: AuthKit, grants: Iterable[tuple[str, Grant]]) -> list[AuthorizedApplication]:
    """Give the applications of these grants, the one consented to first at the front."""
    applications = {application.client_id: application for application in every(server)}
    by_client: dict[str, list[tuple[str, Grant]]] = {}
    for sid, grant in grants:
        by_client.setdefault(grant.client_id, []).append((sid, grant))
    listed = []
    for client_id, held in by_client.items():
        application, client = applications.get(client_id), server.client(client_id)
        if application is None and client is not None:
            application = registered(client, server.directory.time())
        if application is not None:
            listed.append(_one(application, held))
    return listed


def _one(application: Application, held: list[tuple[str, Grant]]) -> AuthorizedApplication:
    """Give an application with all that it may do; where it asked for several resources, the last."""
    return AuthorizedApplication(
        id=f"{AuthorizedApplication.PREFIX}_{held[0][0].rpartition('_')[2]}",
        created_at=application.created_at,
        updated_at=application.updated_at,
        granted_scopes=tuple(dict.fromkeys(scope for _, grant in held for scope in grant.scope)),
        oauth_resource=held[-1][1].resource,
        application=application,
    )
