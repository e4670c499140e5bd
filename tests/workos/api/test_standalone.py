"""Standalone Connect: AuthKit leads a person to the app's own sign-in, and goes on when the app says who they are."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.test import TestResponse

from sandbox.workos.records import Authorization
from tests.workos.api.calls import BEN, NOTEBOOKS, Answer, Api
from tests.workos.driver import ORIGIN, error_page, fields, page_kind

LOGIN = "https://app.example/login?from=authkit"
COMPLETE = "/authkit/oauth2/complete"
EVE: dict[str, Any] = {"id": "42", "email": "eve@app.example", "first_name": "Eve", "metadata": {"plan": "gold"}}
TERMS = {"claim": "terms", "type": "enum", "label": "Terms", "choices": [{"value": "v1"}, {"value": "v2"}]}


@pytest.fixture
def client(api: Api) -> dict[str, Any]:
    """Give a client, in a world whose app signs people in itself."""
    api.workos.set(login_uri=LOGIN)
    return api.workos.register()


def begun(api: Api, client: dict[str, Any], **change: str) -> str:
    """Begin an authorization; give the id that the app is told."""
    return fields(api.workos.authorize(client, **change))["external_auth_id"]


def complete(api: Api, external_auth_id: str, **change: Any) -> Answer:
    """Say who signed in."""
    return api.post(COMPLETE, {"external_auth_id": external_auth_id, "user": EVE} | change)


def follow(api: Api, answer: Answer) -> TestResponse:
    """Let the browser go where the app sends it."""
    assert answer.status == 200, answer.json
    url = answer.json["redirect_uri"]
    assert url.startswith(ORIGIN)
    return api.workos.http.get(url.removeprefix(ORIGIN))


def consented(api: Api, response: TestResponse, **form: str) -> TestResponse:
    """Approve on the consent page."""
    session = fields(response)["authorization_session_id"]
    return api.workos.post("/oauth2/consent", {"authorization_session_id": session, "decision": "approve"} | form)


def test_the_app_signs_the_person_in(api: Api, client: dict[str, Any]) -> None:
    """From the Login URI, over the app's call and the consent page, to tokens of a user that was made."""
    away = api.workos.authorize(client)
    assert away.headers["Location"].startswith(LOGIN + "&external_auth_id=ext_auth_")
    to_consent = follow(api, complete(api, fields(away)["external_auth_id"]))
    page = api.workos.http.get(to_consent.headers["Location"])
    assert page_kind(page) == "consent"
    assert "eve@app.example" in page.text
    tokens = api.workos.token(client, fields(consented(api, to_consent))["code"]).get_json()
    made = api.workos.authkit.users()[-1]
    assert api.workos.claims(tokens["access_token"])["sub"] == made.id
    assert (made.external_id, made.first_name, made.metadata) == ("42", "Eve", {"plan": "gold"})


def test_a_user_of_the_id_is_changed(api: Api, client: dict[str, Any]) -> None:
    """The second time the same id is the same user, with what the app now says of them."""
    complete(api, begun(api, client))
    before = api.workos.authkit.users()
    complete(api, begun(api, client), user={"id": "42", "email": "eve@new.example", "last_name": "Ng"})
    after = api.workos.authkit.users()
    assert [user.id for user in before] == [user.id for user in after]
    assert (after[-1].email, after[-1].first_name, after[-1].last_name) == ("eve@new.example", "Eve", "Ng")


def test_who_belongs_to_several_organizations_chooses_one(api: Api, client: dict[str, Any]) -> None:
    """The pages after the sign-in are AuthKit's own."""
    ben = api.workos.authkit.user(BEN)
    assert ben is not None
    api.workos.authkit.directory.change(ben, external_id="42")
    to_choice = follow(api, complete(api, begun(api, client), user={"id": "42", "email": ben.email}))
    assert urlsplit(to_choice.headers["Location"]).path == "/oauth2/organization"
    session = fields(to_choice)["authorization_session_id"]
    chosen = {"authorization_session_id": session, "organization_id": NOTEBOOKS}
    code = fields(consented(api, api.workos.post("/oauth2/organization", chosen)))["code"]
    token = api.workos.token(client, code).get_json()["access_token"]
    assert api.workos.claims(token)["org_id"] == NOTEBOOKS


def test_authkit_signs_nobody_in_itself(api: Api, client: dict[str, Any]) -> None:
    """Before and after the app's call AuthKit's own sign-in leads to the Login URI, and chooses nobody."""
    to_consent = follow(api, complete(api, begun(api, client)))
    session = {"authorization_session_id": fields(to_consent)["authorization_session_id"]}
    for answer in (
        api.workos.http.get("/oauth2/sign-in", query_string=session),
        api.workos.post("/oauth2/sign-in", session | {"user_id": BEN}),
    ):
        assert answer.headers["Location"].startswith(LOGIN + "&external_auth_id=ext_auth_")
    token = api.workos.token(client, fields(consented(api, to_consent))["code"]).get_json()["access_token"]
    assert api.workos.claims(token)["sub"] == api.workos.authkit.users()[-1].id


