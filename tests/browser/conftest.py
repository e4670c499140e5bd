"""The site that a visit goes to, and a sign-in played on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

import pytest

from tests.browser.site import USERS, Asked, Reply, Site, rendered, serving

CONSENT: Final = {
    "client_id": "client_1",
    "redirect_host": "localhost",
    "redirect_uri": "http://localhost/callback",
    "scopes": [{"name": "openid", "meaning": "Know you"}],
    "resource": None,
    "organization_name": None,
    "action": "/consent",
    "unverified": True,
    "options": (),
    "loopback": True,
}


@pytest.fixture
def site() -> Iterator[Site]:
    """Start a server on a free port of 127.0.0.1."""
    with serving() as site:
        yield site


@dataclass
class Flow:
    """A sign-in with the product's own pages: where it begins, and what came of it."""

    site: Site
    url: str

    @property
    def ends(self) -> dict[str, str]:
        """What the client's callback was given."""
        return self.site.asked[-1].query


@pytest.fixture
def flow(site: Site) -> Flow:
    """Play authorize, sign-in, consent and the client's callback."""

    def authorize(_: Asked) -> Reply:
        return Reply(
            status=302, headers={"Location": "/sign-in?session=s1", "Set-Cookie": "sid=kept; Path=/; HttpOnly; Secure"}
        )

    def sign_in(asked: Asked) -> Reply:
        if asked.method == "GET":
            context = {"redirect_host": "localhost", "action": "/sign-in", "session": "session-one", "login_hint": None}
            return rendered("sign_in.html", **context)
        return Reply(status=303, headers={"Location": "/consent?" + urlencode(asked.form)})

    def consent(asked: Asked) -> Reply:
        if asked.method == "GET":
            user = next(user for user in USERS if user.id == asked.query["user_id"])
            return rendered("consent.html", **CONSENT, user=user, session=user.id)
        approved = asked.form["decision"] == "approve"
        result = {"code": "the-code"} if approved else {"error": "access_denied"}
        back = urlencode(result | {"state": "the-state", "for": asked.form["authorization_session_id"]})
        return Reply(
            status=302, headers={"Location": f"{site.address.replace('127.0.0.1', 'localhost')}/callback?{back}"}
        )

    site.pages |= {"/oauth2/authorize": authorize, "/sign-in": sign_in, "/consent": consent}
    site.html("/callback", "<title>Client</title><p>You can close <b>this</b> window.</p>")
    return Flow(site, f"{site.address}/oauth2/authorize?state=the-state")
