"""Dynamic client registration (RFC 7591)."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from sandbox.workos.records import Client
from tests.workos.driver import CALLBACK, DEVICE_GRANT, SCOPE, Workos, error

PATH: Final = "/oauth2/register"
ASKED: Final = {"client_name": "Claude Code", "redirect_uris": [CALLBACK]}


def register(workos: Workos, **change: Any) -> TestResponse:
    """Register with these members changed."""
    return workos.http.post(PATH, json=ASKED | change)


def test_a_client_registers(workos: Workos) -> None:
    """A public client gets a client_id, and all it registered is in the answer, in this order."""
    response = register(workos, token_endpoint_auth_method="none", grant_types=["authorization_code", "refresh_token"])
    body = response.get_json()

    assert response.status_code == 201
    assert response.mimetype == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert list(body.items()) == [
        ("client_id", body["client_id"]),
        ("client_id_issued_at", 1_800_000_000),
        ("redirect_uris", [CALLBACK]),
        ("client_name", "Claude Code"),
        ("token_endpoint_auth_method", "none"),
        ("grant_types", ["authorization_code", "refresh_token"]),
        ("response_types", ["code"]),
    ]


def test_a_client_id_looks_like_workos(workos: Workos) -> None:
    """A client_id is `client_` and a ULID, another for each registration."""
    ids = {register(workos).get_json()["client_id"] for _ in range(3)}

    assert len(ids) == 3
    assert all(client_id.startswith("client_01") and len(client_id) == len("client_") + 26 for client_id in ids)


def test_a_client_is_confidential_by_default(workos: Workos) -> None:
    """Without a token_endpoint_auth_method a client gets client_secret_basic, and a secret that does not expire."""
    body = register(workos).get_json()

    assert body["token_endpoint_auth_method"] == "client_secret_basic"
    assert len(body["client_secret"]) >= 32
    assert body["client_secret_expires_at"] == 0


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_method_with_a_secret_gives_a_secret(workos: Workos, method: str) -> None:
    """Either method of sending a secret gives one."""
    body = register(workos, token_endpoint_auth_method=method).get_json()

    assert body["token_endpoint_auth_method"] == method
    assert body["client_secret"]


def test_a_public_client_gets_no_secret(workos: Workos) -> None:
    """With the method `none` there is no secret, nor its date."""
    body = register(workos, token_endpoint_auth_method="none").get_json()

    assert not {name for name in body if name.startswith("client_secret")}


def test_a_registered_client_connects(workos: Workos) -> None:
    """What was registered is good for a whole sign-in."""
    client = register(workos, grant_types=["authorization_code", "refresh_token"]).get_json()

    assert workos.tokens(client)["refresh_token"]


def test_the_default_grant_is_the_authorization_code(workos: Workos) -> None:
    """Without grant_types a client may use the code, and gets no refresh token (RFC 7591, section 2)."""
    client = register(workos).get_json()

    assert client["grant_types"] == ["authorization_code"]
    assert "refresh_token" not in workos.tokens(client, scope=SCOPE)


@pytest.mark.parametrize(
    "member",
    ["client_name", "grant_types", "response_types", "token_endpoint_auth_method", "scope", "client_uri", "contacts"],
)
def test_null_is_as_good_as_omitted(workos: Workos, member: str) -> None:
    """A member that is null counts as one that is not there, and is not in the answer as null."""
    with_null = register(workos, **{member: None}).get_json()
    without = workos.http.post(PATH, json={k: v for k, v in ASKED.items() if k != member}).get_json()
    own = {"client_id", "client_secret"}

    assert None not in with_null.values()
    assert {k: v for k, v in with_null.items() if k not in own} == {k: v for k, v in without.items() if k not in own}


def test_a_client_without_a_name_is_called_something(workos: Workos) -> None:
    """The consent page always has a name to show."""
    assert workos.http.post(PATH, json={"redirect_uris": [CALLBACK]}).get_json()["client_name"]


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("scope", "openid email"),
        ("client_uri", "https://app.example"),
        ("logo_uri", "https://app.example/logo.png"),
        ("tos_uri", "https://app.example/terms"),
        ("policy_uri", "https://app.example/privacy"),
        ("contacts", ["ada@app.example"]),
        ("application_type", "native"),
        ("software_id", "4NRB1-0XZABZI9E6-5SM3R"),
    ],
)
def test_metadata_is_echoed(workos: Workos, member: str, value: Any) -> None:
    """What a client says of itself is in the answer (RFC 7591, section 3.2.1)."""
    assert register(workos, **{member: value}).get_json()[member] == value


@pytest.mark.parametrize(
    ("asked", "registered"),
    [
        ("openid nonsense logs:read openid", "openid logs:read"),
        ("email  profile", "email profile"),
        ("nonsense", None),
        (" ", None),
        ("", None),
    ],
)
def test_only_a_scope_that_can_be_granted_is_registered(workos: Workos, asked: str, registered: str | None) -> None:
    """The answer has the scope that was registered (RFC 7591, section 3.2.1); another may be asked for later."""
    workos.set(resource_scopes=["logs:read"])
    client = register(workos, scope=asked).get_json()

    assert client.get("scope", None) == registered
    assert ("scope" in client) is (registered is not None)
    assert workos.tokens(client, scope=SCOPE)["scope"] == SCOPE


def test_unknown_metadata_is_ignored(workos: Workos) -> None:
    """Members that the server does not understand are ignored (RFC 7591, section 2)."""
    body = register(
        workos, client_id="client_mine", client_secret="mine", registered_itself=False, hat="red"
    ).get_json()

    assert body["client_id"] != "client_mine"
    assert body["client_secret"] != "mine"
    assert "hat" not in body


def test_a_device_needs_no_redirect_uri(workos: Workos) -> None:
    """A client that only uses the device grant registers without redirect URIs and response types."""
    body = register(workos, redirect_uris=[], response_types=[], grant_types=[DEVICE_GRANT]).get_json()

    assert (body["redirect_uris"], body["response_types"], body["grant_types"]) == ([], [], [DEVICE_GRANT])


def test_a_grant_type_named_twice_is_registered_once(workos: Workos) -> None:
    """A list with an entry twice is the list with it once."""
    body = register(workos, grant_types=["refresh_token", "authorization_code", "refresh_token"]).get_json()

    assert body["grant_types"] == ["refresh_token", "authorization_code"]


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("grant_types", []),
        ("grant_types", "authorization_code"),
        ("grant_types", ["implicit"]),
        ("grant_types", ["password"]),
        ("grant_types", ["client_credentials"]),
        ("grant_types", [["authorization_code"]]),
        ("grant_types", [None]),
        ("grant_types", {"authorization_code": 1}),
        ("response_types", []),
        ("response_types", ["token"]),
        ("response_types", ["code id_token"]),
        ("response_types", "code"),
        ("token_endpoint_auth_method", "private_key_jwt"),
        ("token_endpoint_auth_method", ""),
        ("token_endpoint_auth_method", ["none"]),
        ("token_endpoint_auth_method", 1),
        ("client_name", 1),
        ("client_name", ["Claude"]),
        ("client_name", "x" * 201),
        ("scope", ["openid"]),
        ("scope", 1),
    ],
)
def test_metadata_that_cannot_be_served_is_refused(workos: Workos, member: str, value: Any) -> None:
    """A value of the wrong type or kind is invalid_client_metadata, and the description names the member."""
    response = register(workos, **{member: value})

    assert error(response) == "invalid_client_metadata"
    assert member in response.get_json()["error_description"]


@pytest.mark.parametrize(
    "uris",
    [
        [],
        None,
        CALLBACK,
        {"0": CALLBACK},
        [None],
        [1],
        [[CALLBACK]],
        [""],
        ["/callback"],
        ["http://app.example/callback"],
        ["javascript:alert(1)"],
        ["JAVASCRIPT:alert(1)"],
        ["data:text/html,x"],
        ["file:///etc/passwd"],
        ["https://app.example/callback#fragment"],
        ["https://user@app.example/callback"],
        ["http://localhost@evil.example/callback"],
        ["http://localhost.evil.example/callback"],
        [CALLBACK, "http://evil.example/callback"],
        [f"https://app.example/{number}" for number in range(51)],
        ["https://app.example/" + "a" * 3000],
    ],
    ids=str,
)
def test_an_unsafe_redirect_uri_is_refused(workos: Workos, uris: Any) -> None:
    """Registration with a redirect URI that is none, or unsafe, or too much, is invalid_redirect_uri."""
    assert error(register(workos, redirect_uris=uris)) == "invalid_redirect_uri"


def test_the_refusal_says_which_uri_and_why(workos: Workos) -> None:
    """The description names the redirect URI and the reason."""
    description = register(workos, redirect_uris=[CALLBACK, "http://a.example/"]).get_json()["error_description"]

    assert description == "The redirect URI 'http://a.example/' must use https, unless it leads to this machine."


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"1",
        b'"text"',
        b"{",
        b'{"redirect_uris": ["http://localhost/callback"]',
        b"\xff\xfe",
        b'{"client_name": "\xff"}',
        b'{"client_name": "\\ud800"}',
        b'{"redirect_uris": ["http://localhost/\\ud800"]}',
        b'{"client_name": NaN}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        json.dumps([ASKED]).encode(),
    ],
    ids=lambda body: repr(body[:30]),
)
def test_a_body_that_is_no_json_object_is_refused(workos: Workos, body: bytes) -> None:
    """Whatever is not a JSON object of Unicode text is invalid_client_metadata."""
    response = workos.http.post(PATH, data=body, content_type="application/json")

    assert error(response) == "invalid_client_metadata"


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_json_must_be_called_json(workos: Workos, content_type: str | None) -> None:
    """A body of another type is refused, so that no page of another site can register in a browser's name."""
    response = workos.http.post(PATH, data=json.dumps(ASKED), content_type=content_type)

    assert error(response) == "invalid_client_metadata"
    assert "application/json" in response.get_json()["error_description"]


