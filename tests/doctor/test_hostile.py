"""A server that means harm cannot hold the doctor, fill its memory, or send it elsewhere."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from sandbox.doctor import Habits, Report, examine, sign_in
from sandbox.doctor.limits import USUAL_LIMITS, Limits
from sandbox.wire.exchange import BODY_LIMIT
from tests.cli.process import PATIENCE
from tests.doctor.hostile import QUICK, Act, Hostile, answer, document, forever, hostile

PRM = "/.well-known/oauth-protected-resource/mcp"
AS = "/.well-known/oauth-authorization-server"


@pytest.fixture
async def server() -> AsyncIterator[Hostile]:
    """Give a server that answers as the test says."""
    async with hostile() as made:
        yield made


async def looked(server: Hostile, limits: Limits = USUAL_LIMITS) -> Report:
    """Examine it, and see that this took no longer than it may."""
    began = time.monotonic()
    report = await examine(server.mcp, limits=limits)
    assert time.monotonic() - began < limits.seconds + PATIENCE
    assert len(report.exchanges) <= limits.requests
    assert all(len(one.response_body) <= BODY_LIMIT * 2 for one in report.exchanges)
    return report


def evidence(report: Report, id_: str) -> str:
    """Give what a check saw."""
    return next(one.evidence for one in report.checks if one.id == id_)


ENDLESS: dict[str, Act] = {
    "an endless body": forever(b"[" * 65536),
    "a slow drip": forever(b" ", pause=0.05),
    "endless headers": forever(b"X-More: yes\r\n", head=b"HTTP/1.1 200 X\r\n"),
    "an endless event stream": forever(
        b"data: {}\n\n", head=b"HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\n\r\n"
    ),
    "an event stream in tiny pieces": forever(
        b"1\r\n\n\r\n" * 4000,
        head=b"HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
    ),
    "silence": forever(b"", pause=0.05, head=b""),
    "endless interim answers": forever(b"HTTP/1.1 103 Early\r\n\r\n", head=b""),
    "no HTTP": answer(200, "", "\r\n\r\n\0\0\0"),
    "a giant header": answer(200, "{}", f"X-Giant: {'x' * 1_000_000}\r\n"),
}


@pytest.mark.parametrize("place", ["/mcp", PRM])
@pytest.mark.parametrize("act", ENDLESS)
async def test_nothing_endless_holds_it(server: Hostile, act: str, place: str) -> None:
    """Whatever never ends, at the endpoint or at a document, is left within the time limit."""
    server.acts[place] = ENDLESS[act]

    assert not (await looked(server, QUICK)).is_sound


async def test_a_gzip_bomb_stays_small(server: Hostile) -> None:
    """What unpacks to a hundred mebibytes is unpacked up to the limit only."""
    packed = gzip.compress(b" " * 100 * 1024 * 1024)
    server.acts[PRM] = answer(200, packed, "Content-Encoding: gzip\r\n")

    assert not (await looked(server)).is_sound


async def test_deep_json_is_no_document(server: Hostile) -> None:
    """JSON that is nested a hundred thousand times is read as no JSON."""
    server.acts[PRM] = answer(200, "[" * 100_000)

    assert "no JSON object" in evidence(await looked(server), "resource-metadata-path-inserted")


async def test_a_redirect_loop_ends(server: Hostile) -> None:
    """A redirect to itself is followed a few times."""
    server.acts[PRM] = answer(302, "", f"Location: {PRM}\r\n")

    report = await looked(server)

    assert server.asked.count(f"GET {PRM}") == USUAL_LIMITS.redirects + 1
    assert "redirected too often" in evidence(report, "resource-metadata-path-inserted")


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://169.254.169.254/latest/meta-data/", "a link-local address"),
        ("http://10.0.0.1/", "a private address"),
        ("http://[::ffff:10.0.0.1]/", "a private address"),
        ("http://0.0.0.0:9/", "no address of one host"),
        ("file:///etc/passwd", "only http and https"),
        ("gopher://127.0.0.1/", "only http and https"),
        ("http://user:secret@127.0.0.1/", "credentials"),
    ],
)
async def test_a_redirect_leads_nowhere_private(server: Hostile, location: str, reason: str) -> None:
    """A redirect into the network that the doctor runs in is not followed, and the reason is said."""
    server.acts[PRM] = answer(302, "", f"Location: {location}\r\n")

    report = await looked(server)

    assert reason in evidence(report, "refused")
    assert {one.url.split("/")[2] for one in report.exchanges} == {server.url.split("/")[2]}


async def test_a_hundred_authorization_servers_are_not_all_asked(server: Hostile) -> None:
    """Three of them are looked at, and the table says so."""
    servers = [f"{server.url}/tenant{number}" for number in range(100)]
    server.acts[PRM] = document({"resource": server.mcp, "authorization_servers": servers})

    report = await looked(server)

    assert "100 are named, 3 were looked at" in evidence(report, "servers-bound")
    assert not any("tenant3" in asked for asked in server.asked)


def metadata(server: Hostile, **more: Any) -> dict[str, Any]:
    """Give metadata of an authorization server with nothing wrong."""
    return {
        "issuer": server.url,
        "authorization_endpoint": f"{server.url}/authorize",
        "token_endpoint": f"{server.url}/token",
        "registration_endpoint": f"{server.url}/register",
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
        **more,
    }


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "registration_endpoint"])
@pytest.mark.parametrize(
    "endpoint",
    ["javascript:alert(1)", "file:///etc/passwd", "http://x/ y", "", 7, "http://[", "http://h:99999/", "\u0000"],
)
async def test_an_endpoint_that_is_no_url_is_not_opened(server: Hostile, name: str, endpoint: Any) -> None:
    """A sign-in stops before the browser, or anybody else, sees it."""
    server.acts[PRM] = document({"resource": server.mcp, "authorization_servers": [server.url]})
    server.acts[AS] = document(metadata(server, **{name: endpoint}))
    opened: list[str] = []

    async def open_url(url: str) -> bool:
        opened.append(url)
        return True

    report = await sign_in(server.mcp, Habits(open_url=open_url))

    assert report.signed_in is False
    assert opened == []
    assert not [asked for asked in server.asked if asked.startswith("POST") and "/mcp" not in asked]


@pytest.mark.parametrize("value", [None, 7, "x", [], [None], {}, [{"a": 1}], ["http://["], ["\u202e"], ["x"], True])
@pytest.mark.parametrize("name", ["resource", "authorization_servers", "scopes_supported", "bearer_methods_supported"])
async def test_members_of_any_kind_are_judged(server: Hostile, name: str, value: Any) -> None:
    """No JSON value in the place of another makes it fail."""
    fields = {"resource": server.mcp, "authorization_servers": [server.url], name: value}
    server.acts[PRM] = document(fields)

    assert not (await looked(server)).is_sound


@pytest.mark.parametrize("value", [None, 7, "x", [], [None], {}, [{"a": 1}], True])
async def test_metadata_of_any_kind_is_judged(server: Hostile, value: Any) -> None:
    """The same holds for the authorization server's metadata and keys."""
    server.acts[PRM] = document({"resource": server.mcp, "authorization_servers": [server.url]})
    whole = metadata(server, jwks_uri=f"{server.url}/keys")
    server.acts["/keys"] = document({"keys": value})
    for name in whole:
        server.acts[AS] = document(whole | {name: value})
        json.dumps([one.evidence for one in (await looked(server)).checks])


async def test_what_a_stranger_writes_steers_no_terminal(server: Hostile) -> None:
    """Escape sequences in documents are written out."""
    server.acts[PRM] = document({"resource": "\x1b]0;gone\x07", "authorization_servers": ["\x1b[2J"]})

    report = await looked(server)

    assert all(one.evidence.isprintable() and one.checked.isprintable() for one in report.checks)
