"""API keys of users, which the app checks (WorkOS, reference: API Keys)."""

from __future__ import annotations

from typing import Final

from flask import Response, jsonify, request
from msgspec import Struct, field

from sandbox.workos.api.errors import ApiError, invalid
from sandbox.workos.api.finding import found
from sandbox.workos.api.keys import keyed
from sandbox.workos.api.listing import page
from sandbox.workos.api.reading import body
from sandbox.workos.authkit import authkit
from sandbox.workos.directory.entities import Organization, User
from sandbox.workos.directory.invitations import membership_of
from sandbox.workos.directory.user_keys import UserKey

blueprint = keyed("user_keys")

BEGINNING: Final = "sk_sandbox_"
"""How the values of keys begin: as WorkOS's `sk_…`, and to be told from a key of WorkOS itself."""

_LONGEST_NAME: Final = 255


class NewKey(Struct, kw_only=True):
    """The body that makes a key."""

    name: str
    organization_id: str
    permissions: list[str] = field(default_factory=list)


@blueprint.get("/user_management/users/<user_id>/api_keys")
def list_user_keys(user_id: str) -> Response:
    """List the keys of a user, or those for one organization."""
    user = found(User, user_id)
    keys = authkit().directory.all(UserKey, user_id=user.id)
    organization = request.args.get("organization_id")
    return page([one for one in keys if not organization or one.organization_id == organization])


@blueprint.post("/user_management/users/<user_id>/api_keys")
def create_user_key(user_id: str) -> tuple[Response, int]:
    """Make a key for a user, who must be an active member of the organization; only this answer has its value."""
    asked, user, server = body(NewKey), found(User, user_id), authkit()
    organization = found(Organization, asked.organization_id)
    if not 0 < len(asked.name.strip()) <= _LONGEST_NAME:
        raise invalid("name", "invalid", f"A name has 1 to {_LONGEST_NAME} characters.")
    joined = membership_of(server.directory, user.id, organization.id)
    if joined is None or joined.status != "active":
        raise _refused("organization_id", "The user is no active member of this organization.")
    known = {permission for permissions in server.settings.roles.values() for permission in permissions}
    for permission in asked.permissions:
        if permission not in known:
            raise _refused("permissions", f"There is no permission '{permission}' in this environment.")
    value = BEGINNING + server.sources.secret(32)
    key = server.directory.make(
        UserKey,
        user_id=user.id,
        organization_id=organization.id,
        name=asked.name,
        obfuscated_value=f"sk_...{value[-4:]}",
        permissions=tuple(dict.fromkeys(asked.permissions)),
    )
    return jsonify(key.shown() | {"value": value}), 201


def _refused(name: str, message: str) -> ApiError:
    """Refuse a field whose value cannot be as things are: 400, the field named (WorkOS, OpenAPI document)."""
    return ApiError(400, message, errors=[{"code": "invalid", "field": name}])
