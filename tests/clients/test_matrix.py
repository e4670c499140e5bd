"""What is measured is kept, never measured twice, and goes together from many machines."""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from sandbox.clients import command, named
from sandbox.clients.adapter import Adapter
from sandbox.clients.driving import Outcome
from sandbox.clients.matrix import Cell, Matrix, Shard, shard
from sandbox.clients.observed import Observed, Row, begun, hash_of, merged, read, row_of, write, written
from sandbox.clients.process import Limits
from sandbox.errors import SandboxError
from sandbox.scenario import Scenario, find

THREE = [find(name) for name in ("healthy", "missing-registration", "resource-metadata-missing")]
ASKS = """
import sys, urllib.error, urllib.request
try:
    urllib.request.urlopen(sys.argv[1].replace("/mcp", "/.well-known/oauth-protected-resource"))
    print("there")
except urllib.error.HTTPError as error:
    print(error.code)
    sys.exit(1)
"""
SMALL: Adapter = command.adapter(shlex.join([sys.executable, "-c", ASKS, "{mcp_url}"]))
"""A client that looks for the resource metadata, and does no more."""


async def measured(folder: Path, scenarios: list[Scenario], part: Shard = Shard(), **options: bool) -> list[Cell]:  # noqa: B008 - a value
    """Measure the small client; give what was measured."""
    cells: list[Cell] = []
    matrix = Matrix([SMALL], scenarios, folder, part=part, **options)
    await matrix.measure(folder, jobs=2, seen=lambda cell, _: cells.append(cell))
    return cells


def kept(folder: Path) -> dict[str, Row]:
    """Give the rows of the small client."""
    return read(folder / f"{SMALL.name}.yaml").scenarios


async def test_what_is_measured_is_kept(tmp_path: Path) -> None:
    """Every scenario gets a row: whether it connected, how far it came, what it said, and of which scenario."""
    await measured(tmp_path, THREE)
    rows = kept(tmp_path)
    assert set(rows) == {scenario.name for scenario in THREE}
    assert {name: row.connected for name, row in rows.items()} == {
        "healthy": True,
        "missing-registration": True,
        "resource-metadata-missing": False,
    }
    assert rows["healthy"].said == ("there",)
    assert rows["resource-metadata-missing"].said == ("404",)
    assert rows["healthy"].reached == "resource-metadata"
    assert all(row.of == hash_of(find(name)) for name, row in rows.items())


async def test_what_is_known_is_not_measured_again(tmp_path: Path) -> None:
    """A second run measures what is missing, what has changed, and all of it when that is asked for."""
    await measured(tmp_path, THREE[:1])
    assert [cell.scenario.name for cell in await measured(tmp_path, THREE[:2])] == ["missing-registration"]
    assert await measured(tmp_path, THREE[:2]) == []
    changed = msgspec.structs.replace(THREE[0], world={"workos": {"sign_in": "deny"}})
    assert [cell.scenario for cell in await measured(tmp_path, [changed, THREE[1]])] == [changed]
    assert len(await measured(tmp_path, THREE[:2], again=True)) == 2


async def test_words_of_a_scenario_do_not_make_it_another(tmp_path: Path) -> None:
    """A new title or symptom is nothing that a client notices; a fault is."""
    told = msgspec.structs.replace(THREE[1], title="Another title", symptoms=(), references=())
    assert hash_of(told) == hash_of(THREE[1])
    assert len({hash_of(scenario) for scenario in THREE}) == 3
    await measured(tmp_path, THREE[1:2])
    assert await measured(tmp_path, [told]) == []


async def test_another_version_begins_anew(tmp_path: Path) -> None:
    """What was observed of another version of a client says nothing of this one."""
    await measured(tmp_path, THREE[:1])
    write(tmp_path, msgspec.structs.replace(read(tmp_path / f"{SMALL.name}.yaml"), version="0.9"))
    assert len(await measured(tmp_path, THREE[:1])) == 1


