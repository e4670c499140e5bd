"""`sandbox explain` says what is wrong in a file, by its text and by its exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import msgspec
import pytest

from sandbox.diagnosis import diagnose
from sandbox.export import FORMATS
from sandbox.wire.exchange import Exchange
from tests.cli.process import refused, sandbox
from tests.exchanges import exchange

URL: Final = "http://localhost:4101/mcp"
METADATA: Final = "http://localhost:4100/.well-known/oauth-authorization-server"


def sound() -> list[Exchange]:
    """Give a trace in which nothing is wrong: an MCP request that was answered."""
    asked = {"step": "messages", "system": "log-aggregator", "url": URL, "mcp_methods": ["tools/list"]}
    return [exchange(1, **asked, answer={"jsonrpc": "2.0", "id": 1, "result": {}})]


def broken() -> list[Exchange]:
    """Give a trace in which the authorization server offers no registration."""
    mcp = {"system": "log-aggregator", "method": "GET"}
    resource = {"resource": URL, "authorization_servers": ["http://localhost:4100"]}
    endpoints = {f"{name}_endpoint": f"http://localhost:4100/oauth2/{name}" for name in ("token", "authorization")}
    server = {"issuer": "http://localhost:4100", "code_challenge_methods_supported": ["S256"], **endpoints}
    named = f'Bearer resource_metadata="{URL}/x"'
    return [
        exchange(1, step="challenge", url=URL, status=401, response_headers=[("www-authenticate", named)], **mcp),
        exchange(2, step="resource-metadata", url=f"{URL}/x", answer=resource, **mcp),
        exchange(3, step="server-metadata", method="GET", url=METADATA, answer=server),
        exchange(4, step="registration", url="http://localhost:4100/register", status=404),
    ]


def saved(folder: Path, trace: list[Exchange], form: str = "json") -> str:
    """Write a trace into a file, and give its name."""
    (folder / f"trace.{form}").write_bytes(FORMATS[form].text(trace))
    return f"trace.{form}"


def test_nothing_broken_exits_with_0(tmp_path: Path) -> None:
    """A sound trace gives the sentence that says so, without colours where nobody sees them."""
    ended = sandbox(tmp_path, "explain", saved(tmp_path, sound()))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "Nothing is broken. Seen: 1 exchange, at messages.\n"


@pytest.mark.parametrize("form", ["json", "har"])
def test_something_broken_exits_with_1(form: str, tmp_path: Path) -> None:
    """What is broken is told with its exchanges, from a trace and from a HAR of it."""
    expected = [finding for finding in diagnose(broken()) if finding.severity == "broken"]
    assert expected
    ended = sandbox(tmp_path, "explain", saved(tmp_path, broken(), form))
    assert (ended.code, ended.err) == (1, "")
    for finding in expected:
        assert f"at {finding.step} · {finding.side} · {finding.id}\n{finding.title}"[:70] in ended.out
    assert "POST /register" in ended.out
    assert "\x1b" not in ended.out


def test_colours_on_demand(tmp_path: Path) -> None:
    """Colours go to a terminal, or to who forces them."""
    ended = sandbox(tmp_path, "explain", saved(tmp_path, broken()), variables={"FORCE_COLOR": "1"})
    assert "\x1b[31m" in ended.out


def test_json_for_machines(tmp_path: Path) -> None:
    """--json prints one object with the same findings, and exits alike."""
    ended = sandbox(tmp_path, "explain", "--json", saved(tmp_path, broken()))
    assert ended.code == 1
    assert json.loads(ended.out)["findings"] == json.loads(msgspec.json.encode(diagnose(broken())))


def test_standard_input(tmp_path: Path) -> None:
    """A dash reads what is piped in."""
    file = tmp_path / saved(tmp_path, sound())
    with file.open("rb") as piped:
        assert sandbox(tmp_path, "explain", "-", stdin=piped).code == 0
    assert refused(sandbox(tmp_path, "explain", "-")).startswith("sandbox: standard input: empty.")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere.har", "sandbox: nowhere.har: No such file or directory."),
        (".", "sandbox: .: Is a directory."),
        ("other.json", "sandbox: other.json: JSON, but no trace."),
    ],
)
def test_what_cannot_be_read_exits_with_2(name: str, said: str, tmp_path: Path) -> None:
    """A file that is not there, or is something else, is refused in one line."""
    (tmp_path / "other.json").write_text('{"name": "other"}')
    assert refused(sandbox(tmp_path, "explain", name)).startswith(said)
