"""The action and the workflows for GitHub: valid, true to the command line, and their scripts run."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.scenario import names
from tests.cli.process import Ended, polled
from tests.cli.sign_in import http
from tests.cli.test_make import program
from tests.cli.test_signals import is_free
from tests.commands import commands, named
from tests.conftest import missing
from tests.languages import programs
from tests.languages.workflow import Step, load, run, steps

ACTION = load(programs.ROOT / "action.yml")
WORKFLOWS = {file.name: load(file) for file in sorted((programs.EXAMPLES / "github").glob("*.yml"))}
ALL = {"action.yml": ACTION, **WORKFLOWS}
OURS = "OWNER/workos-mcp-sandbox@"

each = pytest.mark.parametrize("name", ALL)
each_workflow = pytest.mark.parametrize("name", WORKFLOWS)


def scripts(name: str) -> list[str]:
    """Give the scripts of a file."""
    return [step["run"] for step in steps(ALL[name]) if "run" in step]


# --- what the files say ------------------------------------------------------------------------------------------


@each
def test_commands_exist(name: str) -> None:
    """Every sandbox command and option that a script names is there."""
    known = commands()
    said = [found for script in scripts(name) for found in named(script)]
    assert said
    for found in said:
        assert found.command in known, found
        assert found.options <= known[found.command], found


@each
def test_every_step_does_one_thing(name: str) -> None:
    """A step runs a script or uses an action, and whose action it is says which version."""
    for step in steps(ALL[name]):
        assert ("run" in step) != ("uses" in step), step
        assert re.fullmatch(r"actions/[\w-]+@v\d+|" + OURS + "main", step.get("uses", OURS + "main")), step


@each_workflow
def test_workflows_are_whole(name: str) -> None:
    """A workflow says when it runs, may only read, and runs on a machine."""
    workflow = WORKFLOWS[name]
    assert workflow["name"]
    assert workflow["on"]
    assert workflow["permissions"] == {"contents": "read"}
    assert all(job["runs-on"] == "ubuntu-latest" for job in workflow["jobs"].values())


@each_workflow
def test_workflows_know_the_action(name: str) -> None:
    """What a workflow gives the action is an input, and what it takes from it an output."""
    text = (programs.EXAMPLES / "github" / name).read_text()
    assert set(re.findall(r"steps\.sandbox\.outputs\.([\w-]+)", text)) <= set(ACTION["outputs"])
    for step in steps(WORKFLOWS[name]):
        if step.get("uses", "").startswith(OURS):
            assert step["id"] == "sandbox"
            assert set(step["with"]) <= set(ACTION["inputs"])


def test_the_client_is_tested_in_three_worlds() -> None:
    """The scenarios of the matrix are there, and one of them is healthy."""
    worlds = WORKFLOWS["mcp-client.yml"]["jobs"]["client"]["strategy"]["matrix"]["scenario"]
    assert len(worlds) == 3
    assert "healthy" in worlds
    assert set(worlds) <= set(names())


def test_every_input_is_used_and_documented() -> None:
    """Each input and output says what it is in a sentence, and each input reaches a step."""
    text = (programs.ROOT / "action.yml").read_text()
    for name, said in [*ACTION["inputs"].items(), *ACTION["outputs"].items()]:
        assert said["description"].endswith("."), name
    assert {name for name in ACTION["inputs"] if f"inputs.{name} " in text} == set(ACTION["inputs"])


# --- the scripts -------------------------------------------------------------------------------------------------


def step_named(name: str, document: dict[str, Any] = ACTION) -> dict[str, Any]:
    """Give a step by its name."""
    return next(step for step in steps(document) if step.get("name") == name)


def started(folder: Path, **inputs: str) -> Step:
    """Run the step that starts the sandbox, on any free ports."""
    if shutil.which("bash") is None or shutil.which("curl") is None:
        missing("bash, or curl")
    given = {f"inputs.{name}": said["default"] for name, said in ACTION["inputs"].items()}
    given |= {name: "0" for name in given if name.endswith("-port")}
    return run(step_named("Start it"), given | {f"inputs.{name}": value for name, value in inputs.items()}, folder)


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Path]:
    """Give a runner's folder; what was started in it ends."""
    yield tmp_path
    file = tmp_path / "sandbox-state/running.json"
    if file.exists():
        said = json.loads(file.read_text())
        os.kill(said["pid"], signal.SIGTERM)
        polled(lambda: is_free(int(said["console"].rpartition(":")[2])))


