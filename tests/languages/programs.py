"""Examples as they are run: as copies, with the `sandbox` that is tested on the PATH."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.cli.process import PROGRAM, Ended

ROOT: Final = Path(__file__).parent.parent.parent
EXAMPLES: Final = ROOT / "examples"
PATIENCE: Final = 120.0
"""Seconds that an example may take on a busy machine."""


def path() -> str:
    """Give a PATH on which the `sandbox` that is tested comes first."""
    return os.pathsep.join([str(Path(PROGRAM).parent), os.environ["PATH"]])


def copied(name: str, folder: Path) -> Path:
    """Copy an example."""
    return Path(shutil.copytree(EXAMPLES / name, folder / name, ignore=shutil.ignore_patterns("node_modules")))


def environment(folder: Path) -> dict[str, str]:
    """Give all that an example sees of the machine's environment; temporary files go to `tmp` in its folder."""
    (folder / "tmp").mkdir(exist_ok=True)
    return {"PATH": path(), "HOME": str(folder), "TMPDIR": str(folder / "tmp")}


def run(command: Sequence[str], folder: Path, variables: Mapping[str, str] | None = None) -> Ended:
    """Run a program to its end."""
    process = subprocess.run(
        command,
        cwd=folder,
        env=environment(folder) | dict(variables or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return Ended(process.returncode, process.stdout, process.stderr)
