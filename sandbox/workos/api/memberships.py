"""Who belongs to which organization, and as what (WorkOS, reference of User Management: Organization Membership)."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, jsonify, request
from msgspec import UNSET, Struct, UnsetType

from sandbox.workos import sessions
from sandbox.workos.api.errors import ApiError, invalid, refused
from sandbox.workos.api.finding import found
from sandbox.workos.api.keys import keyed
from sandbox.workos.api.listing import page
from sandbox.workos.api.reading import body
from sandbox.workos.authkit import authkit
from sandbox.workos.directory.entities import Entity, Membership, Organization, User
from sandbox.workos.directory.invitations import DEFAULT_ROLE, membership_of
from sandbox.workos.directory.sessions import Session

blueprint = keyed("memberships")

STATUSES: Final = ("active", "inactive", "pending")


class Roles(Struct, kw_only=True):
    """The roles that a body gives, as one or as a list of one."""

    role_slug: str | UnsetType | None = UNSET
    role_slugs: list[str] | UnsetType | None = UNSET


class NewMembership(Roles, kw_only=True):
    """The body that makes a membership."""

    user_id: str
    organization_id: str


def shown(membership: Membership) -> dict[str, Any]:
    """Give the JSON of a membership, the user and the organization's name with it."""
    directory = authkit().directory
    user = directory.get(User, membership.user_id)
    organization = directory.get(Organization, membership.organization_id)
    named = {"organization_name": organization.name} if organization else {}
    return membership.shown() | named | {"user": user.shown() if user else None}


@blueprint.get("/user_management/organization_memberships")
def list_memberships() -> Response:
    """List the memberships of a user, of an organization, or both: active ones, or those of the `statuses` asked for.

    The statuses may be several parameters, or one with commas, as the SDKs send them.
    """
    kinds: dict[str, type[Entity]] = {"user_id": User, "organization_id": Organization}
    having = {name: value for name in kinds if (value := request.args.get(name))}
    if not having:
        raise refused("missing_user_id_or_organization_id", "Ask for a user_id, an organization_id, or both.")
    for name, value in having.items():
        found(kinds[name], value)
    lists = (*request.args.getlist("statuses"), *request.args.getlist("statuses[]"))
    statuses = [status for text in lists for status in text.split(",")] or ["active"]
    for status in statuses:
        if status not in STATUSES:
            raise invalid("statuses", "invalid", f"'{status}' is no status; there are {', '.join(STATUSES)}.")
    every = authkit().directory.all(Membership, **having)
    return page([one for one in every if one.status in statuses], shown)


@blueprint.post("/user_management/organization_memberships")
def create_membership() -> tuple[Response, int]:
    """Let a user belong to an organization; an inactive membership becomes active again, with the role given."""
    asked, directory = body(NewMembership), authkit().directory
    user, organization = found(User, asked.user_id), found(Organization, asked.organization_id)
    role = role_of(asked) or DEFAULT_ROLE
    kept = membership_of(directory, user.id, organization.id)
    if kept is None:
        made = directory.make(Membership, user_id=user.id, organization_id=organization.id, role_slug=role)
        return jsonify(shown(made)), 201
    if kept.status == "active":
        raise invalid("user_id", "already_a_member", f"The user '{user.id}' is a member of this organization already.")
    return jsonify(shown(_reactivated(kept, role))), 201


@blueprint.get("/user_management/organization_memberships/<membership_id>")
def get_membership(membership_id: str) -> Response:
    """Give a membership."""
    return jsonify(shown(found(Membership, membership_id)))


@blueprint.put("/user_management/organization_memberships/<membership_id>")
def update_membership(membership_id: str) -> Response:
    """Give a member another role."""
    role, membership = role_of(body(Roles)), found(Membership, membership_id)
    return jsonify(shown(authkit().directory.change(membership, role_slug=role or membership.role_slug)))


@blueprint.delete("/user_management/organization_memberships/<membership_id>")
def delete_membership(membership_id: str) -> str:
    """Let a user belong to an organization no longer; they are signed out of it (UNCERTAIN)."""
    membership = found(Membership, membership_id)
    _sign_out(membership)
    authkit().directory.remove(membership)
    return ""


@blueprint.put("/user_management/organization_memberships/<membership_id>/deactivate")
def deactivate_membership(membership_id: str) -> Response:
    """Make a membership inactive, which signs the user out of the organization (UNCERTAIN).

    One that is inactive stays so, and a pending one is to be deleted instead.
    """
    membership = found(Membership, membership_id)
    if membership.status == "pending":
        raise refused(
            "cannot_deactivate_pending_organization_membership",
            "The membership is pending, and was never active. Delete it instead.",
        )
    if membership.status == "active":
        membership = authkit().directory.change(membership, status="inactive")
        _sign_out(membership)
    return jsonify(shown(membership))


@blueprint.put("/user_management/organization_memberships/<membership_id>/reactivate")
def reactivate_membership(membership_id: str) -> Response:
    """Make a membership active again; one that is so stays so."""
    membership = found(Membership, membership_id)
    return jsonify(shown(_reactivated(membership, membership.role_slug)))


@blueprint.get("/user_management/organization_memberships/<membership_id>/groups")
def list_groups(membership_id: str) -> Response:
    """List the groups of a member: this world has none."""
    found(Membership, membership_id)
    return page([])


# --- rules -----------------------------------------------------------------------------------------------------------


def role_of(asked: Roles) -> str | None:
    """Give the role that a body gives; None where it gives none.

    Raise ApiError 422 for one that the environment does not have, for several, and for both ways of saying it.
    """
    one, several = asked.role_slug or None, asked.role_slugs or None
    if one is not None and several is not None:
        raise invalid("role_slugs", "invalid", "Give role_slug or role_slugs, not both.")
    if several is not None and len(several) > 1:
        raise ApiError(422, "A member has one role here; give one.", "multiple_roles_not_enabled")
    role = several[0] if several else one
    if role is not None and role not in authkit().settings.roles:
        raise ApiError(422, f"There is no role '{role}'; there are {_known_roles()}.", "invalid_role")
    return role


def _known_roles() -> str:
    return ", ".join(authkit().settings.roles)


def _reactivated(membership: Membership, role: str) -> Membership:
    """Make a membership active; raise ApiError 400 for a pending one."""
    if membership.status == "pending":
        raise refused(
            "cannot_reactivate_pending_organization_membership",
            "The membership is pending: the user has to accept the invitation.",
        )
    if membership.status == "active":
        return membership
    return authkit().directory.change(membership, status="active", role_slug=role)


def _sign_out(membership: Membership) -> None:
    server = authkit()
    where = {"user_id": membership.user_id, "organization_id": membership.organization_id}
    for session in server.directory.all(Session, **where):
        sessions.end(server, session)
    server.revoke(user_id=membership.user_id, organization=membership.organization_id)
