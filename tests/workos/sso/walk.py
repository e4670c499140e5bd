"""A browser's way through single sign-on."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from werkzeug.test import TestResponse

from tests.workos.api.calls import BEN, NOTEBOOKS, Api
from tests.workos.driver import ORIGIN, fields

OKTA: Final = "conn_01SANDB0XNEARBY0KTA0000000"
ENTRA: Final = "conn_01SANDB0XHARB0VRENTRA00000"
CLIENT: Final = "client_01SANDB0XENV1R0NMENT0000000"
APP: Final = "http://localhost:3000/callback"
IDP: Final = f"{ORIGIN}/sso/idp"


def authorize(api: Api, *more: tuple[str, str], **change: str | None) -> TestResponse:
    """Begin a sign-in, by Okta unless another selector is given; None takes a parameter out."""
    selectors = {"connection", "organization", "provider", "domain"}
    usual = {"response_type": "code", "client_id": CLIENT, "redirect_uri": APP, "state": "a state"}
    if not selectors & set(change):
        usual["connection"] = OKTA
    asked = {name: value for name, value in (usual | change).items() if value is not None}
    return api.workos.http.get(f"/sso/authorize?{urlencode([*asked.items(), *more])}")


def deactivate(api: Api) -> None:
    """Let the connection to Okta become inactive in the world, as an administrator does."""
    okta = {"id": OKTA, "organization": NOTEBOOKS, "type": "OktaSAML", "name": "Okta", "state": "inactive"}
    api.workos.set(connections=[okta])


def answer(api: Api, begun: TestResponse, *, user: str = BEN, decision: str = "approve") -> TestResponse:
    """Press a button of the identity provider's page."""
    assert begun.headers["Location"].startswith(f"{IDP}?"), begun.headers["Location"]
    session = fields(begun)["authorization_session_id"]
    return api.workos.post(IDP, {"authorization_session_id": session, "user_id": user, "decision": decision})


def code(api: Api, *, user: str = BEN, **change: str | None) -> str:
    """Sign in by single sign-on; give the code that the app gets."""
    return fields(answer(api, authorize(api, **change), user=user))["code"]
