"""examples/curl: the sign-in of a shell script."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.process import Ended, up
from tests.cli.sign_in import http
from tests.conftest import missing
from tests.languages.programs import EXAMPLES, run

STEPS = [
    "challenge",
    "resource-metadata",
    "server-metadata",
    "registration",
    "authorization",
    "token",
    "session",
    "messages",
]


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a sandbox for all tests; give where it is steered."""
    for tool in ("curl", "python3"):
        if shutil.which(tool) is None:
            missing(tool)
    with up(tmp_path_factory.mktemp("sandbox"), "--sign-in", "automatic") as running:
        yield str(running.ready["console"])


def signed_in(console: str, scenario: str, folder: Path) -> Ended:
    """Run the script in a world."""
    with http() as client:
        mcp = client.put(f"{console}/api/scenario", json={"name": scenario}).json()["mcp"]
    return run(["sh", str(EXAMPLES / "curl/sign-in.sh"), mcp], folder)


def steps(ended: Ended) -> list[str]:
    """Give the steps that it took."""
    return [line.split()[0] for line in ended.out.splitlines() if not line.startswith(" ")]


def test_the_healthy_world(console: str, tmp_path: Path) -> None:
    """Where all is well it takes every step in order, and lists the tools."""
    ended = signed_in(console, "healthy", tmp_path)
    assert (ended.code, ended.err) == (0, "")
    assert steps(ended) == STEPS
    assert "    search_logs" in ended.out.splitlines()


@pytest.mark.parametrize(
    ("scenario", "step", "said"),
    [
        ("authorize-url-as-issuer", "server-metadata", "404 came, and not 200."),
        ("missing-registration", "registration", "the metadata names no registration_endpoint."),
        ("connection-dropped", "token", "no answer."),
        ("token-error-in-200", "token", 'the answer has no it["access_token"].'),
        ("expired-token", "session", "401 came, and not 200."),
    ],
)
def test_a_broken_world(scenario: str, step: str, said: str, console: str, tmp_path: Path) -> None:
    """In a broken world it stops at the step that is broken, says what came, and fails."""
    ended = signed_in(console, scenario, tmp_path)
    assert ended.code == 1
    assert steps(ended) == STEPS[: STEPS.index(step) + 1]
    assert ended.err.splitlines()[0] == f"Failed at {step}: {said}"