def test_somebody_else_signs_in_at_the_app(api: Api, client: dict[str, Any]) -> None:
    """Who is not the person of the consent page is led to the app again, which completes anew for another one."""
    to_consent = follow(api, complete(api, begun(api, client)))
    page = api.workos.http.get(to_consent.headers["Location"])
    (link,) = re.findall(r'<a href="(/oauth2/sign-in[^"]*)">Choose somebody else', page.text)
    again = fields(api.workos.http.get(link))["external_auth_id"]
    anew = follow(api, complete(api, again, user={"id": "43", "email": "bea@app.example"}))
    assert "bea@app.example" in api.workos.http.get(anew.headers["Location"]).text
    assert error_page(consented(api, to_consent)) == "sign_in_ended"


def test_what_the_person_chooses_of_the_options_is_in_the_token(api: Api, client: dict[str, Any]) -> None:
    """The consent page asks what the app wants asked, and the choice is a claim."""
    to_consent = follow(api, complete(api, begun(api, client), user_consent_options=[TERMS]))
    page = api.workos.http.get(to_consent.headers["Location"])
    assert '<select id="option-0" name="option_0">' in page.text
    assert page.text.count("<option ") == 2
    code = fields(consented(api, to_consent, option_0="v2"))["code"]
    token = api.workos.token(client, code).get_json()["access_token"]
    assert api.workos.claims(token)["terms"] == "v2"


def test_nobody_chooses_what_was_not_offered(api: Api, client: dict[str, Any]) -> None:
    """A choice that is none of those offered counts as the first."""
    to_consent = follow(api, complete(api, begun(api, client), user_consent_options=[TERMS]))
    code = fields(consented(api, to_consent, option_0="v3"))["code"]
    assert api.workos.claims(api.workos.token(client, code).get_json()["access_token"])["terms"] == "v1"


def test_a_sign_in_is_completed_once(api: Api, client: dict[str, Any]) -> None:
    """The second call is told so, and the first one's way still leads on."""
    external_auth_id = begun(api, client)
    first = complete(api, external_auth_id)
    again = complete(api, external_auth_id)
    assert (again.status, again.json["code"]) == (400, "external_auth_session_already_completed")
    assert "authorization_session_id" in fields(follow(api, first))


def test_another_browser_cannot_go_on(api: Api, client: dict[str, Any]) -> None:
    """The way that the app was given is for the browser that began."""
    url = complete(api, begun(api, client)).json["redirect_uri"].removeprefix(ORIGIN)
    assert error_page(api.workos.browser().get(url)) == "sign_in_ended"
    assert "authorization_session_id" in fields(api.workos.http.get(url))


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"external_auth_id": "ext_auth_none"}, 404, "entity_not_found"),
        ({"user": {"id": "42", "email": "no"}}, 400, "invalid_email"),
        ({"user": {"id": "42", "email": "ADA@nearby-notebooks.example"}}, 400, "email_not_available"),
        ({"user": {"email": "eve@app.example"}}, 422, "invalid_request_parameters"),
        ({"user": {"id": "", "email": "eve@app.example"}}, 422, "invalid_request_parameters"),
        ({"user_consent_options": [TERMS | {"claim": "sub"}]}, 400, None),
        ({"user_consent_options": [TERMS | {"choices": []}]}, 422, "invalid_request_parameters"),
        ({"user_consent_options": [TERMS | {"type": "text"}]}, 422, "invalid_request_parameters"),
        ({"user": EVE | {"metadata": {"k" * 41: "v"}}}, 422, "invalid_request_parameters"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    api: Api, client: dict[str, Any], change: Any, status: int, code: str | None
) -> None:
    """Nobody is made or changed, and the sign-in can still be completed."""
    external_auth_id, before = begun(api, client), api.workos.authkit.users()
    answer = complete(api, **{"external_auth_id": external_auth_id} | change)
    assert (answer.status, answer.json.get("code")) == (status, code)
    assert api.workos.authkit.users() == before
    assert complete(api, external_auth_id).status == 200


def test_a_sign_in_ends_after_half_an_hour(api: Api, client: dict[str, Any]) -> None:
    """What was begun too long ago is not found."""
    external_auth_id = begun(api, client)
    api.workos.clock.advance(1801)
    assert complete(api, external_auth_id).status == 404


def test_a_sign_in_that_ended_changes_nobody(api: Api, client: dict[str, Any]) -> None:
    """The browser's sign-in is over while the app's has time left: 404, and no user was made."""
    external_auth_id, before = begun(api, client), api.workos.authkit.users()
    api.workos.authkit.store.forget(Authorization)
    assert complete(api, external_auth_id).status == 404
    assert api.workos.authkit.users() == before


@pytest.mark.parametrize(("way", "path"), [("automatic", "/callback"), ("deny", "/callback")])
def test_a_world_that_signs_in_by_itself_asks_no_app(api: Api, client: dict[str, Any], way: str, path: str) -> None:
    """Without pages there is no Login URI either."""
    api.workos.set(sign_in=way)
    assert urlsplit(api.workos.authorize(client).headers["Location"]).path == path


def test_prompt_none_is_not_led_away(api: Api, client: dict[str, Any]) -> None:
    """Who wants no page is told that a person must sign in."""
    back = parse_qs(urlsplit(api.workos.authorize(client, prompt="none").headers["Location"]).query)
    assert back["error"] == ["login_required"]
