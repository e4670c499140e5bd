"""What the app says once it has signed a person in for AuthKit (WorkOS, reference: Standalone Connect)."""

from __future__ import annotations

from typing import Literal

from flask import Response, jsonify
from msgspec import Struct, field

from sandbox.workos.api import credentials
from sandbox.workos.api.errors import ApiError, invalid, not_found, refused
from sandbox.workos.api.keys import keyed
from sandbox.workos.api.metadata import Metadata, merged
from sandbox.workos.api.reading import body
from sandbox.workos.authkit import AuthKit, authkit
from sandbox.workos.directory.entities import User
from sandbox.workos.jwt_template import RESERVED
from sandbox.workos.records import Authorization, Choice, ConsentOption, ExternalSignIn
from sandbox.workos.standalone import Waiting, completed

blueprint = keyed("standalone_api")


class ExternalUser(Struct, kw_only=True):
    """Who signed in, as the app knows them."""

    id: str
    email: str
    first_name: str | None = None
    last_name: str | None = None
    name: str | None = None
    metadata: Metadata = field(default_factory=dict)


class GivenChoice(Struct, kw_only=True):
    """A choice as one gives it."""

    value: str
    label: str | None = None


class GivenOption(Struct, kw_only=True):
    """A consent option as one gives it."""

    claim: str
    type: Literal["enum"]
    label: str
    choices: list[GivenChoice]


class Completion(Struct, kw_only=True):
    """The body that completes a sign-in."""

    external_auth_id: str
    user: ExternalUser
    user_consent_options: list[GivenOption] = field(default_factory=list)


@blueprint.post("/authkit/oauth2/complete")
def complete() -> Response:
    """Complete a sign-in: make or change the user, and say where the browser goes on.

    The user is the one whose `external_id` is the given id. WorkOS also knows `email_change_not_allowed`; when it says
    so is UNCERTAIN, and the sandbox never does.
    """
    asked, server = body(Completion), authkit()
    waiting = _waiting(server, asked.external_auth_id)
    options = tuple(_option(option) for option in asked.user_consent_options)
    return jsonify({"redirect_uri": completed(server, waiting, _user(server, asked.user), options)})


def _waiting(server: AuthKit, external_auth_id: str) -> Waiting:
    """Give the sign-in that waits; raise ApiError for one that is unknown, completed, or has ended meanwhile."""
    external = server.store.get(ExternalSignIn, external_auth_id)
    if external is not None and external.completed:
        raise refused("external_auth_session_already_completed", "This sign-in has been completed already.")
    begun = server.store.get(Authorization, external.session) if external else None
    if external is None or begun is None:
        raise not_found("External auth session", external_auth_id)
    return Waiting(external_auth_id, external, begun)


def _option(option: GivenOption) -> ConsentOption:
    if option.claim in RESERVED:
        raise ApiError(400, f'Claim "{option.claim}" is reserved and cannot be used.', error="Bad Request")
    if not option.choices:
        raise invalid("user_consent_options", "invalid", f"The option '{option.claim}' has no choices.")
    choices = tuple(Choice(choice.value, choice.label or choice.value) for choice in option.choices)
    return ConsentOption(option.claim, option.label, choices)


def _user(server: AuthKit, given: ExternalUser) -> User:
    """Give the user, made or changed; raise ApiError for an email that is none, or somebody else's."""
    if not credentials.is_email(given.email):
        raise refused("invalid_email", f"'{given.email[:200]}' is no email address.")
    if not given.id:
        raise invalid("user.id", "required", "The user's id must not be empty.")
    directory = server.directory
    user = directory.first(User, external_id=given.id)
    other = credentials.user_of(directory, given.email)
    if other is not None and other != user:
        raise refused("email_not_available", "Another user has this email address.")
    named = {name: value for name in ("first_name", "last_name", "name") if (value := getattr(given, name)) is not None}
    try:
        metadata = merged(user.metadata if user else {}, given.metadata)
    except ApiError as error:  # here the document knows no 400 for it
        raise invalid("user.metadata", "invalid", str(error)) from error
    if user is not None:
        return directory.change(user, email=given.email, metadata=metadata, **named)
    return directory.make(
        User, email=given.email, email_verified=True, external_id=given.id, metadata=metadata, **named
    )
