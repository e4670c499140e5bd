"""A test suite of somebody else: 100 tests, each with another scenario, in which the Python SDK's client connects."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from sandbox.durations import seconds
from sandbox.scenario import Scenario, library

_TESTS: Final = 100
_ROOT: Final = Path(__file__).parent.parent
_BEGINNING: Final = """\
from contextlib import suppress

import pytest

from tests.python_client import connected
"""
_TEST: Final = """

@pytest.mark.sandbox("{name}", may_not_fire=True)
async def test_{number}(sandbox):
    with suppress(Exception):
        async with connected(sandbox):
            sandbox.assert_connected()
    assert len(sandbox.trace) > 0
"""


def suite_seconds() -> tuple[int, float]:
    """Give how many tests there are, and the seconds from the start of pytest to its end; stop where one fails."""
    scenarios = [scenario for scenario in library() if not _waits(scenario)][:_TESTS]
    tests = (_TEST.format(name=scenario.name, number=number) for number, scenario in enumerate(scenarios))
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_suite.py").write_text(_BEGINNING + "".join(tests))
        options = ["-q", "-p", "no:randomly", "-p", "no:xdist", "-p", "no:cacheprovider", "-o", "asyncio_mode=auto"]
        command = [sys.executable, "-m", "pytest", *options, "--rootdir", folder, folder]
        began = time.perf_counter()
        ran = subprocess.run(  # noqa: S603 - our own program
            command, check=False, capture_output=True, text=True, cwd=_ROOT, env={"PYTHONPATH": str(_ROOT)}
        )
        took = time.perf_counter() - began
    assert re.search(rf"^{len(scenarios)} passed", ran.stdout, re.MULTILINE), ran.stdout[-3000:]
    return len(scenarios), took


def _waits(scenario: Scenario) -> bool:
    """Say whether a scenario is about time, or about certificates, whose refusal is waited for."""
    return "tls" in scenario.world or any(
        fault.hang or (fault.delay is not None and seconds(fault.delay) > 0) for fault in scenario.faults
    )
