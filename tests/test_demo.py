"""The story for a talk goes as it is told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest


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


@pytest.mark.parametrize("seconds", [0.0, 0.2, 0.5, 0.9])
def test_control_c_at_any_moment(seconds: float) -> None:
    """Ctrl-C ends it without a word, the client that it drives included."""
    command = [sys.executable, "-m", "sandbox.demo", "--fast"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as demo:
        assert demo.stdout is not None
        demo.stdout.readline()
        demo.stdout.readline()  # the story has begun
        time.sleep(seconds)
        os.killpg(demo.pid, signal.SIGINT)
        _, said = demo.communicate(timeout=60)
    assert (demo.returncode, said) in {(130, ""), (0, "")}  # at an end that was near already
