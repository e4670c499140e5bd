"""Users (WorkOS, reference of User Management: User)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec
from flask import Response, jsonify, request
from msgspec import UNSET, Struct, UnsetType

from sandbox.workos.api import credentials
from sandbox.workos.api.errors import ApiError, invalid, not_found, refused
from sandbox.workos.api.finding import found
from sandbox.workos.api.keys import keyed
from sandbox.workos.api.listing import page
from sandbox.workos.api.metadata import Metadata, merged
from sandbox.workos.api.reading import body
from sandbox.workos.authkit import AuthKit, authkit
from sandbox.workos.directory.entities import Entity, Factor, Membership, User
from sandbox.workos.directory.identities import Identity
from sandbox.workos.directory.one_time import Challenge, EmailChange, EmailVerification, MagicAuth, PasswordReset
from sandbox.workos.directory.sessions import Session
from sandbox.workos.directory.user_keys import UserKey

blueprint = keyed("users")

HashType = Literal["bcrypt", "firebase-scrypt", "ssha", "scrypt", "pbkdf2", "argon2"]

HANGS_ON_USER: Final[tuple[type[Entity], ...]] = (
    Membership,
    Factor,
    MagicAuth,
    EmailVerification,
    EmailChange,
    PasswordReset,
    UserKey,
    Session,
    Identity,
)
"""What has a `user_id`, and goes when the user does."""

_LOCALE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_LONGEST_ID: Final = 128
"""Characters of an id of the app's own."""

_OF_ITS_OWN: Final = {"metadata", "password", "password_hash", "password_hash_type"}
"""The fields of a change that are not simply put in place."""


class NewUser(Struct, kw_only=True):
    """The body that makes a user."""

    email: str
    password: str | None = None
    password_hash: str | None = None
    password_hash_type: HashType | None = None
    first_name: str | None = None
    last_name: str | None = None
    name: str | None = None
    email_verified: bool | None = None
    external_id: str | None = None
    metadata: Metadata | None = None


class ChangedUser(Struct, kw_only=True):
    """The body that changes a user; what it does not name stays."""

    email: str | UnsetType = UNSET
    password: str | UnsetType | None = UNSET
    password_hash: str | UnsetType | None = UNSET
    password_hash_type: HashType | UnsetType | None = UNSET
    first_name: str | UnsetType | None = UNSET
    last_name: str | UnsetType | None = UNSET
    name: str | UnsetType | None = UNSET
    email_verified: bool | UnsetType = UNSET
    external_id: str | UnsetType | None = UNSET
    metadata: Metadata | UnsetType | None = UNSET
    locale: str | UnsetType | None = UNSET


@blueprint.get("/user_management/users")
def list_users() -> Response:
    """List users: of an `email`, or members of an organization (`organization_id`, or `organization` as it was)."""
    directory = authkit().directory
    users = directory.all(User)
    if email := request.args.get("email"):
        users = [user for user in users if user.email.lower() == email.lower()]
    if organization := request.args.get("organization_id") or request.args.get("organization"):
        members = {one.user_id for one in directory.all(Membership, organization_id=organization)}
        users = [user for user in users if user.id in members]
    return page(users)


@blueprint.post("/user_management/users")
def create_user() -> tuple[Response, int]:
    """Make a user."""
    asked, server = body(NewUser), authkit()
    fields = msgspec.structs.asdict(asked)
    secret = credentials.password(fields)
    _check_external_id(fields)
    errors = [
        *_unlike_email(asked.email),
        *_taken(server, None, email=asked.email, external_id=asked.external_id),
    ]
    if errors:
        raise ApiError(400, "The user cannot be created: " + errors[0]["message"], "user_creation_error", errors=errors)
    user = server.directory.make(
        User,
        email=asked.email,
        email_verified=bool(asked.email_verified),
        first_name=asked.first_name,
        last_name=asked.last_name,
        name=asked.name or _name(asked.first_name, asked.last_name),
        external_id=asked.external_id,
        metadata=merged({}, asked.metadata or {}),
        **secret,
    )
    return jsonify(user.shown()), 201


