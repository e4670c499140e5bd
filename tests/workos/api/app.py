"""What an app and its users do to sign in over User Management."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from werkzeug.test import TestResponse

from tests.workos.api.calls import KEY, Answer, Api
from tests.workos.driver import fields
from tests.workos.sso.walk import APP, CLIENT

ADA_EMAIL: Final = "ada@nearby-notebooks.example"
BEN_EMAIL: Final = "ben@nearby-notebooks.example"
CLEM_EMAIL: Final = "clem@freelance.example"
PASSWORD: Final = "sandbox-password"
GRANT: Final = "urn:workos:oauth:grant-type:"
DEVICE: Final = "urn:ietf:params:oauth:grant-type:device_code"
CREDENTIALS: Final = {"client_id": CLIENT, "client_secret": KEY}


def authorize(api: Api, *more: tuple[str, str], **change: str | None) -> TestResponse:
    """Lead a browser to sign in, on WorkOS's own page unless another selector is given; None takes one out."""
    usual = {"response_type": "code", "client_id": CLIENT, "redirect_uri": APP, "state": "a state"}
    if not {"provider", "connection_id", "organization_id"} & set(change):
        usual["provider"] = "authkit"
    asked = {name: value for name, value in (usual | change).items() if value is not None}
    return api.workos.http.get(f"/user_management/authorize?{urlencode([*asked.items(), *more])}")


def code(api: Api, user: str, *, organization: str | None = None, **change: str | None) -> str:
    """Sign in on WorkOS's own page; give the code that the app gets."""
    return fields(api.workos.signed_in(authorize(api, **change), user=user, organization=organization))["code"]


def authenticate(api: Api, grant_type: str, **body: Any) -> Answer:
    """Ask for a session; None takes a field out."""
    asked = CREDENTIALS | {"grant_type": grant_type} | body
    return api.post("/user_management/authenticate", {k: v for k, v in asked.items() if v is not None}, key=None)


def by_password(api: Api, email: str = ADA_EMAIL, password: str = PASSWORD, **body: Any) -> Answer:
    """Sign in with a password."""
    return authenticate(api, "password", email=email, password=password, **body)


def session(api: Api, email: str = ADA_EMAIL) -> dict[str, Any]:
    """Give the answer of a good sign-in."""
    answer = by_password(api, email)
    assert answer.status == 200, answer.json
    return dict(answer.json)


def decide(api: Api, user_code: str, decision: str, user: str, **more: str) -> None:
    """Enter a device's code as a person does, and decide."""
    page = api.workos.http.get("/oauth2/device", query_string={"user_code": user_code})
    assert "Your app" in page.text
    (cookie,) = (value.split(";")[0].partition("=")[2] for value in page.headers.getlist("Set-Cookie"))
    form = {"authorization_session_id": cookie, "user_code": user_code, "user_id": user, "decision": decision}
    assert api.workos.post("/oauth2/device", form | more).status_code == 200


def by_device(api: Api, user: str) -> Answer:
    """Sign in a device that a user has approved."""
    device = api.post("/user_management/authorize/device", {"client_id": CLIENT}, key=None).json
    decide(api, device["user_code"], "approve", user)
    return authenticate(api, DEVICE, device_code=device["device_code"])
