"""The rules for documents that describe clients: which URL, which answer, how long."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.wire.message import Response
from sandbox.workos.client_documents import LIMIT, DocumentError, Documents, client_of, seconds_kept, why_no_client_id
from sandbox.workos.records import Client

URL = "https://app.example/oauth/client.json"
GOOD: dict[str, Any] = {
    "client_id": URL,
    "client_name": "An app",
    "redirect_uris": ["http://localhost/callback", "https://app.example/callback"],
}


def answer(change: dict[str, Any] | None = None, *, status: int = 200, **headers: str) -> Response:
    """Give the answer with a good document, changed; None takes a member out."""
    document = {name: value for name, value in (GOOD | (change or {})).items() if value is not None}
    items = {"content_type": "application/json"} | headers
    named = tuple((name.replace("_", "-"), value) for name, value in items.items())
    return Response(status, named, json.dumps(document).encode())


def why_not(response: Response) -> str:
    """Say why an answer describes no client."""
    with pytest.raises(DocumentError) as refused:
        client_of(URL, response)
    return str(refused.value)


# --- the URL -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", [URL, "https://app.example:8443/c?v=1", "http://localhost:3000/c", "https://[::1]/c"])
def test_a_url_with_a_path_can_be_a_client_id(url: str) -> None:
    """An https URL with a path names a client; one of this machine may be plain http."""
    assert why_no_client_id(url) is None


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://app.example", "no path"),
        ("https://app.example/", "no path"),
        ("https://app.example/c#part", "fragment"),
        ("https://app.example/c#", "fragment"),
        ("https://ada:secret@app.example/c", "credentials"),
        ("https://app.example/a/../c", "segments of dots"),
        ("https://app.example/./c", "segments of dots"),
        ("https://app.example/%2e%2E/c", "segments of dots"),
        ("https:///c", "no https URL"),
        ("https://app.example:99999/c", "no URL"),
        ("https://[::1/c", "no URL"),
        ("https://app.example/a b", "no URL"),
        ("https://app.example\\@evil.example/c", "no URL"),
        ("https://app.example/\r\nx", "no URL"),
        (f"https://app.example/{'c' * 2000}", "longer"),
    ],
)
def test_another_cannot(url: str, why: str) -> None:
    """What the draft forbids in a client id is refused, with the reason (section 3)."""
    assert why in str(why_no_client_id(url))


# --- the answer --------------------------------------------------------------------------------------------------


def test_a_document_describes_a_public_client() -> None:
    """The name and the redirect URIs are the document's; a secret there is none."""
    client = client_of(URL, answer({"grant_types": ["authorization_code", "refresh_token"], "logo_uri": None}))
    assert (client.client_id, client.name, client.client_secret) == (URL, "An app", None)
    assert client.redirect_uris == tuple(GOOD["redirect_uris"])
    assert client.token_endpoint_auth_method == "none"
    assert client.grant_types == ("authorization_code", "refresh_token")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "application/oauth-client+json"])
def test_kinds_of_json_are_read(content_type: str) -> None:
    """A charset, and a type that ends in +json, change nothing."""
    assert client_of(URL, answer(content_type=content_type)).name == "An app"


@pytest.mark.parametrize(
    ("response", "why"),
    [
        (answer(status=404), "answered 404"),
        (answer(status=403), "answered 403"),
        (answer(status=301, location="https://app.example/other"), "redirects are not followed"),
        (answer(status=204), "answered 204"),
        (answer(content_type="text/html"), "content type is text/html"),
        (Response(200, (), b"{}"), "content type is no type"),
        (Response(200, (("content-type", "application/json"),), b"{"), "no JSON object"),
        (Response(200, (("content-type", "application/json"),), b"[]"), "no JSON object"),
        (Response(200, (("content-type", "application/json"),), b"[" * 5000), "no JSON object"),
        (Response(200, (("content-type", "application/json"),), b" " * (LIMIT + 1)), "longer than 5120 bytes"),
        (answer({"client_id": None}), "client_id is 'None'"),
        (answer({"client_id": f"{URL}?"}), "not its own URL"),
        (answer({"client_id": [URL]}), "not its own URL"),
        (answer({"client_secret": "x"}), "holds client_secret"),
        (answer({"client_secret_expires_at": 0}), "holds client_secret_expires_at"),
        (answer({"token_endpoint_auth_method": "client_secret_basic"}), "token_endpoint_auth_method"),
        (answer({"token_endpoint_auth_method": "private_key_jwt"}), "can only be 'none'"),
        (answer({"client_name": None}), "client_name"),
        (answer({"client_name": 7}), "client_name"),
        (answer({"client_name": "x" * 201}), "client_name"),
        (answer({"redirect_uris": None}), "redirect_uris"),
        (answer({"redirect_uris": []}), "redirect_uris"),
        (answer({"redirect_uris": "https://app.example/"}), "redirect_uris"),
        (answer({"redirect_uris": ["http://evil.example/"]}), "must use https"),
        (answer({"redirect_uris": [7]}), "is not text"),
        (answer({"grant_types": ["client_credentials"]}), "grant_types"),
        (answer({"grant_types": "authorization_code"}), "grant_types"),
    ],
)
def test_an_answer_that_is_none_is_refused(response: Response, why: str) -> None:
    """Status, type, size and content are held against the draft and MCP; the reason is told."""
    assert why in why_not(response)


# --- the cache ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cache_control", "seconds"),
    [
        (None, 600),
        ("public", 600),
        ("max-age=60", 60),
        ("public, Max-Age=60, immutable", 60),
        ('max-age="60"', 60),
        ("max-age=0", 10),
        ("no-store", 10),
        ("no-cache, max-age=3600", 10),
        ("max-age=31536000", 86_400),
        ("max-age=99999999999999999999", 600),
        ("x-max-age=60", 600),
        ("max-age=soon", 600),
    ],
)
def test_a_document_is_kept_as_it_says_within_bounds(cache_control: str | None, seconds: float) -> None:
    """Cache-Control decides, from ten seconds to a day; without it ten minutes."""
    headers = () if cache_control is None else (("cache-control", cache_control),)
    assert seconds_kept(Response(200, headers)) == seconds


def test_what_failed_is_read_again_and_what_was_read_is_kept() -> None:
    """A failure is never kept as an answer (the draft, section 4.4), and forgets what the document said before."""
    documents = Documents()
    documents.keep(URL, Client(client_id=URL, name="x"), until=100)
    assert (documents.is_due(URL, 99), documents.is_due(URL, 100)) == (False, True)
    assert documents.client(URL)
    documents.fail(URL, "it answered 404")
    assert documents.is_due(URL, 99)
    assert documents.client(URL) is None


def test_memory_of_documents_is_flat() -> None:
    """However many documents strangers name, only the last are remembered."""
    documents = Documents()
    for number in range(1000):
        documents.keep(f"{URL}{number}", Client(client_id=URL, name="x"), until=1)
        documents.fail(f"{URL}-{number}", "no")
    assert len(documents.known) == len(documents.failures) == 200
    assert documents.client(f"{URL}999")


def test_a_shipped_copy_is_never_due() -> None:
    """The documents of known clients are not fetched."""
    shipped = "https://claude.ai/oauth/claude-code-client-metadata"
    documents = Documents()
    assert not documents.is_due(shipped, 0)
    assert getattr(documents.client(shipped), "name", None) == "Claude Code"
