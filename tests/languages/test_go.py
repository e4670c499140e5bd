"""examples/go: the tests of a client in Go."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.languages.programs import copied, run


@pytest.fixture
def go(tmp_path: Path) -> Path:
    """Give the example's folder, on a machine that has Go; CI does not ask for it."""
    if shutil.which("go") is None:
        pytest.skip("needs Go")
    return copied("go", tmp_path)


def test_its_tests_pass(go: Path) -> None:
    """`go vet` has nothing to say, every test runs and passes, and each world ends with its test."""
    offline = {"GOFLAGS": "-count=1", "GOPROXY": "off", "GOTOOLCHAIN": "local"}
    assert run(["go", "vet", "./..."], go, offline).code == 0
    ended = run(["go", "test", "-v", "./..."], go, offline)
    assert ended.code == 0, ended.out + ended.err
    written = re.findall(r"^func (Test\w+)", (go / "client_test.go").read_text(), re.MULTILINE)
    assert re.findall(r"^--- PASS: (\w+)", ended.out, re.MULTILINE) == written


def test_it_is_formatted(go: Path) -> None:
    """There is nothing for gofmt to change."""
    if shutil.which("gofmt") is None:
        pytest.skip("needs gofmt")
    assert run(["gofmt", "-l", "."], go).out == ""
