"""A sign-in on its way through the pages: begun by who asks, found again by its browser, and led on.

Whatever is asked for, an MCP client's authorization, a session of an app, or classic SSO, takes this one way.
"""

from __future__ import annotations

import hmac
from typing import Final, NamedTuple

import msgspec
from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from sandbox.workos.authkit import AuthKit
from sandbox.workos.codes import approved, back, denied
from sandbox.workos.connections import connection_of
from sandbox.workos.directory.entities import Membership, User
from sandbox.workos.directory.profiles import is_outside
from sandbox.workos.records import Authorization, ExternalSignIn
from sandbox.workos.redirects import shown_host
from sandbox.workos.store import hashed

PAGE_LIFETIME: Final = 1800
"""Seconds that a person may take to sign in and consent."""

COOKIE: Final = "authkit_authorization"

OUTSIDE: Final = "profile_not_allowed_outside_organization"


class SignIn(NamedTuple):
    """The sign-in that this browser is in the middle of."""

    session: str
    begun: Authorization
    client_name: str
    """What a person knows the application by."""


class EndedError(Exception):
    """There is no such sign-in in this browser."""


def this_browser(server: AuthKit) -> str:
    """Give the secret that only this browser knows: the cookie that it has, or a new one."""
    return request.cookies.get(COOKIE) or server.sources.secret()


def begin(server: AuthKit, begun: Authorization, prompt: str | None = None) -> Response:
    """Lead the browser to the first page; or back at once, where the world signs people in or refuses them by itself.

    `prompt` is the one of OpenID Connect (Core, section 3.1.2.1): `none` wants no page.
    """
    way = server.settings.sign_in
    if way == "deny":
        return denied(begun, "access_denied", "The user denied the request.")
    if way == "automatic":
        user = next(iter(offered(server, begun)), None)
        if user is None:
            return denied(begun, "access_denied", "Nobody can sign in: this world has no users.")
        first = server.first_organization(user)
        chosen = begun.asked_organization or (first.id if first else None)
        begun = msgspec.structs.replace(begun, organization=chosen)
        return _refusal(server, begun, user) or approved(server, begun, user)
    if prompt == "none":
        return denied(begun, "login_required", "A person must sign in.")
    session = server.sources.secret()
    server.store.put(
        hashed(session),
        msgspec.structs.replace(begun, organization=begun.asked_organization, expires=server.now() + PAGE_LIFETIME),
    )
    response = to_app(server, session, begun) or to(first_page(begun), session, 302)
    response.set_cookie(COOKIE, begun.browser, max_age=PAGE_LIFETIME, httponly=True, samesite="Lax")
    return response


def to_app(server: AuthKit, session: str, begun: Authorization) -> Response | None:
    """Lead the browser to the app, which signs the person in and then completes (WorkOS, Standalone Connect).

    None where AuthKit itself does: without a Login URI, or for a session of the app.
    """
    login_uri = server.settings.login_uri
    if login_uri is None or begun.purpose != "oauth":
        return None
    name = f"ext_auth_{server.sources.ulid()}"
    external = ExternalSignIn(session=hashed(session), expires=server.now() + PAGE_LIFETIME)
    server.store.put(name, external)
    return back(login_uri, external_auth_id=name)


def offered(server: AuthKit, begun: Authorization) -> list[User]:
    """Give the users in the order in which they are offered.

    First whom the app suggests (`login_hint`), then the members of the organization that it asked for.
    """
    joined = server.directory.all(Membership, organization_id=begun.asked_organization)
    members = {one.user_id for one in joined}
    return sorted(server.users(), key=lambda user: (user.email != begun.login_hint, user.id not in members))


def first_page(begun: Authorization) -> str:
    """Say on which page a sign-in begins: AuthKit's own, or the identity provider's of the connection asked for."""
    return "consent.sign_in" if begun.connection is None else "idp.page"


def to(page: str, session: str, status: int = 303) -> Response:
    """Lead the browser to a page of the sign-in, named by its endpoint."""
    return redirect(url_for(page, authorization_session_id=session), status)


def current(server: AuthKit) -> SignIn:
    """Find the sign-in of this request; raise EndedError when it is over, or began in another browser."""
    session = request.values.get("authorization_session_id", "")
    begun = server.store.get(Authorization, hashed(session))
    if begun is None or not hmac.compare_digest(request.cookies.get(COOKIE, "").encode(), begun.browser.encode()):
        raise EndedError
    if begun.purpose != "oauth":
        return SignIn(session, begun, shown_host(begun.redirect_uri))
    client = server.client(begun.client_id)
    if client is None:
        raise EndedError
    return SignIn(session, begun, client.name)


def begun_at(server: AuthKit, page: str) -> SignIn:
    """Find the sign-in of this request; raise EndedError also for one that begins on another page than this."""
    found = current(server)
    if first_page(found.begun) != page:
        raise EndedError
    return found


def known(server: AuthKit, session: str, begun: Authorization, user: User) -> Response:
    """Go on with a person who has said who they are; ask for the organization where they belong to several."""
    theirs = server.directory.organizations_of(user)
    only = theirs[0].id if len(theirs) == 1 else None
    begun = msgspec.structs.replace(begun, user_id=user.id, organization=begun.asked_organization or only)
    server.store.put(hashed(session), begun)
    refusal = _refusal(server, begun, user)
    if refusal is not None:
        end(server, session)
        return refusal
    if len(theirs) > 1 and begun.organization is None and begun.purpose != "sso":
        return to("consent.organization", session)
    return settled(server, session, begun, user)


def _refusal(server: AuthKit, begun: Authorization, user: User) -> Response | None:
    """Refuse who is no member of the organization asked for; who comes by its connection becomes one.

    By single sign-on an address of another domain is refused, whichever way the person was chosen.
    """
    connection = connection_of(server, begun)
    if begun.purpose == "sso" and connection is not None and is_outside(server.directory, connection, user.email):
        said = f"The address {user.email} is of none of the organization's domains, and the organization wants one."
        return denied(begun, OUTSIDE, said)
    theirs = {one.id for one in server.directory.organizations_of(user)}
    if begun.connection is not None or begun.organization in {None, *theirs}:
        return None
    return denied(begun, "access_denied", f"The user is no member of the organization '{begun.organization}'.")


def is_settled(server: AuthKit, begun: Authorization, user: User) -> bool:
    """Say whether the organization is one that is still the person's; none is for who belongs to none."""
    theirs = {one.id for one in server.directory.organizations_of(user)}
    return begun.organization in theirs if theirs else begun.organization is None


def settled(server: AuthKit, session: str, begun: Authorization, user: User) -> Response:
    """Go on once person and organization are settled: to the consent page, or, where nothing is to consent to, back.

    Nobody is asked whether an application of the app's own team may (WorkOS, first-party applications).
    """
    client = server.client(begun.client_id)
    if begun.purpose == "oauth" and (begun.consent_options or not (client and client.first_party)):
        return to("consent.consent", session)
    end(server, session)
    return approved(server, begun, user)


def end(server: AuthKit, session: str) -> None:
    """Forget a sign-in; its pages lead nowhere from now on."""
    server.store.drop(Authorization, hashed(session))
