"""Invitations (WorkOS, reference of User Management: Invitation)."""

from __future__ import annotations

import re
from typing import Any, Final

from flask import Response, jsonify, request
from msgspec import Struct

from sandbox.workos.api import credentials
from sandbox.workos.api.errors import ApiError, invalid, not_found, refused
from sandbox.workos.api.finding import found
from sandbox.workos.api.keys import keyed
from sandbox.workos.api.listing import page
from sandbox.workos.api.reading import body
from sandbox.workos.authkit import AuthKit, authkit
from sandbox.workos.directory.entities import Membership, Organization, User
from sandbox.workos.directory.invitations import DEFAULT_ROLE, Invitation, accept, membership_of

blueprint = keyed("invitations")

_DAY: Final = 86_400
_DEFAULT_DAYS: Final = 7
_MOST_DAYS: Final = 30
_LOCALE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,4})?")

_NOT_RESENT: Final = {
    "expired": ("invite_expired", "The invitation has expired. Send a new one."),
    "revoked": ("invite_revoked", "The invitation was revoked. Send a new one."),
    "accepted": ("invite_accepted", "The invitation was accepted already."),
}


class NewInvitation(Struct, kw_only=True):
    """The body that sends an invitation."""

    email: str
    organization_id: str | None = None
    role_slug: str | None = None
    expires_in_days: int | None = None
    inviter_user_id: str | None = None
    locale: str | None = None


class Resend(Struct, kw_only=True):
    """The body that sends an invitation again."""

    locale: str | None = None


def shown(invitation: Invitation) -> dict[str, Any]:
    """Give the JSON of an invitation, with its state now and its link, which leads to a page of this sandbox."""
    server = authkit()
    return invitation.shown() | {
        "state": invitation.as_of(server.directory.time()),
        "accept_invitation_url": f"{server.domain}/invite?invitation_token={invitation.token}",
    }


@blueprint.get("/user_management/invitations")
def list_invitations() -> Response:
    """List invitations: to an `organization_id`, to an `email`."""
    invitations = authkit().directory.all(Invitation)
    if organization := request.args.get("organization_id"):
        invitations = [one for one in invitations if one.organization_id == organization]
    if email := request.args.get("email"):
        invitations = [one for one in invitations if one.email.lower() == email.lower()]
    return page(invitations, shown)


@blueprint.post("/user_management/invitations")
def send_invitation() -> tuple[Response, int]:
    """Invite somebody to sign up, or to join an organization; a user there already gets a pending membership."""
    asked, server = body(NewInvitation), authkit()
    credentials.check_email("email", asked.email)
    _check_locale(asked.locale)
    days = _DEFAULT_DAYS if asked.expires_in_days is None else asked.expires_in_days
    if days < 1:
        raise refused("expires_in_days_too_short", "An invitation is good for at least 1 day.")
    if days > _MOST_DAYS:
        raise refused("expires_in_days_too_long", f"An invitation is good for at most {_MOST_DAYS} days.")
    if asked.role_slug and asked.role_slug not in server.settings.roles:
        known = ", ".join(server.settings.roles)
        raise refused("invalid_role", f"There is no role '{asked.role_slug}'; there are {known}.")
    if asked.inviter_user_id:
        found(User, asked.inviter_user_id)
    organization = found(Organization, asked.organization_id) if asked.organization_id else None
    user = credentials.user_of(server.directory, asked.email)
    _check_uninvited(server, asked.email, user, organization)
    role = (asked.role_slug or DEFAULT_ROLE) if organization else None
    if user and organization:
        _pend(server, user, organization, role or DEFAULT_ROLE)
    invitation = server.directory.make(
        Invitation,
        email=asked.email,
        expires_at=server.directory.time(days * _DAY),
        organization_id=organization.id if organization else None,
        inviter_user_id=asked.inviter_user_id or None,
        role_slug=role,
        token=server.sources.secret(25),
    )
    return jsonify(shown(invitation)), 201


