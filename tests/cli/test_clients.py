"""The commands about real clients, as a person or a CI runs them."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox.clients import CLIENTS
from sandbox.clients.observed import read
from sandbox.scenario import library
from tests.cli.process import PATIENCE, PROGRAM, environment, refused, sandbox
from tests.clients.conftest import STATE_DIR, here

FAILS = shlex.join(
    [sys.executable, "-c", "import sys; print('asked', sys.argv[1]); sys.exit('Error: no way in')", "{mcp_url}"]
)
WORKS = shlex.join([sys.executable, "-c", "print('I am in')", "{mcp_url}"])
NAME = Path(sys.executable).name


# --- clients -----------------------------------------------------------------------------------------------------


def test_clients_lists_all_with_versions(tmp_path: Path) -> None:
    """Each client has a line with its version, and says whether it is installed or how that is done."""
    ended = sandbox(tmp_path, "clients")
    assert ended.code == 0
    lines = {line.split()[0]: line for line in ended.out.splitlines()}
    assert list(lines) == list(CLIENTS)
    for name, adapter in CLIENTS.items():
        assert f"{adapter.title} {adapter.version}" in lines[name]
        state = f"sandbox clients install {name}" if adapter.package else "installed"
        assert lines[name].endswith(state)


def test_clients_says_what_is_installed() -> None:
    """One that is installed says so."""
    here(CLIENTS["mcp-remote"])
    ended = sandbox(STATE_DIR.parent, "clients", "--state-dir", str(STATE_DIR))
    (line,) = [line for line in ended.out.splitlines() if line.startswith("mcp-remote ")]
    assert line.endswith("  installed")


def test_install_wants_a_name(tmp_path: Path) -> None:
    """Without a name, or with one that there is not, it says which there are."""
    assert refused(sandbox(tmp_path, "clients", "install")).startswith("sandbox: Name the clients to install, or --all")
    assert "There is no client 'claude'; there are: claude-code, " in refused(
        sandbox(tmp_path, "clients", "install", "claude")
    )
    ended = sandbox(tmp_path, "clients", "install", "python-sdk")
    assert (ended.code, ended.out) == (0, f"python-sdk {CLIENTS['python-sdk'].version} comes with the sandbox.\n")


# --- connect -----------------------------------------------------------------------------------------------------


def test_connect_tells_all_of_it(tmp_path: Path) -> None:
    """It prints what the client printed, what it asked, the verdict and the finding, and exits with 1."""
    ended = sandbox(tmp_path, "connect", "missing-registration", "--client", "python-sdk")
    assert (ended.code, ended.err) == (1, "")
    lines = ended.out.splitlines()
    assert lines[1] == "missing-registration  The authorization server offers no way to register"
    assert any(line.startswith("$ python") for line in lines)
    assert any(line.startswith("│ OAuthRegistrationError: ") for line in lines)
    assert any("challenge" in line and "401" in line for line in lines)
    assert any(
        line.startswith("✗ not connected  MCP Python SDK ") and "reached server-metadata" in line for line in lines
    )
    assert "dcr-absent" in ended.out
    assert "\x1b" not in ended.out


def test_connect_exits_with_0_when_it_connected(tmp_path: Path) -> None:
    """A healthy world is the usual one."""
    ended = sandbox(tmp_path, "connect", "--client", "python-sdk")
    assert (ended.code, ended.err) == (0, "")
    assert "✓ connected  MCP Python SDK " in ended.out
    assert "Nothing is broken." in ended.out


def test_connect_drives_any_command(tmp_path: Path) -> None:
    """The exit status of a command says whether it connected."""
    assert sandbox(tmp_path, "connect", "--command", WORKS).code == 0
    ended = sandbox(tmp_path, "connect", "healthy", "--command", FAILS)
    assert ended.code == 1
    assert "│ asked http://localhost:" in ended.out
    assert f"✗ not connected  {NAME} " in ended.out
    assert "· reached no step · exit status 1" in ended.out


def test_connect_as_json(tmp_path: Path) -> None:
    """One JSON object holds the outcome, to the letter what was printed, and the findings."""
    ended = sandbox(tmp_path, "connect", "missing-registration", "--client", "python-sdk", "--json")
    assert (ended.code, ended.err, ended.out.count("\n")) == (1, "", 1)
    said = json.loads(ended.out)
    assert (said["client"], said["connected"], said["reached"], said["finding"]) == (
        "python-sdk",
        False,
        "server-metadata",
        "dcr-absent",
    )
    assert "OAuthRegistrationError: Registration failed: 404" in said["printed"]
    assert said["findings"][0]["id"] == "dcr-absent"


def test_connect_says_why_a_client_was_ended(tmp_path: Path) -> None:
    """One that hangs is ended after its silence, and that is what the verdict says."""
    hangs = shlex.join([sys.executable, "-c", "import time; time.sleep(600)", "{mcp_url}"])
    ended = sandbox(tmp_path, "connect", "--command", hangs, "--silence", "1")
    assert ended.code == 1
    assert "it said and asked nothing for too long, and was ended" in ended.out


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((), "Name a client with --client, or any command with --command"),
        (("--client", "python-sdk", "--command", WORKS), "Name a client with --client, or any command with --command"),
        (("--client", "claude"), "There is no client 'claude'"),
        (("--client", "mcp-remote"), "`sandbox clients install mcp-remote` does it."),
        (("--command", "my-client"), "needs {mcp_url} where the URL goes"),
        (("--command", "no-such-client {mcp_url}"), "no-such-client: No such file or directory"),
        (("healthyy", "--client", "python-sdk"), "Did you mean `healthy`?"),
        (("--client", "python-sdk", "--timeout", "0"), "--timeout"),
    ],
)
def test_connect_refuses(arguments: tuple[str, ...], why: str, tmp_path: Path) -> None:
    """What cannot be driven is said in one line, with exit code 2."""
    ended = sandbox(tmp_path, "connect", *arguments)
    assert ended.code == 2
    assert why in ended.err
    assert ended.err.count("\n") == 1
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("number", "ignored"),
    [(signal.SIGINT, False), (signal.SIGTERM, False), (signal.SIGTERM, True)],
)
def test_connect_ends_at_a_signal_and_leaves_nothing(number: signal.Signals, *, ignored: bool, tmp_path: Path) -> None:
    """Ctrl-C, and what a CI sends, end the client and its world at once, also where a shell had Ctrl-C ignored."""
    pid = tmp_path / "pid"
    program = f"import os, pathlib, time; pathlib.Path({str(pid)!r}).write_text(str(os.getpid())); time.sleep(600)"
    command = shlex.join([sys.executable, "-c", program, "{mcp_url}"])
    shell = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh"] if ignored else []
    with subprocess.Popen(
        [*shell, PROGRAM, "connect", "--command", command, "--silence", "60"],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            until = time.monotonic() + PATIENCE
            while not (pid.exists() and pid.read_text()) and time.monotonic() < until:
                time.sleep(0.05)
            process.send_signal(number)
            _, err = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert process.returncode == 130
    assert b"Traceback" not in err
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


# --- matrix ------------------------------------------------------------------------------------------------------

TWO = ("--scenario", "healthy", "--scenario", "missing-registration")


def test_matrix_measures_keeps_and_goes_on(tmp_path: Path) -> None:
    """It measures, says so line by line, keeps it, writes the tables, and has nothing left to do afterwards."""
    arguments = ("matrix", "--client", "python-sdk", *TWO, "--out", "seen", "--html", "m.html", "--markdown", "m.md")
    ended = sandbox(tmp_path, *arguments)
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0] == "2 to measure, of 2."
    assert {line.split()[0] for line in lines[1:3]} == {"1/2", "2/2"}
    assert lines[-2].endswith("connected in 1 of 2; no MUST broken.")
    assert set(read(tmp_path / "seen" / "python-sdk.yaml").scenarios) == {"healthy", "missing-registration"}
    assert "| [`healthy`](scenarios/healthy.md) | ✓ |" in (tmp_path / "m.md").read_text()
    assert "<!doctype html>" in (tmp_path / "m.html").read_text()
    assert sandbox(tmp_path, *arguments).out.splitlines()[0] == "0 to measure, of 2."
    again = sandbox(tmp_path, *arguments, "--again")
    assert again.out.splitlines()[0] == "2 to measure, of 2."


def test_matrix_spreads_and_merges(tmp_path: Path) -> None:
    """Parts that were measured apart are merged into one."""
    for part in ("1/2", "2/2"):
        folder = part.partition("/")[0]
        ended = sandbox(tmp_path, "matrix", "--command", WORKS, *TWO, "--shard", part, "--out", f"parts/{folder}")
        assert ended.out.splitlines()[0] == "1 to measure, of 2."
    ended = sandbox(tmp_path, "matrix", *TWO, "--merge", "parts", "--out", "whole")
    assert (ended.code, ended.err) == (0, "")
    assert "  connected in 2 of 2; no MUST broken." in ended.out
    assert set(read(tmp_path / "whole" / f"command-{NAME}.yaml").scenarios) == {"healthy", "missing-registration"}


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--shard", "3/2"), "--shard takes a part of a whole, such as 1/4 to 4/4, and not '3/2'."),
        (("--client", "mcp-remote", "--client", "inspector"), "Not installed: mcp-remote, inspector. `sandbox clients"),
        (("--scenario", "healthyy"), "Did you mean `healthy`?"),
        (("--merge", "nowhere"), "nowhere"),
        (("--command", WORKS, "--scenario", "healthy", "--out", "file/x"), "file"),
        (
            ("--command", WORKS, "--scenario", "healthy", "--html", "nowhere/m.html"),
            "nowhere/m.html: No such directory",
        ),
    ],
)
def test_matrix_refuses(arguments: tuple[str, ...], why: str, tmp_path: Path) -> None:
    """What cannot be measured or written is said in one line, with exit code 2."""
    (tmp_path / "file").write_text("")
    ended = sandbox(tmp_path, "matrix", *arguments)
    assert ended.code == 2
    assert why in ended.err
    assert ended.err.count("\n") == 1
    assert "Traceback" not in ended.err


def test_matrix_knows_the_whole_library(tmp_path: Path) -> None:
    """Without a scenario it is about all of them."""
    ended = sandbox(tmp_path, "matrix", "--command", WORKS, "--shard", f"1/{len(library())}")
    assert ended.out.splitlines()[0] == f"1 to measure, of {len(library())}."
