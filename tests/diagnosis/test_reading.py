"""Files are read as exchanges: our own traces, HARs of others without their secrets; what is neither is refused."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec
import pytest

from sandbox.clients.claude_code import NEWEST, mcp
from sandbox.clients.driving import new_run
from sandbox.diagnosis import diagnose
from sandbox.diagnosis.reading import ReadError, Reading, read, read_file
from sandbox.export import FORMATS
from sandbox.scenario import library
from sandbox.timeline import path_of
from sandbox.wire.exchange import Exchange
from tests.cli.process import up
from tests.cli.sign_in import CALLBACK, http, registered
from tests.clients.conftest import STATE_DIR, here
from tests.conftest import Start
from tests.exchanges import exchange
from tests.plays import played

if TYPE_CHECKING:
    from playwright.sync_api import Browser

MCP, AS = "https://mcp.example.com/mcp", "https://auth.example.com"
_PARTS = ".".join(
    base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
    for part in ({"alg": "RS256"}, {"aud": MCP, "client_id": "client_1"})
)
TOKEN = f"{_PARTS}.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"


def entry(method: str, url: str, status: int = 200, answer: Any = None, **more: Any) -> dict[str, Any]:
    """Make an entry of a HAR; `sent` and `headers` are the request's, `answers` are the response's headers."""

    def pairs(headers: dict[str, str]) -> list[dict[str, str]]:
        return [{"name": name, "value": value} for name, value in headers.items()]

    request: dict[str, Any] = {"method": method, "url": url, "headers": pairs(more.get("headers", {}))}
    if "sent" in more:
        request["postData"] = {"mimeType": "", "text": more["sent"]}
    text = answer if isinstance(answer, str) else json.dumps(answer)
    content = {"size": len(text), "mimeType": "application/json", "text": text} if answer is not None else {"size": 0}
    response = {"status": status, "headers": pairs(more.get("answers", {})), "content": content}
    made = {
        "startedDateTime": f"2026-01-01T00:00:{more.get('second', 0):02}.000Z",
        "time": 12.5,
        "request": request,
        "response": response,
    }
    return {**made, **more.get("raw", {})}


def har(*entries: Any, creator: str = "WebInspector") -> bytes:
    """Write a HAR."""
    return json.dumps({"log": {"version": "1.2", "creator": {"name": creator}, "entries": entries}}).encode()


CALL = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
CONNECTED = (
    entry("POST", MCP, 401, sent=CALL, answers={"WWW-Authenticate": f'Bearer resource_metadata="{MCP}/about"'}),
    entry("GET", f"{MCP}/about", answer={"authorization_servers": [AS]}),
    entry(
        "GET",
        f"{AS}/.well-known/openid-configuration",
        answer={"issuer": AS, "authorization_endpoint": f"{AS}/a", "token_endpoint": f"{AS}/t"},
    ),
    entry("POST", f"{AS}/oauth2/register", 201, {"client_id": "client_1"}, sent='{"client_name": "Claude"}'),
    entry("GET", f"{AS}/a?state=s1&redirect_uri=http://localhost:1/cb", 302, answers={"Location": "/in"}),
    entry("POST", f"{AS}/in", 302, answers={"Location": "http://localhost:1/cb?code=c0deC0deC0de&state=s1"}),
    entry("GET", "http://localhost:1/cb?code=c0deC0deC0de&state=s1", 200, "Done"),
    entry(
        "POST",
        f"{AS}/t",
        answer={"access_token": TOKEN, "refresh_token": "refresh-me-once"},
        sent="grant_type=authorization_code&code=c0deC0deC0de&code_verifier=verifierverifier&client_id=client_1",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    ),
    entry("POST", MCP, 200, {"result": {}}, sent=CALL, headers={"Authorization": f"Bearer {TOKEN}", ":method": "POST"}),
)
NOISE = (
    entry("GET", "https://mcp.example.com/index.html", 200, "<p>Hello"),
    entry("GET", f"{AS}/in.css", 200, "a{}"),
    entry("GET", "https://www.example.org/", 200, "<p>Hello"),
    entry("POST", "https://chain.example.org/", 200, {}, sent='{"jsonrpc": "2.0", "method": "eth_call"}'),
    entry("GET", "wss://mcp.example.com/mcp", 101),
    entry("GET", "data:text/plain,x", 200),
    entry("GET", "https://[broken/", 200),
    None,
)


def told(reading: Reading) -> list[tuple[str, str, str]]:
    """Give the step, the asker and the asked system of each exchange."""
    return [(one.step, one.asker, one.system) for one in reading.exchanges]


# --- our own -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        FORMATS["json"].text,
        msgspec.json.encode,
        lambda trace: b'{"ready": true}\n' + b"\n".join(msgspec.json.encode({"exchange": one}) for one in trace),
        lambda trace: b'\xef\xbb\xbf{"exchange": ' + msgspec.json.encode(trace[0]) + b'}\n{"finding": {}}\n{"exch',
    ],
)
def test_own_traces_are_read_as_they_are(written: Callable[[list[Exchange]], bytes]) -> None:
    """The console's JSON, a list and the lines of `up --json` hold the same exchanges; a cut last line is no harm."""
    trace = [exchange(3, held={"aa": {"S256": "x"}}, client_id="client_1")]
    assert read(written(trace)).exchanges == trace


