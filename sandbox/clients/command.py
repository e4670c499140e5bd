"""Any other client: a command that connects by itself and whose exit status says whether it did."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from sandbox.clients.adapter import Adapter, Verdict
from sandbox.clients.run import Run
from sandbox.clients.words import last_words
from sandbox.errors import SandboxError

PLACE = "{mcp_url}"
"""What stands for the URL in a command."""


def adapter(command: str) -> Adapter:
    """Make an adapter of a command line in which `{mcp_url}` stands for the URL.

    Raise SandboxError when the words cannot be told apart, or the URL has no place.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise SandboxError(f"--command {command!r} cannot be read: {error}.") from error
    if not any(PLACE in word for word in words):
        raise SandboxError(f'--command needs {PLACE} where the URL goes, such as --command "my-client {PLACE}".')

    here = Path.cwd()  # a command means what it means where it was given

    async def drive(run: Run) -> Verdict:
        given = [word.replace(PLACE, run.url) for word in words]
        done = await run.visits(*given, folder=here)
        return Verdict(done.exit_status == 0, last_words(done))

    name = re.sub(r"[^\w.-]", "-", Path(words[0]).name).lstrip(".") or "command"
    return Adapter(name=f"command-{name}", title=name, command=command, drive=drive)
