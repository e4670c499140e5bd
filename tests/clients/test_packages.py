"""Clients are installed by name, pinned, every file held against its hash, and whole or not at all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from sandbox.clients import CLIENTS, packages
from sandbox.clients.packages import Package, node
from sandbox.clients.typescript_sdk import GENERATION_2
from sandbox.errors import SandboxError
from tests.conftest import missing

PINNED = [adapter.package for adapter in CLIENTS.values() if adapter.package is not None]
SMALL = GENERATION_2.package
assert SMALL is not None


def npm() -> None:
    """Skip the test where there is no npm."""
    if shutil.which("npm") is None:
        missing("npm")


@pytest.mark.parametrize("package", [each for each in PINNED if each.registry == "npm"], ids=lambda each: each.lock)
def test_locks_of_npm_pin_every_file(package: Package) -> None:
    """The lock names the version that is driven, a hash for every package, and no address."""
    lock: dict[str, Any] = json.loads(package.pinned.read_text())
    assert lock["packages"][""]["dependencies"] == {package.name: package.version}
    assert len(lock["packages"]) > 1
    for name, entry in lock["packages"].items():
        assert "resolved" not in entry, name
        assert not name or entry.get("inBundle") or entry["integrity"].startswith("sha512-"), name


@pytest.mark.parametrize("package", [each for each in PINNED if each.registry == "PyPI"], ids=lambda each: each.lock)
def test_locks_of_pip_pin_every_file(package: Package) -> None:
    """The same for pip's."""
    lines = package.pinned.read_text().splitlines()
    wanted = [line for line in lines if line and not line.startswith((" ", "#"))]
    assert f"{package.name}=={package.version} \\" in wanted
    assert all("==" in line and line.endswith("\\") for line in wanted)
    assert all(lines[lines.index(line) + 1].startswith("    --hash=sha256:") for line in wanted)
    assert "://" not in package.pinned.read_text()


def test_an_installation_is_whole(tmp_path: Path) -> None:
    """A client is installed once what its lock pins is there; another lock asks for another installation."""
    npm()
    assert SMALL is not None
    folder = tmp_path / "clients" / "small"
    assert not SMALL.is_installed(folder)
    SMALL.install(folder)
    assert SMALL.is_installed(folder)
    assert (folder / "node_modules" / SMALL.name / "package.json").is_file()
    assert [file.name for file in folder.parent.iterdir()] == ["small"]
    other = CLIENTS["typescript-sdk-1"].package
    assert other is not None
    assert not other.is_installed(folder)


@pytest.mark.parametrize(("spoil", "why"), [("hash", "EINTEGRITY"), ("version", "in sync")])
def test_what_is_not_what_was_pinned_is_refused(
    spoil: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file with another hash, or a version that is not there, is said, and nothing is left of it."""
    npm()
    assert SMALL is not None
    lock: dict[str, Any] = json.loads(SMALL.pinned.read_text())
    entry = lock["packages"]["node_modules/zod"]
    entry |= {"integrity": f"sha512-{'A' * 86}=="} if spoil == "hash" else {"version": "0.0.0-not-there"}
    (tmp_path / "locks" / SMALL.lock).mkdir(parents=True)
    (tmp_path / "locks" / SMALL.lock / "package-lock.json").write_text(json.dumps(lock))
    monkeypatch.setattr(packages, "_LOCKS", tmp_path / "locks")
    folder = tmp_path / "clients" / "small"
    with pytest.raises(
        SandboxError,
        match=f"npm did not install {SMALL.name} {SMALL.version}: .*{why}",
    ):
        SMALL.install(folder)
    assert not SMALL.is_installed(folder)
    assert list(folder.parent.iterdir()) == []


def test_pip_refuses_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So does pip."""
    (tmp_path / "six").mkdir()
    (tmp_path / "six" / "requirements.txt").write_text(f"six==1.16.0 \\\n    --hash=sha256:{'0' * 64}\n")
    monkeypatch.setattr(packages, "_LOCKS", tmp_path)
    folder = tmp_path / "clients" / "six"
    with pytest.raises(SandboxError, match=r"PyPI did not install six 1\.16\.0: .*HASH"):
        Package(registry="PyPI", name="six", version="1.16.0", lock="six").install(folder)
    assert list(folder.parent.iterdir()) == []


def test_without_npm_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine without Node.js that is what is said, and nothing is left behind."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert SMALL is not None
    with pytest.raises(
        SandboxError, match=r"comes from npm, and there is no npm here\. Install Node\.js, which has it\."
    ):
        SMALL.install(tmp_path / "clients" / "small")
    assert list((tmp_path / "clients").iterdir()) == []
    with pytest.raises(SandboxError, match=r"There is no Node.js here"):
        node(tmp_path)


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """A file where the state directory should be is named."""
    (tmp_path / "state").write_text("")
    assert SMALL is not None
    with pytest.raises(SandboxError, match="state"):
        SMALL.install(tmp_path / "state" / "clients" / "small")
