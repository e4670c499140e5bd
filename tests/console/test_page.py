"""docs/other-languages.md, held against what runs: its lines, its tables and its commands."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx2
import msgspec
import pytest

from sandbox.console.api import ROUTES
from sandbox.diagnosis import Finding
from sandbox.wire.exchange import Exchange
from tests.cli.process import PATIENCE, Up, up
from tests.conftest import missing

PAGE: Final = (Path(__file__).parent.parent.parent / "docs/other-languages.md").read_text()
CURLS: Final = re.findall(r"^curl .*$", PAGE, re.MULTILINE)
CONSOLE: Final = "http://localhost:4102"


def asked(line: str) -> str:
    """Give the route that a line of curl asks, as the API's table writes it."""
    words = shlex.split(line)
    method = words[words.index("-X") + 1] if "-X" in words else "GET"
    return f"{method} {words[-1].removeprefix(CONSOLE).partition('?')[0]}"


def first_column(heading: str) -> set[str]:
    """Give the names in the first column of a table."""
    table = PAGE.partition(f"| {heading} |")[2].partition("\n\n")[0]
    return set(re.findall("`(.*?)`", " ".join(re.findall(r"^\| (.*?) \|", table, re.MULTILINE))))


def objects() -> list[dict[str, object]]:
    """Give the JSON objects of the page."""
    return [json.loads(text) for text in re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """Run a sandbox for all lines."""
    with up(tmp_path_factory.mktemp("sandbox")) as world:
        yield world


def test_every_route_has_its_line() -> None:
    """The page has a line of curl for every operation of the control API, and none for what there is not."""
    assert set(map(asked, CURLS)) == {f"{route.method} {route.path}" for route in ROUTES} | {"GET /api/events"}


@pytest.mark.parametrize("line", CURLS)
def test_every_line_works(line: str, running: Up, tmp_path: Path) -> None:
    """Each line of curl can be pasted, and is granted what it asks."""
    if shutil.which("curl") is None:
        missing("curl")
    endless = asked(line) == "GET /api/events"
    limit = 2 if endless else PATIENCE
    (tmp_path / ".curlrc").write_text(f"fail\nsilent\nshow-error\nmax-time = {limit}\n")
    done = subprocess.run(
        ["sh", "-c", line.replace(CONSOLE, running.ready["console"])],  # noqa: S607 - as a person pastes it
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        timeout=2 * PATIENCE,
        check=False,
    )
    assert (done.returncode, b"Operation timed out" in done.stderr) == ((28, True) if endless else (0, False)), done
    assert done.stdout


def test_the_first_line(tmp_path: Path) -> None:
    """The ready line is as the page shows it, and its table names every field."""
    shown, failed = objects()
    assert first_column("field") | {"ready"} == {*shown, "ca"}
    assert set(failed) == {"ready", "error"}
    with up(tmp_path, "net-private-ca") as world:
        assert set(world.ready) == {*shown, "ca"}


def test_every_event_is_told(running: Up) -> None:
    """The table names what a stream begins with, and every field of what runs."""
    with httpx2.stream("GET", running.ready["console"] + "/api/events", trust_env=False) as stream:
        lines = stream.iter_lines()
        said = [next(line for line in lines if line.startswith(name)) for name in ("event: ", "data: ") * 3]
    begins = [line.removeprefix("event: ") for line in said[::2]]
    assert begins == ["scenario", "hold", "client"]
    assert first_column("event") == {*begins, "exchange", "finding"}
    (row,) = re.findall(r"^\| `scenario` \| .* \| (.*) \|$", PAGE, re.MULTILINE)
    assert set(re.findall("`(.*?)`", row)) == set(json.loads(said[1].removeprefix("data: ")))


@pytest.mark.parametrize(("heading", "kind"), [("field of `exchange`", Exchange), ("field of `finding`", Finding)])
def test_every_field_is_told(heading: str, kind: type[msgspec.Struct]) -> None:
    """The table of an object names each of its fields, and none that it has not."""
    assert first_column(heading) == {field.name for field in msgspec.structs.fields(kind)}
