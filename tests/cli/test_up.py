"""`sandbox up`: what it prints, what it keeps, and what its options do."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pexpect
import pytest

from sandbox.scenario import find
from tests.cli.process import ANY_PORTS, PATIENCE, PROGRAM, Up, environment, polled, up
from tests.cli.sign_in import INITIALIZE, authorized, http, registered, signed_in

ESCAPE = "\x1b["
MANIFEST = """
application "call-me-back" {
  mcp_service "log-aggregator" {
    visibility = "protected"
    authorization_server = "https://api.workos.com/sso/authorize"
  }
}
"""


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Any]:
    """Give a function that starts `sandbox up` on a terminal of 80 columns."""
    children: list[pexpect.spawn[str]] = []

    def started(**variables: str) -> pexpect.spawn[str]:
        child: pexpect.spawn[str] = pexpect.spawn(
            PROGRAM,
            ["up", *ANY_PORTS],
            cwd=str(tmp_path),
            env=environment(tmp_path, **{"TERM": "xterm-256color", **variables}),
            encoding="utf-8",
            timeout=PATIENCE,
            dimensions=(24, 80),
        )
        children.append(child)
        child.expect("Ctrl-C ends the sandbox")
        return child

    yield started
    for child in children:
        child.close(force=True)


# --- what it prints ----------------------------------------------------------------------------------------------


def test_greeting(tmp_path: Path) -> None:
    """The greeting has two lines to paste with the right URL, and every address; piped, it is plain and narrow."""
    with Up(tmp_path, "missing-registration") as running:
        running.line("Ctrl-C ends the sandbox")
        greeting = running.out.text
        console = json.loads((tmp_path / ".sandbox/running.json").read_text())["console"]
        found = re.search(
            r"^    (claude mcp add .* (http://localhost:\d+/mcp))\n    claude mcp list$", greeting, re.MULTILINE
        )
        assert found, greeting
        assert f"log-aggregator  {found[2]} " in greeting
        assert f"console         {console} " in greeting
        assert re.search(r"WorkOS          http://localhost:\d+ ", greeting)
        assert "missing-registration" in greeting
        assert find("missing-registration").title in greeting
        assert ESCAPE not in greeting
        assert max(map(len, running.out.lines)) <= 80
        assert running.stop() == 0
        assert running.out.lines[-1] == "Stopped."
        assert running.err.text == ""


def test_each_exchange_is_one_line(tmp_path: Path) -> None:
    """The timeline has one line an exchange, streams included, with its step, path and status."""
    with Up(tmp_path, "--sign-in", "automatic") as running, http() as client:
        running.line("Ctrl-C ends")
        mcp = re.search(r"http://localhost:\d+/mcp", running.out.text)
        assert mcp
        client.post(mcp[0], json=INITIALIZE)
        line = running.line("challenge")
        assert re.match(r"\d\d:\d\d:\d\d  challenge ", line)
        assert all(word in line for word in ("client → log-aggregator", "POST", "initialize", " 401 ", " ms"))
        workos = re.search(r"http://localhost:\d+", running.out.text)
        assert workos
        client.get(f"{workos[0]}/.well-known/oauth-authorization-server")
        running.line("server-metadata")
        running.stop()
        assert sum(" → " in line for line in running.out.lines) == 2


def test_open_stream_is_one_line(tmp_path: Path) -> None:
    """A stream is a line when it opens, and none when it ends."""
    with Up(tmp_path, "--sign-in", "automatic") as running, http() as client:
        running.line("Ctrl-C ends")
        workos, mcp = re.findall(r"http://localhost:\d+", running.out.text)[:2]
        signed = signed_in(client, {"workos": workos, "mcp": f"{mcp}/mcp"})
        session = client.post(f"{mcp}/mcp", json=INITIALIZE, headers=signed.bearer).headers["mcp-session-id"]
        with client.stream("GET", f"{mcp}/mcp", headers={**signed.bearer, "mcp-session-id": session}) as stream:
            assert stream.status_code == 200
            running.line(lambda line: "messages" in line and "GET" in line)
        registered(client, workos)
        running.stop()
        assert sum("messages" in line and "GET" in line for line in running.out.lines) == 1


def test_colour_on_a_terminal(terminal: Any) -> None:
    """On a terminal the greeting has colour."""
    assert ESCAPE in terminal().before


def test_no_colour_wins_on_a_terminal(terminal: Any) -> None:
    """NO_COLOR takes colour away, also where FORCE_COLOR asks for it (no-color.org)."""
    assert ESCAPE not in terminal(NO_COLOR="1", FORCE_COLOR="1").before


def test_dumb_terminal_gets_no_colour(terminal: Any) -> None:
    """A terminal that says it is dumb gets plain text."""
    assert ESCAPE not in terminal(TERM="dumb").before


def test_forced_colour_in_a_pipe(tmp_path: Path) -> None:
    """FORCE_COLOR brings colour where there is no terminal, in the timeline too."""
    with Up(tmp_path, variables={"FORCE_COLOR": "1"}) as running, http() as client:
        assert ESCAPE in running.line("Everything works")
        url = re.search(r"http://localhost:\d+", running.line("WorkOS"))
        assert url
        client.get(f"{url[0]}/oauth2/jwks")
        assert ESCAPE in running.line("jwks")


def test_json(tmp_path: Path) -> None:
    """With --json the first line says where it is, and each exchange is one object; nothing else is printed."""
    with up(tmp_path, "slow-token") as running, http() as client:
        ready = running.ready
        assert list(ready) == ["ready", "workos", "mcp", "console", "scenario"]
        assert ready["ready"] is True
        assert ready["scenario"] == "slow-token"
        assert re.fullmatch(r"http://localhost:\d+/mcp", ready["mcp"])
        for name in ("workos", "console"):
            assert re.fullmatch(r"http://localhost:\d+", ready[name])
        client.post(ready["mcp"], json=INITIALIZE)
        client.get(f"{ready['workos']}/oauth2/jwks")
        assert running.exchange("challenge")["status"] == 401
        assert running.exchange("jwks")["status"] == 200
        assert running.stop() == 0
        assert [set(json.loads(line)) for line in running.out.lines[1:]] == [{"exchange"}, {"exchange"}]
        assert running.err.text == ""


def test_slow_reader_does_not_stop_the_world(tmp_path: Path) -> None:
    """Who starts it and never reads its output gets answers all the same, and can end it."""
    with up(tmp_path, read=False) as running, http() as client:
        file = tmp_path / ".sandbox/running.json"
        console = json.loads(polled(lambda: file.exists() and file.read_text()) or "")["console"]
        workos = client.get(f"{console}/health").json()["workos"]
        for _ in range(60):
            assert client.get(f"{workos}/.well-known/oauth-authorization-server", timeout=PATIENCE).status_code == 200
        assert running.stop() == 0
        assert running.err.text == ""


# --- its options -------------------------------------------------------------------------------------------------


def test_sign_in_automatic(tmp_path: Path) -> None:
    """--sign-in automatic lets the browser return with a code at once, whatever the scenario."""
    with up(tmp_path, "no-pkce", "--sign-in", "automatic") as running, http() as client:
        fields = authorized(client, running.ready, registered(client, running.ready["workos"]))
        assert fields["code"]
        assert fields["state"] == "a-state"


def test_sign_in_deny(tmp_path: Path) -> None:
    """--sign-in deny sends the browser back with access_denied (RFC 6749, section 4.1.2.1)."""
    with up(tmp_path, "--sign-in", "deny") as running, http() as client:
        fields = authorized(client, running.ready, registered(client, running.ready["workos"]))
        assert fields["error"] == "access_denied"


def requested(folder: Path, seed: str) -> tuple[dict[str, Any], str]:
    """Do the same requests against a new world; give what came, and what was printed."""
    folder.mkdir()
    with up(folder, "--sign-in", "automatic", "--seed", seed) as running, http() as client:
        signed = signed_in(client, running.ready)
        keys = client.get(f"{running.ready['workos']}/oauth2/jwks").json()
        running.exchange("jwks")
        running.stop()
        came = {
            "client_id": signed.client_id,
            "code": signed.code,
            "refresh_token": signed.tokens["refresh_token"],
            "keys": keys,
        }
        return came, _repeatable(running)


def _repeatable(running: Up) -> str:
    """Give what was printed, without what may differ: ports, how long things took, and hashes of what has ports."""
    printed = []
    for line in running.out.lines[1:]:
        exchange = json.loads(line).get("exchange")
        if exchange is None:  # a finding comes when all is silent, whenever that is
            continue
        facts = [exchange[name] for name in ("number", "at", "step", "method", "status", "client_id")]
        printed.append([*facts, [held["claims"] for held in exchange["held"].values() if "claims" in held]])
    text = json.dumps(printed)
    for name in ("workos", "mcp"):
        text = text.replace(running.ready[name].removesuffix("/mcp"), name)
    return text


def test_seed_repeats_everything(tmp_path: Path) -> None:
    """--seed 7 twice gives the same ids, codes, keys, claims and clock for the same requests; --seed 8 others."""
    first, printed = requested(tmp_path / "first", "7")
    again, printed_again = requested(tmp_path / "again", "7")
    assert first == again
    assert printed == printed_again
    assert '"exp"' in printed
    other, _ = requested(tmp_path / "other", "8")
    assert all(other[name] != value for name, value in first.items())


def test_seed_keeps_nothing(tmp_path: Path) -> None:
    """With --seed no client and no key is kept."""
    with up(tmp_path, "--seed", "1") as running:
        assert running.ready
        assert running.stop() == 0
    assert {file.name for file in (tmp_path / ".sandbox").iterdir()} == {".gitignore", "sandbox.log"}


def test_secrets_are_shown_with_reveal_only(tmp_path: Path) -> None:
    """--reveal prints tokens and codes whole; without it none of them is printed."""
    for arguments, shown in ((("--reveal",), True), ((), False)):
        with up(tmp_path, "--sign-in", "automatic", *arguments) as running, http() as client:
            signed = signed_in(client, running.ready)
            running.exchange("token")
            running.stop()
            secrets = (signed.code, signed.tokens["access_token"], signed.tokens["refresh_token"])
            assert [secret in running.out.text for secret in secrets] == [shown] * 3


def test_manifest(tmp_path: Path) -> None:
    """--manifest publishes what it says: its authorization_server as it stands, and MCP at the root."""
    (tmp_path / "raindrop.manifest").write_text(MANIFEST)
    with up(tmp_path, "--manifest", "raindrop.manifest") as running, http() as client:
        mcp = running.ready["mcp"]
        assert re.fullmatch(r"http://localhost:\d+/", mcp)
        published = client.get(f"{mcp}.well-known/oauth-protected-resource").json()
        assert published["authorization_servers"] == ["https://api.workos.com/sso/authorize"]
        assert client.post(mcp, json=INITIALIZE).status_code == 401


@pytest.mark.parametrize("name", ["challenge-without-metadata", "challenge-header-missing", "./mine/broken.yaml"])
def test_scenario_by_name_other_name_and_path(name: str, tmp_path: Path) -> None:
    """A scenario is named by its name, by another name it is known by, or by a path."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/broken.yaml").write_text(
        "title: The challenge is bare\nstory: It is.\nstep: challenge\nexpect: {connects: true}\n"
        "faults: [{at: challenge, headers: {www-authenticate: null}}]\ncause: A fault.\nfix: None.\n"
    )
    with up(tmp_path, name) as running, http() as client:
        assert running.ready["scenario"] == ("broken" if "/" in name else "challenge-without-metadata")
        challenge = client.post(running.ready["mcp"], json=INITIALIZE).headers.get("www-authenticate", "")
        assert "resource_metadata" not in challenge


