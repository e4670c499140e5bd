"""Exchanges as words for people."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sandbox.plain import one_line
from sandbox.timeline import connection_of, line, odd, story
from sandbox.wire.exchange import Exchange
from tests.exchanges import exchange

GOOD_CHALLENGE = [("www-authenticate", 'Bearer resource_metadata="http://x"')]
HTML = [("content-type", "text/html; charset=utf-8")]
HOSTILE = "\x1b[2J\x1b]0;owned\x07\r\nforged line\u202egnol\x9b31m\x00\ud800"

ODD: list[tuple[dict[str, Any], str]] = [
    ({}, ""),
    ({"ended": "dropped", "status": None}, "connection dropped, no answer"),
    ({"ended": "cut"}, "connection cut within the answer"),
    ({"ended": "unanswered", "status": None}, "never answered"),
    ({"ended": "open", "step": "messages"}, ""),
    ({"status": 400, "answer": {"error": "invalid_grant"}}, "invalid_grant"),
    (
        {"status": 400, "answer": {"error": "invalid_grant", "error_description": "Too late."}},
        "invalid_grant: Too late.",
    ),
    ({"status": 404, "step": "api", "answer": {"message": "Not Found"}}, "Not Found"),
    ({"status": 404, "step": "api", "answer": {"message": "No.", "code": "x", "errors": []}}, "No."),
    ({"step": "registration", "answer": {"message": "hello", "client_id": "x"}}, ""),
    ({"step": "messages", "answer": {"error": {"code": -32600, "message": "Bad Request"}}}, "Bad Request"),
    ({"step": "messages", "answer": {"error": {"code": -32600}}}, ""),
    ({"step": "messages", "answer": {"error": 7}}, ""),
    ({"step": "messages", "answer": ["error"]}, ""),
    ({"response_body": "<h1>", "response_headers": HTML}, "text/html where JSON belongs"),
    ({"response_body": "", "response_headers": []}, "no content type where JSON belongs"),
    ({"response_body": "", "response_headers": [], "method": "OPTIONS"}, ""),
    ({"response_body": "", "response_headers": HTML, "method": "HEAD"}, ""),
    ({"response_body": "<h1>", "response_headers": HTML, "step": "authorization"}, ""),
    ({"response_body": "<h1>", "status": 500, "response_headers": HTML}, ""),
    ({"response_body": "[" * 100_000, "step": "messages"}, ""),
    (
        {"step": "authorization", "status": 302, "response_headers": [("location", "http://localhost:5/cb?code=x")]},
        "→ localhost:5/cb",
    ),
    (
        {"step": "authorization", "status": 302, "response_headers": [("location", "http://x/cb?error=access_denied")]},
        "redirect with error=access_denied",
    ),
    ({"step": "authorization", "status": 302, "response_headers": [("location", "/oauth2/sign-in?x=1")]}, ""),
    (
        {"step": "authorization", "status": 302, "response_headers": [("location", "http://[")]},
        "redirect to http://[, which is no URL",
    ),
    ({"step": "challenge", "status": 401, "response_headers": GOOD_CHALLENGE, "answer": {"error": "x"}}, ""),
    ({"step": "challenge", "status": 401, "response_headers": []}, "no WWW-Authenticate header"),
    (
        {"step": "challenge", "status": 401, "response_headers": [("www-authenticate", "Bearer")]},
        "the challenge names no resource_metadata",
    ),
    ({"step": "challenge", "status": 404, "answer": {"error": "nothing here"}}, "nothing here"),
    ({"step": "challenge", "status": 200}, ""),
]


@pytest.mark.parametrize(("fields", "words"), ODD)
def test_what_is_odd(fields: dict[str, Any], words: str) -> None:
    """What is odd about an exchange is said in a few words, from the exchange alone."""
    assert odd(exchange(**fields)) == words


def test_what_is_odd_is_short() -> None:
    """However long an error text is, what is said of it fits on a line."""
    assert len(odd(exchange(status=400, answer={"error": "x" * 100_000}))) == 200


# --- lines -------------------------------------------------------------------------------------------------------


def plain(text: str) -> str:
    """Take out the colours that click sets."""
    return re.sub(r"\x1b\[\d*m", "", text)


def test_a_line_of_the_timeline() -> None:
    """A line says when, which step, who asked whom for what, the answer, how long it took, and what was odd."""
    text = plain(line(exchange(status=400, answer={"error": "invalid_grant"}, faults=["error invalid_grant"])))
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d  token                      client → workos          400     12 ms  POST /oauth2/token"
        r"  invalid_grant  ✗ error invalid_grant",
        text,
    )


def test_a_line_without_an_answer() -> None:
    """Where there was no status there is a dash."""
    assert "–––     12 ms  POST /oauth2/token  connection dropped, no answer" in line_of(ended="dropped", status=None)


def test_a_line_of_mcp_methods() -> None:
    """An MCP request is named by its methods."""
    assert line_of(mcp_methods=["initialize", "ping"]).endswith("  POST initialize,ping")


def line_of(**fields: Any) -> str:
    """Give a line without its colours."""
    return plain(line(exchange(**fields)))


@pytest.mark.parametrize(
    ("fields", "colour"),
    [
        ({}, "green"),
        ({"status": 400}, "red"),
        ({"ended": "cut"}, "red"),
        ({"step": "challenge", "status": 401, "response_headers": GOOD_CHALLENGE}, "yellow"),
        ({"step": "challenge", "status": None, "ended": "dropped"}, "red"),
        ({"step": "challenge", "status": 403}, "red"),
    ],
)
def test_colours(fields: dict[str, Any], colour: str) -> None:
    """What works is green, what is broken is red, and the 401 that begins every connection is neither."""
    code = {"green": 32, "yellow": 33, "red": 31}[colour]
    assert f"\x1b[{code}m\x1b[1m" in line(exchange(**fields))


HOSTILE_FIELDS: list[dict[str, Any]] = [
    {"url": f"http://localhost/{HOSTILE}"},
    {"url": f"http://[{HOSTILE}"},
    {"method": HOSTILE},
    {"mcp_methods": [HOSTILE]},
    {"faults": [f"body {HOSTILE}"]},
    {"status": 400, "answer": {"error": HOSTILE}},
    {"status": 400, "answer": {"error": {"message": HOSTILE}}},
    {"status": 302, "response_headers": [("location", f"http://x/{HOSTILE}")]},
    {"status": 302, "response_headers": [("location", f"http://[{HOSTILE}")]},
    {"response_body": "x", "response_headers": [("content-type", HOSTILE)]},
    {"client_id": HOSTILE},
]


@pytest.mark.parametrize("fields", HOSTILE_FIELDS)
def test_strangers_do_not_write_to_the_terminal(fields: dict[str, Any]) -> None:
    """No control character, line break or change of direction that a stranger sent reaches the terminal."""
    made = exchange(**fields)
    for text in (plain(line(made)), odd(made), *story([made], made.client_id).splitlines()):
        assert text.isprintable()
        assert not text.startswith("forged")
    assert len(story([made], made.client_id).splitlines()) == 4


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ünïcode ✓ text", "plain ünïcode ✓ text"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\u202e\ud800\x00", "\\u202e\\ud800\\x00"),
        ("x" * 201, "x" * 199 + "…"),
        ("x" * 200, "x" * 200),
        ("", ""),
    ],
)
def test_texts_on_one_line(text: str, shown: str) -> None:
    """What a terminal would obey is written out, and what is too long is cut."""
    assert one_line(text) == shown


# --- the story of a connection -----------------------------------------------------------------------------------


def connection() -> list[Exchange]:
    """Make the exchanges of two programs, a browser and the service, intertwined."""
    other = {"request_headers": [("user-agent", "cursor/1")]}
    browser: dict[str, Any] = {"asker": "browser", "step": "authorization", "request_headers": [("user-agent", "Moz")]}
    service: dict[str, Any] = {"asker": "log-aggregator", "request_headers": [("user-agent", "log-aggregator")]}
    return [
        exchange(1, step="challenge", system="log-aggregator"),
        exchange(2, step="challenge", system="log-aggregator"),
        exchange(3, step="challenge", system="log-aggregator", **other),
        exchange(4, step="resource-metadata", system="log-aggregator"),
        exchange(5, step="registration", client_id="client_1"),
        exchange(6, step="registration", client_id="client_2", **other),
        exchange(7, client_id="client_1", **browser),
        exchange(8, **browser),
        exchange(9, step="token", client_id="client_1"),
        exchange(10, step="jwks", **service),
        exchange(11, step="session", system="log-aggregator", client_id="client_1", mcp_methods=["initialize"]),
        exchange(12, step="token", client_id="client_2", **other),
    ]


@pytest.mark.parametrize(
    ("client_id", "numbers"),
    [
        ("client_1", [2, 4, 5, 7, 8, 9, 11]),
        ("client_2", [3, 6, 7, 8, 12]),
        (None, [1, 2, 3, 4, 8]),
        ("client_3", [1, 2, 3, 4, 8]),
    ],
)
def test_the_exchanges_of_one_connection(client_id: str | None, numbers: list[int]) -> None:
    """A client's own exchanges, what the same program asked since its last challenge, and the browser's pages."""
    found = [one.number for one in connection_of(connection(), client_id)]
    assert found == ([number for number in numbers if number != 7] if client_id == "client_2" else numbers)


def test_a_story() -> None:
    """The story goes step by step, with times since its beginning, and ends where the connection stands."""
    told = story(connection(), "client_1").splitlines()
    assert told[0] == "How client_1 connected, in 7 exchanges:"
    assert told[2:4] == [
        "challenge: the MCP request without a token, answered 401",
        "  +0.00 s  client asked log-aggregator: POST /oauth2/token → 200",
    ]
    assert told[-1] == "  +9.00 s  client asked log-aggregator: POST /oauth2/token (initialize) → 200"
    assert sum(text.startswith("authorization: ") for text in told) == 1


def test_a_story_of_nothing() -> None:
    """Where the trace holds nothing of the client, that is said."""
    assert story([], "client_1") == "The trace holds no exchange of this client; it may have been cleared since."
    assert story([], None) == "The trace holds no exchange of this client; it may have been cleared since."


def test_a_story_with_trouble() -> None:
    """What was odd is told beside the answer, and a broken connection in place of one."""
    told = story([exchange(status=400, answer={"error": "x"}), exchange(2, status=None, ended="dropped")], None)
    assert "→ 400 (x)" in told
    assert "→ connection dropped, no answer (connection dropped, no answer)" not in told