def test_lines_since_the_last_reset_count() -> None:
    """Where the numbers begin again, the run before is over; a stream that is told twice is one exchange."""
    before, stream, ended = exchange(1, at=1.0), exchange(1, ended="open"), exchange(1, ended="cut")
    text = b"\n".join(msgspec.json.encode({"exchange": one}) for one in (before, exchange(2), stream, ended))
    assert read(text).exchanges == [ended]


@pytest.mark.parametrize("name", ["healthy", "authorize-url-as-issuer", "invalid-target", "refresh-rotation-race"])
async def test_own_har_gives_the_same_findings(name: str, start: Start) -> None:
    """A real trace exported as HAR and read again has the same exchanges and the same findings."""
    sandbox = await start(name)
    try:
        await played(sandbox)
    except Exception:  # noqa: BLE001 - that is what a scenario is for
        assert name in {scenario.name for scenario in library()}
    trace = list(sandbox.trace)
    for one in trace:
        one.faults = []  # what only the sandbox knows is not exported
    again = read(FORMATS["har"].text(trace)).exchanges
    assert [one.number for one in again] == [one.number for one in trace]
    for one, before in zip(again, trace, strict=True):
        assert one.seconds == pytest.approx(before.seconds)
        one.seconds, one.at = before.seconds, before.at
        assert one == before
    assert diagnose(again) == diagnose(trace)


@pytest.mark.parametrize("name", ["healthy", "asmeta-redirected-first", "refresh-fails"])
async def test_har_of_others_is_recorded_as_the_recorder_does(name: str, start: Start) -> None:
    """A HAR with every secret in it, and nothing of ours, gives what a sandbox that hides the secrets recorded."""
    sandbox = await start(name, reveal=True)
    with suppress(Exception):
        await played(sandbox)
    log = json.loads(FORMATS["har"].text(sandbox.trace))["log"]
    entries = [{field: value for field, value in one.items() if field[0] != "_"} for one in log["entries"]]
    reading = read(har(*entries))
    assert told(reading) == [(one.step, one.asker, one.system) for one in sandbox.trace]
    for one, before in zip(reading.exchanges, sandbox.trace, strict=True):
        assert (one.client_id, one.held, one.mcp_methods) == (before.client_id, before.held, before.mcp_methods)
    text = msgspec.json.encode(reading.exchanges).decode()
    secrets = set(re.findall(r"eyJ[\w-]+\.[\w-]+\.([\w-]+)", json.dumps(entries)))
    secrets |= set(re.findall(r"[?&](?:code|code_verifier|refresh_token)=([\w.~-]+)", json.dumps(entries)))
    assert len(secrets) > 3
    assert not [secret for secret in secrets if secret in text]
    assert not reading.notes


# --- HARs of others ----------------------------------------------------------------------------------------------


