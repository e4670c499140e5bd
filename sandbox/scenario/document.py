"""YAML read into plain values, with the line and the column of each.

Only the events of the parser are used. PyYAML's composer recurses on the C stack, so that a file of open brackets
kills the process; its resolver follows YAML 1.1, where `on` and `no` are booleans and 12:30 is a number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import yaml

from sandbox.scenario.errors import ScenarioError
from sandbox.scenario.wording import Path, quoted, spelled
from sandbox.world import PLACEHOLDERS

MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 32
"""How deep mappings and lists may nest."""

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# The core schema of YAML 1.2, with decimal numbers only, and without .inf and .nan, which JSON cannot hold.
_CONSTANTS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER: Final = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]{1,40}|(0|[1-9][0-9]{0,17})(\.[0-9]{0,40})?)([eE][-+]?[0-9]{1,3})?")

NO_TEXT: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""The characters that YAML does not take (YAML 1.2, section 5.1)."""

SURROGATE: Final = re.compile("[\ud800-\udfff]")
"""Halves of a character, which an escape can write and UTF-8 cannot."""

# What people write most often, and what to do about it. The first text found in the parser's problem decides.
_ADVICE: Final = (
    ("'\\t'", "indent with spaces, not with tabs"),
    ("tab character", "indent with spaces, not with tabs"),
    ("mapping values are not allowed", "a text that holds `: ` must be in quotes, or begin under `>`"),
    ("cannot start any token", "a text that begins with this character must be in quotes"),
    ("expected ',' or '}'", "a text that begins with `{` must be in quotes"),
    ("expected ',' or ']'", "a text that begins with `[` must be in quotes"),
    ("did not find expected key", "a text that begins with `{`, `[` or a quote must be in quotes as a whole"),
)


class Mark(NamedTuple):
    """A place in a file, counted from 1."""

    line: int
    column: int


class Document(NamedTuple):
    """A value and where each part of it was written."""

    value: Any
    file: str = ""
    values: Mapping[Path, Mark] = MappingProxyType({})
    keys: Mapping[Path, Mark] = MappingProxyType({})

    def place(self, path: Path, *, key: bool = False) -> str:
        """Say where a value is, or its key: `FILE:LINE:COLUMN`, or its path when it never was in a file."""
        if not self.values:
            return spelled(path) or "scenario"
        mark = self.keys.get(path, self.values[path]) if key else self.values[path]
        return f"{self.file}:{mark.line}:{mark.column}"

    def nearby(self, path: Path) -> str:
        """Say where a value is, to somebody who already looks at this document."""
        return f"on line {self.values[path].line}" if self.values else f"at `{spelled(path)}`"

    def wrong(self, path: Path, message: str, *, key: bool = False) -> ScenarioError:
        """Give the error that says what is wrong at a place."""
        return ScenarioError(f"{self.place(path, key=key)}: {message}")


def parsed(text: str, file: str) -> Document:
    """Read one YAML document.

    Raise ScenarioError for what is no YAML, and for what a scenario has no use for: aliases, tags, duplicate keys,
    keys that are no texts, several documents, and nesting deeper than `MAX_DEPTH`.
    """
    if (found := NO_TEXT.search(text)) is not None:
        before = text[: found.start()]
        place = f"{file}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
        raise ScenarioError(f"{place}: no text: the character U+{ord(found[0]):04X} is here. Save the file as UTF-8.")
    builder = _Builder(text, file)
    builder.next()  # the start of the stream
    if isinstance(builder.next(), yaml.StreamEndEvent):
        raise ScenarioError(f"{file}:1:1: the file is empty. A scenario has at least `title`, `story` and `expect`.")
    value = builder.value(builder.next(), ())
    builder.next()  # the end of the document
    second = builder.next()
    if not isinstance(second, yaml.StreamEndEvent):
        raise builder.wrong(second, "a second document begins here. A scenario file holds one.")
    return Document(value, file, builder.values, builder.keys)


class _Builder:
    """Builds a value from the events of the parser, and remembers the marks."""

    def __init__(self, text: str, file: str) -> None:
        self._events = _events(text, file)
        self._file = file
        self.values: dict[Path, Mark] = {}
        self.keys: dict[Path, Mark] = {}

    def next(self) -> Any:
        return next(self._events)

    def wrong(self, event: Any, message: str) -> ScenarioError:
        line, column = _mark(event.start_mark)
        return ScenarioError(f"{self._file}:{line}:{column}: {message}")

    def value(self, event: Any, path: Path) -> Any:
        self.values[path] = _mark(event.start_mark)
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise self.wrong(event, "anchors and aliases (`&`, `*`) are not read. Write the value out, or quote it.")
        if event.tag is not None:
            raise self.wrong(event, f"tags such as {quoted(event.tag)} are not read. Leave it out, or quote the text.")
        if len(path) > MAX_DEPTH:
            raise self.wrong(event, f"nested deeper than {MAX_DEPTH}. A scenario needs no more.")
        build: Callable[[Any, Path], Any] = {
            yaml.ScalarEvent: self._scalar,
            yaml.SequenceStartEvent: self._sequence,
            yaml.MappingStartEvent: self._mapping,
        }[type(event)]
        return build(event, path)

    def _scalar(self, event: Any, _path: Path) -> str | float | bool | None:
        if SURROGATE.search(event.value):
            raise self.wrong(event, "half of a character: an escape such as \\ud83d needs its other half.")
        return _plain(event.value) if event.implicit[0] else str(event.value)

    def _sequence(self, _start: Any, path: Path) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := self.next(), yaml.SequenceEndEvent):
            items.append(self.value(event, (*path, len(items))))
        return items

    def _mapping(self, start: Any, path: Path) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        while not isinstance(event := self.next(), yaml.MappingEndEvent):
            key = self._key(event)
            here = (*path, key)
            if key in fields:
                raise self.wrong(event, f"duplicate key {quoted(key)}. It is already on line {self.keys[here].line}.")
            self.keys[here] = _mark(event.start_mark)
            event = self.next()
            if start.flow_style and key in PLACEHOLDERS and _is_nothing(event):
                # Without quotes, YAML reads {workos} as a mapping from workos to nothing.
                raise self.wrong(start, f'a placeholder is written in quotes: "{{{key}}}".')
            fields[key] = self.value(event, here)
        return fields

    def _key(self, event: Any) -> str:
        if not isinstance(event, yaml.ScalarEvent) or event.anchor is not None or event.tag is not None:
            raise self.wrong(event, "a key must be a text.")
        if _is_nothing(event):
            raise self.wrong(event, "a key is missing before the colon.")
        if SURROGATE.search(event.value):
            raise self.wrong(event, "half of a character.")
        return str(event.value)


def _events(text: str, file: str) -> Iterator[Any]:
    try:
        yield from yaml.parse(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = _mark(error.problem_mark) if error.problem_mark is not None else Mark(1, 1)
        problem = ", ".join(part for part in (error.context, error.problem) if part)
        advice = next((f" Perhaps {advice}." for sign, advice in _ADVICE if sign in problem), "")
        raise ScenarioError(f"{file}:{mark.line}:{mark.column}: not YAML: {problem}.{advice}") from None
    except yaml.YAMLError as error:
        raise ScenarioError(f"{file}:1:1: not YAML: {' '.join(str(error).split())}.") from None


def _is_nothing(event: Any) -> bool:
    return isinstance(event, yaml.ScalarEvent) and event.value == "" and event.tag is None and event.implicit[0]


def _mark(mark: Any) -> Mark:
    return Mark(mark.line + 1, mark.column + 1)


def _plain(text: str) -> str | float | bool | None:
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text
