"""`make` and tests/set-up, with stand-ins for Python, Node and npm that record what they were asked."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest

from tests.cli.process import PATIENCE, Ended
from tests.conftest import missing

ROOT: Final = Path(__file__).parent.parent.parent
TOOLS: Final = ("awk", "cat", "chmod", "dirname", "mkdir", "mv", "rm", "sed", "sh", "sleep", "touch")

VENV_PYTHON: Final = """#!/bin/sh
echo "$*" >>"$PWD/asked"
[ ! -e "$PWD/fails" ] || exit 1
case $* in "-c "*) echo True ;; esac
"""
PYTHON: Final = f"""#!/bin/sh
case $* in
"-c "*) echo True ;;
"-m venv "*)
	echo "$*" >>asked
	mkdir -p .venv/bin
	cat >.venv/bin/python <<'END'
{VENV_PYTHON}END
	chmod +x .venv/bin/python ;;
esac
"""


def program(folder: Path, name: str, text: str) -> None:
    """Write a program."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """Give a folder with the few tools that every machine has; it is all that PATH names."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found is not None, name
        (folder / name).symlink_to(found)
    return folder


def run(command: Iterable[str], folder: Path, tools: Path, **variables: str) -> Ended:
    """Run a program that sees those tools alone."""
    process = subprocess.run(
        list(command),
        cwd=folder,
        env={"PATH": str(tools), "HOME": str(folder), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return Ended(process.returncode, process.stdout, process.stderr)


# --- make --------------------------------------------------------------------------------------------------------


class Make:
    """A fresh checkout, and the machine's make."""

    def __init__(self, folder: Path, tools: Path) -> None:
        self.folder, self.tools = folder, tools
        for name in ("Makefile", "pyproject.toml"):
            shutil.copy(ROOT / name, folder)
        program(tools, "python3", PYTHON)
        self.program = shutil.which("make") or missing("make")

    def __call__(self, *arguments: str) -> Ended:
        return run([self.program, *arguments], self.folder, self.tools)

    @property
    def asked(self) -> list[str]:
        """What was asked of Python, but for its version."""
        file = self.folder / "asked"
        lines = file.read_text().splitlines() if file.exists() else []
        return [re.sub(r" --quiet| --disable-pip-version-check", "", line) for line in lines if line[:3] != "-c "]


@pytest.fixture
def make(tmp_path: Path, tools: Path) -> Make:
    """Give make in a fresh checkout."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    return Make(folder, tools)


def test_make_lists_its_targets(make: Make) -> None:
    """`make` alone names every target with its purpose, and does nothing."""
    said = make()
    targets = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[0].split()
    assert [line.split()[:2] for line in said.out.splitlines()] == [["make", target] for target in targets]
    assert all(len(line.split()) > 3 for line in said.out.splitlines())
    assert make.asked == []


def test_make_installs_once(make: Make) -> None:
    """`make setup` makes an environment and installs into it, and the next time there is nothing to do."""
    assert make("setup").code == 0
    assert make.asked[-1] == "-m pip install --editable ."
    before = len(make.asked)
    assert "Nothing to be done" in make("setup").out
    assert len(make.asked) == before


def test_make_refuses_an_old_python(make: Make) -> None:
    """A Python that is too old, or no Python, is one line that says what to do, and nothing is made."""
    program(make.tools, "old", "#!/bin/sh\necho False\n")
    for name in ("old", "/nowhere/python3"):
        said = make("sandbox", f"PYTHON={name}")
        assert said.code == 2
        assert said.out == ""
        assert said.err.count("\n") == 1
        assert f"needs Python 3.11 or newer, which {name} is not. Name one: make PYTHON=" in said.err
        assert not (make.folder / ".venv").exists()


def test_make_does_not_count_an_interrupted_install(make: Make) -> None:
    """An install that did not end is done again, and an environment without pip is made anew."""
    program(make.folder, "fails", "")
    assert make("setup").code == 2
    assert not (make.folder / ".venv/.sandbox").exists()
    (make.folder / "fails").unlink()
    (make.folder / "asked").unlink()
    assert make("setup").code == 0
    assert make.asked == ["-m pip --version", "-m pip install --editable ."]
    (make.folder / ".venv/.sandbox").unlink()
    program(make.folder / ".venv/bin", "python", "#!/bin/sh\nexit 1\n")
    (make.folder / "asked").unlink()
    assert make("setup").code == 0
    assert make.asked == ["-m venv --clear .venv", "-m pip install --editable ."]


def test_make_sandbox_passes_on_what_it_ended_with(make: Make) -> None:
    """`make sandbox` runs the scenario with the arguments, and fails as it fails."""
    assert make("setup").code == 0
    for code in (0, 2):
        program(make.folder / ".venv/bin", "sandbox", f'#!/bin/sh\necho "$*"\nexit {code}\n')
        said = make("sandbox", "SCENARIO=slow-token", "ARGS=--fresh --seed 7")
        assert said.out == "up slow-token --fresh --seed 7\n"
        assert (said.code, said.err != "") == (code, bool(code))


# --- tests/set-up ------------------------------------------------------------------------------------------------

NPM: Final = """#!/bin/sh
for last; do true; done
while [ "$1" != --prefix ]; do shift; done
mkdir -p "$2/node_modules"
echo half >"$2/node_modules/half"
case $last in $REFUSED) exit 1 ;; esac
echo "$last" >"$2/node_modules/whole"
echo "$last" >>"$HOME/asked"
"""


SANDBOX: Final = """#!/bin/sh
echo "$*" >>"$HOME/asked"
case clients in $REFUSED) echo "sandbox: no" >&2; exit 2 ;; esac
"""


def set_up(folder: Path, tools: Path, *, refused: str = "-", **variables: str) -> Ended:
    """Run tests/set-up on a machine with Node and Chromium."""
    for name in ("node", "chromium"):
        program(tools, name, "#!/bin/sh\n")
    program(tools, "npm", NPM)
    program(tools, "sandbox", SANDBOX)
    return run([str(ROOT / "tests/set-up"), "state", "sandbox"], folder, tools, REFUSED=refused, **variables)


def judges() -> dict[str, str]:
    """Give the judges, and the package of each."""
    words = (ROOT / "tests/judges.txt").read_text().split()
    return dict(zip(words[::2], words[1::2], strict=True))


def test_set_up_installs_judges_and_clients(tmp_path: Path, tools: Path) -> None:
    """The judges are installed by name, the clients by the sandbox; the second time the judges are there."""
    first = set_up(tmp_path, tools)
    assert (first.code, first.err) == (0, "")
    clients = "clients --state-dir state install --all --quiet"
    assert (tmp_path / "asked").read_text().splitlines() == [*judges().values(), clients]
    (tmp_path / "asked").unlink()
    assert set_up(tmp_path, tools) == Ended(0, "", "")
    assert (tmp_path / "asked").read_text().splitlines() == [clients]


def test_set_up_says_what_cannot_be_had(tmp_path: Path, tools: Path) -> None:
    """A package that cannot be installed is named in one line, does not count as there, and is tried again."""
    said = set_up(tmp_path, tools, refused="*conformance*")
    assert said.code == 0
    missed = [line for line in said.out.splitlines() if line.startswith("Not on this machine: ")]
    assert missed == [f"Not on this machine: {judges()['conformance']}. The tests that need it are skipped."]
    installed = {file.name for file in (tmp_path / "state/clients").iterdir() if (file / ".package").exists()}
    assert installed == set(judges()) - {"conformance"}
    again = set_up(tmp_path, tools)
    assert (again.code, "Not on this machine" in again.out) == (0, False)


def test_set_up_says_that_clients_cannot_be_had(tmp_path: Path, tools: Path) -> None:
    """What the sandbox says of a client that it cannot install is passed on; in CI that is a failure."""
    said = set_up(tmp_path, tools, refused="clients")
    assert said.out.endswith("Not on this machine: some clients. The tests that need it are skipped.\n")
    assert (said.code, said.err) == (0, "sandbox: no\n")
    assert set_up(tmp_path, tools, refused="clients", CI="true").code == 1


def test_set_up_replaces_another_version(tmp_path: Path, tools: Path) -> None:
    """What another version left is replaced as a whole."""
    set_up(tmp_path, tools)
    old = tmp_path / "state/clients/conformance"
    (old / "node_modules/left").touch()
    (old / ".package").write_text("@modelcontextprotocol/conformance@0.1.0\n")
    set_up(tmp_path, tools)
    assert not (old / "node_modules/left").exists()
    assert (old / "node_modules/whole").read_text() == f"{judges()['conformance']}\n"


def test_set_up_without_node(tmp_path: Path, tools: Path) -> None:
    """Without Node it says so in one line, which is a failure in CI only; what needs no Node is installed."""
    program(tools, "chromium", "#!/bin/sh\n")
    program(tools, "sandbox", SANDBOX)
    command = [str(ROOT / "tests/set-up"), "state", "sandbox"]
    said = run(command, tmp_path, tools, REFUSED="-")
    assert said == Ended(0, "Not on this machine: Node with npm. The tests that need it are skipped.\n", "")
    assert (tmp_path / "asked").read_text() == "clients --state-dir state install fastmcp --quiet\n"
    said = run(command, tmp_path, tools, REFUSED="-", CI="true")
    assert said == Ended(1, "", "Not on this machine: Node with npm. CI skips nothing.\n")
