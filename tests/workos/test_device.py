"""The device grant (RFC 8628): codes, the page where a person decides, and polling."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest
from werkzeug.test import TestResponse

from sandbox.workos.records import Device, Grant
from tests.workos.api.calls import BEN, PRESS
from tests.workos.driver import ADA, CLEM, DEVICE_GRANT, ORIGIN, RESOURCE, SCOPE, Workos, error, page_kind

PAGE: Final = "/oauth2/device"


def begin(workos: Workos, client: dict[str, Any], **more: str) -> dict[str, Any]:
    """Ask for a device's codes."""
    response = start(workos, client, **more)
    assert response.status_code == 200, response.text
    return dict(response.get_json())


def start(workos: Workos, client: dict[str, Any], **more: str) -> TestResponse:
    """Send a device authorization request."""
    form = {"client_id": client["client_id"], "client_secret": client.get("client_secret", ""), "scope": SCOPE} | more
    return workos.post("/oauth2/device_authorization", form)


def poll(workos: Workos, client: dict[str, Any], device_code: str, **more: str) -> TestResponse:
    """Ask for the tokens."""
    form = {"grant_type": DEVICE_GRANT, "client_id": client["client_id"], "device_code": device_code} | more
    return workos.post("/oauth2/token", form | {"client_secret": client.get("client_secret", "")})


def decide(workos: Workos, user_code: str, **change: str | None) -> TestResponse:
    """Open the page and answer as a person does."""
    page = workos.http.get(PAGE, query_string={"user_code": user_code})
    match = re.search(r'name="authorization_session_id" value="([^"]*)"', page.text)
    assert match is not None
    form = {
        "authorization_session_id": match[1],
        "user_code": user_code,
        "user_id": ADA,
        "decision": "approve",
    } | change
    return workos.http.post(PAGE, data={name: value for name, value in form.items() if value is not None})


@pytest.fixture
def device(workos: Workos, client: dict[str, Any]) -> dict[str, Any]:
    """Give the codes of a waiting device."""
    return begin(workos, client)


def test_a_device_gets_its_codes(workos: Workos, client: dict[str, Any]) -> None:
    """The answer has WorkOS's members, order and numbers, and is not cached."""
    response = start(workos, client)
    body = response.get_json()

    assert list(body.items()) == [
        ("device_code", body["device_code"]),
        ("user_code", body["user_code"]),
        ("verification_uri", f"{ORIGIN}/oauth2/device"),
        ("verification_uri_complete", f"{ORIGIN}/oauth2/device?user_code={body['user_code']}"),
        ("expires_in", 300),
        ("interval", 5),
    ]
    assert re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", body["user_code"])
    assert len(body["device_code"]) >= 43
    assert response.headers["Cache-Control"] == "no-store"


def test_the_page_is_on_the_authkit_domain(workos: Workos, client: dict[str, Any]) -> None:
    """With a custom domain a person is sent there."""
    workos.set(issuer="custom")

    assert begin(workos, client)["verification_uri"] == "http://127.0.0.1:4100/oauth2/device"


@pytest.mark.parametrize(
    ("more", "expected"),
    [({"scope": "nonsense"}, "invalid_scope"), ({"resource": f"{RESOURCE}#x"}, "invalid_target")],
)
def test_a_wrong_request_is_refused(
    workos: Workos, client: dict[str, Any], more: dict[str, str], expected: str
) -> None:
    """A device is told at once what it may not ask for."""
    assert error(start(workos, client, **more)) == expected


def test_an_unknown_device_is_refused(workos: Workos) -> None:
    """An unknown client gets no codes."""
    assert error(start(workos, {"client_id": "client_01UNKNOWN"}), 401) == "invalid_client"
    assert error(workos.post("/oauth2/device_authorization"), 401) == "invalid_client"


def test_a_confidential_device_shows_its_secret(workos: Workos) -> None:
    """A client with a secret shows it for the codes and for the tokens."""
    client = workos.register(token_endpoint_auth_method="client_secret_post")
    assert error(start(workos, client | {"client_secret": "wrong"}), 401) == "invalid_client"
    device = begin(workos, client)

    assert error(poll(workos, client | {"client_secret": ""}, device["device_code"]), 401) == "invalid_client"


