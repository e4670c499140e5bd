"""Which requests a fault takes, and why it did not take one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.scenario.model import Fault, When
from sandbox.wire.active import ActiveFaults
from sandbox.wire.message import Request
from sandbox.wire.selectors import its_turn, matches
from tests.wire.samples import call, form, get, post_json

TOKEN = form("/oauth2/token", grant_type="refresh_token", resource="http://localhost:4101/mcp")
CALL = call("tools/call", name="search_logs", arguments={"query": "x", "limit": 5})
BATCH = post_json("/mcp", [{"jsonrpc": "2.0", "method": "ping"}, {"jsonrpc": "2.0", "method": "tools/list"}])
SPACED = Request("POST", "/mcp", "", (), b'\n {"jsonrpc": "2.0", "method": "ping"}')

MATCHING: list[tuple[dict[str, Any], Request]] = [
    ({}, get("/")),
    ({"method": "GET"}, get("/")),
    ({"method": "P*"}, TOKEN),
    ({"path": "/oauth2/*"}, TOKEN),
    ({"path": "/[m]cp"}, CALL),
    ({"path": "/mc?"}, CALL),
    ({"grant_type": "refresh_token"}, TOKEN),
    ({"grant_type": "*_token"}, TOKEN),
    ({"grant_type": "password"}, post_json("/user_management/authenticate", {"grant_type": "password"})),
    ({"header": {"User-Agent": "claude*"}}, get("/", user_agent="claude-code/2")),
    ({"header": {"accept": "*"}}, get("/", Accept="")),
    ({"mcp_method": "tools/*"}, CALL),
    ({"mcp_method": "tools/list"}, BATCH),
    ({"mcp_method": "ping"}, SPACED),
    ({"form": {"resource": "http://localhost:*/mcp"}}, TOKEN),
    ({"form": {"state": "s"}}, get("/oauth2/authorize?state=s&state=t")),
    ({"json": {"params": {"name": "search_*"}}}, CALL),
    ({"json": {"params": {"arguments": {"limit": 5}}}}, CALL),
    ({"json": {"absent": None}}, CALL),
    ({"path": "!/oauth2/*"}, CALL),
    ({"header": {"accept": "!text/*"}}, get("/")),
    ({"json": {"params": {"name": "!delete_*"}}}, CALL),
    ({"json": {"redirect_uris": ["a"]}}, post_json("/oauth2/register", {"redirect_uris": ["a"]})),
    ({"json": {"redirect_uris": "cursor:*"}}, post_json("/oauth2/register", {"redirect_uris": [1, "x", "cursor://a"]})),
    ({"json": {"redirect_uris": "!http*"}}, post_json("/oauth2/register", {"redirect_uris": ["cursor://a"]})),
    ({"json": {"contacts": {"a": "b*"}}}, post_json("/", {"contacts": [1, {"a": "x"}, {"a": "bc"}]})),
    ({"json": {"numbers": 2}}, post_json("/", {"numbers": [1, 2]})),
    ({"method": "POST", "path": "/mcp", "mcp_method": "tools/call", "json": {"id": 1}}, CALL),
]

MISSING: list[tuple[dict[str, Any], Request, str]] = [
    ({"method": "get"}, get("/"), "method was GET, not get"),
    (
        {"json": {"redirect_uris": "!http*"}},
        post_json("/oauth2/register", {"redirect_uris": ["cursor://a", "http://b"]}),
        'json redirect_uris was ["cursor://a", "http://b"], not "!http*"',
    ),
    ({"path": "/oauth2"}, TOKEN, "path was /oauth2/token, not /oauth2"),
    ({"grant_type": "authorization_code"}, TOKEN, "grant_type was refresh_token, not authorization_code"),
    ({"grant_type": "*"}, get("/"), "grant_type was absent, not *"),
    ({"header": {"accept": "text/*"}}, get("/", Accept="a/b"), "header accept was a/b, not text/*"),
    ({"header": {"accept": "*"}}, get("/"), "header accept was absent, not *"),
    ({"mcp_method": "initialize"}, BATCH, "mcp_method was ping or tools/list, not initialize"),
    ({"mcp_method": "*"}, TOKEN, "mcp_method was absent, not *"),
    ({"client": "Cursor"}, get("/"), "client was claude-code/2 or Claude Code, not Cursor"),
    ({"form": {"resource": "x"}}, TOKEN, "form resource was http://localhost:4101/mcp, not x"),
    ({"form": {"scope": "*"}}, TOKEN, "form scope was absent, not *"),
    ({"json": {"params": {"name": "x"}}}, CALL, 'json params.name was search_logs, not "x"'),
    ({"json": {"params": {"a": {"b": 1}}}}, CALL, "json params.a.b was null, not 1"),
    ({"json": {"id": 1}}, TOKEN, "json id was null, not 1"),
    ({"method": "!P*"}, CALL, "method was POST, not !P*"),
    ({"client": "!Claude*"}, get("/"), "client was claude-code/2 or Claude Code, not !Claude*"),
    ({"json": {"params": {"name": "!search_logs"}}}, CALL, 'json params.name was search_logs, not "!search_logs"'),
    ({"json": {"id": 1}}, BATCH, "json id was null, not 1"),
    ({"json": {"id": "*"}}, CALL, 'json id was 1, not "*"'),
    ({"method": "POST", "path": "/x"}, CALL, "path was /mcp, not /x"),
]


@pytest.mark.parametrize(("conditions", "request_"), MATCHING)
def test_what_matches(conditions: dict[str, Any], request_: Request) -> None:
    """Every condition holds, with shell-style wildcards in texts."""
    assert matches(When(**conditions), request_, ["claude-code/2", "Claude Code"]) == (True, "")


@pytest.mark.parametrize(("conditions", "request_", "reason"), MISSING)
def test_what_does_not_match_says_why(conditions: dict[str, Any], request_: Request, reason: str) -> None:
    """A miss names the first condition that does not hold, what was found, and what was wanted."""
    assert matches(When(**conditions), request_, ["claude-code/2", "Claude Code"]) == (False, reason)


@pytest.mark.parametrize("name", ["claude-code/*", "Claude Code"])
def test_a_client_is_known_by_any_of_its_names(name: str) -> None:
    """A client matches by its User-Agent as well as by the name that it gave itself."""
    assert matches(When(client=name), get("/"), ["claude-code/2", "Claude Code"]).ok


@given(st.sampled_from(["first", "nth", "after", "every"]), st.integers(1, 8))
def test_turns_against_brute_force(word: str, number: int) -> None:
    """`on` takes the exchanges that its words say, counted from one."""
    counts = range(1, 30)
    taken = {
        "first": list(counts)[:number],
        "nth": [list(counts)[number - 1]],
        "after": list(counts)[number:],
        "every": list(counts)[number - 1 :: number],
    }
    assert [count for count in counts if its_turn(f"{word} {number}", count)] == taken[word]


def test_without_on_every_exchange_is_taken() -> None:
    """A fault without `on` acts whenever its conditions hold."""
    assert all(its_turn(None, count) for count in range(1, 10))


def test_only_matching_exchanges_count() -> None:
    """The turn counts the exchanges that the conditions take, and no others."""
    active = ActiveFaults([Fault(at="token", when=When(method="POST"), on="nth 2", status=503)])
    due = [active.due("token", request, []) for request in (TOKEN, get("/oauth2/token"), TOKEN, TOKEN)]
    assert [len(each) for each in due] == [0, 0, 1, 0]


def test_a_fault_takes_its_own_step_only() -> None:
    """A fault at one step never takes an exchange of another."""
    active = ActiveFaults([Fault(at="token", status=503)])
    assert active.due("refresh", TOKEN, []) == []
    assert len(active.due("token", TOKEN, [])) == 1


@pytest.mark.parametrize(
    ("fault", "requests", "reason"),
    [
        (Fault(at="token", status=503), [], "at token: status 503 never fired: no exchanges at token"),
        (
            Fault(at="token", when=When(method="GET"), status=503),
            [TOKEN],
            "at token: status 503 never fired: method was POST, not GET",
        ),
        (
            Fault(at="token", on="after 2", status=503),
            [TOKEN, TOKEN],
            "at token: status 503 (after 2) never fired: its turn is after 2, and 2 matched so far",
        ),
        (
            Fault(at="token", body="a\n\x1b[31mb"),
            [],
            "at token: body a\\n\\x1b[31mb never fired: no exchanges at token",
        ),
    ],
)
def test_a_fault_that_never_fired_says_why(fault: Fault, requests: list[Request], reason: str) -> None:
    """What was expected to break and did not is told on one line, with the reason."""
    active = ActiveFaults([fault])
    for request in requests:
        active.due("token", request, [])
    assert active.unfired() == [reason]


def test_a_fault_that_fired_is_not_listed() -> None:
    """One firing is enough."""
    active = ActiveFaults([Fault(at="token", status=503)])
    active.due("token", TOKEN, [])[0].fired += 1
    active.due("token", TOKEN, [])
    assert active.unfired() == []


SECRET = "s3cr3t-value-of-a-token"


@pytest.mark.parametrize(
    ("conditions", "request_"),
    [
        ({"form": {"code": "x"}}, form("/oauth2/token", code=SECRET)),
        ({"form": {"code": "x"}}, form("/oauth2/token", code="ab")),
        ({"header": {"authorization": "x"}}, get("/", authorization=f"Bearer {SECRET}")),
        ({"header": {"cookie": "x"}}, get("/", cookie=f"a={SECRET}")),
        ({"header": {"x-copy": "x"}}, get("/", authorization=f"Bearer {SECRET}", x_copy=f"see {SECRET}")),
        ({"json": {"a": {"client_secret": "x"}}}, post_json("/", {"a": {"client_secret": SECRET}})),
        ({"json": {"copy": "x"}}, post_json("/", {"copy": SECRET, "client_secret": SECRET})),
    ],
)
def test_a_reason_holds_no_secret(conditions: dict[str, Any], request_: Request) -> None:
    """The reason of a miss tells a secret by its fingerprint."""
    active = ActiveFaults([Fault(at="token", when=When(**conditions), status=503)])
    active.due("token", request_, [])
    (reason,) = active.unfired()
    assert SECRET not in reason
    assert "was ab" not in reason
    assert "‹" in reason


def test_a_reason_shows_what_is_to_be_revealed() -> None:
    """Who asked to see secrets sees them in reasons too, still on one line."""
    active = ActiveFaults([Fault(at="token", when=When(form={"code": "x"}), status=503)], reveal=True)
    active.due("token", form("/oauth2/token", code=SECRET + "\n\x1b[2J"), [])
    assert SECRET + "\\n\\x1b[2J" in active.unfired()[0]
