"""The token endpoint: who may ask, the exchange of a code, and what the tokens hold."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any, Final
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from sandbox.workos.token import verifier_fits
from tests.workos.driver import (
    ADA,
    CALLBACK,
    CHALLENGE,
    CLEM,
    DEVICE_GRANT,
    MACHINE,
    ORIGIN,
    RESOURCE,
    SCOPE,
    VERIFIER,
    Workos,
    basic,
    error,
)

PATH: Final = "/oauth2/token"
ENVIRONMENT: Final = "client_01SANDB0XENV1R0NMENT0000000"
ORGANIZATION: Final = "org_01SANDB0XNEARBYN0TEB00KS00"


def refused(response: TestResponse, status: int = 400) -> tuple[str, str]:
    """Give code and description of an error of this endpoint."""
    return error(response, status), response.get_json()["error_description"]


def is_good(workos: Workos, client: dict[str, Any], token: str) -> bool:
    """Say whether an access token of a client is good."""
    return bool(workos.introspect(client, token)["active"])


# --- who asks ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "description"),
    [
        ({}, "Missing authorization header."),
        ({"grant_type": "authorization_code"}, "Missing authorization header."),
        ({"client_id": ""}, "Missing authorization header."),
        ({"client_secret": "secret"}, "Missing authorization header."),
        ({"client_id": "client_01UNKNOWN"}, "Application not found."),
        ({"client_id": "client_01UNKNOWN", "grant_type": "nonsense"}, "Application not found."),
        ({"client_id": "client_01UNKNOWN", "grant_type": "authorization_code"}, "Application not found."),
        ({"client_id": ENVIRONMENT}, "Application not found."),
        ({"client_id": "https://claude.ai/oauth/claude-code-client-metadata"}, "Application not found."),
    ],
    ids=str,
)
def test_the_client_is_checked_before_anything_else(workos: Workos, form: dict[str, str], description: str) -> None:
    """No client and an unknown one are refused in WorkOS's words, whatever the grant type."""
    response = workos.post(PATH, form)

    assert refused(response, 401) == ("invalid_client", description)
    assert response.headers["WWW-Authenticate"] == 'Basic realm="AuthKit"'


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
@pytest.mark.parametrize("sent", ["basic", "post"])
def test_a_confidential_client_shows_its_secret(workos: Workos, method: str, sent: str) -> None:
    """A secret is taken from the Authorization header or the form, whichever the client registered."""
    client = workos.register(token_endpoint_auth_method=method)
    form = workos.exchange(client, workos.code(client))
    headers = {}
    if sent == "basic":
        headers = basic(form.pop("client_id"), form.pop("client_secret"))

    assert workos.post(PATH, form, headers=headers).status_code == 200


@pytest.mark.parametrize("secret", [None, "", "wrong", "é", "\x00"])
def test_a_wrong_secret_is_refused(workos: Workos, secret: str | None) -> None:
    """Without its secret, or with another, a confidential client is not let in, and its code stays good."""
    client = workos.register(token_endpoint_auth_method="client_secret_post")
    code = workos.code(client)
    response = workos.token(client, code, client_secret=secret)

    assert refused(response, 401) == ("invalid_client", "Invalid client secret.")
    assert response.headers["WWW-Authenticate"] == 'Basic realm="AuthKit"'
    assert workos.token(client, code).status_code == 200


def test_a_client_authenticates_in_one_way(workos: Workos) -> None:
    """HTTP Basic and a secret in the form, be both right, are one too many (RFC 6749, section 2.3)."""
    client = workos.register(token_endpoint_auth_method="client_secret_basic")
    form = workos.exchange(client, workos.code(client))
    headers = basic(client["client_id"], client["client_secret"])

    assert refused(workos.post(PATH, form, headers=headers))[0] == "invalid_request"
    del form["client_secret"]
    assert workos.post(PATH, form, headers=headers).status_code == 200