# --- what it keeps -----------------------------------------------------------------------------------------------


def key_of(running: Up) -> str:
    """Give the id of the signing key."""
    with http() as client:
        return str(client.get(f"{running.ready['workos']}/oauth2/jwks").json()["keys"][0]["kid"])


def test_next_start_knows_the_clients_and_fresh_forgets_them(tmp_path: Path) -> None:
    """A client and the signing key outlive a start, whatever the ports are then; --fresh forgets both."""
    with up(tmp_path) as running, http() as client:
        client_id, key = registered(client, running.ready["workos"]), key_of(running)
        running.stop()
    with up(tmp_path, "--sign-in", "automatic") as running, http() as client:
        assert authorized(client, running.ready, client_id)["code"]
        assert key_of(running) == key
        running.stop()
    with up(tmp_path, "--sign-in", "automatic", "--fresh") as running, http() as client:
        assert authorized(client, running.ready, client_id)["error"] == "application_not_found"
        assert key_of(running) != key


def test_fresh_that_cannot_start_forgets_nothing(tmp_path: Path) -> None:
    """--fresh against a port in use leaves alone what the running sandbox keeps."""
    with up(tmp_path) as running, http() as client:
        client_id = registered(client, running.ready["workos"])
        port = running.ready["console"].rpartition(":")[2]
        with Up(tmp_path, "--fresh", "--console-port", port) as second:
            assert second.process.wait(PATIENCE) == 2
        running.stop()
    with up(tmp_path, "--sign-in", "automatic") as running, http() as client:
        assert authorized(client, running.ready, client_id)["code"]


