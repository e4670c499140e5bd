"""Several clients in one trace are told apart, and one that begins anew remains one."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any

from sandbox.diagnosis.clients import told_apart
from sandbox.scenario import read_value
from sandbox.wire.exchange import Exchange
from tests.conftest import Start
from tests.exchanges import exchange
from tests.python_client import connected

AGENTS = {"sdk": "python-httpx2/2.16", "claude": "claude-code/2.1.330 (cli)"}


def asked(number: int, what: str, of: str = "", **fields: Any) -> Exchange:
    """Make an exchange of a kind; `of` is the client whose ids, codes and tokens it shows, if it shows any."""
    mcp = {"system": "log-aggregator", "url": "http://localhost:4101/mcp"}
    agent = [("user-agent", AGENTS["sdk"])]
    page = f"http://localhost:4100/oauth2/sign-in?authorization_session_id=‹authorization_session_id 5e55{of:>04}›"
    code = f"‹code c0de{of:>04}›"
    made: dict[str, dict[str, Any]] = {
        "challenge": {"status": 401, "mcp_methods": ["initialize"], "request_headers": agent, **mcp},
        "resource-metadata": {"method": "GET", "request_headers": [], "system": "log-aggregator"},
        "server-metadata": {"method": "GET", "request_headers": []},
        "registration": {"client_id": of or None, "request_headers": [], "status": 201 if of else 400},
        "authorization": {
            "asker": "browser",
            "client_id": of,
            "url": f"http://localhost:4100/oauth2/authorize?client_id={of}&state={of}",
            "response_headers": [("location", page)],
        },
        "sign-in": {"asker": "browser", "step": "authorization", "url": page},
        "consent": {
            "asker": "browser",
            "step": "authorization",
            "url": page,
            "response_headers": [("location", f"http://localhost:1/callback?code={code}")],
        },
        "token": {
            "request_headers": [("content-type", "application/x-www-form-urlencoded")],
            "request_body": f"grant_type=authorization_code&code={code}",
            "answer": {"access_token": f"‹access_token acce{of:>04}›"},
        },
        "messages": {
            "request_headers": [*agent, ("authorization", f"Bearer ‹access_token acce{of:>04}›")],
            "mcp_methods": ["tools/list"],
            **mcp,
        },
        "jwks": {"asker": "log-aggregator", "method": "GET"},
    }
    return exchange(number, **{"step": what, **made[what], **fields})


def numbers(*exchanges: Exchange) -> list[list[int]]:
    """Give the numbers of the exchanges of each client."""
    return [[one.number for one in theirs] for _, theirs in told_apart(exchanges)]


def in_turns(*clients: str) -> list[Exchange]:
    """Let clients connect, all doing each step before anybody does the next."""
    anonymous = ("challenge", "resource-metadata", "server-metadata")
    known = ("registration", "authorization", "sign-in", "consent", "token", "messages")
    steps = [(step, "" if step in anonymous else client) for step in (*anonymous, *known) for client in clients]
    return [asked(number, step, client) for number, (step, client) in enumerate(steps, 1)]


def test_an_empty_trace_has_one_client_without_exchanges() -> None:
    """Where nobody asked anything, there is one client that did nothing, so that rules may speak of silence."""
    assert told_apart([]) == [("", [])]


def test_one_client_has_everything() -> None:
    """All that one client, its browser and the servers asked is one group, in the order of its numbers."""
    trace = [*in_turns("a"), asked(10, "jwks"), exchange(11, step="api", asker="browser")]
    assert numbers(*reversed(trace)) == [list(range(1, 12))]


def test_two_clients_in_turns_get_one_of_each_step() -> None:
    """Interleaved clients are told apart by code, session and token, and share out what shows no client."""
    one, other = numbers(*in_turns("a", "b"))
    assert len(one) == len(other) == 9
    assert sorted(one + other) == list(range(1, 19))
    for theirs in (one, other):
        assert [(number - 1) // 2 for number in theirs] == list(range(9))
    assert one[3:] == [7, 9, 11, 13, 15, 17]


def test_each_gets_its_requests_in_order_when_one_is_ahead() -> None:
    """Where one client is ahead of the other, each still asks for the resource's metadata before the server's."""
    steps = ["challenge", "resource-metadata", "challenge", "server-metadata", "resource-metadata", "registration"]
    ahead = [asked(number, step, "a" if step == "registration" else "") for number, step in enumerate(steps, 1)]
    behind = [asked(7, "server-metadata"), asked(8, "registration", "b")]
    signing_in = [asked(9, "authorization", "a"), asked(10, "authorization", "b"), asked(11, "consent", "a")]
    assert numbers(*ahead, *behind, *signing_in) == [[1, 2, 4, 6, 9, 11], [3, 5, 7, 8, 10]]


def test_a_challenge_after_a_refused_refresh_is_of_that_client() -> None:
    """Who is refused asks without a token next, though another registers meanwhile."""
    refused = asked(19, "messages", "a", step="refresh", status=400)
    trace = [*in_turns("a", "b"), refused, asked(20, "challenge"), asked(21, "registration", "c")]
    assert [20 in group for group in numbers(*trace, asked(22, "messages", "a"))] == [True, False]


def test_what_the_servers_ask_belongs_to_every_client() -> None:
    """The reading of keys is in each group."""
    groups = numbers(*in_turns("a", "b"), asked(19, "jwks"))
    assert [19 in group for group in groups] == [True, True]


def test_registering_again_is_the_same_client() -> None:
    """A client that registers, fails and registers anew is one, with the discovery of both attempts."""
    again = [
        asked(number, step, of)
        for number, (step, of) in enumerate(
            [("challenge", ""), ("server-metadata", ""), ("registration", "a2"), ("authorization", "a2")], 20
        )
    ]
    assert len(numbers(*in_turns("a"), *again)) == 1


def test_failed_registrations_in_sequence_are_one_client() -> None:
    """A client that was refused again and again, with or without a name in User-Agent, is one."""
    steps = ["challenge", "resource-metadata", "registration"] * 3
    assert numbers(*(asked(number, step) for number, step in enumerate(steps))) == [list(range(9))]


def test_a_refused_registration_beside_a_client_at_work_is_another() -> None:
    """Who is refused while another signs in is a client of its own, with its own discovery."""
    trace = in_turns("a", "b")[:8]
    trace[7] = asked(8, "registration")
    later = [asked(8 + count, step, "a") for count, step in enumerate(("authorization", "consent", "token"), 1)]
    one, other = numbers(*trace, *later)
    assert len(one) == 7
    assert {7, 9, 10, 11} < set(one)
    assert len(other) == 4
    assert 8 in other


def test_names_that_differ_are_different_clients() -> None:
    """Two that come one after the other under different names are two; under one name they are one."""

    def named(name: str, number: int, of: str) -> Exchange:
        return asked(number, "registration", of, request_body=f'{{"client_name": "{name}"}}')

    assert [name for name, _ in told_apart([named("A", 1, "a"), named("B", 2, "b")])] == ["A", "B"]
    assert [name for name, _ in told_apart([named("A", 1, "a"), named("A", 2, "b")])] == ["A"]


def test_same_names_at_once_are_counted() -> None:
    """Two windows of one program, at work at once, can be told apart by name."""
    trace = in_turns("a", "b")
    for one in trace:
        if one.step == "registration":
            one.request_body = '{"client_name": "Claude Code (logs)"}'
    assert [name for name, _ in told_apart(trace)] == ["Claude Code (logs)", "Claude Code (logs) (2)"]


def test_name_of_who_never_registered() -> None:
    """Without a registration the name is that of clientInfo, wherever the version of MCP has it."""
    old = '{"params": {"clientInfo": {"name": "claude-code"}}}'
    new = '{"params": {"_meta": {"io.modelcontextprotocol/clientInfo": {"name": "mcp"}}}}'
    assert [told_apart([asked(1, "challenge", request_body=body)])[0][0] for body in (old, new, "[1]")] == [
        "claude-code",
        "mcp",
        "",
    ]


def test_another_program_that_is_only_challenged_is_another_client() -> None:
    """A program that knocks while another is at work does not become part of it."""
    knock = asked(12, "challenge", request_headers=[("user-agent", AGENTS["claude"])])
    trace = [*in_turns("a"), asked(11, "messages", "a"), knock, asked(13, "messages", "a")]
    assert numbers(*trace) == [[*range(1, 10), 11, 13], [12]]


def test_programs_with_several_names_are_one_client() -> None:
    """Claude Code names itself in MCP requests and its runtime in OAuth requests; it remains one client."""
    trace = in_turns("a")
    for one in trace:
        if one.asker == "client":
            one.request_headers[:0] = [("user-agent", AGENTS["claude"] if one.mcp_methods else "Bun/1.4")]
    assert numbers(*trace) == [list(range(1, 10))]


def test_a_session_ties_requests_without_readable_tokens() -> None:
    """Where tokens say nothing, the MCP session does, from the answer that opens it on."""
    sessions = [
        exchange(
            number,
            step="messages",
            system="log-aggregator",
            request_headers=[("authorization", f"Bearer ‹access_token 0000000{number}›"), ("mcp-session-id", session)],
        )
        for number, session in enumerate("xyxy")
    ]
    assert numbers(*sessions) == [[0, 2], [1, 3]]


def test_cookies_tie_nobody() -> None:
    """Two clients of one person share a browser."""
    trace = in_turns("a", "b")
    for one in trace:
        if one.asker == "browser":
            one.request_headers.append(("cookie", "s=‹cookie 12345678›"))
    assert len(numbers(*trace)) == 2


def test_pages_without_a_sign_go_to_who_is_signing_in() -> None:
    """A style sheet belongs to the sign-in that was last at work."""
    style = exchange(14, step="api", asker="browser", method="GET")
    trace = [*in_turns("a", "b")[:13], style, *in_turns("a", "b")[14:]]
    one, _ = numbers(*trace)
    assert (13 in one, 14 in one) == (True, True)


def test_ten_thousand_exchanges_take_no_second() -> None:
    """One client, many at once, and many that only knock: the time stays well below a second."""
    sequential = [asked(number, "messages", "a") for number in range(10_000)]
    at_once = in_turns(*(f"{number:04x}" for number in range(1100)))
    knocking = [
        asked(number, "challenge", request_headers=[("user-agent", f"p{number % 5000}/1")]) for number in range(10_000)
    ]
    for trace in (sequential, at_once, knocking):
        began = time.process_time()
        told_apart(trace)
        assert time.process_time() - began < 1


async def test_two_sdk_clients_at_once_one_of_which_is_denied(start: Start) -> None:
    """Two real clients connect at the same time; the one that is denied has all of its own steps."""
    sandbox = await start()

    async def denied() -> None:
        async with connected(sandbox, decision="deny"):
            pass

    async def approved() -> None:
        async with connected(sandbox) as client:
            await client.call("list_services")

    outcomes = await asyncio.gather(denied(), approved(), return_exceptions=True)
    assert [isinstance(outcome, BaseException) for outcome in outcomes] == [True, False]
    groups = told_apart(sandbox.trace)
    assert sorted(name for name, _ in groups) == ["Python SDK", "Python SDK (2)"]
    steps = {len({one.step for one in theirs} & {"token", "messages"}): theirs for _, theirs in groups}
    failed, worked = steps[0], steps[2]
    for theirs in (failed, worked):
        begin = [one.step for one in theirs if one.asker == "client"][:4]
        assert begin == ["challenge", "resource-metadata", "server-metadata", "registration"]
    assert any("access_denied" in (one.response_header("location") or "") for one in failed)
    assert not any("access_denied" in (one.response_header("location") or "") for one in worked)


async def test_two_sdk_clients_at_once_one_of_which_may_not_register(start: Start) -> None:
    """The client whose registration a fault refuses is told apart from the one that connects."""
    scenario = {
        "title": "The second registration fails",
        "story": "One of two is refused.",
        "step": "registration",
        "faults": [{"at": "registration", "on": "nth 2", "status": 500}],
        "expect": {"reaches": "server-metadata"},
        "cause": "A test.",
        "fix": "None.",
    }
    sandbox = await start(read_value(scenario, name="second"))

    async def client() -> None:
        with suppress(Exception):
            async with connected(sandbox) as one:
                await one.call("list_services")

    await asyncio.gather(client(), client())
    by_steps = {("token" in {one.step for one in theirs}): theirs for _, theirs in told_apart(sandbox.trace)}
    assert {one.step for one in by_steps[False]} >= {"challenge", "resource-metadata", "registration"}
    assert [one.status for one in by_steps[False] if one.step == "registration"] == [500]
    assert [one.status for one in by_steps[True] if one.step == "registration"] == [201]
