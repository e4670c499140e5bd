"""Scenario files, read and checked."""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any, Final

import msgspec

from sandbox.real_keys import ADVICE, REAL, path_to_one
from sandbox.scenario.document import MAX_BYTES, MAX_DEPTH, SURROGATE, Document, parsed
from sandbox.scenario.errors import ScenarioError
from sandbox.scenario.model import Scenario
from sandbox.scenario.references import loose
from sandbox.scenario.rules import check
from sandbox.scenario.shapes import Shape, at, shaped
from sandbox.scenario.wording import Path, quoted, spelled
from sandbox.world import World, merged

_MAX_INTEGER: Final = 2**63
_TOO_LARGE: Final = f"larger than {MAX_BYTES // 1024} KiB. A scenario is a small file."


def read(path: str | os.PathLike[str]) -> Scenario:
    """Read a scenario file; the scenario is named after it.

    Raise ScenarioError for a file that cannot be read, and for whatever `read_text` refuses.
    """
    file = os.fspath(path)
    return read_text(_bytes_of(file), file=file, name=FilePath(file).stem)


def read_text(text: str | bytes, *, file: str = "<text>", name: str = "") -> Scenario:
    """Read a scenario from YAML; `file` is what errors call it.

    Raise ScenarioError, which says in one line where what is wrong, and what is meant or allowed.
    """
    decoded = _decoded(text, file)
    if (found := REAL.search(decoded)) is not None:
        before = decoded[: found.start()]
        place = f"{file}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
        raise ScenarioError(f"{place}: {ADVICE}")
    return _scenario(parsed(decoded, file), name)


def read_value(value: Mapping[str, Any], *, name: str = "") -> Scenario:
    """Read a scenario from JSON-like data.

    Raise ScenarioError, as `read_text` does; it names the path of what is wrong, such as `faults[0].at`.
    """
    return _scenario(Document(plain(value)), name)


def check_change(world: World, change: Mapping[str, Any]) -> None:
    """Raise ScenarioError, in words, for what cannot be laid over the settings of a world."""
    _laid_over(world, Document({"world": plain(change)}), ("world",))


def _scenario(document: Document, name: str) -> Scenario:
    value = document.value
    if (place := path_to_one(value)) is not None:
        raise document.wrong(place, ADVICE)
    if not isinstance(value, dict):
        raise document.wrong((), "a scenario is a mapping with at least `title`, `story` and `expect`.")
    if "name" in value:
        raise document.wrong(("name",), "a scenario is named by its file. Leave `name` out.", key=True)
    scenario: Scenario = shaped(document, (), value, Shape(lambda whole: msgspec.convert(whole, Scenario), Scenario))
    check(document, scenario)
    world = _laid_over(World(), document, ("world",))
    for path, text in loose(scenario.world.get("workos", {}), world.workos):
        full = ("world", "workos", *path)
        raise document.wrong(full, f"`{spelled(full)}` {text}")
    _laid_over(world, document, ("fixed",))
    for index in range(len(scenario.faults)):
        _laid_over(world, document, ("faults", index, "change"))
    return msgspec.structs.replace(scenario, name=name)


def _laid_over(world: World, document: Document, path: Path) -> World:
    """Lay the settings at a path of the document, where there are some, over a world."""
    *above, last = path
    settings = at(document.value, tuple(above)).get(last, {})
    shape = Shape(lambda change: merged(world, change), World)
    changed: World = shaped(document, path, settings, shape)
    return changed


def _bytes_of(file: str) -> bytes:
    try:
        status = os.stat(file)  # noqa: PTH116 - a path that holds NUL is a ValueError here, and handled
        if stat.S_ISDIR(status.st_mode):
            raise ScenarioError(
                f"{file}: this is a directory. Name a scenario file, such as {file.rstrip('/')}/my.yaml."
            )
        if not stat.S_ISREG(status.st_mode):
            raise ScenarioError(f"{file}: this is no regular file.")
        if status.st_size > MAX_BYTES:
            raise ScenarioError(f"{file}: {_TOO_LARGE}")
        return FilePath(file).read_bytes()
    except FileNotFoundError:
        raise ScenarioError(f"{file}: there is no such file.") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise ScenarioError(f"{file}: cannot be read: {reason}.") from None


def _decoded(text: str | bytes, file: str) -> str:
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(data) > MAX_BYTES:
        raise ScenarioError(f"{file}:1:1: {_TOO_LARGE}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        raise ScenarioError(f"{file}:{line}:{column}: not UTF-8. Save the file as UTF-8 text.") from None


def plain(value: Any, path: Path = ()) -> Any:
    """Give JSON-like data as fresh mappings, lists, texts, numbers, booleans and None.

    Raise ScenarioError for anything else, and for what is nested too deeply.
    """
    here = Document(None)
    if len(path) > MAX_DEPTH:
        raise here.wrong(path, f"nested deeper than {MAX_DEPTH}. A scenario needs no more.")
    match value:
        case None | bool():
            return value
        case str() if not SURROGATE.search(value):
            return value
        case int() if abs(value) < _MAX_INTEGER:
            return value
        case float() if math.isfinite(value):
            return value
        case list() | tuple():
            return [plain(item, (*path, index)) for index, item in enumerate(value)]
        case Mapping():
            for key in value:
                if not isinstance(key, str) or SURROGATE.search(key):
                    raise here.wrong(path, f"the key {quoted(repr(key))} is no text.")
            return {key: plain(item, (*path, key)) for key, item in value.items()}
        case _:
            raise here.wrong(path, f"a value of the kind {quoted(type(value).__name__)} that a scenario cannot hold.")