def test_a_client_without_the_grant_gets_no_codes(workos: Workos) -> None:
    """A client that did not register the device grant is told so before anybody types a code."""
    client = workos.register(grant_types=["authorization_code"])

    assert error(start(workos, client)) == "unauthorized_client"
    assert error(poll(workos, client, "x")) == "unauthorized_client"


def test_a_person_connects_a_device(workos: Workos, client: dict[str, Any]) -> None:
    """Once a person approves, the device gets the tokens of that person, for the scope and resource it asked for."""
    device = begin(workos, client, resource=RESOURCE)
    assert error(poll(workos, client, device["device_code"])) == "authorization_pending"
    done = decide(workos, device["user_code"], user_id=CLEM)
    tokens = poll(workos, client, device["device_code"]).get_json()
    claims = workos.claims(tokens["access_token"])

    assert page_kind(done) == "device-done"
    assert "Your device is connected" in done.text
    assert (claims["sub"], claims["aud"], claims["scope"]) == (CLEM, RESOURCE, SCOPE)
    assert {"id_token", "refresh_token"} <= tokens.keys()
    assert workos.refresh(client, tokens["refresh_token"]).status_code == 200


def test_a_device_that_asks_too_often_is_slowed_down(
    workos: Workos, client: dict[str, Any], device: dict[str, Any]
) -> None:
    """Each poll before the interval is over answers slow_down, and makes the interval five seconds longer."""
    code = device["device_code"]
    asked = []
    for wait in (0, 4.9, 9.9, 15, 14.9, 20):
        workos.clock.advance(wait)
        asked.append(error(poll(workos, client, code)))

    assert asked == [
        "authorization_pending",
        "slow_down",
        "slow_down",
        "authorization_pending",
        "slow_down",
        "authorization_pending",
    ]


def test_a_patient_device_is_not_slowed_down(workos: Workos, client: dict[str, Any], device: dict[str, Any]) -> None:
    """A device that keeps the interval waits as long as it takes."""
    for _ in range(10):
        assert error(poll(workos, client, device["device_code"])) == "authorization_pending"
        workos.clock.advance(5)


def test_an_approved_device_is_not_slowed_down(workos: Workos, client: dict[str, Any], device: dict[str, Any]) -> None:
    """Once a person has approved, the next poll gets the tokens, however soon."""
    poll(workos, client, device["device_code"])
    decide(workos, device["user_code"])

    assert poll(workos, client, device["device_code"]).status_code == 200


def test_a_person_may_refuse(workos: Workos, client: dict[str, Any], device: dict[str, Any]) -> None:
    """Once a person refuses, the device is told so, each time, and nothing is granted."""
    done = decide(workos, device["user_code"], decision="deny")

    assert "You refused the device" in done.text
    for _ in range(2):
        assert error(poll(workos, client, device["device_code"])) == "access_denied"
    assert list(workos.authkit.store.all(Grant)) == []


def test_a_refusal_cannot_be_taken_back(workos: Workos, client: dict[str, Any], device: dict[str, Any]) -> None:
    """The code of a refused device is over: approving it from another window changes nothing."""
    decide(workos, device["user_code"], decision="deny")

    assert "unknown or has expired" in decide(workos, device["user_code"]).text
    assert error(poll(workos, client, device["device_code"])) == "access_denied"


def test_an_approval_is_for_one_device(workos: Workos, client: dict[str, Any], device: dict[str, Any]) -> None:
    """An approved code is over: nobody can approve it again as somebody else."""
    decide(workos, device["user_code"])

    assert "unknown or has expired" in decide(workos, device["user_code"], user_id=CLEM).text
    assert workos.claims(poll(workos, client, device["device_code"]).get_json()["access_token"])["sub"] == ADA


def test_a_device_code_is_good_once(workos: Workos, client: dict[str, Any], device: dict[str, Any]) -> None:
    """The tokens are given once; the code is then worth nothing."""
    decide(workos, device["user_code"])
    assert poll(workos, client, device["device_code"]).status_code == 200

    assert error(poll(workos, client, device["device_code"])) == "invalid_grant"


