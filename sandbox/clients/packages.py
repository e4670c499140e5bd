"""What is installed of a client, and how: by name from a registry, pinned, every file held against a known hash.

`locks/NAME/` holds what npm and pip themselves read: a package-lock.json, or a requirements.txt with hashes. They name
no address, so the registry is the one that this machine's npm or pip is set up for.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final, Literal

from sandbox.errors import SandboxError

_LOCKS: Final = Path(__file__).with_name("locks")
_STAMP: Final = ".lock"
"""The file that says, once all is there, of which lock it was installed."""
_PATIENCE: Final = 600
"""Seconds that an installation may take."""
_LONGEST: Final = 300
"""The most characters of what npm or pip says."""
_ERROR: Final = re.compile(r"^(?:npm error|ERROR:) (.+)$", re.MULTILINE)
_NPM: Final = ("npm", "ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error")
_PIP: Final = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps")


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package of a registry; `lock` is the folder of `locks/` that pins it."""

    registry: Literal["npm", "PyPI"]
    name: str
    version: str
    lock: str

    @property
    def pinned(self) -> Path:
        """The file that pins it and all that it needs."""
        return _LOCKS / self.lock / ("package-lock.json" if self.registry == "npm" else "requirements.txt")

    @property
    def _digest(self) -> str:
        return hashlib.sha256(self.pinned.read_bytes()).hexdigest()

    def is_installed(self, folder: Path) -> bool:
        """Say whether this very package is in a folder, whole."""
        try:
            return (folder / _STAMP).read_text() == self._digest
        except OSError:
            return False

    def install(self, folder: Path) -> None:
        """Install it into a folder, which is there only when all of it is. Raise SandboxError when that fails."""
        part = folder.with_name(f"{folder.name}.{os.getpid()}.part")  # another run has its own
        try:
            part.mkdir(parents=True)
            _INSTALL[self.registry](self, part)
            (part / _STAMP).write_text(self._digest)
            shutil.rmtree(folder, ignore_errors=True)
            part.rename(folder)
        except OSError as error:
            raise SandboxError(f"{error.filename or folder}: {error.strerror or error}.") from error
        finally:
            shutil.rmtree(part, ignore_errors=True)


def _from_npm(package: Package, folder: Path) -> None:
    if shutil.which("npm") is None:
        raise SandboxError(f"{package.name} comes from npm, and there is no npm here. Install Node.js, which has it.")
    lock: dict[str, Any] = json.loads(package.pinned.read_bytes())
    wanted = lock["packages"][""]
    (folder / "package.json").write_text(json.dumps({"private": True, **wanted}))
    shutil.copy(package.pinned, folder / "package-lock.json")
    _run(package, _NPM, folder)


def _from_pypi(package: Package, folder: Path) -> None:
    try:
        venv.create(folder, with_pip=True)
    except subprocess.CalledProcessError as error:
        raise SandboxError(
            f"{package.name} needs an environment of its own, and Python cannot make one: {error}"
        ) from error
    _run(package, [str(folder / "bin" / "python"), *_PIP, "--requirement", str(package.pinned)], folder)


_INSTALL: Final = {"npm": _from_npm, "PyPI": _from_pypi}


def _run(package: Package, command: Sequence[str], folder: Path) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - npm or pip, with a lock file of our own
            command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise SandboxError(f"{package.name} was not installed within {_PATIENCE} s.") from error
    if done.returncode:
        said = (done.stderr or done.stdout).decode(errors="replace")
        why = " ".join(" ".join(_ERROR.findall(said)).split()) or "it does not say why"
        raise SandboxError(f"{package.registry} did not install {package.name} {package.version}: {why[:_LONGEST]}")


# --- what runs it ------------------------------------------------------------------------------------------------


def node(folder: Path) -> str:
    """Give the Node.js that came with a client, or else the machine's. Raise SandboxError when there is none."""
    own = next(folder.glob("node_modules/node-*/bin/node"), None)
    found = str(own) if own else shutil.which("node")
    if found is None:
        raise SandboxError("There is no Node.js here, and this client needs one.")
    return found


def own_version(package: str) -> str:
    """Give the version of a package that is installed beside the sandbox; nothing when there is none."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def python(folder: Path) -> str:
    """Give the Python of a client that was installed from PyPI; the sandbox's own where it was not."""
    own = folder / "bin" / "python"
    return os.fspath(own) if own.exists() else sys.executable