async def test_an_interrupted_run_goes_on(tmp_path: Path) -> None:
    """What was measured before an interruption is written, and the next run takes up the rest."""
    matrix = Matrix([SMALL], THREE, tmp_path)
    first = asyncio.Event()
    running = asyncio.create_task(matrix.measure(tmp_path, jobs=1, seen=lambda *_: first.set()))
    await first.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert 1 <= len(kept(tmp_path)) < 3
    known = len(kept(tmp_path))
    assert len(await measured(tmp_path, THREE)) == 3 - known


async def test_two_runs_into_one_directory_lose_nothing(tmp_path: Path) -> None:
    """What another run has written meanwhile stays."""
    one, other = Matrix([SMALL], THREE[:1], tmp_path), Matrix([SMALL], THREE[1:2], tmp_path)
    await asyncio.gather(one.measure(tmp_path, jobs=1), other.measure(tmp_path, jobs=1))
    assert set(kept(tmp_path)) == {"healthy", "missing-registration"}
    assert os.listdir(tmp_path) == [f"{SMALL.name}.yaml"]  # noqa: PTH208 - nothing else is there


async def test_a_client_that_cannot_be_driven_stops_nobody(tmp_path: Path) -> None:
    """One that is not there, or spoils its own home, gets a row that says so; the others are measured."""
    gone = command.adapter("no-such-client {mcp_url}")
    matrix = Matrix([SMALL, gone], THREE[:1], tmp_path)
    await matrix.measure(tmp_path, jobs=1)
    assert kept(tmp_path)["healthy"].connected
    told = read(tmp_path / f"{gone.name}.yaml").scenarios["healthy"]
    assert (told.connected, told.ended) == (False, "not driven")
    assert told.said[0].startswith("no-such-client: No such file")


async def test_another_command_is_another_client(tmp_path: Path) -> None:
    """Two commands of one program share neither rows nor a name with a client that is known."""
    await measured(tmp_path, THREE[:1])
    other = command.adapter(SMALL.command + " --more")
    assert (other.name, other.version != SMALL.version) == (SMALL.name, True)
    assert Matrix([other], THREE[:1], tmp_path).cells
    assert command.adapter("/opt/python-sdk {mcp_url}").name != "python-sdk"
    assert len(Matrix([SMALL, SMALL], THREE[1:2], tmp_path).cells) == 1


def test_runs_of_many_processes_lose_nothing(tmp_path: Path) -> None:
    """Processes that write into one directory wait for each other."""
    program = str(Path(sys.executable).parent / "sandbox")
    names = [name for scenario in THREE for name in ("--scenario", scenario.name)]
    words = [program, "matrix", "--command", SMALL.command, "--out", str(tmp_path), *names]
    runs = [subprocess.Popen([*words, "--shard", f"{part}/3"], stdout=subprocess.DEVNULL) for part in (1, 2, 3)]
    assert [run.wait(60) for run in runs] == [0, 0, 0]
    assert set(kept(tmp_path)) == {scenario.name for scenario in THREE}


def test_a_file_names_no_place(tmp_path: Path) -> None:
    """A client's name that would lead out of the directory is refused."""
    file = tmp_path / "evil.yaml"
    file.write_text("client: ../evil\ntitle: t\nversion: '1'\nscenarios: {}\n")
    with pytest.raises(SandboxError, match="These are no observations"):
        read(file)


async def test_shards_are_the_whole(tmp_path: Path) -> None:
    """Every pair of client and scenario is in one part, whatever was measured before; merged, they are the whole."""
    whole = {scenario.name for scenario in THREE}
    parts = [tmp_path / "one", tmp_path / "two"]
    for number, folder in enumerate(parts, 1):
        await measured(folder, THREE, Shard(number, 2))
    assert [set(kept(folder)) for folder in parts] == [
        {"healthy", "resource-metadata-missing"},
        {"missing-registration"},
    ]
    (together,) = merged([read(folder / f"{SMALL.name}.yaml") for folder in parts])
    assert set(together.scenarios) == whole
    assert await measured(parts[0], THREE, Shard(1, 2)) == []


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "1/0", "a/b", "-1/2", "1/2/3", ""])
def test_a_shard_that_is_none_is_refused(text: str) -> None:
    """A part outside of the whole, or no part at all, is explained."""
    with pytest.raises(SandboxError, match="--shard takes a part of a whole, such as 1/4 to 4/4"):
        shard(text)