def test_a_wrong_secret_in_the_header_is_refused(workos: Workos) -> None:
    """A wrong password of HTTP Basic lets nobody in."""
    client = workos.register(token_endpoint_auth_method="client_secret_basic")
    form = workos.exchange(client, workos.code(client), client_secret=None)
    response = workos.post(PATH, form, headers=basic(client["client_id"], "wrong"))

    assert refused(response, 401) == ("invalid_client", "Invalid client secret.")


def test_a_public_client_needs_no_secret(workos: Workos, client: dict[str, Any]) -> None:
    """A public client names itself, in the form or as the user of HTTP Basic with an empty password."""
    code = workos.code(client)
    form = workos.exchange(client, code, client_id=None)

    assert workos.post(PATH, form, headers=basic(client["client_id"], "")).status_code == 200


@pytest.mark.parametrize("encoded", [quote_plus, lambda text: quote(text, safe="")], ids=["plus", "percent"])
@pytest.mark.parametrize("secret", ["a+b c%41:/é&=?", "plain", "%", "100%", "::"])
def test_basic_credentials_are_form_urlencoded(workos: Workos, encoded: Any, secret: str) -> None:
    """Id and secret are form-urlencoded before they are joined (RFC 6749, section 2.3.1)."""
    application = {
        "client_id": "client:with/odd id",
        "name": "Odd",
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "client_secret_basic",
        "client_secret": secret,
    }
    workos.set(applications=[application])
    client = workos.client("client:with/odd id")
    form = workos.exchange(client, workos.code(client), client_id=None, client_secret=None)
    response = workos.post(PATH, form, headers=basic(encoded(client["client_id"]), encoded(secret)))

    assert response.status_code == 200


@pytest.mark.parametrize(
    "value",
    [
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic é",
        "Basic /w==",
        "Basic Og==",
        "Basic bm8tY29sb24=",
        "Basic JWZmJWZmOiVmZiVmZg==",
        "Basic a b c",
        "Bearer abc",
        "Digest username=x",
        "Negotiate",
        " ",
        "Basic " + "A" * 100_000,
    ],
    ids=lambda value: value[:30],
)
def test_a_malformed_header_is_no_client(workos: Workos, value: str) -> None:
    """An Authorization header that cannot be read names nobody, and breaks nothing."""
    response = workos.post(PATH, {"grant_type": "authorization_code"}, headers={"Authorization": value})

    assert refused(response, 401)[0] == "invalid_client"


def test_header_and_form_name_one_client(workos: Workos, client: dict[str, Any]) -> None:
    """A client_id in the form that is not the one of HTTP Basic is refused."""
    other = workos.register(token_endpoint_auth_method="client_secret_basic")
    response = workos.post(
        PATH, workos.exchange(client, "code"), headers=basic(other["client_id"], other["client_secret"])
    )

    assert refused(response)[0] == "invalid_request"


# --- the form ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"grant_type": None}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"code": None}, "invalid_request"),
        ({"code": ""}, "invalid_request"),
        ({"grant_type": "nonsense"}, "unsupported_grant_type"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "Authorization_Code"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unauthorized_client"),
        ({"code": "unknown"}, "invalid_grant"),
        ({"code": "é\x00"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_grant"),
        ({"redirect_uri": ""}, "invalid_grant"),
        ({"redirect_uri": CALLBACK + "/"}, "invalid_grant"),
        ({"redirect_uri": "http://localhost:1/callback"}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"code_verifier": VERIFIER + "x"}, "invalid_grant"),
        ({"code_verifier": CHALLENGE}, "invalid_grant"),
        ({"code_verifier": "é" * 43}, "invalid_grant"),
    ],
    ids=str,
)
def test_a_wrong_exchange_is_refused(
    workos: Workos, client: dict[str, Any], change: dict[str, str | None], expected: str
) -> None:
    """A request that lacks something, or does not fit the code, is refused with its own error; the code stays good."""
    code = workos.code(client)
    response = workos.token(client, code, **change)

    assert refused(response)[0] == expected
    assert "WWW-Authenticate" not in response.headers
    assert workos.token(client, code).status_code == 200