def test_har_of_a_whole_connection() -> None:
    """Steps are told by the path, the challenge, the metadata and the redirects; the callback is no exchange."""
    reading = read(har(*CONNECTED))
    assert told(reading) == [
        ("challenge", "client", "log-aggregator"),
        ("resource-metadata", "client", "log-aggregator"),
        ("server-metadata", "client", "workos"),
        ("registration", "client", "workos"),
        ("authorization", "browser", "workos"),
        ("authorization", "browser", "workos"),
        ("token", "client", "workos"),
        ("messages", "client", "log-aggregator"),
    ]
    last = reading.exchanges[-1]
    assert (last.client_id, last.mcp_methods, last.seconds) == ("client_1", ["tools/list"], 0.0125)
    assert reading.exchanges[0].at == 1767225600.0


def test_har_is_sifted_and_says_so() -> None:
    """What a browser loads besides, websockets and broken entries are left out, and counted."""
    reading = read(har(*CONNECTED, *NOISE))
    assert told(reading) == told(read(har(*CONNECTED)))
    assert reading.notes == ["9 of 17 entries belong to something else and were left out."]


def test_what_another_application_does_is_left_out() -> None:
    """In the same browser somebody else may sign in with OAuth, and fail."""
    other = entry("POST", "https://accounts.example.org/oauth2/token", 400, {"error": "invalid_grant"})
    again = read(har(*CONNECTED, other))
    assert [one.url for one in again.exchanges if "accounts" in one.url] == []


def test_har_holds_no_secret_afterwards() -> None:
    """Tokens, codes and verifiers become fingerprints, and what the token says is kept as the recorder keeps it."""
    exchanges = read(har(*CONNECTED)).exchanges
    text = msgspec.json.encode(exchanges).decode()
    for secret in (TOKEN, TOKEN.rpartition(".")[2], "c0deC0deC0de", "verifierverifier", "refresh-me-once"):
        assert secret not in text
    assert {"aud": MCP, "client_id": "client_1"} in [said.get("claims") for said in exchanges[-1].held.values()]
    assert any("S256" in said for said in exchanges[-2].held.values())
    with_password = entry("GET", "https://user:hunter22@mcp.example.com/.well-known/oauth-protected-resource")
    assert read(har(with_password)).exchanges[0].url == "https://mcp.example.com/.well-known/oauth-protected-resource"


def test_har_is_ordered_by_time() -> None:
    """Proxies write an entry when it ends; the exchanges are in the order in which they began."""
    late, early = (entry("GET", f"{AS}/oauth2/jwks?{second}", second=second) for second in (2, 1))
    assert [one.url[-1] for one in read(har(late, early)).exchanges] == ["1", "2"]


def test_har_bodies() -> None:
    """A body may be in Base64, in fields instead of a text, or missing, which is noted."""
    encoded = entry("GET", f"{AS}/oauth2/jwks", answer="e30=")
    encoded["response"]["content"]["encoding"] = "base64"
    fields = entry("POST", f"{AS}/oauth2/token")
    fields["request"]["postData"] = {"params": [{"name": "grant_type", "value": "refresh_token"}]}
    fields["request"]["headers"] = [{"name": "CONTENT-TYPE", "value": "application/x-www-form-urlencoded"}]
    lacking = entry("GET", f"{AS}/.well-known/oauth-authorization-server")
    lacking["response"]["content"] = {"size": 700, "mimeType": "application/json"}
    reading = read(har(encoded, fields, lacking))
    assert [one.response_body for one in reading.exchanges] == ["{}", "", ""]
    assert (reading.exchanges[1].step, reading.exchanges[1].request_body) == ("refresh", "grant_type=refresh_token")
    assert reading.exchanges[2].response_header("content-type") == "application/json"
    assert any(note.startswith("The bodies of 1 answers are not in the file") for note in reading.notes)


@pytest.mark.parametrize(
    ("status", "said", "ended"),
    [
        (0, {"_error": "net::ERR_CONNECTION_REFUSED"}, "dropped"),
        (0, {"_error": "net::ERR_ABORTED"}, "unanswered"),
        (-1, {"_failureText": "NS_ERROR_CONNECTION_REFUSED"}, "dropped"),
        (0, {}, "unanswered"),
    ],
)
def test_har_entries_without_an_answer(status: int, said: dict[str, str], ended: str) -> None:
    """A status of 0 or -1 is no answer: the connection failed, or the client gave up."""
    failed = entry("GET", f"{AS}/oauth2/jwks", status)
    failed["response"] |= said
    (one,) = read(har(failed)).exchanges
    assert (one.status, one.ended, one.response_headers) == (None, ended, [])