def test_a_refused_poll_does_not_use_up_the_code(
    workos: Workos, client: dict[str, Any], device: dict[str, Any]
) -> None:
    """A poll that names an unlisted resource is refused, and the next without it gets the tokens."""
    workos.set(resources=[RESOURCE])
    decide(workos, device["user_code"])
    assert error(poll(workos, client, device["device_code"], resource="https://other.example")) == "invalid_target"

    assert poll(workos, client, device["device_code"]).status_code == 200


@pytest.mark.parametrize("decision", [None, "approve"])
def test_a_device_code_expires(
    workos: Workos, client: dict[str, Any], device: dict[str, Any], decision: str | None
) -> None:
    """After five minutes the code is expired_token, also one that was approved and not fetched."""
    if decision:
        decide(workos, device["user_code"], decision=decision)
    workos.clock.advance(300)

    assert error(poll(workos, client, device["device_code"])) == "expired_token"
    assert "unknown or has expired" in workos.http.get(PAGE, query_string={"user_code": device["user_code"]}).text


def test_expired_devices_are_forgotten_at_last(workos: Workos, device: dict[str, Any]) -> None:
    """A device is not kept much longer than its code."""
    assert device
    workos.clock.advance(600)

    assert list(workos.authkit.store.all(Device)) == []


def test_another_clients_device_code_is_refused(workos: Workos, client: dict[str, Any], device: dict[str, Any]) -> None:
    """A device code is the client's to which it was given."""
    thief = workos.register()
    decide(workos, device["user_code"])

    assert error(poll(workos, thief, device["device_code"])) == "invalid_grant"
    assert poll(workos, client, device["device_code"]).status_code == 200


@pytest.mark.parametrize(("code", "expected"), [("unknown", "invalid_grant"), ("", "invalid_request")])
def test_an_unknown_device_code_is_refused(workos: Workos, client: dict[str, Any], code: str, expected: str) -> None:
    """A code that never was, and none at all, are told apart."""
    assert error(poll(workos, client, code)) == expected


# --- who belongs to several organizations ---------------------------------------------------------------------------


def test_who_belongs_to_several_organizations_chooses_one(
    workos: Workos, client: dict[str, Any], device: dict[str, Any]
) -> None:
    """Ben approves, is asked for his organization, and the device gets tokens for the one that he chose."""
    page = decide(workos, device["user_code"], user_id=BEN)
    assert page_kind(page) == "organization"
    assert error(poll(workos, client, device["device_code"])) == "authorization_pending"
    answered = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page.text))
    assert "Your device is connected" in workos.post(PAGE, answered | {"organization_id": PRESS}).text

    workos.clock.advance(10)
    token = poll(workos, client, device["device_code"]).get_json()["access_token"]
    assert workos.claims(token)["org_id"] == PRESS


@pytest.mark.parametrize("organization", ["", "org_01NOBODYS"])
def test_a_device_acts_in_no_organization_of_others(
    workos: Workos, client: dict[str, Any], device: dict[str, Any], organization: str
) -> None:
    """Any other organization leads back to the choice, and nothing is approved."""
    for user in (BEN, ADA):
        page = decide(workos, device["user_code"], user_id=user, organization_id=organization)
        assert page_kind(page) == "organization"
    assert error(poll(workos, client, device["device_code"])) == "authorization_pending"


def test_who_belongs_to_none_approves_for_none(workos: Workos, client: dict[str, Any], device: dict[str, Any]) -> None:
    """Clem's token names no organization, also where his form names one."""
    decide(workos, device["user_code"], user_id=CLEM, organization_id=PRESS)

    assert "org_id" not in workos.claims(poll(workos, client, device["device_code"]).get_json()["access_token"])


def test_who_belongs_to_several_refuses_at_once(workos: Workos, client: dict[str, Any], device: dict[str, Any]) -> None:
    """A refusal is for no organization."""
    decide(workos, device["user_code"], user_id=BEN, decision="deny")

    assert error(poll(workos, client, device["device_code"])) == "access_denied"