@pytest.mark.parametrize("name", ["grant_type", "code", "client_id", "redirect_uri", "code_verifier", "x"])
def test_a_parameter_that_is_there_twice_is_refused(workos: Workos, client: dict[str, Any], name: str) -> None:
    """A parameter must not be included more than once (RFC 6749, section 3.2), not even with the same value."""
    form = workos.exchange(client, workos.code(client)) | {"x": "1"}
    body = urlencode([*form.items(), (name, form[name])])
    response = workos.post(PATH, body, content_type="application/x-www-form-urlencoded")

    assert refused(response)[0] == "invalid_request"
    assert name in refused(response)[1]


def test_unknown_parameters_are_ignored(workos: Workos, client: dict[str, Any]) -> None:
    """Parameters that the server does not know are ignored (RFC 6749, section 3.2)."""
    assert workos.token(client, workos.code(client), audience="x", nonsense="y").status_code == 200


def test_the_query_is_not_the_form(workos: Workos, client: dict[str, Any]) -> None:
    """Parameters in the query, where they would be logged, are not read."""
    query = urlencode(workos.exchange(client, workos.code(client)))

    assert refused(workos.post(f"{PATH}?{query}"), 401)[1] == "Missing authorization header."


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x", None])
def test_a_body_of_another_type_holds_no_form(workos: Workos, client: dict[str, Any], content_type: str | None) -> None:
    """A JSON body is not read; a client that says who it is in the header is told what the body must be."""
    body = json.dumps(workos.exchange(client, workos.code(client)))
    anonymous = workos.post(PATH, body, content_type=content_type)
    named = workos.post(PATH, body, content_type=content_type, headers=basic(client["client_id"], ""))

    assert refused(anonymous, 401) == ("invalid_client", "Missing authorization header.")
    assert refused(named)[0] == "invalid_request"
    assert "application/x-www-form-urlencoded" in refused(named)[1]


def test_a_multipart_form_is_none(workos: Workos, client: dict[str, Any]) -> None:
    """Parameters are read from a form-urlencoded body only (RFC 6749, section 4.1.3)."""
    form = workos.exchange(client, workos.code(client))
    response = workos.post(PATH, form, content_type="multipart/form-data")

    assert refused(response, 401) == ("invalid_client", "Missing authorization header.")


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe",
        b"grant_type=\xff",
        b"client_id=%ff&grant_type=%fe",
        b"client_id=a\x00b&grant_type=\x00",
        b"&&&&",
        b"====",
        b"%",
        b"a" * 1_000_000,
        b"&".join(b"a%d=1" % number for number in range(20_000)),
    ],
    ids=lambda body: repr(body[:30]),
)
def test_an_unreadable_body_names_no_client(workos: Workos, body: bytes) -> None:
    """Bytes that are no form of UTF-8 text are refused like a form without a client."""
    response = workos.post(PATH, body, content_type="application/x-www-form-urlencoded")

    assert refused(response, 401)[0] == "invalid_client"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_only_post_is_served(workos: Workos, method: str) -> None:
    """Another method is a 405 in JSON that says what is allowed."""
    response = workos.http.open(PATH, method=method)

    assert response.status_code == 405
    assert response.get_json() == {"message": "Method Not Allowed"}
    assert "POST" in response.headers["Allow"]


# --- the code ----------------------------------------------------------------------------------------------------


def test_a_code_is_good_once(workos: Workos, client: dict[str, Any]) -> None:
    """A second use of a code is refused, and what the first gave is worth nothing any more (RFC 6749, 4.1.2)."""
    code = workos.code(client)
    tokens = workos.token(client, code).get_json()
    assert is_good(workos, client, tokens["access_token"])
    response = workos.token(client, code)

    assert refused(response)[0] == "invalid_grant"
    assert not is_good(workos, client, tokens["access_token"])
    assert error(workos.refresh(client, tokens["refresh_token"])) == "invalid_grant"
    assert workos.userinfo(tokens["access_token"]).status_code == 401