@blueprint.get("/user_management/users/<user_id>")
def get_user(user_id: str) -> Response:
    """Give a user."""
    return jsonify(found(User, user_id).shown())


@blueprint.get("/user_management/users/external_id/<path:external_id>")
def get_user_by_external_id(external_id: str) -> Response:
    """Give the user that the app knows by an id of its own."""
    user = authkit().directory.first(User, external_id=external_id)
    if user is None:
        raise not_found("User", external_id)
    return jsonify(user.shown())


@blueprint.put("/user_management/users/<user_id>")
def update_user(user_id: str) -> Response:
    """Change a user; another email address is not verified until it is said to be (UNCERTAIN)."""
    asked, user, server = body(ChangedUser), found(User, user_id), authkit()
    given = {name: value for name, value in msgspec.structs.asdict(asked).items() if value is not UNSET}
    changes = {name: value for name, value in given.items() if name not in _OF_ITS_OWN}
    changes |= credentials.password(given)
    _check_external_id(given)
    if given.get("locale") is not None and not _LOCALE.fullmatch(given["locale"]):
        raise refused("invalid_locale", f"'{given['locale']}' is no locale, such as 'en' or 'pt-BR'.")
    email = given.get("email", user.email)
    for error in (*_unlike_email(email), *_taken(server, user, email=email, external_id=given.get("external_id"))):
        raise ApiError(400, **error)
    if email.lower() != user.email.lower():
        changes = {"email_verified": False} | changes
    if "metadata" in given:
        changes["metadata"] = merged(user.metadata, given["metadata"] or {})
    if "name" not in given and given.keys() & {"first_name", "last_name"}:
        names = {"first_name": user.first_name, "last_name": user.last_name} | given
        changes["name"] = _name(names["first_name"], names["last_name"])
    return jsonify(server.directory.change(user, **changes).shown())


@blueprint.delete("/user_management/users/<user_id>")
def delete_user(user_id: str) -> str:
    """Delete a user, with all that hangs on them: they are signed out everywhere, and no application acts for them."""
    remove(authkit(), found(User, user_id))
    return ""


# --- rules -----------------------------------------------------------------------------------------------------------


def remove(server: AuthKit, user: User) -> None:
    """Remove a user, with all that hangs on them."""
    directory = server.directory
    for kind in HANGS_ON_USER:
        for one in directory.all(kind, user_id=user.id):
            for challenge in directory.all(Challenge, authentication_factor_id=one.id):
                directory.remove(challenge)
            directory.remove(one)
    server.revoke(user_id=user.id)
    directory.remove(user)


def _name(first: str | None, last: str | None) -> str | None:
    return " ".join(filter(None, (first, last))) or None


def _check_external_id(given: Mapping[str, Any]) -> None:
    """Raise ApiError 422 for an id of the app's own that is empty or too long."""
    if given.get("external_id") is not None and not 0 < len(given["external_id"]) <= _LONGEST_ID:
        raise invalid("external_id", "invalid", f"An external_id has 1 to {_LONGEST_ID} characters.")


def _unlike_email(email: str) -> list[dict[str, str]]:
    if credentials.is_email(email):
        return []
    return [{"code": "invalid_email", "message": f"'{email}' is no email address."}]


def _taken(server: AuthKit, itself: User | None, *, email: str, external_id: str | None) -> list[dict[str, str]]:
    """Give an error for an email address, and for an id of the app's own, that another user has."""
    directory, own = server.directory, itself.id if itself else None
    by_email = credentials.user_of(directory, email)
    by_id = directory.first(User, external_id=external_id) if external_id else None
    errors = []
    if by_email is not None and by_email.id != own:
        errors.append({"code": "email_not_available", "message": f"Another user has the email address '{email}'."})
    if by_id is not None and by_id.id != own:
        errors.append({"code": "external_id_already_used", "message": f"Another user has the id '{external_id}'."})
    return errors
