"""examples/node: the tests of a client in JavaScript, with the SDK that package.json names."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from sandbox.clients.typescript_sdk import GENERATION_2
from tests.cli.process import polled
from tests.cli.test_signals import is_free
from tests.conftest import missing
from tests.languages.programs import EXAMPLES, ROOT, copied, environment, run

CLIENTS = ROOT / ".cache/clients"
NAME = "@modelcontextprotocol/client"


def program() -> str:
    """Give the machine's Node."""
    return shutil.which("node") or missing("Node")


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """Give the example's folder, with its packages installed."""
    program()
    packages = CLIENTS / "typescript-sdk-2/node_modules"
    if not packages.exists():
        missing(f"{NAME}, which `make test` installs,")
    folder = copied("node", tmp_path)
    (folder / "node_modules").symlink_to(packages)
    return folder


def test_its_tests_pass(node: Path) -> None:
    """Every test of the example runs and passes, and nothing is left where it kept its state."""
    ended = run(["node", "--test", "--test-reporter=tap"], node)
    assert ended.code == 0, ended.out + ended.err
    written = re.findall(r'^test\("(.*?)",', (node / "client.test.js").read_text(), re.MULTILINE)
    assert re.findall(r"^ok \d+ - (.*)$", ended.out, re.MULTILINE) == written
    assert len(written) > 3
    assert not list((node / "tmp").glob("sandbox-*"))


def test_a_start_that_fails(node: Path) -> None:
    """A scenario that there is not is an error in the words of the sandbox; so is a sandbox that there is not."""
    script = """
    import { Sandbox } from "./sandbox.js";
    await Sandbox.start(process.argv[2]).catch((error) => console.log(error.message));
    """
    (node / "start.mjs").write_text(script)
    assert run(["node", "start.mjs", "no-such"], node).out.startswith("`no-such` is no scenario.")
    assert "ENOENT" in run([program(), "start.mjs", "healthy"], node, {"PATH": "/nowhere"}).out


def test_a_killed_runner_leaves_nothing(node: Path) -> None:
    """Where the program that runs the tests is killed, the sandbox ends by itself."""
    script = 'import { Sandbox } from "./sandbox.js"; console.log((await Sandbox.start()).console);'
    (node / "wait.mjs").write_text(script)
    with subprocess.Popen(
        [program(), "wait.mjs"],
        cwd=node,
        env=environment(node),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().rpartition(":")[2])
        assert not is_free(port)
        process.send_signal(signal.SIGKILL)
    polled(lambda: is_free(port))


def test_the_tests_install_what_the_example_names() -> None:
    """The version of the SDK in package.json is the one that `make test` installs."""
    wanted = json.loads((EXAMPLES / "node/package.json").read_text())["dependencies"]
    package = GENERATION_2.package
    assert package is not None
    assert wanted == {package.name: package.version}