@pytest.mark.parametrize("name", ["Über-Notizbuch 📓", "מחברת", "a\u0000b", "<b>&'\"", "x" * 200])
def test_a_name_may_be_any_text(workos: Workos, name: str) -> None:
    """A name in any script is kept as it is."""
    assert register(workos, client_name=name).get_json()["client_name"] == name


def test_nothing_is_kept_of_a_refused_registration(workos: Workos) -> None:
    """A refusal leaves no client behind."""
    register(workos, redirect_uris=["javascript:alert(1)"])

    assert list(workos.authkit.store.all(Client)) == []


def test_registration_that_is_off_is_refused(workos: Workos) -> None:
    """With Dynamic Client Registration off, WorkOS's own error says so; the status is a setting, 403 at first."""
    workos.set(dynamic_client_registration=False)
    response = register(workos)

    assert error(response, 403) == "dynamic_client_registration_disabled"
    assert response.get_json() == {
        "error": "dynamic_client_registration_disabled",
        "error_description": "Dynamic client registration is disabled for this environment.",
    }


@pytest.mark.parametrize("status", [400, 401, 404])
def test_the_status_of_the_refusal_is_a_setting(workos: Workos, status: int) -> None:
    """The refusal comes with the status of the setting, and no other error's header."""
    workos.set(dynamic_client_registration=False, disabled_registration={"status": status})
    response = register(workos)

    assert error(response, status) == "dynamic_client_registration_disabled"
    assert "WWW-Authenticate" not in response.headers