@blueprint.get("/user_management/invitations/<invitation_id>")
def get_invitation(invitation_id: str) -> Response:
    """Give an invitation."""
    return jsonify(shown(found(Invitation, invitation_id)))


@blueprint.get("/user_management/invitations/by_token/<token>")
def get_invitation_by_token(token: str) -> Response:
    """Give the invitation of the token that its link carries."""
    invitation = authkit().directory.first(Invitation, token=token)
    if invitation is None:
        raise ApiError(404, "There is no invitation of this token.", "entity_not_found")
    return jsonify(shown(invitation))


@blueprint.post("/user_management/invitations/<invitation_id>/accept")
def accept_invitation(invitation_id: str) -> Response:
    """Let the user of the invited email address accept, and join the organization."""
    invitation, directory = found(Invitation, invitation_id), authkit().directory
    state = invitation.as_of(directory.time())
    if state != "pending":
        raise refused("invite_not_pending", f"The invitation is not pending, but {state}.")
    user = credentials.user_of(directory, invitation.email)
    if user is None:
        raise not_found("User", invitation.email)
    return jsonify(shown(accept(directory, invitation, user)))


@blueprint.post("/user_management/invitations/<invitation_id>/revoke")
def revoke_invitation(invitation_id: str) -> Response:
    """Take an invitation back, and the pending membership that came with it."""
    invitation, directory = found(Invitation, invitation_id), authkit().directory
    state = invitation.as_of(directory.time())
    if state != "pending":
        raise refused("invite_not_pending", f"The invitation is not pending, but {state}.")
    user = credentials.user_of(directory, invitation.email)
    if user and invitation.organization_id:
        joined = membership_of(directory, user.id, invitation.organization_id)
        if joined is not None and joined.status == "pending":
            directory.remove(joined)
    return jsonify(shown(directory.change(invitation, state="revoked", revoked_at=directory.time())))


@blueprint.post("/user_management/invitations/<invitation_id>/resend")
def resend_invitation(invitation_id: str) -> Response:
    """Send an invitation again; its token and its time stay (UNCERTAIN)."""
    _check_locale(body(Resend).locale)
    invitation, directory = found(Invitation, invitation_id), authkit().directory
    refusal = _NOT_RESENT.get(invitation.as_of(directory.time()))
    if refusal is not None:
        raise refused(*refusal)
    return jsonify(shown(directory.change(invitation)))


# --- rules -----------------------------------------------------------------------------------------------------------


def _check_locale(locale: str | None) -> None:
    if locale is not None and not _LOCALE.fullmatch(locale):
        raise invalid("locale", "invalid", f"'{locale}' is no locale, such as 'en' or 'pt-BR'.")


def _check_uninvited(server: AuthKit, email: str, user: User | None, organization: Organization | None) -> None:
    """Raise ApiError 400 for who is there already, or has a pending invitation to the same."""
    directory, place = server.directory, organization.id if organization else None
    if organization is None and user is not None:
        raise refused("user_already_exists", f"There is a user of the email address '{email}' already.")
    joined = membership_of(directory, user.id, organization.id) if user and organization else None
    if joined is not None and joined.status == "active":
        raise refused("user_already_organization_member", f"'{email}' is a member of this organization already.")
    for other in directory.all(Invitation, organization_id=place):
        if other.email.lower() == email.lower() and other.as_of(directory.time()) == "pending":
            code = "email_already_invited_to_organization" if organization else "email_already_invited"
            raise refused(code, f"'{email}' has a pending invitation already.")


def _pend(server: AuthKit, user: User, organization: Organization, role: str) -> None:
    """Let a user's membership wait for them to accept; one that is inactive stays so until then."""
    if membership_of(server.directory, user.id, organization.id) is None:
        fields = {"user_id": user.id, "organization_id": organization.id, "role_slug": role}
        server.directory.make(Membership, status="pending", **fields)
