"""Secrets in headers, and in bodies that end too soon."""

from __future__ import annotations

import base64
import json

import pytest

from sandbox.wire.message import Request, Response, json_response
from sandbox.wire.redaction import marked
from tests.wire.recording import SECRET, recorded, text_of
from tests.wire.samples import document, form, get


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (f"Bearer {SECRET}", f"Bearer {marked('access_token', SECRET)}"),
        (f"bearer   {SECRET} ", f"bearer   {marked('access_token', SECRET)} "),
        (SECRET, marked("credentials", SECRET)),
        (f"DPoP {SECRET}", f"DPoP {marked('credentials', SECRET)}"),
        ("Bearer a", f"Bearer {marked('access_token', 'a')}"),
        ("Bearer", "Bearer"),
        ("Basic", "Basic"),
        ("", ""),
    ],
)
@pytest.mark.parametrize("name", ["Authorization", "proxy-authorization"])
def test_authorization(name: str, value: str, shown: str) -> None:
    """Of the credentials only the scheme stays; a scheme without credentials is no secret."""
    exchange = recorded(get("/x", **{name: value}), document(token_type="Bearer"))
    assert (name, shown) in exchange.request_headers
    assert "Bearer" in exchange.response_body


def test_basic_credentials() -> None:
    """HTTP Basic hides the client's secret in base64; it is the same secret as in a form."""
    credentials = base64.b64encode(f"client_1:{SECRET}".encode()).decode()
    exchange = recorded(
        get("/x", authorization=f"Basic {credentials}"), document(echo=SECRET, again=credentials, id="client_1")
    )
    assert credentials not in text_of(exchange)
    assert exchange.response_body.startswith(f'{{"echo":"{marked("client_secret", SECRET)}"')
    assert "client_1" in exchange.response_body


@pytest.mark.parametrize("credentials", ["é", "////", "Og==", base64.b64encode(b"\xff\xfe").decode(), "x" * 1001])
def test_broken_basic_credentials(credentials: str) -> None:
    """Credentials that are no base64, or no text, are no failure."""
    exchange = recorded(get("/x", authorization=f"Basic {credentials}"))
    assert exchange.request_headers == [("authorization", f"Basic {marked('credentials', credentials)}")]


def test_cookies() -> None:
    """A cookie keeps its name and its attributes, and a short one is no secret anywhere else."""
    request = get("/x", cookie=f'theme=dark; a={SECRET}; b="q"; c=; {SECRET}x')
    response = json_response(200, {"theme": "dark", "a": SECRET}, {"set-cookie": "b=abcdef; Path=/oauth2; HttpOnly"})
    exchange = recorded(request, response)
    dark, long, quoted, bare = (marked("cookie", value) for value in ("dark", SECRET, "q", SECRET + "x"))
    assert exchange.request_headers == [("cookie", f'theme={dark}; a={long}; b="{quoted}"; c=; {bare}')]
    assert exchange.response_header("set-cookie") == f"b={marked('cookie', 'abcdef')}; Path=/oauth2; HttpOnly"
    assert exchange.response_body == f'{{"theme":"dark","a":"{long}"}}'


def test_other_headers() -> None:
    """A secret goes from any header that repeats it, and a URL in any header is searched."""
    request = get("/x", authorization=f"Bearer {SECRET}", x_copy=f"[{SECRET}]", x_url="/a?code=zzz&b=1", x_api_key="k")
    exchange = recorded(request)
    assert exchange.request_header("x-copy") == f"[{marked('access_token', SECRET)}]"
    assert exchange.request_header("x-url") == f"/a?code={marked('code', 'zzz')}&b=1"
    assert exchange.request_header("x-api-key") == marked("credentials", "k")


@pytest.mark.parametrize("end", range(1, 60))
def test_a_body_that_is_cut_anywhere(end: int) -> None:
    """Wherever a connection is cut, what came of a secret does not show."""
    body = (b'{"error_description": "about ' + SECRET.encode() + b'", "access_token": "' + SECRET.encode() + b'"}')[
        :end
    ]
    exchange = recorded(form("/x", refresh_token=SECRET), Response(200, (), body), "cut")
    assert SECRET[:6] not in text_of(exchange)


def test_a_body_longer_than_is_remembered() -> None:
    """Where the memory of a body ends within a secret, its beginning does not show."""
    for field in ("client_secret", "padding"):
        body = json.dumps({"a": "x" * (64 * 1024 - 40), field: SECRET * 4}).encode()
        exchange = recorded(Request("POST", "/x", f"code={SECRET * 4}", (), body), Response(200, (), body))
        assert len(exchange.request_body) <= 64 * 1024 + 20
        assert SECRET[:6] not in text_of(exchange)
