"""Every client, for real: it connects where all is well, fails as its users know it, and comes back for a new token."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.clients import CLIENTS, command, named
from sandbox.clients.adapter import Adapter
from sandbox.clients.claude_code import OLD
from sandbox.clients.driving import Outcome, drive
from sandbox.clients.process import Limits
from sandbox.errors import SandboxError
from sandbox.scenario import Scenario, find, read_value
from tests.clients.conftest import PATIENT, STATE_DIR, here

EVERY = pytest.mark.parametrize("adapter", CLIENTS.values(), ids=CLIENTS)
SIGN_IN = pytest.mark.parametrize(
    "adapter",
    [each for each in CLIENTS.values() if each is not OLD],
    ids=[name for name in CLIENTS if name != OLD.name],
)


async def driven(adapter: Adapter, scenario: str | Scenario, limits: Limits = PATIENT) -> Outcome:
    """Drive a client that is installed."""
    found = find(scenario) if isinstance(scenario, str) else scenario
    return await drive(here(adapter), found, STATE_DIR, limits=limits)


@EVERY
async def test_where_all_is_well(adapter: Adapter) -> None:
    """It connects, with one sign-in, and leaves nothing behind; the old Claude Code asks for the sign-in."""
    outcome = await driven(adapter, "healthy")
    assert (outcome.connected, outcome.asks) == ((False, True) if adapter is OLD else (True, False)), outcome.printed
    assert outcome.sign_ins == (0 if adapter is OLD else 1)
    assert outcome.reached == ("registration" if adapter is OLD else outcome.reached)
    assert (outcome.finding, outcome.ended, outcome.left, outcome.unfired) == (None, "exited", 0, ())
    assert outcome.speaks is not None
    assert outcome.speaks >= "2025-06-18"


@EVERY
async def test_where_nobody_can_register(adapter: Adapter) -> None:
    """It does not connect, and says so; the wire tells why, whatever it says."""
    outcome = await driven(adapter, "missing-registration")
    assert (outcome.connected, outcome.asks, outcome.sign_ins) == (False, False, 0)
    assert (outcome.reached, outcome.finding) == ("server-metadata", "dcr-absent")
    assert outcome.said
    assert any(word in " ".join(outcome.said) for word in ("regist", "Failed to connect")), outcome.said


@SIGN_IN
async def test_comes_back_when_the_token_has_run_out(adapter: Adapter) -> None:
    """In a scenario about refreshing it is driven until it has tried to."""
    outcome = await driven(adapter, "refresh-wrong-error")
    assert outcome.unfired == ()
    assert outcome.sign_ins >= 1


@pytest.mark.parametrize("name", ["python-sdk", "typescript-sdk-2", "claude-code"])
async def test_over_https(name: str) -> None:
    """It trusts the CA of the world, and of no other."""
    world = {"tls": {"workos": "on", "mcp": "on"}}
    said = {"title": "t", "story": "s", "world": world, "expect": {"connects": True}}
    outcome = await driven(named(name), read_value(said, name="https"))
    assert outcome.connected, outcome.printed
    said = {**said, "world": {"tls": {"workos": "untrusted", "mcp": "on"}}}
    outcome = await driven(named(name), read_value(said, name="https"), limits=Limits(silence=3))
    assert not outcome.connected


async def test_what_differs_from_run_to_run_is_not_said() -> None:
    """Addresses are written as they usually are."""
    outcome = await driven(named("python-sdk"), "missing-registration")
    assert "MCP at http://localhost:4101/mcp" in outcome.said[0]


# --- any command -------------------------------------------------------------------------------------------------

REFRESHES = {
    "title": "t",
    "story": "s",
    "step": "refresh",
    "expect": {"connects": True},
    "world": {"workos": {"scopes": ["openid"]}},
}
ASKS = """
import sys, urllib.error, urllib.request
try:
    urllib.request.urlopen(sys.argv[1])
except urllib.error.HTTPError as error:
    print(error.code)
    sys.exit(1)