def test_another_clients_code_is_refused(workos: Workos, client: dict[str, Any]) -> None:
    """A code is the client's to which it was given; who tries another's does no harm."""
    thief = workos.register()
    code = workos.code(client)

    assert refused(workos.token(thief, code))[0] == "invalid_grant"
    tokens = workos.token(client, code).get_json()
    assert refused(workos.token(thief, code))[0] == "invalid_grant"
    assert is_good(workos, client, tokens["access_token"])


def test_a_code_expires(workos: Workos, client: dict[str, Any]) -> None:
    """A code is good for ten minutes and no longer."""
    early, late = workos.code(client), workos.code(client)
    workos.clock.advance(599)
    assert workos.token(client, early).status_code == 200
    workos.clock.advance(1)

    assert refused(workos.token(client, late))[0] == "invalid_grant"


def test_a_verifier_without_a_challenge_is_refused(workos: Workos) -> None:
    """A verifier for a code that was asked for without a challenge is a sign of an attack (RFC 9700, section 4.8.2)."""
    client = workos.register(token_endpoint_auth_method="client_secret_post")
    code = workos.code(client, code_challenge=None, code_challenge_method=None)

    assert refused(workos.token(client, code))[0] == "invalid_grant"
    assert workos.token(client, code, code_verifier=None).status_code == 200


