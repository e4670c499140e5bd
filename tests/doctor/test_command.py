"""`sandbox doctor`, as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.cli.process import PROGRAM, refused, sandbox, up

BROWSER = str(Path(PROGRAM).with_name("sandbox-browser"))


def test_a_sound_server_is_0(tmp_path: Path) -> None:
    """The table ends with the verdict."""
    with up(tmp_path) as running:
        ended = sandbox(tmp_path, "doctor", running.ready["mcp"])

    assert (ended.code, ended.err) == (0, "")
    assert "✓ a request without a token gets 401: 401" in ended.out
    assert "Sound as far as it was looked at" in ended.out


def test_a_broken_server_is_1_in_every_form(tmp_path: Path) -> None:
    """The finding is on the screen, in the JSON, in the JUnit file and in the saved scenario."""
    with up(tmp_path, "authorize-url-as-issuer") as running:
        url = running.ready["mcp"]
        told = sandbox(tmp_path, "doctor", url)
        ended = sandbox(tmp_path, "doctor", "--json", "--junit", "out.xml", "--save", "mine.yaml", url)

    assert (told.code, ended.code) == (1, 1)
    assert "issuer-is-endpoint" in told.out
    report = json.loads(ended.out)
    assert report["sound"] is False
    assert report["findings"][0]["id"] == "issuer-is-endpoint"
    suite = ET.parse(tmp_path / "out.xml").getroot()[0]  # noqa: S314 - our own
    assert "issuer-is-endpoint" in [one.get("type") for one in suite.iter("failure")]
    assert int(suite.get("failures", "")) == len(list(suite.iter("failure")))
    assert int(suite.get("tests", "")) == len(list(suite.iter("testcase")))
    assert "Saved mine.yaml" in ended.err
    assert sandbox(tmp_path, "lint", "mine.yaml").code == 0


@pytest.mark.parametrize(
    "arguments", [["localhost:4101/mcp"], ["http://127.0.0.1:1/"], [], ["--timeout", "0", "http://x"]]
)
def test_what_cannot_be_looked_at_is_2(tmp_path: Path, arguments: list[str]) -> None:
    """One clear line, and nothing on standard output."""
    refused(sandbox(tmp_path, "doctor", *arguments))


def test_sign_in_uses_the_browser(tmp_path: Path) -> None:
    """$BROWSER is the program that signs in; what it prints stays out of the report."""
    with up(tmp_path) as running:
        url = running.ready["mcp"]
        ended = sandbox(tmp_path, "doctor", "--sign-in", "--json", url, variables={"BROWSER": BROWSER})

    assert ended.code == 0, ended
    assert json.loads(ended.out)["signed_in"] is True
    assert "Opening the browser" in ended.err