def test_a_client_outlives_the_switch(workos: Workos) -> None:
    """Turning registration off forgets nobody who registered before."""
    client = workos.register()
    workos.set(dynamic_client_registration=False)

    assert workos.tokens(client)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_metadata = st.fixed_dictionaries(
    {"redirect_uris": st.just([CALLBACK]) | st.lists(st.text(max_size=40), max_size=3) | _json},
    optional={
        "client_name": _json,
        "grant_types": st.lists(st.sampled_from(["authorization_code", "refresh_token", DEVICE_GRANT])) | _json,
        "response_types": st.just(["code"]) | _json,
        "token_endpoint_auth_method": st.sampled_from(["none", "client_secret_post"]) | _json,
        "scope": _json,
        "contacts": _json,
    },
)


@given(body=_metadata | _json)
@example(body={"redirect_uris": ["https://" + "a" * 64 + ".example/"]})
def test_no_json_breaks_the_endpoint(workos: Workos, body: Any) -> None:
    """Any JSON at all is either registered or refused in the shape of RFC 7591; what is registered can be used."""
    response = workos.http.post(PATH, json=body)

    if response.status_code == 201:
        client = response.get_json()
        if client["redirect_uris"]:
            assert workos.authorize(client).status_code == 302
            assert workos.authorize(client, response_type="token").status_code == 302
    else:
        assert error(response) in {"invalid_client_metadata", "invalid_redirect_uri"}


@given(body=st.binary(max_size=200))
def test_no_bytes_break_the_endpoint(workos: Workos, body: bytes) -> None:
    """Any body at all gets an answer in the shape of RFC 7591."""
    response = workos.http.post(PATH, data=body, content_type="application/json")

    assert error(response) in {"invalid_client_metadata", "invalid_redirect_uri"}


def test_only_the_offered_methods_are_registered_and_good(workos: Workos) -> None:
    """Registration, the token endpoint and both documents offer the methods of the dashboard, and no other."""
    client = workos.register(token_endpoint_auth_method="client_secret_post")
    code = workos.code(client)
    workos.set(token_endpoint_auth_methods=["client_secret_basic", "none"])
    for name in ("oauth-authorization-server", "openid-configuration"):
        document = workos.http.get(f"/.well-known/{name}").get_json()
        assert set(document["token_endpoint_auth_methods_supported"]) == {"client_secret_basic", "none"}
    assert workos.register(token_endpoint_auth_method="client_secret_basic")["client_secret"]
    metadata = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "client_secret_post"}
    refused = workos.http.post("/oauth2/register", json=metadata)
    assert (refused.status_code, refused.get_json()["error"]) == (400, "invalid_client_metadata")
    refused = workos.token(client, code)
    assert (refused.status_code, refused.get_json()["error"]) == (401, "invalid_client")
    workos.set(token_endpoint_auth_methods=["client_secret_post"])
    assert workos.token(client, code).status_code == 200