def test_har_of_binary_bodies() -> None:
    """Half a surrogate pair, which no UTF-8 can hold, becomes U+FFFD."""
    (one,) = read(har(entry("GET", f"{AS}/oauth2/jwks", answer="a\ud800b"))).exchanges
    assert one.response_body == "a\ufffdb"


def test_har_without_authorization_is_noted() -> None:
    """Chrome leaves credentials out unless it is asked for them; that is said, as requests then look unauthorized."""
    assert any("Authorization" in note for note in read(har(*CONNECTED[:-1])).notes)
    assert read(har(*CONNECTED)).notes == ["1 of 9 entries belong to something else and were left out."]


def test_har_of_odd_types() -> None:
    """Whatever stands where a text, a number or a list belongs, nothing fails."""
    odd: Any
    for odd in (None, 7, [], {}, "x", [None, {"name": None}]):
        for name in ("method", "headers", "postData"):
            made = entry("GET", f"{AS}/oauth2/jwks")
            made["request"][name] = odd
            assert read(har(made)).exchanges
        for name in ("status", "headers", "content", "redirectURL"):
            made = entry("GET", f"{AS}/oauth2/jwks")
            made["response"][name] = odd
            assert read(har(made)).exchanges
        assert read(har(entry("GET", f"{AS}/oauth2/jwks", raw={"time": odd, "startedDateTime": odd}))).exchanges
        for raw in ({"request": odd}, {"response": odd}, odd):
            read(har(raw, *CONNECTED))


def test_har_of_one_origin_for_both() -> None:
    """Where one host serves MCP and signs people in, the paths tell the steps apart."""
    signed = entry("GET", "https://mcp.example.com/authorize?client_id=x", 302, answers={"Location": "/pages"})
    asked = told(read(har(CONNECTED[0], signed)))
    assert asked[1] == ("authorization", "browser", "log-aggregator")


# --- what is none of these ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty."),
        (b"\xff\xfe\x00", "no text in UTF-8."),
        (b"Hello", "no JSON."),
        (b'{"log": ', "broken JSON: "),
        (b"{}", "JSON, but no trace."),
        (b"7", "JSON, but no trace."),
        (b"[" * 100_000, "broken JSON: "),
        (b'{"log": {}}', "a HAR without `entries`."),
        (b'{"log": {"entries": []}}', "it holds no exchange"),
        (b'{"exchanges": []}', "it holds no exchange"),
        (b'{"exchanges": [{}]}', "looks like a trace, but an exchange is none of ours: "),
        (msgspec.json.encode([exchange(at=1e18)]), "looks like a trace, but an exchange has no time that could be."),
        (b'{"ready": true}\n{"x\n{}', "line 2 is no JSON object."),
        (b'{"a": 1}\n{"b": 2}', "lines of JSON, but none of `sandbox up --json`."),
        (har(*NOISE), "a HAR, but none of its 8 entries belongs to an MCP connection or its sign-in."),
    ],
)
def test_what_is_none_of_these_is_refused(data: bytes, said: str) -> None:
    """Each other kind of file is refused in a line that says what it is, and what would be taken."""
    with pytest.raises(ReadError) as refused:
        read(data)
    assert str(refused.value).startswith(said)
    assert "\n" not in str(refused.value)


def test_what_is_too_large_is_refused(tmp_path: Path) -> None:
    """A file over the limit is not read to its end."""
    file = tmp_path / "x.har"
    file.write_bytes(b" " * 2**20 + b"{}")
    with pytest.raises(ReadError, match=r"x\.har: larger than 1 MiB"):
        read_file(str(file), 2**20)


# --- Claude Code's debug log -------------------------------------------------------------------------------------


