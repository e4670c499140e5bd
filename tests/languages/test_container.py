"""The Dockerfile, as far as it can be known without an engine: what it says, and the commands it will run."""

from __future__ import annotations

import fnmatch
import json
import re
import shlex
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from sandbox.cli import cli
from sandbox.sandbox import Ports
from tests.cli.process import up
from tests.cli.sign_in import http
from tests.languages.programs import ROOT

DOCKERFILE: Final = (ROOT / "Dockerfile").read_text()
INSTRUCTIONS: Final = [
    tuple(line.split(None, 1))
    for line in re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    if line
]


def said(instruction: str) -> list[str]:
    """Give what stands after an instruction, wherever it stands."""
    return [rest for name, rest in INSTRUCTIONS if name == instruction]


def command(instruction: str) -> list[str]:
    """Give the command of an instruction, which is a list: no shell stands between, so signals reach the sandbox."""
    words: list[str] = json.loads(said(instruction)[-1])
    return words


def parsed(*words: str) -> dict[str, Any]:
    """Let the command line read `sandbox up …`."""
    return cli.commands[words[0]].make_context(words[0], list(words[1:])).params


# --- what it says ------------------------------------------------------------------------------------------------


def test_two_stages_of_one_small_image() -> None:
    """What builds the sandbox stays behind; both stages have the same Python, so the environment fits."""
    images = [rest.split()[0] for rest in said("FROM")]
    assert len(images) == 2
    assert len(set(images)) == 1
    assert re.fullmatch(r"python:3\.\d+-slim", images[0])
    assert said("COPY")[-1] == "--from=build /opt/sandbox /opt/sandbox"


def test_it_is_nobody_special() -> None:
    """It runs as a user with a number that is not root's, who owns the directory where the state is."""
    (user,) = said("USER")
    assert int(user) > 0
    made = said("RUN")[-1]
    assert f"useradd --uid {user} " in made
    assert f"--owner={user} " in made
    assert made.endswith(said("WORKDIR")[-1])
    names = [name for name, _ in INSTRUCTIONS]
    assert names.index("USER") > max(index for index, name in enumerate(names) if name == "RUN")


def test_it_starts_a_world() -> None:
    """Without a word it runs the healthy world at every address; what follows the image follows `sandbox up`."""
    program, *words = command("ENTRYPOINT")
    assert program == "sandbox"
    healthy = parsed(*words, *command("CMD"))
    assert (healthy["scenario"], healthy["listen"]) == ("healthy", "0.0.0.0")
    other = parsed(*words, "expired-token", "--sign-in", "automatic")
    assert (other["scenario"], other["listen"], other["sign_in"]) == ("expired-token", "0.0.0.0", "automatic")
    assert said("EXPOSE")[0].split() == [str(number) for number in Ports()]


def ignored() -> list[str]:
    """Give the lines of .dockerignore."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_it_sees_what_it_needs_and_nothing_else() -> None:
    """Of the checkout the image gets what the wheel is built of, and no state, key, history or cache."""
    allowed = {line.removeprefix("!") for line in ignored() if line.startswith("!")}
    assert ignored()[0] == "*"
    assert all((ROOT / name).exists() for name in allowed)
    built = {"pyproject.toml", "README.md", "LICENSE", "constraints.txt", "sandbox", "scenarios"}
    assert allowed == built
    assert any(fnmatch.fnmatch("sandbox/__pycache__", line) for line in ignored())


# --- what it runs ------------------------------------------------------------------------------------------------


def test_health(tmp_path: Path) -> None:
    """The health check succeeds while the sandbox is up, and fails when it is not there."""
    words = command_of_the_health_check()
    with up(tmp_path, "--listen", "0.0.0.0") as running:
        port = running.ready["console"].rpartition(":")[2]
        check = [sys.executable, *(word.replace("4102", port) for word in words[1:])]
        assert subprocess.run(check, check=False, capture_output=True).returncode == 0
        running.stop()
    assert subprocess.run(check, check=False, capture_output=True).returncode == 1


def command_of_the_health_check() -> list[str]:
    """Give the command of HEALTHCHECK, whose port is the console's."""
    words: list[str] = json.loads(said("HEALTHCHECK")[0].partition(" CMD ")[2])
    assert words[:2] == ["python", "-c"]
    assert str(Ports().console) in words[2]
    return words


def test_ports_are_published_as_localhost(tmp_path: Path) -> None:
    """Through a published port all is as on the machine itself: URLs say localhost, and no other name passes."""
    with up(tmp_path, "--listen", "0.0.0.0") as running, http() as client:
        for name in ("workos", "mcp", "console"):
            url = running.ready[name]
            assert url.startswith("http://localhost:")
            assert client.get(url).status_code != 421
            for host in ("sandbox:4100", "evil.example", "0.0.0.0"):
                assert client.get(url, headers={"host": host}).status_code == 421


# --- the versions ------------------------------------------------------------------------------------------------


def pins() -> dict[str, str]:
    """Give the versions of constraints.txt by name."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def needed(name: str, found: dict[str, list[Requirement]]) -> dict[str, list[Requirement]]:
    """Find out what a package needs here, and what that needs, by name."""
    for text in metadata.requires(name) or ():
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            known = canonicalize_name(requirement.name)
            found.setdefault(known, []).append(requirement)
            if len(found[known]) == 1:
                needed(known, found)
    return found


def test_every_dependency_is_pinned_to_a_version_that_fits() -> None:
    """What the sandbox needs, at any depth, is in constraints.txt, in a version that everybody who needs it allows."""
    versions = pins()
    dependencies = needed("workos-mcp-sandbox", {})
    assert len(dependencies) > 30
    for name, requirements in dependencies.items():
        assert name in versions, name
        for requirement in requirements:
            assert requirement.specifier.contains(versions[name]), (name, versions[name], requirement)


def test_what_builds_it_is_pinned() -> None:
    """The build backend is in constraints.txt as well, and the image is built without looking for another."""
    (backend,) = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    requirement = Requirement(backend)
    assert requirement.specifier.contains(pins()[requirement.name])
    installs = [part for run in said("RUN") for part in run.split("&&") if " install " in part and "pip" in part]
    assert installs
    assert all("--constraint constraints.txt" in part for part in installs)
    assert "--no-build-isolation" in " ".join(shlex.split(said("RUN")[0]))