def test_state_directory_hides_from_git_and_from_others(tmp_path: Path) -> None:
    """The directory that it makes is the user's alone, and git does not see it."""
    with up(tmp_path) as running:
        assert running.ready
        state = tmp_path / ".sandbox"
        assert (state / ".gitignore").read_text() == "*\n"
        assert state.stat().st_mode & 0o777 == 0o700
        assert (state / "signing-key.pem").stat().st_mode & 0o777 == 0o600


def test_files_are_private_in_a_directory_of_somebody(tmp_path: Path) -> None:
    """Where others may look into the state directory, they still cannot read the log, nor where the console is."""
    (tmp_path / ".sandbox").mkdir(mode=0o755)
    with Up(tmp_path) as running:
        running.line("Ctrl-C ends the sandbox")
        for name in ("sandbox.log", "running.json"):
            assert (tmp_path / ".sandbox" / name).stat().st_mode & 0o777 == 0o600


def test_state_directory_of_somebody_is_left_as_it_is(tmp_path: Path) -> None:
    """In a directory that was there before, --state-dir overwrites no .gitignore."""
    (tmp_path / ".gitignore").write_text("dist/\n")
    with up(tmp_path, "--state-dir", ".") as running:
        assert running.ready
    assert (tmp_path / ".gitignore").read_text() == "dist/\n"


