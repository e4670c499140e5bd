"""Secrets are taken out of whatever holds them, and nothing else is."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from urllib.parse import urlencode

import pytest

from sandbox.wire.message import Request, Response, json_response
from sandbox.wire.redaction import Redaction, decoded, fingerprint, marked, secrets_of
from tests.wire.recording import BASE, JWT, ODD, SECRET, recorded, text_of
from tests.wire.samples import document, event_stream, form, get, post_json, redirect

NAMES = [
    "access_token",
    "api_key",
    "authorization_session_id",
    "client_assertion",
    "client_secret",
    "code",
    "code_verifier",
    "device_code",
    "id_token",
    "id_token_hint",
    "invitation_token",
    "new_password",
    "password",
    "password_hash",
    "password_reset_token",
    "pending_authentication_token",
    "refresh_token",
    "registration_access_token",
    "token",
    "totp_secret",
    "user_code",
]


@pytest.mark.parametrize("secret", [SECRET, ODD, "1"])
@pytest.mark.parametrize("name", NAMES)
def test_secrets_in_named_fields(name: str, secret: str) -> None:
    """A named secret goes from form, query, JSON, events, redirect and page, with the same mark in each."""
    page = Response(200, (("content-type", "text/html"),), f'<input type=hidden name="{name}" value="x1y2z3">'.encode())
    exchanges = [
        recorded(form("/oauth2/token", None, **{name: secret, "a": "b"})),
        recorded(get(f"/x?a=b&{urlencode({name: secret})}")),
        recorded(post_json("/x", {"a": {"b": [{name: secret}]}})),
        recorded(get("/x"), document(**{"a": "b", name: secret})),
        recorded(get("/x"), event_stream({"result": {name: secret}})),
        recorded(get("/x"), redirect(f"http://localhost:5/cb?{urlencode({name: secret})}")),
    ]
    for exchange in exchanges:
        assert re.search(rf"\W{re.escape(marked(name, secret))}(\W|\Z)", text_of(exchange))
        assert len(secret) == 1 or secret not in text_of(exchange)
    assert marked(name, "x1y2z3") in text_of(recorded(get("/x"), page))


@pytest.mark.parametrize(
    "spelled",
    [
        f"code={SECRET}",
        "code=%61B3-dE6_gH9.kL2~nO5",
        "code=aB3%2ddE6%5fgH9%2EkL2%7EnO5",
        f"c%6Fde={SECRET}",
        f"x=1&code={SECRET}&y=2",
        f"&&code={SECRET}",
        f'code={SECRET}&x="',
    ],
)
def test_a_secret_spelled_unusually(spelled: str) -> None:
    """However a form spells a value or its name, the mark is that of the value."""
    for exchange in (
        recorded(Request("POST", "/x", "", (("content-type", "application/x-www-form-urlencoded"),), spelled.encode())),
        recorded(Request("POST", "/x", "", (("content-type", "text/plain"),), spelled.encode())),
        recorded(Request("GET", "/x", spelled)),
        recorded(Request("GET", "/x", "", (("referer", f"http://x/?{spelled}"),))),
        recorded(Request("GET", "/x", "", (("referer", f"http://x/#{spelled}"),))),
    ):
        assert marked("code", SECRET) in text_of(exchange)
        assert "dE6" not in text_of(exchange)


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"client_secret": ODD}),
        json.dumps({"client_secret": ODD}, ensure_ascii=False),
        '{"client_secret"\n:\t' + json.dumps(ODD) + "}",
        '{"a": 1, "client_secret": ' + json.dumps(ODD) + ', "client_secret": "b"}',
        '{"client_secret": "' + "".join(f"\\u{ord(char):04x}" for char in ODD) + '"}',
        "[" * 5000 + '{"client_secret": ' + json.dumps(ODD),
    ],
)
def test_json_spelled_unusually(body: str) -> None:
    """Escapes, spaces, doubled names and broken ends hide no secret in JSON, whatever the content type says."""
    for content_type in ("application/json", "application/x-www-form-urlencoded", "text/html"):
        request = Request("POST", "/x", "", (("content-type", content_type),), body.encode())
        exchange = recorded(request, Response(200, (("content-type", content_type),), body.encode()))
        assert exchange.request_body.count(marked("client_secret", ODD)) == 1
        assert exchange.response_body.count(marked("client_secret", ODD)) == 1
        assert "\\u0070" not in text_of(exchange)


def test_json_within_json() -> None:
    """A text that holds JSON, as tool results do, is searched as well."""
    inner = json.dumps({"access_token": SECRET})
    exchange = recorded(get("/x"), document(content=[{"type": "text", "text": inner}]))
    assert SECRET not in exchange.response_body
    assert marked("access_token", SECRET) in exchange.response_body


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_json_in_another_encoding(encoding: str) -> None:
    """JSON in UTF-16 or UTF-32, which the API reads, is written down as text, without its secrets."""
    body = json.dumps({"email": "a@b.example", "password": SECRET}).encode(encoding)
    exchange = recorded(Request("POST", "/x", "", (("content-type", "application/json"),), body))
    written = json.loads(exchange.request_body)
    assert written == {"email": "a@b.example", "password": marked("password", SECRET)}


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_a_multipart_form(end: str) -> None:
    """A form sent in parts, which the token endpoint must refuse, still holds secrets, however its lines end."""
    body = f'--b\r\nContent-Disposition: form-data; name="code"\r\n\r\n{SECRET}\r\n--b\r\n'
    body += (
        'Content-Disposition: form-data; name="client_secret"\r\nContent-Type: text/plain\r\n\r\nab\ncd\r\n--b--\r\n'
    )
    exchange = recorded(
        Request(
            "POST", "/x", "", (("content-type", "multipart/form-data; boundary=b"),), body.replace("\r\n", end).encode()
        )
    )
    assert SECRET not in exchange.request_body
    assert "ab\ncd" not in exchange.request_body
    assert exchange.request_body.count("‹") == 2


@pytest.mark.parametrize(
    "tag",
    [
        '<input type="hidden" name="user_code" value="BCDF-GHJK">',
        "<INPUT VALUE='BCDF-GHJK' NAME='user_code'>",
        "<input name=user_code value=BCDF-GHJK>",
        '<input name="user_code" value="&#66;CDF-GHJK">',
        '<a href="/oauth2/device?user_code=BCDF-GHJK&amp;x=1">',
    ],
)
def test_a_page(tag: str) -> None:
    """What a page holds in hidden fields and links goes, however its tags are written."""
    exchange = recorded(get("/x"), Response(200, (("content-type", "text/html"),), f"<p>{tag}</p>".encode()))
    assert marked("user_code", "BCDF-GHJK") in exchange.response_body
    assert "CDF-" not in exchange.response_body


@pytest.mark.parametrize(
    "text",
    [
        *(
            f'{{"{name}": "{SECRET}"}}'
            for name in ("accessToken", "clientSecret", "Code", "refresh-token", "CLIENT_SECRET")
        ),
        *(f"a=b&{name}={SECRET}" for name in ("accessToken", "clientSecret", "Code", "refresh-token", "x-code")),
        *(f"<it has {name}={SECRET} in it" for name in ("accessToken", "Code", "refresh-token", "x-code", "--code")),
        f'{{"refresh_token": ["{SECRET}"]}}',
        f'{{"refresh_token": [null, [ "a"], 1, [["{SECRET}',
        f'{{"message": "x", "code": ["{SECRET}"]}}',
        f'{{"pass\\u0077ord": "{SECRET}"}}',
        f'{{"\\u0070assword": ["{SECRET}',
        json.dumps({"text": f'{{"pass\\u0077ord": "{SECRET}"}}'}),
        f'{{"new_password": {{"v": "{SECRET}"}}}}',
        f'{{"password": ["a", {{"b": {{"c": ["{SECRET}"], "password": "{SECRET}"}}}}]}}',
        f'{{"password": {{"b": ["{SECRET}',
        json.dumps({"text": json.dumps({"password": {"a": ["b", {"c": SECRET}]}})}),
        f"{{'password': '{SECRET}'}}",
        f"{{'a': 1, 'refresh_token' : b\"{SECRET}\"}}",
        f"<password>{SECRET}</password>",
        f"<a:password b='c'>\n  {SECRET}</a:password>",
        f"http://localhost:1/user_management/invitations//by_token//{SECRET}",
        f"/user_management/invitations/by%5ftoken/{SECRET}?a=b",
        json.dumps({"text": json.dumps({"refresh-token": ["a", SECRET]})}),
        f"refresh_token: {SECRET}",
        f"said: code: '{SECRET}', and more",
        f"redirect_uri=http%3A%2F%2Flocalhost%2Fcb%3Fcode%3D{SECRET}%26state%3Dx",
        f"redirect_uri=http%3a%2f%2flocalhost%2fcb%3fstate%3dx%26Code%3d{SECRET}&a=b",
        f"next=http%3A%2F%2Fa%3Fr%3Dhttp%253A%252F%252Fb%253Fcode%253D{SECRET}%26b%3Dc",
    ],
)
def test_a_secret_under_a_name_spelled_unusually(text: str) -> None:
    """Case, `-`, `_`, lists, lines and URLs within URLs hide no secret."""
    exchange = recorded(get("/x"), Response(200, (("x-a", text),), text.encode()))
    assert SECRET not in text_of(exchange)
    assert f" {fingerprint(SECRET)}›" in exchange.response_body
    assert text.endswith(SECRET) or exchange.response_body.endswith(text[-1])


@pytest.mark.parametrize(
    "text",
    [
        '{"refresh_token": 12345}',
        '{"code": 123456}',
        '{"device_code": [12345, "x"]}',
        json.dumps({"text": json.dumps({"password": 12345})}),
        "password: 12345",
    ],
)
def test_a_number_is_a_secret(text: str) -> None:
    """A number under the name of a secret goes, as a text does."""
    assert "12345" not in recorded(get("/x"), Response(200, (), text.encode())).response_body


@pytest.mark.parametrize(
    "text",
    [
        "invalid token: expired",
        "Code: invalid_grant, status code: 503, code: -32600.",
        "urn:ietf:params:oauth:grant-type:device_code urn:ietf:params:oauth:token-type:jwt",
        "redirect_uri=http%3A%2F%2Flocalhost%2Fcb%3Fcode_challenge%3Dabcdef%26response_type%3Dcode",
        '{"codeChallenge": "abcdef", "statusCode": 123456, "tokenType": ["Bearer"], "refresh_token": [], "a": ["b"]}',
        '{"code": {"id": "b"}, "token": [true, null], "c": ["d", 7]}',
        '{"properties": {"token": {"type": "string"}, "password": {"title": "Password", "type": "string"}}}',
        json.dumps({"text": json.dumps({"password": {"description": "at least 10 letters"}})}),
        "<p>The <code>aud</code> of the token</p> <b>password</b>, it's the user's 'password': ",
        json.dumps({"text": json.dumps({"code": "invalid_credentials", "message": "No."})}),
        '{"error": "x", "errors": [{"Code": ["required", 401234]}]}',
    ],
)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    """Words behind `token:`, challenges, types, and the codes of errors stay readable."""
    assert recorded(get("/x"), Response(200, (), text.encode())).response_body == text


# --- elsewhere ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", [SECRET, ODD])
def test_a_secret_that_comes_back(secret: str) -> None:
    """A secret of the request is found in an error text, in JSON, HTML and URLs, however it is spelled there."""
    reflected = [document(error="invalid_grant", error_description=f"The code '{secret}' is used.")]
    reflected += [Response(400, (), f"no {json.dumps(secret)}".encode())]
    reflected += [Response(400, (), form("", x=secret).body)]
    reflected += [Response(400, (("x-echo", json.dumps(secret)),))]
    for response in reflected:
        exchange = recorded(form("/oauth2/token", code=secret), response)
        assert text_of(exchange).count(marked("code", secret)) == 2


@pytest.mark.parametrize(
    "response",
    [
        json_response(404, {"code": "entity_not_found", "message": "No."}),
        json_response(401, {"code": "invalid_credentials", "message": "No."}),
        json_response(422, {"message": "No.", "errors": [{"code": "required", "field": "email"}]}),
        json_response(200, {"jsonrpc": "2.0", "id": 1, "error": {"code": -32600, "message": "No."}}),
        event_stream({"jsonrpc": "2.0", "id": 1, "error": {"code": -32602, "message": "No."}}),
        json_response(400, {"code": 401, "status": 400}),
        json_response(200, {"response_types_supported": ["code"], "grant_types_supported": ["authorization_code"]}),
        json_response(200, {"token_endpoint": "http://localhost:4100/oauth2/token", "token_type": "Bearer"}),
        json_response(200, {"code": {"nested": "yes"}, "client_secret_expires_at": 0, "token": None}),
        json_response(401, {}, {"www-authenticate": 'Bearer error="invalid_token", resource_metadata="http://x/y"'}),
    ],
)
def test_what_is_no_secret_stays(response: Response) -> None:
    """Codes of errors, numbers, and names that only sound like secrets stay readable."""
    exchange = recorded(get("/x?response_type=code&code_challenge=abcdef&state=s&client_id=client_1"), response)
    assert exchange.response_body == response.body.decode()
    assert exchange.response_headers == list(response.headers)
    assert exchange.url == BASE + "/x?response_type=code&code_challenge=abcdef&state=s&client_id=client_1"


def test_a_code_beside_a_message_is_a_secret_when_it_looks_like_one() -> None:
    """An authorization code in an answer that has a message as well is no word, and goes."""
    assert SECRET not in recorded(get("/x"), document(code=SECRET, message="x")).response_body
    assert "abc" not in recorded(get("/x"), document(code="abc")).response_body


def test_jwts_are_found_anywhere() -> None:
    """A JWT is known by its looks: in a path, in a text, in a header of any name."""
    exchange = recorded(get(f"/a/{JWT}/b", x_any=f"<{JWT}>"), Response(200, (), f"it is {JWT}.".encode()))
    assert JWT not in text_of(exchange)
    assert text_of(exchange).count(marked("token", JWT)) == 3


def test_methods_and_client_ids_are_searched_too() -> None:
    """What a client sends as the name of a method may be a secret as well."""
    request = post_json("/mcp", {"jsonrpc": "2.0", "method": SECRET + "\ud800"}, authorization=f"Bearer {SECRET}")
    assert recorded(request).mcp_methods == [marked("access_token", SECRET) + "\ufffd"]


# --- what is kept ------------------------------------------------------------------------------------------------


def test_tokens_and_verifiers_are_decoded() -> None:
    """What a token says is kept without its signature, and a verifier by its challenge (RFC 7636, section 4.2)."""
    request = form("/oauth2/token", code_verifier="v" * 43, code="c")
    exchange = recorded(request, document(access_token=JWT, refresh_token="r" * 40))
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"v" * 43).digest()).decode().rstrip("=")
    assert exchange.held == {
        fingerprint("v" * 43): {"S256": challenge},
        fingerprint(JWT): {"header": {"alg": "RS256"}, "claims": {"sub": "user_1", "aud": ["ab"]}},
    }


@pytest.mark.parametrize("claims", [b"no json", b'"\\ud800"', b"[" * 50_000, b"\xff", b""])
def test_a_token_that_cannot_be_decoded(claims: bytes) -> None:
    """A token of garbage is held as such, and is no failure."""
    jwt = "eyJhbGciOiJSUzI1NiJ9." + base64.urlsafe_b64encode(claims + b" ").decode().rstrip("=") + "."
    assert decoded({jwt: "token"}) == {fingerprint(jwt): {"header": {"alg": "RS256"}, "claims": None}}


def test_the_same_secret_has_the_same_fingerprint() -> None:
    """A code can be followed from the redirect to the token request."""
    first = recorded(get("/x"), redirect(f"http://localhost:5/cb?code={SECRET}")).response_header("location")
    second = recorded(form("/oauth2/token", code=SECRET)).request_body
    assert fingerprint(SECRET) in (first or "")
    assert fingerprint(SECRET) in second
    assert re.fullmatch("[0-9a-f]{8}", fingerprint(SECRET))


def test_revealing_shows_everything() -> None:
    """Who asks for the secrets sees them whole, and decoded besides."""
    request = form("/oauth2/token", {"cookie": "a=b", "authorization": f"Basic {SECRET}"}, code=SECRET)
    exchange = recorded(request, document(access_token=JWT), reveal=True)
    assert exchange.request_headers == list(request.headers)
    assert exchange.request_body == f"code={SECRET}"
    assert exchange.response_body == json.dumps({"access_token": JWT}, separators=(",", ":"))
    assert exchange.held[fingerprint(JWT)]["claims"]["sub"] == "user_1"


def test_a_redaction_can_be_used_on_any_text() -> None:
    """The secrets of one exchange can be taken out of a text that belongs to it."""
    redact = Redaction(secrets_of(form("/x", code=SECRET), None))
    assert redact(f"the code was {SECRET}") == f"the code was {marked('code', SECRET)}"
    assert redact("nothing here") == "nothing here"
