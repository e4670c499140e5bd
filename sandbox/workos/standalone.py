"""Standalone Connect: people sign in at the app's own Login URI, and come back (WorkOS, Standalone Connect)."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from flask import Blueprint, url_for
from werkzeug.wrappers import Response

from sandbox.workos.authkit import AuthKit, authkit
from sandbox.workos.directory.entities import User
from sandbox.workos.records import Authorization, ConsentOption, ExternalSignIn
from sandbox.workos.sign_ins import EndedError, current, known
from sandbox.workos.store import hashed

blueprint = Blueprint("standalone", __name__)


class Waiting(NamedTuple):
    """A sign-in that waits for the app."""

    external_auth_id: str
    external: ExternalSignIn
    begun: Authorization


def completed(server: AuthKit, waiting: Waiting, user: User, options: tuple[ConsentOption, ...]) -> str:
    """Let the sign-in go on as this user; give the URL at which it does.

    That URL names a new session, which nobody but the app has seen; the browser must be the one that began.
    """
    external_auth_id, external, begun = waiting
    server.store.drop(Authorization, external.session)
    server.store.put(external_auth_id, msgspec.structs.replace(external, completed=True))
    session = server.sources.secret()
    begun = msgspec.structs.replace(begun, user_id=user.id, consent_options=options)
    server.store.put(hashed(session), begun)
    return server.domain + url_for("standalone.go_on", authorization_session_id=session)


@blueprint.get("/oauth2/continue")
def go_on() -> Response:
    """Go on with the person whom the app has signed in."""
    server = authkit()
    session, begun, _ = current(server)
    user = server.user(begun.user_id or "")
    if user is None:
        raise EndedError
    return known(server, session, begun, user)
