"""WorkOS behind real sockets: what a library might mend on the way, and what the bridge to Flask must keep."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import pytest

from sandbox.sandbox import Sandbox
from tests.workos.driver import CHALLENGE

FORM: Final = b"Content-Type: application/x-www-form-urlencoded\r\n"


async def exchange(sandbox: Sandbox, head: bytes, body: bytes = b"", host: str = "localhost") -> tuple[bytes, bytes]:
    """Send a request as these bytes; give the head and the body of the answer."""
    port = urlsplit(sandbox.addresses.workos).port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    length = b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body)
    writer.write(head + f"Host: {host}:{port}\r\n".encode() + length + body)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    before, _, after = answer.partition(b"\r\n\r\n")
    return before, after


async def register(sandbox: Sandbox, redirect_uri: str) -> str:
    """Register a public client."""
    body = json.dumps({"redirect_uris": [redirect_uri], "token_endpoint_auth_method": "none"}).encode()
    _, answer = await exchange(sandbox, b"POST /oauth2/register HTTP/1.1\r\nContent-Type: application/json\r\n", body)
    return str(json.loads(answer)["client_id"])


def authorize(client_id: str, redirect_uri: str, **change: str) -> bytes:
    """Give the first line of an authorization request."""
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    } | change
    return f"GET /oauth2/authorize?{urlencode(query)} HTTP/1.1\r\n".encode()


def location(head: bytes) -> str:
    """Give the address that an answer redirects to."""
    (line,) = [line for line in head.split(b"\r\n") if line.lower().startswith(b"location:")]
    return line.partition(b":")[2].strip().decode("ascii")


@pytest.mark.parametrize("state", ["a b+c/=?&#é%41\r\nSet-Cookie: a=b\x00", "📓"])
async def test_state_and_redirect_uri_leave_as_they_came(sandbox: Sandbox, state: str) -> None:
    """The Location header is the redirect URI to the byte, and the state in one line of ASCII."""
    client_id = await register(sandbox, "app:///Callback?x=[1]")
    head, _ = await exchange(sandbox, authorize(client_id, "app:///Callback?x=[1]", state=state, scope="nonsense"))

    assert location(head).startswith("app:///Callback?x=[1]&error=invalid_scope&")
    assert location(head).endswith("&" + urlencode({"state": state}))
    assert b"\nset-cookie:" not in head.lower()


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example/oauth2/authorize",
        "/\\evil.example",
        "//oauth2/authorize",
        "/oauth2//authorize",
        "/oauth2/authorize/",
    ],
)
async def test_no_path_leads_elsewhere(sandbox: Sandbox, target: str) -> None:
    """A path that only looks like one of WorkOS's is a 404, never a redirect."""
    head, _ = await exchange(sandbox, f"GET {target} HTTP/1.1\r\n".encode())

    assert head.startswith(b"HTTP/1.1 404 ")
    assert b"location:" not in head.lower()


@pytest.mark.parametrize(
    "body", [b"\xff\xfe\x00", b"client_id=%00&grant_type=\x00", b"client_id=\xed\xa0\x80", b"&" * 9999]
)
async def test_bytes_that_are_no_form_are_refused(sandbox: Sandbox, body: bytes) -> None:
    """A body that is no form of UTF-8 text is a 401 in the shape of OAuth."""
    head, answer = await exchange(sandbox, b"POST /oauth2/token HTTP/1.1\r\n" + FORM, body)

    assert head.startswith(b"HTTP/1.1 401 ")
    assert json.loads(answer)["error"] == "invalid_client"


@pytest.mark.parametrize("value", [b"Basic \xff", b"Basic /w==", b"Basic", b"\xe9 x", b"Bearer \xff"])
async def test_an_authorization_header_may_be_any_bytes(sandbox: Sandbox, value: bytes) -> None:
    """A header that cannot be read names nobody, at the token endpoint and at userinfo."""
    header = b"Authorization: " + value + b"\r\n"
    token, _ = await exchange(sandbox, b"POST /oauth2/token HTTP/1.1\r\n" + FORM + header, b"grant_type=x")
    userinfo, _ = await exchange(sandbox, b"GET /oauth2/userinfo HTTP/1.1\r\n" + header)

    assert token.startswith(b"HTTP/1.1 401 ")
    assert userinfo.startswith(b"HTTP/1.1 401 ")


async def test_two_authorization_headers_are_one_client_at_most(sandbox: Sandbox) -> None:
    """Two Authorization headers name nobody."""
    header = b"Authorization: Basic YTpi\r\nAuthorization: Basic Yzpk\r\n"
    head, _ = await exchange(sandbox, b"POST /oauth2/token HTTP/1.1\r\n" + FORM + header, b"grant_type=x")

    assert head.startswith(b"HTTP/1.1 401 ")


async def test_a_custom_domain_is_the_other_name(start: Any) -> None:
    """With a custom domain, discovery is served at 127.0.0.1 and not at localhost."""
    sandbox = await start(world={"workos": {"issuer": "custom"}})
    line = b"GET /.well-known/oauth-authorization-server HTTP/1.1\r\n"
    there, document = await exchange(sandbox, line, host="127.0.0.1")
    elsewhere, _ = await exchange(sandbox, line)

    assert there.startswith(b"HTTP/1.1 200 ")
    assert json.loads(document)["issuer"] == sandbox.authkit.issuer
    assert elsewhere.startswith(b"HTTP/1.1 404 ")


async def test_a_sandbox_started_again_knows_its_clients(start: Any, tmp_path: Any) -> None:
    """With a state directory a client_id and the signing key are good at the next start."""
    async with Sandbox(state_dir=tmp_path) as first:
        client_id = await register(first, "http://localhost/callback")
        kid = first.authkit.keys.current.kid
    second = await start(state_dir=tmp_path)
    head, _ = await exchange(second, authorize(client_id, "http://localhost:1234/callback"))

    assert location(head).startswith("/oauth2/sign-in?")
    assert second.authkit.keys.current.kid == kid
