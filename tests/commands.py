"""Commands of `sandbox` as a text names them, held against the command line that there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import click

from sandbox.cli import cli

_LONG_LINE: Final = re.compile(r"\\\n\s*")
_COMMAND: Final = re.compile(r"(?:^|[;&|{(]|\bnohup\b)\s*sandbox (?P<words>[^;&|>]*)")
"""`sandbox` where a shell looks for a command."""


class Named(NamedTuple):
    """A command that a text names, and the words that follow it."""

    command: str
    words: tuple[str, ...]

    @property
    def options(self) -> set[str]:
        """The options among the words."""
        return {word.partition("=")[0] for word in self.words if word.startswith("--")}


def named(text: str) -> Iterator[Named]:
    """Give every command of `sandbox` in a shell script."""
    for line in _LONG_LINE.sub(" ", text).splitlines():
        for found in _COMMAND.finditer(line.partition("# ")[0]):
            words = found["words"].split()
            if words:
                yield Named(words[0], tuple(words[1:]))


def commands() -> dict[str, set[str]]:
    """Give the options of every command that there is."""
    return {name: set(_options(command)) for name, command in cli.commands.items()}


def _options(command: click.Command) -> Iterator[str]:
    """Give the options of a command, and of the commands below it."""
    for parameter in command.params:
        yield from (option for option in parameter.opts if option.startswith("--"))
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        yield from _options(below)