def test_the_verifier_is_held_against_the_challenge() -> None:
    """The example of RFC 7636, appendix B, fits; any other does not."""
    challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

    assert verifier_fits(challenge, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    assert not verifier_fits(challenge, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXK")
    assert not verifier_fits(challenge, None)
    assert not verifier_fits(None, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    assert verifier_fits(None, None)


@pytest.mark.parametrize(
    ("verifier", "good"),
    [
        ("a" * 42, False),
        ("a" * 43, True),
        ("aZ09-._~" * 16, True),
        ("a" * 129, False),
        ("a" * 43 + "+", False),
        ("a" * 43 + "\n", False),
        ("é" * 43, False),
    ],
    ids=repr,
)
def test_a_verifier_is_well_formed(workos: Workos, client: dict[str, Any], verifier: str, *, good: bool) -> None:
    """A verifier is 43 to 128 unreserved characters (RFC 7636, section 4.1); another is refused though it fits."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    response = workos.token(client, workos.code(client, code_challenge=challenge), code_verifier=verifier)

    assert (response.status_code == 200) if good else (refused(response)[0] == "invalid_grant")


def test_a_forgotten_clients_code_is_worth_nothing(workos: Workos, client: dict[str, Any]) -> None:
    """Forgetting clients refuses theirs as unknown, and their tokens are dead."""
    code, tokens = workos.code(client), workos.tokens(client)
    workos.authkit.forget_clients()

    assert refused(workos.token(client, code), 401) == ("invalid_client", "Application not found.")
    assert refused(workos.refresh(client, tokens["refresh_token"]), 401)[1] == "Application not found."
    assert workos.userinfo(tokens["access_token"]).status_code == 401


def test_forgetting_clients_spares_the_preregistered(workos: Workos, client: dict[str, Any]) -> None:
    """What the dashboard holds, and what was granted to it, is not forgotten."""
    known = workos.client("client_01SANDB0XCLA1DEWEB000000000")
    workos.tokens(client)
    tokens = workos.tokens(known)
    workos.authkit.forget_clients()

    assert workos.refresh(known, tokens["refresh_token"]).status_code == 200


# --- the answer --------------------------------------------------------------------------------------------------


def test_the_answer_is_that_of_oauth(workos: Workos, client: dict[str, Any]) -> None:
    """The token response has the members of RFC 6749, section 5.1, and must not be cached."""
    response = workos.token(client, workos.code(client))

    assert list(response.get_json()) == [
        "access_token",
        "token_type",
        "expires_in",
        "scope",
        "id_token",
        "refresh_token",
    ]
    assert response.get_json()["token_type"] == "Bearer"
    assert response.get_json()["expires_in"] == 300
    assert response.get_json()["scope"] == SCOPE
    assert response.mimetype == "application/json"
    assert (response.headers["Cache-Control"], response.headers["Pragma"]) == ("no-store", "no-cache")
    assert "Access-Control-Allow-Origin" not in response.headers


def test_an_access_token_is_that_of_workos(workos: Workos, client: dict[str, Any]) -> None:
    """The header is alg and kid, without typ; the claims are those of WorkOS, for 300 seconds."""
    token = workos.tokens(client, resource=RESOURCE)["access_token"]
    header, claims = workos.jwt(token)

    assert header == {"alg": "RS256", "kid": workos.authkit.keys.current.kid}
    assert claims == {
        "iss": ORIGIN,
        "aud": RESOURCE,
        "sub": ADA,
        "jti": claims["jti"],
        "iat": 1_800_000_000,
        "exp": 1_800_000_300,
        "org_id": ORGANIZATION,
        "sid": claims["sid"],
        "client_id": client["client_id"],
        "scope": SCOPE,
    }
    assert claims["sid"].startswith("app_consent_01")
    assert len(claims["jti"]) == 26


def test_a_user_without_an_organization_has_none(workos: Workos, client: dict[str, Any]) -> None:
    """org_id is absent, not null, for a user of no organization."""
    claims = workos.claims(workos.tokens(client, user=CLEM)["access_token"])

    assert claims["sub"] == CLEM
    assert "org_id" not in claims


def test_each_token_has_its_own_jti(workos: Workos, client: dict[str, Any]) -> None:
    """No two tokens share a jti, and no two sign-ins a sid."""
    claims = [workos.claims(workos.tokens(client)["access_token"]) for _ in range(3)]

    assert len({claim["jti"] for claim in claims}) == 3
    assert len({claim["sid"] for claim in claims}) == 3


def test_the_lifetime_is_a_setting(workos: Workos, client: dict[str, Any]) -> None:
    """The dashboard's lifetime is in expires_in and in the token."""
    workos.set(access_token={"lifetime": "90s"})
    tokens = workos.tokens(client)
    claims = workos.claims(tokens["access_token"])

    assert (tokens["expires_in"], claims["exp"] - claims["iat"]) == (90, 90)


@pytest.mark.parametrize(
    ("issuer", "expected"),
    [
        ("authkit", ORIGIN),
        ("custom", "http://127.0.0.1:4100"),
        ("client", f"{ORIGIN}/user_management/{ENVIRONMENT}"),
    ],
)
def test_tokens_are_of_the_issuer(workos: Workos, client: dict[str, Any], issuer: str, expected: str) -> None:
    """Access and id token carry the configured issuer."""
    workos.set(issuer=issuer)
    tokens = workos.tokens(client)

    assert workos.claims(tokens["access_token"])["iss"] == expected
    assert workos.claims(tokens["id_token"])["iss"] == expected


def test_an_id_token_is_for_the_client(workos: Workos, client: dict[str, Any]) -> None:
    """With openid there is an id token for the client, with the nonce and what the scopes allow."""
    tokens = workos.tokens(client, nonce="a nonce", resource=RESOURCE)
    header, claims = workos.jwt(tokens["id_token"])

    assert header["alg"] == "RS256"
    assert claims == {
        "iss": ORIGIN,
        "aud": client["client_id"],
        "iat": 1_800_000_000,
        "exp": 1_800_000_300,
        "sid": workos.claims(tokens["access_token"])["sid"],
        "nonce": "a nonce",
        "sub": ADA,
        "email": "ada@nearby-notebooks.example",
        "email_verified": True,
        "name": "Ada Park",
        "given_name": "Ada",
        "family_name": "Park",
    }


def test_an_id_token_says_no_more_than_the_scope(workos: Workos, client: dict[str, Any]) -> None:
    """Without email and profile the id token says neither, and without a nonce it has none."""
    claims = workos.claims(workos.tokens(client, scope="openid")["id_token"])

    assert set(claims) == {"iss", "aud", "iat", "exp", "sid", "sub"}


@pytest.mark.parametrize("scope", ["email profile offline_access", None])
def test_there_is_no_id_token_without_openid(workos: Workos, client: dict[str, Any], scope: str | None) -> None:
    """The id token is for the scope openid only."""
    assert "id_token" not in workos.tokens(client, scope=scope)


@pytest.mark.parametrize(
    ("issue", "scope", "given"),
    [
        ("offline_access", SCOPE, True),
        ("offline_access", "openid profile email", False),
        ("offline_access", None, False),
        ("always", "openid", True),
        ("always", None, True),
        ("never", SCOPE, False),
    ],
)
def test_a_refresh_token_is_for_offline_access(
    workos: Workos, client: dict[str, Any], issue: str, scope: str | None, *, given: bool
) -> None:
    """A refresh token is given for offline_access, unless the dashboard says always or never."""
    workos.set(refresh_token={"issue": issue})

    assert ("refresh_token" in workos.tokens(client, scope=scope)) is given


def test_a_client_without_the_grant_gets_no_refresh_token(workos: Workos) -> None:
    """A client that did not register the refresh_token grant gets none, whatever the scope."""
    workos.set(refresh_token={"issue": "always"})
    client = workos.register(grant_types=["authorization_code"])

    assert "refresh_token" not in workos.tokens(client)


def test_a_token_may_be_opaque(workos: Workos, client: dict[str, Any]) -> None:
    """With the format opaque the access token says nothing by itself, and the id token is still a JWT."""
    workos.set(access_token={"format": "opaque"})
    tokens = workos.tokens(client)

    assert "." not in tokens["access_token"]
    assert workos.authkit.claims_of(tokens["access_token"]) is None
    assert workos.jwt(tokens["id_token"])


# --- who the token is for ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("audience", "resources", "resource", "expected"),
    [
        ("resource", "any", RESOURCE, RESOURCE),
        ("resource", "any", None, ENVIRONMENT),
        ("resource", [], RESOURCE, ENVIRONMENT),
        ("resource", [], None, ENVIRONMENT),
        ("resource", [RESOURCE], RESOURCE, RESOURCE),
        ("resource", [RESOURCE], None, ENVIRONMENT),
        ("client", "any", RESOURCE, ENVIRONMENT),
        ("https://elsewhere.example", "any", RESOURCE, "https://elsewhere.example"),
        ("https://elsewhere.example", "any", None, "https://elsewhere.example"),
    ],
)
def test_the_audience_follows_the_dashboard(
    workos: Workos, client: dict[str, Any], audience: str, resources: Any, resource: str | None, expected: str
) -> None:
    """`aud` is the resource that was asked for, the environment without one or without indicators, or as set."""
    workos.set(access_token={"audience": audience}, resources=resources)

    assert workos.claims(workos.tokens(client, resource=resource)["access_token"])["aud"] == expected


@pytest.mark.parametrize(
    "resource",
    [RESOURCE + "/", RESOURCE.upper(), "http://localhost:4101/mcp?", "http://localhost:4101", "http://localhost/mcp"],
)
def test_a_resource_matches_byte_for_byte(workos: Workos, client: dict[str, Any], resource: str) -> None:
    """A resource that differs in a slash or in case is refused at the token endpoint; the code stays good."""
    workos.set(resources=[RESOURCE])
    code = workos.code(client, resource=resource)

    assert refused(workos.token(client, code))[0] == "invalid_target"
    workos.set(resources=[RESOURCE, resource])
    assert workos.token(client, code).status_code == 200


def test_the_resource_may_be_named_again(workos: Workos, client: dict[str, Any]) -> None:
    """The token request may repeat the authorized resource, and no other (RFC 8707, section 2.2)."""
    code = workos.code(client, resource=RESOURCE)

    assert refused(workos.token(client, code, resource=RESOURCE + "/"))[0] == "invalid_target"
    assert workos.token(client, code, resource=RESOURCE).status_code == 200


def test_without_indicators_the_resource_is_ignored(workos: Workos, client: dict[str, Any]) -> None:
    """Where the dashboard lists no resource, no resource is wrong."""
    workos.set(resources=[])
    code = workos.code(client, resource=RESOURCE)

    assert workos.token(client, code, resource=RESOURCE + "/").status_code == 200


def test_the_resource_may_be_named_first_here(workos: Workos, client: dict[str, Any]) -> None:
    """A resource that only the token request names is the audience, if the dashboard lists it."""
    workos.set(resources=[RESOURCE])
    code = workos.code(client)
    assert refused(workos.token(client, code, resource="https://unlisted.example"))[0] == "invalid_target"

    tokens = workos.token(client, code, resource=RESOURCE).get_json()
    assert workos.claims(tokens["access_token"])["aud"] == RESOURCE


@pytest.mark.parametrize("resource", [f"{RESOURCE}#fragment", "/mcp", "localhost"])
def test_a_resource_must_be_an_absolute_uri(workos: Workos, client: dict[str, Any], resource: str) -> None:
    """A resource with a fragment or without a scheme is refused here too (RFC 8707, section 2)."""
    assert refused(workos.token(client, workos.code(client), resource=resource))[0] == "invalid_target"


def test_one_resource_at_a_time(workos: Workos, client: dict[str, Any]) -> None:
    """Two different resources are refused here as at the authorization endpoint."""
    form = [*workos.exchange(client, workos.code(client)).items(), ("resource", RESOURCE), ("resource", "urn:x:y")]
    response = workos.post(PATH, urlencode(form), content_type="application/x-www-form-urlencoded")

    assert refused(response)[0] == "invalid_target"


# --- what faults make --------------------------------------------------------------------------------------------


def test_a_token_can_be_signed_wrong_on_purpose(workos: Workos, client: dict[str, Any]) -> None:
    """A token signed with an unpublished key, not at all, or with HS256 is none to this server."""
    claims = workos.claims(workos.tokens(client)["access_token"])
    again = workos.authkit.resign(claims, None)
    wrong = [workos.authkit.resign(claims, sign) for sign in ("unpublished-key", "none", "HS256", "RS512", "PS256")]

    assert is_good(workos, client, again)
    assert [workos.claims(token) for token in wrong] == [claims] * 5
    assert not any(is_good(workos, client, token) for token in wrong)


# --- whatever comes ----------------------------------------------------------------------------------------------

PARAMETERS: Final = (
    "grant_type",
    "client_id",
    "client_secret",
    "code",
    "redirect_uri",
    "code_verifier",
    "refresh_token",
    "device_code",
    "scope",
    "resource",
)
_names = st.sampled_from(PARAMETERS) | st.text(max_size=8)
_values = st.text(max_size=30) | st.sampled_from(
    ["authorization_code", "refresh_token", "client_credentials", DEVICE_GRANT, MACHINE, VERIFIER, "http://[", "a b"]
)


@given(form=st.lists(st.tuples(_names, _values), max_size=8), named=st.booleans(), authorization=st.text(max_size=20))
@example(form=[("grant_type", "refresh_token"), ("refresh_token", "x")], named=True, authorization="")
def test_no_form_breaks_the_endpoint(
    workos: Workos, client: dict[str, Any], form: list[tuple[str, str]], authorization: str, *, named: bool
) -> None:
    """Any form is refused in the shape of RFC 6749, section 5.2."""
    mine = [("client_id", client["client_id"])] if named else []
    header = "Basic " + quote(authorization)
    response = workos.post(
        PATH,
        urlencode(mine + form),
        content_type="application/x-www-form-urlencoded",
        headers={"Authorization": header} if authorization else {},
    )

    assert response.status_code in {400, 401}
    assert error(response, response.status_code)


@given(body=st.binary(max_size=80))
@pytest.mark.parametrize("path", [PATH, "/oauth2/introspection", "/oauth2/device_authorization"])
def test_no_bytes_break_an_endpoint(workos: Workos, client: dict[str, Any], path: str, body: bytes) -> None:
    """Any bytes after a good client_id are refused, or answered, but never break the endpoint."""
    response = workos.post(
        path,
        f"client_id={client['client_id']}&".encode() + body,
        content_type="application/x-www-form-urlencoded",
    )

    assert response.status_code in {200, 400, 401}
    assert response.is_json
