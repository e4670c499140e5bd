"""The program: its arguments, its environment, and what it prints."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from sandbox.browser.command import main
from tests.browser.conftest import Flow
from tests.browser.site import Site


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program as a client would, with proxies that lead nowhere."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SANDBOX_")}
    proxies = {"http_proxy": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1", "no_proxy": ""}
    command = [sys.executable, "-m", "sandbox.browser", *arguments]
    return subprocess.run(
        command, env=clean | proxies | environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_the_program_tells_the_hops_without_secrets(flow: Flow) -> None:
    """The program prints a line for each request, with neither codes nor states, and exits 0."""
    done = run(flow.url)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == f"GET {flow.site.address}/oauth2/authorize 302"
    assert len(done.stdout.splitlines()) == 6
    assert not {"the-code", "the-state", "kept", "session-one", "?"} & set(done.stdout.replace("/", " ").split())
    assert "?" not in done.stdout


def test_the_environment_steers_the_program(flow: Flow) -> None:
    """As $BROWSER the program gets only a URL, so the environment says who signs in and what is decided."""
    done = run(flow.url, "--quiet", SANDBOX_BROWSER_USER="ben@nearby.example", SANDBOX_BROWSER_DECISION="deny")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (flow.ends["error"], flow.ends["for"]) == ("access_denied", "user_01BEN")


def test_options_outweigh_the_environment(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is said on the command line counts more than the environment."""
    monkeypatch.setenv("SANDBOX_BROWSER_USER", "ben@nearby.example")
    monkeypatch.setenv("SANDBOX_BROWSER_DECISION", "approve")

    assert main([flow.url, "--quiet", "--user", "ada@nearby.example", "--deny"]) == 0
    assert (flow.ends["error"], flow.ends["for"]) == ("access_denied", "user_01ADA")


def test_the_program_fails_in_one_line(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """A refused redirect is one line on standard error after the hops, and exit 1."""
    site.redirect("/", "http://attacker.example/?code=the-code")

    assert main([site.address]) == 1
    told = capsys.readouterr()
    assert told.out == f"GET {site.address}/ 302\n"
    assert told.err == "sandbox-browser: refused to leave this machine: attacker.example is no loopback host\n"


@pytest.mark.parametrize(
    "arguments", [[], ["--timeout", "0", "http://localhost/"], ["--timeout", "nan", "x"], ["a", "b"]]
)
def test_wrong_usage_is_2(arguments: list[str]) -> None:
    """Wrong usage is told by argparse, exit 2."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)

    assert caught.value.code == 2


def test_an_odd_decision_is_wrong_usage(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A decision in the environment that is neither approve nor deny is refused before anything is opened."""
    monkeypatch.setenv("SANDBOX_BROWSER_DECISION", "perhaps")

    with pytest.raises(SystemExit):
        main(["http://localhost:1/"])

    assert "SANDBOX_BROWSER_DECISION is 'perhaps'; it can be approve or deny" in capsys.readouterr().err


def test_goes_on_when_nobody_reads(flow: Flow) -> None:
    """A client may close the program's output; the sign-in ends all the same."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "sandbox.browser", flow.url]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False, timeout=60)
    os.close(writing)

    assert (done.returncode, done.stderr) == (0, b"")
    assert flow.ends["code"] == "the-code"


def test_starts_light() -> None:
    """The program imports nothing slow, because a client waits for it."""
    code = (
        "import sys, sandbox.browser.command;"
        "print(sorted({'flask', 'click', 'mcp', 'asyncio', 'yaml'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
