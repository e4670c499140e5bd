"""The story for a talk goes as it is told."""

from __future__ import annotations

import subprocess
import sys


def test_the_demo_plays_from_failure_to_fix() -> None:
    """It fails, says why, mends it, and connects; the client is real, and so is its verdict."""
    command = [sys.executable, "-m", "sandbox.demo", "--fast"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    parts = ("✗", "issuer-is-endpoint", "Mend the line", "✓ Connected")
    assert [done.stdout.find(part) for part in parts] == sorted(done.stdout.index(part) for part in parts)


def test_an_option_that_there_is_not() -> None:
    """What it does not know is one line on standard error."""
    command = [sys.executable, "-m", "sandbox.demo", "--slow"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "sandbox: the demo knows --fast, and not --slow.\n"