# --- the page ----------------------------------------------------------------------------------------------------


def test_the_page_asks_for_a_code(workos: Workos) -> None:
    """Without a code the page asks for it, and says nothing is wrong."""
    page = workos.http.get(PAGE)

    assert page_kind(page) == "device"
    assert 'name="user_code"' in page.text
    assert "unknown or has expired" not in page.text


def test_the_page_shows_whose_device_it_is(workos: Workos, device: dict[str, Any]) -> None:
    """With a good code the page names the client and its scopes, and asks before anything is granted."""
    page = workos.http.get(device["verification_uri_complete"])

    for shown in ("Claude Code", device["user_code"], "See your email address", "Approve", "Deny"):
        assert shown in page.text
    assert list(workos.authkit.store.all(Grant)) == []


@pytest.mark.parametrize(
    "typed", [str.lower, lambda code: code.replace("-", ""), lambda code: f" {code[:4]} {code[5:]}."]
)
def test_a_code_may_be_typed_loosely(workos: Workos, device: dict[str, Any], typed: Any) -> None:
    """Case, spaces and punctuation do not matter (RFC 8628, 6.1); the page shows the code as the device does."""
    page = workos.http.get(PAGE, query_string={"user_code": typed(device["user_code"])})

    assert "Is this your device?" in page.text
    assert device["user_code"] in page.text


@pytest.mark.parametrize("code", ["BBBB-BBBB", "x", "-", "é", "\x00", "<script>alert(1)</script>", "B" * 10_000])
def test_an_unknown_code_is_asked_for_again(workos: Workos, device: dict[str, Any], code: str) -> None:
    """A code that no device shows is said to be unknown, and is only text."""
    assert device
    page = workos.http.get(PAGE, query_string={"user_code": code})

    assert page.status_code == 200
    assert "unknown or has expired" in page.text
    assert "<script>" not in page.text


@pytest.mark.parametrize(
    "change", [{"user_id": None}, {"user_id": "user_01UNKNOWN"}, {"decision": None}, {"decision": ""}]
)
def test_an_answer_without_a_decision_decides_nothing(
    workos: Workos, client: dict[str, Any], device: dict[str, Any], change: dict[str, str | None]
) -> None:
    """A form without a known user or a decision shows the question again."""
    page = decide(workos, device["user_code"], **change)

    assert "Is this your device?" in page.text
    assert error(poll(workos, client, device["device_code"])) == "authorization_pending"


@pytest.mark.parametrize("session", [None, "", "guess"])
def test_another_site_cannot_approve(
    workos: Workos, client: dict[str, Any], device: dict[str, Any], session: str | None
) -> None:
    """A form that does not carry the browser's own token decides nothing (CSRF)."""
    page = decide(workos, device["user_code"], authorization_session_id=session)

    assert "Is this your device?" in page.text
    assert error(poll(workos, client, device["device_code"])) == "authorization_pending"


def test_a_browser_without_the_cookie_cannot_approve(
    workos: Workos, client: dict[str, Any], device: dict[str, Any]
) -> None:
    """An empty token that equals an absent cookie is no token."""
    form = {"authorization_session_id": "", "user_code": device["user_code"], "user_id": ADA, "decision": "approve"}
    workos.browser().post(PAGE, data=form)

    assert error(poll(workos, client, device["device_code"])) == "authorization_pending"


def test_the_cookie_is_kept_from_scripts_and_other_sites(workos: Workos) -> None:
    """The cookie is HttpOnly, SameSite=Lax, and for this page only."""
    cookie = workos.http.get(PAGE).headers["Set-Cookie"].split("; ")

    assert {"HttpOnly", "SameSite=Lax", "Path=/oauth2/device"} <= set(cookie)


def test_a_forgotten_clients_device_is_unknown(workos: Workos, client: dict[str, Any], device: dict[str, Any]) -> None:
    """Nobody can approve the device of a client that was forgotten."""
    workos.authkit.forget_clients()

    assert "unknown or has expired" in decide(workos, device["user_code"]).text
    assert error(poll(workos, client, device["device_code"]), 401) == "invalid_client"