"""


def python(program: str, *arguments: str) -> Adapter:
    """Make a client of a Python program."""
    return command.adapter(shlex.join([sys.executable, "-c", program, *arguments, "{mcp_url}"]))


async def test_any_command_is_a_client() -> None:
    """It is given the URL, and its exit status says whether it connected."""
    outcome = await driven(python(ASKS), "healthy")
    assert (outcome.connected, outcome.exit_status, outcome.said, outcome.reached) == (False, 1, ("401",), "challenge")
    assert (await driven(python("pass"), "healthy")).connected


@pytest.mark.parametrize(
    ("program", "ended"),
    [
        ("import time; time.sleep(600)", "silent"),
        ("while True: print('x' * 1000)", "flooded"),
        ("import os; os.abort()", "crashed"),
        pytest.param(
            "input('Password: ')",
            "waiting for input",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who reads"),
        ),
    ],
)
async def test_bad_clients_are_cut_off_and_reported(program: str, ended: str) -> None:
    """One that hangs, floods, crashes or waits for somebody to type has not connected, and the outcome says why."""
    outcome = await driven(python(program), "healthy", limits=Limits(seconds=60, silence=3))
    assert (outcome.connected, outcome.ended) == (False, ended)
    assert outcome.seconds < 60


async def test_children_left_behind_are_reported() -> None:
    """One that leaves a process behind may have connected; the process is ended, and counted."""
    program = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])"
    outcome = await driven(python(program), "healthy")
    assert (outcome.connected, outcome.left) == (True, 1)


async def test_a_client_that_removes_its_home_is_driven_on() -> None:
    """One that tidies up too much finds a home again when it comes back."""
    program = "import os, shutil; shutil.rmtree(os.environ['HOME']); print('tidy')"
    outcome = await driven(python(program), read_value(REFRESHES, name="refreshes"))
    assert (outcome.connected, outcome.ended, outcome.printed) == (True, "exited", "tidy\ntidy")


async def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    """What is no UTF-8, and what a terminal would obey, comes to no screen and no file as it is."""
    program = "import sys; sys.stdout.buffer.write(b'Error: \\xff\\x00\\x07 \\x9b2J\\n'); sys.exit(1)"
    outcome = await driven(python(program), "healthy")
    assert outcome.said == ("Error: \N{REPLACEMENT CHARACTER}\\x00\\x07 \N{REPLACEMENT CHARACTER}2J",)


async def test_a_client_that_is_not_there_is_said(tmp_path: Path) -> None:
    """One that is not installed, one that cannot be started, and one that has no name are refused."""
    with pytest.raises(
        SandboxError, match=r"mcp-remote is not installed. `sandbox clients install mcp-remote` does it."
    ):
        await drive(named("mcp-remote"), find("healthy"), tmp_path)
    with pytest.raises(SandboxError, match="no-such-client: No such file or directory"):
        await driven(command.adapter("no-such-client {mcp_url}"), "healthy")
    with pytest.raises(SandboxError, match="There is no client 'claude'; there are: claude-code, "):
        named("claude")


@pytest.mark.parametrize(
    ("text", "why"), [("my-client", "needs {mcp_url} where the URL goes"), ("'", "cannot be read")]
)
def test_a_command_that_is_none_is_refused(text: str, why: str) -> None:
    """A command without a place for the URL, or with words that do not end, is explained."""
    with pytest.raises(SandboxError, match=why):
        command.adapter(text)


def test_the_example_of_the_docs_is_an_adapter() -> None:
    """The one file that docs/clients.md shows makes an adapter as it stands."""
    page = (STATE_DIR.parent / "docs/clients.md").read_text()
    (shown,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    made: dict[str, Any] = {}
    exec(compile(shown, "docs/clients.md", "exec"), made)  # noqa: S102 - our own page
    adapter = made["ADAPTER"]
    assert isinstance(adapter, Adapter)
    assert (adapter.name, adapter.version) == ("my-client", "1.2.3")
