"""Invitations: somebody is asked, by email, to sign up or to join an organization."""

from __future__ import annotations

from typing import Final, Literal

from sandbox.workos.directory import Directory
from sandbox.workos.directory.entities import Entity, Membership, User

DEFAULT_ROLE: Final = "member"
"""The role of who joins an organization without another."""


class Invitation(Entity, frozen=True, kw_only=True):
    """An invitation (WorkOS, reference of User Management)."""

    OBJECT = "invitation"
    PREFIX = "invitation"

    email: str
    state: Literal["pending", "accepted", "expired", "revoked"] = "pending"
    """As kept; `expired` is never kept, it follows from the time (`as_of`)."""
    accepted_at: str | None = None
    revoked_at: str | None = None
    expires_at: str
    organization_id: str | None = None
    inviter_user_id: str | None = None
    accepted_user_id: str | None = None
    role_slug: str | None = None
    token: str

    def as_of(self, time: str) -> Literal["pending", "accepted", "expired", "revoked"]:
        """Give its state at a time, which is written as the API writes it."""
        return "expired" if self.state == "pending" and self.expires_at <= time else self.state


def membership_of(directory: Directory, user_id: str, organization_id: str) -> Membership | None:
    """Give what joins a user and an organization, in whatever status; None where nothing does."""
    return directory.first(Membership, user_id=user_id, organization_id=organization_id)


def accept(directory: Directory, invitation: Invitation, user: User) -> Invitation:
    """Let a user accept an invitation, which must be pending, and join its organization, where it has one."""
    if invitation.organization_id is not None:
        role = invitation.role_slug or DEFAULT_ROLE
        joined = membership_of(directory, user.id, invitation.organization_id)
        if joined is None:
            directory.make(Membership, user_id=user.id, organization_id=invitation.organization_id, role_slug=role)
        elif joined.status != "active":
            directory.change(joined, status="active", role_slug=role)
    return directory.change(invitation, state="accepted", accepted_at=directory.time(), accepted_user_id=user.id)