# --- files -------------------------------------------------------------------------------------------------------


def row(**said: object) -> Row:
    """Make a row."""
    return msgspec.convert({"date": "2026-11-26", "of": "00000000", "connected": False, **said}, Row)


def observed(**rows: Row) -> Observed:
    """Make a client's file."""
    return Observed(client="small", title="Small", version="1.0", scenarios=rows)


HOSTILE = ["a: b #c", "'\"", "- x", "!!python/object:os.system", "…✗", "yes", "null", "{a: 1}", " lead", "\\n"]


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Whatever a client says comes back to the letter, and each scenario has its line."""
    before = observed(one=row(said=HOSTILE), two=row(connected=True, sign_ins=2, speaks="2025-11-25", left=1))
    write(tmp_path, before)
    assert read(tmp_path / "small.yaml") == before
    lines = (tmp_path / "small.yaml").read_text().splitlines()
    assert lines[0] == "# Measured by `sandbox matrix`; nothing in it is written by hand."
    assert [line.split(":")[0] for line in lines[-2:]] == ["  one", "  two"]
    assert [file.name for file in tmp_path.iterdir()] == ["small.yaml"]


@pytest.mark.parametrize("text", ["", "a: [", "client: x", "- 1", "client: {}\nscenarios: []"])
def test_a_file_that_is_none_is_refused(text: str, tmp_path: Path) -> None:
    """A file of something else is named, and nothing of it is overwritten."""
    file = tmp_path / f"{SMALL.name}.yaml"
    file.write_text(text)
    with pytest.raises(SandboxError, match=r"These are no observations of `sandbox matrix`: "):
        Matrix([SMALL], THREE, tmp_path)
    assert file.read_text() == text


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be written leaves the file that was there."""
    write(tmp_path, observed(one=row()))

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(SandboxError, match="No space left on device"):
        write(tmp_path, observed(two=row()))
    assert list(read(tmp_path / "small.yaml").scenarios) == ["one"]


def test_merging_takes_the_later_row_and_one_version() -> None:
    """Of two rows of a scenario the later counts; two versions are not mixed."""
    old, new = observed(one=row(date="2026-11-01", said=["old"])), observed(one=row(date="2026-11-02", said=["new"]))
    for parts in ([old, new], [new, old]):
        assert merged(parts)[0].scenarios["one"].said == ("new",)
    with pytest.raises(SandboxError, match=r"small: 1\.0 and 2\.0 were observed; merge one version\."):
        merged([old, msgspec.structs.replace(new, version="2.0")])


def test_a_row_is_what_is_kept_of_an_outcome() -> None:
    """The row holds what the outcome says, and the day; not all that was printed."""
    outcome = Outcome(scenario="healthy", connected=True, said=("yes",), unfired=("at token: …",), printed="secret")
    kept_row = row_of(find("healthy"), outcome)
    assert (kept_row.connected, kept_row.met, kept_row.said) == (True, False, ("yes",))
    assert "secret" not in written(begun(SMALL).with_row(find("healthy"), outcome))


async def test_a_silent_client_costs_its_silence_once(tmp_path: Path) -> None:
    """Clients that hang are cut off side by side, not one after the other."""
    hangs = command.adapter(shlex.join([sys.executable, "-c", "import time; time.sleep(600)", "{mcp_url}"]))
    matrix = Matrix([hangs], THREE[:2], tmp_path)
    outcomes: list[Outcome] = []
    began = asyncio.get_running_loop().time()
    await matrix.measure(tmp_path, jobs=2, limits=Limits(silence=2), seen=lambda _, outcome: outcomes.append(outcome))
    took = asyncio.get_running_loop().time() - began
    assert [outcome.ended for outcome in outcomes] == ["silent", "silent"]
    assert took < sum(outcome.seconds for outcome in outcomes)


def test_names() -> None:
    """A client is asked for by its name."""
    assert named("python-sdk").title == "MCP Python SDK"
