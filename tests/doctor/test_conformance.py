"""The doctor is a client that passes: the official conformance suite judges it, scenario by scenario."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.conftest import missing

CLIENTS: Final = Path(__file__).parents[2] / ".cache" / "clients"
NODE: Final = CLIENTS / "node-22" / "node_modules" / ".bin" / "node"
SUITE: Final = CLIENTS / "conformance" / "node_modules" / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
CLIENT: Final = Path(__file__).with_name("conformance_client.py")
EXPECTED_FAILURES: Final[dict[str, str]] = yaml.safe_load(
    Path(__file__).with_name("expected_failures.yaml").read_text(encoding="utf-8")
)
_NAMES: Final = """
metadata-default metadata-var1 metadata-var2 metadata-var3 basic-cimd scope-from-www-authenticate
scope-from-scopes-supported scope-omitted-when-undefined scope-step-up scope-retry-limit token-endpoint-auth-basic
token-endpoint-auth-post token-endpoint-auth-none pre-registration 2025-03-26-oauth-metadata-backcompat
2025-03-26-oauth-endpoint-fallback resource-mismatch offline-access-scope offline-access-not-supported
authorization-server-migration iss-supported iss-not-advertised iss-supported-missing iss-wrong-issuer iss-unexpected
iss-normalized metadata-issuer-mismatch
"""
SCENARIOS: Final = [f"auth/{name}" for name in _NAMES.split()]

pytestmark = pytest.mark.conformance


def judged(scenario: str, folder: Path) -> tuple[int, str]:
    """Run a scenario of the suite with the doctor as its client; give the exit code and what the suite said."""
    if not (NODE.exists() and SUITE.exists()) or shutil.which("node") is None:
        missing("Node")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "BROWSER": str(Path(sys.executable).parent / "sandbox-browser"),
    }
    command = [str(NODE), str(SUITE), "client", "--command", f"{sys.executable} {CLIENT}", "--scenario", scenario]
    done = subprocess.run(
        [*command, "--output-dir", str(folder / "results")],
        cwd=folder,
        env=environment,
        capture_output=True,
        timeout=90,
        check=False,
    )
    return done.returncode, done.stdout.decode() + done.stderr.decode()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_suite_is_content(scenario: str, tmp_path: Path) -> None:
    """Every check of the scenario succeeds, and none warns."""
    code, said = judged(scenario, tmp_path)
    assert "0 failed, 0 warnings" in said, said
    assert code == 0


@pytest.mark.parametrize("scenario", sorted(EXPECTED_FAILURES))
def test_what_is_left_out_is_still_left_out(scenario: str, tmp_path: Path) -> None:
    """Where the doctor is known to fail, it fails; else the list is stale."""
    assert EXPECTED_FAILURES[scenario].endswith(".")
    code, said = judged(scenario, tmp_path)
    assert code != 0, f"{scenario} passes: take it off the list.\n{said}"


def test_the_lists_are_whole(tmp_path: Path) -> None:
    """Every `auth/` scenario that the suite has is judged, or is known to fail."""
    if not (NODE.exists() and SUITE.exists()):
        missing("Node")
    listed = subprocess.run([str(NODE), str(SUITE), "list", "--client"], cwd=tmp_path, capture_output=True, check=True)
    named = {word for word in listed.stdout.decode().split() if word.startswith("auth/")}
    assert named == {*SCENARIOS, *EXPECTED_FAILURES}