def test_start(runner: Path) -> None:
    """The step ends when the world is up, which stays up after it; every output is there, and what it says is true."""
    step = started(runner, scenario="missing-registration")
    assert step.ended.code == 0, step.ended.out
    assert step.ended.out == ""
    assert set(step.outputs) == set(ACTION["outputs"])
    for name, said in ACTION["outputs"].items():
        assert said["value"] == f"${{{{ steps.start.outputs.{name} }}}}"
    with http() as client:
        health = client.get(f"{step.outputs['console-url']}/health").json()
    assert health["scenario"] == "missing-registration"
    assert {name: health[name] for name in ("mcp", "workos", "console")} == {
        name: step.outputs[f"{name}-url"] for name in ("mcp", "workos", "console")
    }
    assert "BEGIN CERTIFICATE" in Path(step.outputs["ca-file"]).read_text()


def test_the_log_is_explained_in_the_summary(runner: Path) -> None:
    """What the world wrote is what the client's workflow explains on the summary's page, and that fails no step."""
    step = started(runner, scenario="missing-registration")
    failed = programs.run(["sh", str(programs.EXAMPLES / "curl/sign-in.sh"), step.outputs["mcp-url"]], runner)
    assert failed.code == 1
    polled(lambda: '"step":"server-metadata"' in Path(step.outputs["log-file"]).read_text())
    say = step_named("Say what the wire shows", WORKFLOWS["mcp-client.yml"])
    said = run(say, {f"steps.sandbox.outputs.{name}": value for name, value in step.outputs.items()}, runner)
    assert said.ended == Ended(0, "", "")
    assert said.summary.startswith("```\n")
    assert "dcr-absent" in said.summary
    assert said.summary.endswith("```\n")


def test_a_start_that_fails(runner: Path) -> None:
    """A world that cannot start fails the step with one line, in the words of the sandbox."""
    step = started(runner, scenario="no-such-scenario")
    assert step.ended.code == 1
    assert step.ended.out.startswith(
        "::error title=The sandbox did not start::sandbox: `no-such-scenario` is no scenario."
    )
    assert step.ended.out.count("\n") == 1
    assert step.outputs == {}


def test_inputs_are_values(runner: Path) -> None:
    """What a workflow gives never becomes a command, whatever it holds."""
    step = started(
        runner, scenario='"; touch "$RUNNER_TEMP/run"; $(touch "$RUNNER_TEMP/run")`touch "$RUNNER_TEMP/run"`'
    )
    assert step.ended.code == 1
    assert not (runner / "run").exists()


def test_ports_are_those_of_the_command_line() -> None:
    """Without a word the action takes the ports that `sandbox up` takes."""
    from sandbox.sandbox import Ports

    assert {f"{name}-port": str(number) for name, number in Ports()._asdict().items()} == {
        name: said["default"] for name, said in ACTION["inputs"].items() if name.endswith("-port")
    }


def test_install(tmp_path: Path) -> None:
    """The sandbox is installed from the action's own checkout, in versions that are known, beside the job's Python."""
    pip = '#!/bin/sh\necho "$@" >>"$RUNNER_TEMP/asked"\n'
    program(tmp_path, "pip", pip)
    program(
        tmp_path,
        "python",
        f'#!/bin/sh\necho "$@" >>"$RUNNER_TEMP/asked"\nmkdir -p "$3/bin"\ncp {tmp_path}/pip "$3/bin/python"\n',
    )
    context = {"steps.python.outputs.python-path": str(tmp_path / "python"), "github.action_path": str(programs.ROOT)}
    step = run(step_named("Install the sandbox"), context, tmp_path)
    assert step.ended.code == 0, step.ended.out
    assert step.path == [str(tmp_path / "sandbox/bin")]
    install = "-m pip install --quiet --disable-pip-version-check --constraint"
    assert (tmp_path / "asked").read_text().splitlines() == [
        f"-m venv {tmp_path}/sandbox",
        f"{install} {programs.ROOT}/constraints.txt {programs.ROOT}",
    ]
