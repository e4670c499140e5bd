"""What the API lists of a user besides themselves; of most an offline world has none."""

from __future__ import annotations

from typing import NoReturn

from flask import Response, jsonify

from sandbox.workos.api.errors import not_found
from sandbox.workos.api.finding import found
from sandbox.workos.api.keys import keyed
from sandbox.workos.api.listing import page
from sandbox.workos.authkit import authkit
from sandbox.workos.directory.entities import User
from sandbox.workos.directory.identities import Identity
from sandbox.workos.directory.sessions import Session

blueprint = keyed("user_accounts")


@blueprint.get("/user_management/users/<user_id>/identities")
def list_identities(user_id: str) -> Response:
    """List the accounts with providers that a user has signed in with; a bare array, without pages (WorkOS)."""
    user = found(User, user_id)
    return jsonify([one.shown() for one in authkit().directory.all(Identity, user_id=user.id)])


@blueprint.get("/user_management/users/<user_id>/sessions")
def list_sessions(user_id: str) -> Response:
    """List the sessions in which a user is signed in now."""
    user, directory = found(User, user_id), authkit().directory
    return page(directory.all(Session, user_id=user.id, status="active"))


@blueprint.get("/user_management/users/<user_id>/feature-flags")
def list_feature_flags(user_id: str) -> Response:
    """List the feature flags that are on for a user: this world has none."""
    found(User, user_id)
    return page([])


@blueprint.get("/user_management/users/<user_id>/data_providers")
def list_data_providers(user_id: str) -> Response:
    """List the providers of Pipes, WorkOS's accounts of other services: this world has none. No pages (WorkOS)."""
    found(User, user_id)
    return jsonify({"object": "list", "data": []})


@blueprint.route("/user_management/users/<user_id>/connected_accounts/<slug>", methods=["GET", "DELETE"])
def connected_account(user_id: str, slug: str) -> NoReturn:
    """Give or delete a user's account with such a provider: there is none."""
    found(User, user_id)
    raise not_found("Connected Account", slug)
