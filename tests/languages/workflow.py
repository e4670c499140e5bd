"""An action or a workflow of GitHub as a file: its steps, and their scripts run as GitHub runs them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from tests.cli.process import Ended
from tests.languages.programs import PATIENCE, path

EXPRESSION: Final = re.compile(r"\$\{\{ *([\w.-]+) *\}\}")


def steps(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Give every step of an action or a workflow."""
    for job in document["jobs"].values() if "jobs" in document else [document["runs"]]:
        yield from job["steps"]


def load(file: Path) -> dict[str, Any]:
    """Read a file; YAML 1.1 takes the key `on` for true."""
    document: dict[Any, Any] = yaml.safe_load(file.read_text())
    return {"on" if key is True else str(key): value for key, value in document.items()}


class Step(NamedTuple):
    """What a step's script left behind."""

    ended: Ended
    outputs: dict[str, str]
    path: list[str]
    """What it put before the PATH of the steps that follow."""
    summary: str


def run(step: Mapping[str, Any], context: Mapping[str, str], folder: Path) -> Step:
    """Run a step's script as `shell: bash` does, in a folder that is the runner's.

    `context` gives what the expressions of `env` stand for; a script itself may hold none.
    """
    assert step.get("shell", "bash") == "bash"
    assert not EXPRESSION.search(step["run"]), "what a workflow gives must not become text of the script"
    given = {name: EXPRESSION.sub(lambda found: context[found[1]], value) for name, value in step["env"].items()}
    files = {name: folder / name for name in ("GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")}
    for file in files.values():
        file.write_text("")
    script = folder / "script.sh"
    script.write_text(step["run"])
    environment = {"PATH": path(), "HOME": str(folder), "RUNNER_TEMP": str(folder)}
    with (folder / "out").open("wb") as out:  # a file, as what it leaves running may hold a pipe open
        process = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],  # noqa: S607 - as GitHub does
            cwd=folder,
            env={**environment, **{name: str(file) for name, file in files.items()}, **given},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            check=False,
        )
    ended = Ended(process.returncode, (folder / "out").read_text(), "")
    outputs = dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().splitlines())
    path_of_the_rest = files["GITHUB_PATH"].read_text().splitlines()
    return Step(ended, outputs, path_of_the_rest, files["GITHUB_STEP_SUMMARY"].read_text())
