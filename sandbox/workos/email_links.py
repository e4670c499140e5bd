"""The pages that emailed links lead to: an invitation, and a new password.

At WorkOS the invited sign up or in, and go on to the app with a code; here accepting is all, and the app signs them in.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, render_template, request, url_for

from sandbox.workos.api import credentials
from sandbox.workos.api.errors import ApiError
from sandbox.workos.api.password_reset import reset_password
from sandbox.workos.authkit import AuthKit, authkit
from sandbox.workos.directory.entities import Organization, User
from sandbox.workos.directory.invitations import Invitation, accept
from sandbox.workos.directory.one_time import PasswordReset

blueprint = Blueprint("email_links", __name__)

_NO_PASSWORDS: Final = 403
_OVER: Final = "Links of this kind work once, and for a while. Let the app send you another one."


@blueprint.get("/invite")
def invitation() -> str:
    """Show who is invited to what."""
    server = authkit()
    asked = _pending(server)
    if asked is None:
        return _said("This invitation is over", _OVER)
    organization = server.directory.get(Organization, asked.organization_id)
    return render_template(
        "invitation.html",
        email=asked.email,
        organization_name=organization.name if organization else None,
        is_known=credentials.user_of(server.directory, asked.email) is not None,
        token=asked.token,
        action=url_for("email_links.accept_invitation"),
    )


@blueprint.post("/invite")
def accept_invitation() -> str:
    """Accept an invitation; who is new signs up by it, and has shown that the email address is theirs."""
    server = authkit()
    asked = _pending(server)
    if asked is None:
        return _said("This invitation is over", _OVER)
    user = credentials.user_of(server.directory, asked.email)
    accept(server.directory, asked, user or server.directory.make(User, email=asked.email, email_verified=True))
    return _said("You have accepted", "You can close this window, and sign in to the app.")


def _pending(server: AuthKit) -> Invitation | None:
    token = request.values.get("invitation_token", "")
    asked = server.directory.first(Invitation, token=token)
    return asked if asked is not None and asked.as_of(server.directory.time()) == "pending" else None


@blueprint.get("/reset-password")
def new_password() -> str:
    """Ask for a new password."""
    server = authkit()
    token = request.args.get("token", "")
    reset = server.directory.first(PasswordReset, token=token)
    if reset is None or reset.used or reset.expires_at <= server.directory.time():
        return _said("This link is over", _OVER)
    return _password_page(reset.email, token)


@blueprint.post("/reset-password")
def set_password() -> str:
    """Set the new password, or say what is wrong with it."""
    server = authkit()
    token = request.form.get("token", "")
    try:
        reset_password(server, token, request.form.get("new_password", ""))
    except ApiError as error:
        reasons: list[dict[str, Any]] = error.body.get("errors", [])
        reset = server.directory.first(PasswordReset, token=token)
        if error.status == _NO_PASSWORDS:
            return _said("There are no passwords here", str(error))
        if reset is None or not reasons or reasons[0]["code"].startswith("password_reset_token"):
            return _said("This link is over", _OVER)
        return _password_page(reset.email, token, reasons[0]["message"])
    return _said("Your password is set", "You can close this window, and sign in to the app.")


def _password_page(email: str, token: str, error: str | None = None) -> str:
    action = url_for("email_links.set_password")
    return render_template("password_reset.html", email=email, token=token, error=error, action=action)


def _said(title: str, message: str) -> str:
    return render_template("message.html", title=title, message=message)
