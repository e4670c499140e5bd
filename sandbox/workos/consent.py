"""The pages that a person meets on the way: sign-in, the choice of an organization, and consent."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response

from sandbox.workos.authkit import AuthKit, authkit
from sandbox.workos.codes import approved, denied
from sandbox.workos.directory.entities import Organization, User
from sandbox.workos.records import Authorization
from sandbox.workos.redirects import is_loopback, shown_host
from sandbox.workos.sign_ins import (
    EndedError,
    begun_at,
    current,
    end,
    first_page,
    is_settled,
    known,
    settled,
    to,
    to_app,
)
from sandbox.workos.store import hashed

blueprint = Blueprint("consent", __name__, url_prefix="/oauth2")

SCOPE_MEANING: Final = {
    "openid": "Know who you are",
    "profile": "See your name",
    "email": "See your email address",
    "offline_access": "Stay signed in when you are away",
    "logs:delete": "Delete log entries",
    "logs:read": "Read log entries",
}


def page_user(server: AuthKit, user: User) -> dict[str, Any]:
    """Give what a page shows of a user."""
    organization = server.first_organization(user)
    return {
        "id": user.id,
        "email": user.email,
        "first_name": user.first_name or "",
        "last_name": user.last_name or "",
        "organization_name": organization.name if organization else None,
    }


def page_scopes(scope: tuple[str, ...]) -> list[dict[str, str]]:
    """Give what a page shows of the scopes."""
    return [{"name": name, "meaning": SCOPE_MEANING.get(name, "What the application calls " + name)} for name in scope]


@blueprint.get("/sign-in")
def sign_in() -> Response | str:
    """Show the users that one can sign in as; lead to the app where it signs people in itself."""
    server = authkit()
    session, begun, client_name = begun_at(server, "consent.sign_in")
    return to_app(server, session, begun) or render_template(
        "sign_in.html",
        client_name=client_name,
        redirect_host=shown_host(begun.redirect_uri),
        users=[page_user(server, user) for user in server.users()],
        action=url_for("consent.choose_user"),
        session=session,
        login_hint=begun.login_hint,
    )


@blueprint.post("/sign-in")
def choose_user() -> Response:
    """Sign in as the chosen user, and go on."""
    server = authkit()
    session, begun, _ = begun_at(server, "consent.sign_in")
    user = server.user(request.form.get("user_id", ""))
    away = to_app(server, session, begun)
    return away or (known(server, session, begun, user) if user else to("consent.sign_in", session))


@blueprint.get("/organization")
def organization() -> Response | str:
    """Show the organizations that the person belongs to; back to who asked where all of them went meanwhile."""
    server = authkit()
    session, begun, client_name = current(server)
    user = server.user(begun.user_id or "")
    if user is None:
        return to(first_page(begun), session)
    theirs = server.directory.organizations_of(user)
    if not theirs:
        end(server, session)
        return denied(begun, "access_denied", "The user belongs to no organization any more.")
    return render_template(
        "organization.html",
        client_name=client_name,
        user=page_user(server, user),
        organizations=[{"id": one.id, "name": one.name} for one in theirs],
        action=url_for("consent.choose_organization"),
        session=session,
        another=url_for(first_page(begun), authorization_session_id=session),
    )


@blueprint.post("/organization")
def choose_organization() -> Response:
    """Sign in to the chosen organization, and go on."""
    server = authkit()
    session, begun, _ = current(server)
    user = server.user(begun.user_id or "")
    if user is None:
        return to(first_page(begun), session)
    asked = request.form.get("organization_id", "")
    if asked not in {one.id for one in server.directory.organizations_of(user)}:
        return to("consent.organization", session)
    begun = msgspec.structs.replace(begun, organization=asked)
    server.store.put(hashed(session), begun)
    return settled(server, session, begun, user)


@blueprint.get("/consent")
def consent() -> Response | str:
    """Show which application asks for what, and where the browser will be sent."""
    server = authkit()
    session, begun, client_name = current(server)
    user, client = server.user(begun.user_id or ""), server.client(begun.client_id)
    if user is None:
        return to("consent.sign_in", session)
    if client is None:
        raise EndedError
    if not is_settled(server, begun, user):
        return to("consent.organization", session)
    organization = server.directory.get(Organization, begun.organization)
    return render_template(
        "consent.html",
        client_name=client_name,
        client_id=client.client_id,
        redirect_host=shown_host(begun.redirect_uri),
        redirect_uri=begun.redirect_uri,
        scopes=page_scopes(begun.scope),
        resource=begun.resource,
        user=page_user(server, user),
        organization_name=organization.name if organization else None,
        action=url_for("consent.decide"),
        session=session,
        another=url_for("consent.sign_in", authorization_session_id=session),
        options=begun.consent_options,
        unverified=client.registered_itself,
        loopback=is_loopback(begun.redirect_uri),
    )


@blueprint.post("/consent")
def decide() -> Response:
    """Send the browser back to the client with a code, or with the refusal.

    Nobody approves for an organization that they did not choose, or that is not theirs any more.
    """
    server = authkit()
    session, begun, _ = current(server)
    user = server.user(begun.user_id or "")
    if user is None or begun.purpose != "oauth":
        return to("consent.sign_in", session)
    approves = request.form.get("decision") == "approve"
    if approves and not is_settled(server, begun, user):
        return to("consent.organization", session)
    end(server, session)
    if not approves:
        return denied(begun, "access_denied", "The user denied the request.")
    return approved(server, msgspec.structs.replace(begun, claims=_chosen(begun)), user)


def _chosen(begun: Authorization) -> dict[str, str]:
    """Give what was chosen of the consent options; of one that says nothing, or nothing known, the first choice."""
    chosen = {}
    for number, option in enumerate(begun.consent_options):
        given = request.form.get(f"option_{number}", "")
        chosen[option.claim] = given if given in {one.value for one in option.choices} else option.choices[0].value
    return chosen