def test_two_at_once(tmp_path: Path) -> None:
    """Two sandboxes with any free ports and state of their own do not know each other."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with up(tmp_path / "one", "--sign-in", "automatic") as one, up(tmp_path / "two", "--sign-in", "automatic") as two:
        addresses = [sandbox.ready[name] for sandbox in (one, two) for name in ("workos", "mcp", "console")]
        assert len(set(addresses)) == 6
        with http() as client:
            client_id = registered(client, one.ready["workos"])
            assert authorized(client, one.ready, client_id)["code"]
            assert authorized(client, two.ready, client_id)["error"] == "application_not_found"


# --- where it listens --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("address", "host"), [("127.0.0.2", "127.0.0.2"), ("0.0.0.0", "localhost")])
def test_listening_elsewhere_says_why_that_is_unsafe(address: str, host: str, tmp_path: Path) -> None:
    """--listen with another address prints why that is unsafe, and the URLs that it prints answer."""
    with up(tmp_path, "--listen", address) as running, http() as client:
        assert running.ready["workos"].startswith(f"http://{host}:")
        assert client.get(f"{running.ready['console']}/health").json()["status"] == "ok"
        metadata = client.get(f"{running.ready['workos']}/.well-known/oauth-authorization-server").json()
        assert metadata["issuer"] == running.ready["workos"]
        assert running.err.text.startswith(f"Listening on {address}: whoever reaches this machine can ")
        assert len(running.err.lines) == 1
        foreign = client.get(f"{running.ready['console']}/health", headers={"host": "elsewhere.example"})
        assert foreign.status_code == 421
        running.stop()


def test_listening_on_one_loopback_address_is_safe(tmp_path: Path) -> None:
    """--listen 127.0.0.1 is still this machine alone: no warning, and a foreign Host is refused."""
    with up(tmp_path, "--listen", "127.0.0.1") as running, http() as client:
        answer = client.get(f"{running.ready['console']}/health", headers={"host": "elsewhere.example"})
        assert answer.status_code == 421
        running.stop()
        assert running.err.text == ""


def test_a_secure_world_says_whom_to_trust(tmp_path: Path) -> None:
    """Where a port speaks HTTPS, the CA is beside the state and at the console, and a client that trusts it gets in."""
    with up(tmp_path, "net-private-ca") as world:
        ready = world.ready
        assert Path(ready["ca"]).is_absolute()
        trusted = ssl.create_default_context(cafile=ready["ca"])
        with httpx2.Client(verify=trusted, trust_env=False) as http:
            with pytest.raises(httpx2.ConnectError, match="certificate"):
                http.get(ready["workos"])
            assert http.post(f"{ready['console']}/api/fix").status_code == 200
            assert http.get(f"{ready['workos']}/oauth2/jwks").status_code == 200
            assert http.get(f"{ready['console']}/api/ca.pem").content == Path(ready["ca"]).read_bytes()


def test_the_lines_to_paste_trust_the_ca(tmp_path: Path) -> None:
    """The greeting of a secure world hands the CA to Claude Code."""
    with Up(tmp_path, "prm-resource-http-scheme") as world:
        assert "NODE_EXTRA_CA_CERTS=.sandbox/ca.pem claude mcp list" in world.line("claude mcp list")
