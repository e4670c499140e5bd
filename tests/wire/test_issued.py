"""A secret that was handed out goes from where no secret is expected too, and nothing else does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import quote

import httpx2
import pytest

from sandbox.export import FORMATS
from sandbox.sandbox import Sandbox
from sandbox.timeline import line
from sandbox.wire.issued import Issued
from sandbox.wire.message import Response, json_response
from sandbox.wire.redaction import fingerprint, marked
from tests.wire.samples import form, get, post_json, redirect
from tests.wire.signing_in import CALLBACK, VERIFIER, SigningIn

TOKEN = "aB3dE6gH9kL2nO5pQ8rS"


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    """Give an HTTP client."""
    async with httpx2.AsyncClient(trust_env=False, timeout=60) as client:
        yield client


async def strewn(sandbox: Sandbox, http: httpx2.AsyncClient, secret: str) -> None:
    """Send a secret where none belongs."""
    workos, mcp = sandbox.addresses.workos, sandbox.mcp_url
    odd = {"jsonrpc": "2.0", "id": 1, "method": f"of {secret}", "params": {"x": secret}}
    await http.get(f"{workos}/path/{secret}/x")
    await http.get(f"{workos}/oauth2/authorize", params={"client_id": secret, "scope": f"a={secret}"})
    await http.post(f"{workos}/oauth2/token", data={"grant_type": secret, "client_id": secret})
    await http.post(f"{workos}/oauth2/token", json=f"text {secret}")
    await http.post(f"{workos}/oauth2/register", json={"client_name": secret, "redirect_uris": [f"http://a/{secret}"]})
    await http.post(mcp, json=odd, headers={"x-mine": f"it is {secret}", "user-agent": f"agent/{secret}"})
    await http.get(f"{workos}/x%2F{secret}?a={quote(quote('?b=' + secret))}")


async def everything_shown(sandbox: Sandbox, http: httpx2.AsyncClient) -> str:
    """Read all that the sandbox tells of what happened."""
    paths = [f"/api/trace?format={name}" for name in FORMATS]
    paths += ["/", "/dashboard", "/api/state", "/api/findings", "/api/clients", "/api/report.html"]
    read = [(await http.get(sandbox.addresses.console + path)).text for path in paths]
    return "\n".join([*read, *map(line, sandbox.trace)])


async def test_a_refresh_token_in_odd_places(sandbox: Sandbox, http: httpx2.AsyncClient) -> None:
    """The sandbox's own refresh token is a fingerprint in paths, as a client id, in texts; a reset forgets it."""
    person = SigningIn(sandbox, http)
    await person.register()
    grant = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    tokens = await person.token(code=await person.authorize(), **grant)
    secret = tokens["refresh_token"]
    await strewn(sandbox, http, secret)
    shown = await everything_shown(sandbox, http)
    assert secret not in shown
    assert f"/path/{marked('refresh_token', secret)}/x" in shown
    assert shown.count(fingerprint(secret)) > 20
    assert person.client["client_id"] in shown
    sandbox.reset()
    await strewn(sandbox, http, secret)
    assert secret in await everything_shown(sandbox, http)


@pytest.mark.parametrize(
    "answer",
    [
        json_response(400, {"error_description": f"invalid token={TOKEN}", "token": TOKEN}),
        json_response(200, {"state": "a"}),
        Response(200, (("set-cookie", f"theme={TOKEN}"),)),
    ],
)
def test_what_no_answer_handed_out_is_no_secret_elsewhere(answer: Response) -> None:
    """What a client takes for a secret by mistake, a cookie, and what an error says again, may be any word."""
    issued = Issued()
    issued.learn(answer, {TOKEN: "cookie" if answer.headers[0][0] == "set-cookie" else "token"})
    assert issued.within(get(f"/{TOKEN}")) == {}


@pytest.mark.parametrize(
    "word", ["client_01SANDB0XENV1R0NMENT0000000", "http://localhost:4101/mcp", "a-short-one", "a" * 19]
)
def test_ids_and_addresses_are_no_secrets(word: str) -> None:
    """An id that an answer brings under the name of a secret stays readable in other exchanges."""
    issued = Issued()
    issued.learn(json_response(200, {"token": word}), {word: "token"})
    assert issued.within(post_json("/x", {"client_id": word})) == {}


def test_where_it_is_found() -> None:
    """In the path, the query, the body and the headers of a request, between whatever is no letter."""
    issued = Issued()
    issued.learn(redirect(f"http://localhost:1/cb?code={TOKEN}"), {TOKEN: "code"})
    for request in (
        get(f"/a/{TOKEN}"),
        get(f"/?a=b%3D{TOKEN}%26"),
        get(f"/?a=b%25253D{TOKEN}%252526"),
        form("/x", client_id=f"x.{TOKEN}-y"),
        post_json("/x", {"a": [f"é{TOKEN}é"]}),
        get("/", x_a=f"<{TOKEN}>"),
    ):
        assert issued.within(request) == {TOKEN: "code"}
    assert issued.within(get(f"/{TOKEN}x/{TOKEN[:-1]}")) == {}
    assert TOKEN not in str(vars(issued))


def test_no_more_than_ten_thousand_are_remembered() -> None:
    """The oldest are forgotten."""
    issued = Issued()
    for number in range(10_001):
        issued.learn(json_response(200, {"token": f"{number:020}"}), {f"{number:020}": "token"})
    assert issued.within(get(f"/{0:020}")) == {}
    assert issued.within(get(f"/{1:020}")) == {f"{1:020}": "token"}
