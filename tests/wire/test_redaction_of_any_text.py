"""Whatever a secret is made of, it does not survive being written down."""

from __future__ import annotations

import base64
import html
import json
import re
import time
from collections.abc import Callable
from typing import Final
from urllib.parse import quote, quote_plus

import msgspec
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from sandbox.wire.exchange import Exchange
from sandbox.wire.message import Request, Response
from sandbox.wire.redaction import marked
from tests.wire.recording import recorded
from tests.wire.samples import FORM

JSON: Final = (("content-type", "application/json"),)
NAMES: Final = ["access_token", "code", "code_verifier", "client_secret", "device_code", "password", "user_code"]
MARK: Final = re.compile("‹[^‹›]*›")

secrets = st.text(st.characters(exclude_characters="‹›", exclude_categories=["Cs"]), min_size=1, max_size=40)
visible = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=';"'), min_size=1, max_size=40)


def spellings(secret: str) -> set[str]:
    """Give every way in which the secret could be read off."""
    return {
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        html.escape(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
    }


Put = Callable[[str, str], Exchange]

PLACES: Final[dict[str, Put]] = {
    "form": lambda name, secret: recorded(
        Request("POST", "/x", "", (("content-type", FORM),), f"0=0&{name}={quote_plus(secret)}&1=1".encode())
    ),
    "query": lambda name, secret: recorded(Request("GET", "/x", f"0=0&{name}={quote(secret, safe='')}&1=1")),
    "JSON": lambda name, secret: recorded(Request("POST", "/x", "", JSON, json.dumps([{name: secret}]).encode())),
    "JSON in UTF-8": lambda name, secret: recorded(
        Request("GET", "/x"), Response(200, JSON, json.dumps({name: secret}, ensure_ascii=False).encode())
    ),
    "an event": lambda name, secret: recorded(
        Request("GET", "/x"), Response(200, (), b"data: " + json.dumps({name: secret}).encode() + b"\r\n\r\n")
    ),
    "a redirect": lambda name, secret: recorded(
        Request("GET", "/x"), Response(302, (("location", f"http://localhost:5/?{name}={quote_plus(secret)}#x"),))
    ),
    "a page": lambda name, secret: recorded(
        Request("GET", "/x"), Response(200, (), f'<input name="{name}" value="{html.escape(secret)}"> <p>'.encode())
    ),
    "a reflection": lambda name, secret: recorded(
        Request("POST", "/x", "", (("content-type", FORM),), f"{name}={quote_plus(secret)}".encode()),
        Response(400, JSON, json.dumps({"error_description": f"0 {secret} 0" if len(secret) > 5 else ""}).encode()),
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", PLACES)
@given(name=st.sampled_from(NAMES), secret=secrets)
@example(name="code", secret="\\")
@example(name="code", secret='"')
@example(name="code", secret="a&b=c d+e%41")
@example(name="user_code", secret="=")
@example(name="code", secret="\r\n\r\n")
def test_no_secret_in_a_named_field_survives(kind: str, name: str, secret: str) -> None:
    """In the place of a named secret stands its mark, and a secret of six characters or more is nowhere else."""
    exchange = PLACES[kind](name, secret)
    text = msgspec.json.encode(exchange).decode()
    assert marked(name, secret) in text
    assert not re.search(rf"\b{name}\\?[\"']?[:=] ?\\?[\"']?[^‹\s\\\"',}}]", MARK.sub("‹", text))
    if len(secret) > 5:
        shown = [MARK.sub("\0", part) for part in (exchange.url, exchange.request_body, exchange.response_body)]
        shown += [MARK.sub("\0", value) for _, value in exchange.response_headers]
        assert not [spelled for spelled in spellings(secret) for part in shown if spelled in part]


@given(secret=visible, password=visible)
def test_no_credential_survives(secret: str, password: str) -> None:
    """Bearer tokens, Basic credentials and cookies leave only their marks in the headers."""
    assume("Bearer" not in (secret, password))  # the scheme itself
    basic = base64.b64encode(f"client:{password}".encode()).decode()
    request = Request("GET", "/x", "", (("authorization", f"Bearer {secret}"), ("cookie", f"a={secret}; b={password}")))
    assert recorded(request).request_headers == [
        ("authorization", f"Bearer {marked('access_token', secret)}"),
        ("cookie", f"a={marked('cookie', secret)}; b={marked('cookie', password)}"),
    ]
    again = recorded(Request("GET", "/x", "", (("authorization", f"Basic {basic}"),), f"0 {password} 0".encode()))
    assert again.request_headers == [("authorization", f"Basic {marked('credentials', basic)}")]
    assert len(password) < 6 or password not in MARK.sub("\0", again.request_body)


@given(
    st.binary(max_size=300), st.binary(max_size=300), st.sampled_from([FORM, "application/json", "text/event-stream"])
)
def test_any_bytes_can_be_written_down(request: bytes, response: bytes, content_type: str) -> None:
    """Whatever bodies hold, the exchange is written down and can be sent on as JSON."""
    headers = (("content-type", content_type), ("cookie", request.decode("latin-1")))
    exchange = recorded(
        Request("POST", "/x", request.decode("latin-1"), headers, request), Response(200, headers, response)
    )
    assert msgspec.json.decode(msgspec.json.encode(exchange))["status"] == 200


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        '"',
        "<input ",
        'name="a"; form-data\r\n',
        "eyJaaaaa-",
        "code=",
        "&",
        "{",
        '\\"',
        "%41",
        '"code":"',
        '"code":["',
        "code:",
        "%3Fcode%3D",
        "%25",
        "a-",
        "[",
        '"code":{',
        '"password":{',
        '"password":{"a":',
        '"password":{"type":',
        '"password":["b",',
        '{\\"password\\":{',
        '"pass\\u0077ord',
        "'password':",
        "'",
        "<a:",
        "<password ",
        "<password>",
        "/by_token/",
        "name=a; form-data\n\n",
    ],
)
def test_no_body_takes_long(unit: str) -> None:
    """A body made to be slow to search is searched as quickly as any of its length."""
    body = (unit * (70_000 // len(unit))).encode()
    for content_type in (FORM, "application/json"):
        began = time.process_time()
        recorded(Request("POST", "/x", "", (("content-type", content_type),), body), Response(200, (), body))
        assert time.process_time() - began < 0.5