def test_debug_log_says_what_it_knows_and_that_it_does_not_suffice() -> None:
    """The server, the authorization server and the last error are told; a token in it is not."""
    log = (
        "2026-11-24T22:06:06.776Z [DEBUG] MDM settings load completed in 1ms\n"
        '2026-11-24T22:06:06.861Z [DEBUG] MCP server "logs": Initializing HTTP transport to http://localhost:1/mcp\n'
        '2026-11-24T22:06:06.947Z [DEBUG] MCP server "logs": Saving discovery state (authServer: http://localhost:2/)\n'
        f'2026-11-24T22:06:06.967Z [ERROR] MCP server "logs" Connection failed: no {TOKEN}\n'
    )
    with pytest.raises(ReadError) as refused:
        read(log.encode())
    said = str(refused.value)
    assert said.startswith("a debug log of Claude Code of 'logs' at http://localhost:1/mcp, authorization server ")
    assert "http://localhost:2/, no ‹token " in said
    assert "Record a HAR" in said
    assert TOKEN not in said


@pytest.mark.claude_code
async def test_debug_log_of_the_real_claude_code(start: Start, tmp_path: Path) -> None:
    """What Claude Code 2.1.332 writes is recognised, both the file of --debug-file and the one that it keeps itself."""
    sandbox = await start("authorize-url-as-issuer")
    run = new_run(here(NEWEST), sandbox, tmp_path, STATE_DIR)
    await mcp(run, "add", "--transport", "http", "logs", sandbox.mcp_url)
    await mcp(run, "list", before=("--debug-file", str(tmp_path / "debug.log")))
    files = [tmp_path / "debug.log", *_own_logs(tmp_path)]
    assert len(files) == 2
    for file in files:
        with pytest.raises(ReadError) as refused:
            read_file(str(file))
        assert f"authorization server {sandbox.addresses.workos}/sso/authorize" in str(refused.value)
        assert "Dynamic Client Registration rejected (HTTP 404)" in str(refused.value)


def _own_logs(home: Path) -> list[Path]:
    return list(home.glob(".cache/claude-cli-nodejs/*/mcp-logs-*/*.jsonl"))


# --- a real browser ----------------------------------------------------------------------------------------------


@pytest.mark.chromium
@pytest.mark.parametrize("content", ["embed", "omit"])
def test_har_of_the_sign_in_in_chromium(chromium: Browser, tmp_path: Path, content: Any) -> None:
    """A HAR that real Chromium recorded while a person signed in has each page as a step, and no code or cookie."""
    file = tmp_path / "sign-in.har"
    with up(tmp_path, "healthy") as world, http() as client:
        client_id = registered(client, world.ready["workos"])
        context = chromium.new_context(record_har_path=file, record_har_content=content)
        page = context.new_page()
        asked = {"response_type": "code", "client_id": client_id, "redirect_uri": CALLBACK, "state": "a-state"}
        asked |= {"code_challenge": "x" * 43, "code_challenge_method": "S256", "resource": world.ready["mcp"]}
        page.goto(f"{world.ready['workos']}/oauth2/authorize?{urlencode(asked)}")
        page.locator("button").first.click()
        page.wait_for_url("**/oauth2/consent**")
        with page.expect_event("requestfailed"):
            page.locator("button[value=approve]").click(no_wait_after=True)
        context.close()
        seen = world.exchange("authorization", method="POST", status=302)
    reading = read_file(str(file))
    asked_for = [(one.step, one.asker, one.method, path_of(one.url), one.status) for one in reading.exchanges]
    assert asked_for == [
        ("authorization", "browser", "GET", "/oauth2/authorize", 302),
        ("authorization", "browser", "GET", "/oauth2/sign-in", 200),
        ("authorization", "browser", "POST", "/oauth2/sign-in", 303),
        ("authorization", "browser", "GET", "/oauth2/consent", 200),
        ("authorization", "browser", "POST", "/oauth2/consent", 302),
    ]
    back = dict(seen["response_headers"])["location"]
    assert reading.exchanges[-1].response_header("location") == back
    assert re.search(r"code=‹code [0-9a-f]{8}›", back)
    assert "set-cookie" in dict(reading.exchanges[0].response_headers)
    assert "authkit_authorization=‹cookie" in str(reading.exchanges[0].response_header("set-cookie"))
    assert any("bodies of" in note for note in reading.notes) == (content == "omit")
