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


def set_up(folder: Path, tools: Path, *, platform: str = "linux-x64", refused: str = "-", **variables: str) -> Ended:
    """Run tests/set-up on a machine with Node and Chromium."""
    for name in ("node", "chromium"):
        program(tools, name, f"#!/bin/sh\necho {platform}\n")
    program(tools, "npm", NPM)
    return run([str(ROOT / "tests/set-up"), "clients"], folder, tools, REFUSED=refused, **variables)


@pytest.mark.parametrize("platform", ["linux-x64", "linux-arm64-musl", "darwin-arm64"])
def test_set_up_picks_the_package_of_the_platform(platform: str, tmp_path: Path, tools: Path) -> None:
    """The newest Claude Code is installed for the platform that Node says this is; the second time nothing is."""
    first = set_up(tmp_path, tools, platform=platform)
    assert (first.code, first.err) == (0, "")
    packages = [line.split()[1] for line in (ROOT / "tests/clients.txt").read_text().splitlines()]
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked == [package.replace("{platform}", platform) for package in packages]
    assert any(platform in package for package in asked)
    assert set_up(tmp_path, tools, platform=platform) == Ended(0, "", "")


def test_set_up_says_what_cannot_be_had(tmp_path: Path, tools: Path) -> None:
    """A package that cannot be installed is named in one line, does not count as there, and is tried again."""
    said = set_up(tmp_path, tools, platform="plan9-mips", refused="*plan9*")
    assert said.code == 0
    missed = [line for line in said.out.splitlines() if line.startswith("Not on this machine: ")]
    assert len(missed) == 1
    assert "plan9-mips" in missed[0]
    assert missed[0].endswith(". The tests that need it are skipped.")
    installed = {file.name for file in (tmp_path / "clients").iterdir() if (file / ".package").exists()}
    packages = (ROOT / "tests" / "clients.txt").read_text().splitlines()
    assert installed == {line.split()[0] for line in packages if "{platform}" not in line}
    again = set_up(tmp_path, tools, platform="plan9-mips")
    assert again.code == 0
    assert "Not on this machine" not in again.out


def test_set_up_replaces_another_version(tmp_path: Path, tools: Path) -> None:
    """What another platform or version left is replaced as a whole."""
    set_up(tmp_path, tools, platform="linux-x64")
    old = next((tmp_path / "clients").glob("claude-code-2.1*"))
    (old / "node_modules/left").touch()
    set_up(tmp_path, tools, platform="darwin-arm64")
    assert not (old / "node_modules/left").exists()
    assert "darwin-arm64" in (old / "node_modules/whole").read_text()


def test_set_up_without_node(tmp_path: Path, tools: Path) -> None:
    """Without Node it says so in one line, which is a failure in CI only."""
    program(tools, "chromium", "#!/bin/sh\n")
    command = [str(ROOT / "tests/set-up"), "clients"]
    said = run(command, tmp_path, tools)
    assert said == Ended(0, "Not on this machine: Node with npm. The tests that need it are skipped.\n", "")
    said = run(command, tmp_path, tools, CI="true")
    assert said == Ended(1, "", "Not on this machine: Node with npm. CI skips nothing.\n")
