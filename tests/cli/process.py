"""The `sandbox` program as a process: started, read line by line, and always ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, NamedTuple, Self, TypeVar

PROGRAM: Final = str(Path(sys.executable).parent / "sandbox")
ANY_PORTS: Final = ("--workos-port", "0", "--mcp-port", "0", "--console-port", "0", "--other-port", "0")
PATIENCE: Final = 60.0
"""Seconds after which what should have happened has not; a busy machine may need many of them."""

T = TypeVar("T")


def environment(home: Path, **more: str) -> dict[str, str]:
    """Give all that the program sees of the machine's environment."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), **more}


class Ended(NamedTuple):
    """What a process that ended left behind."""

    code: int
    out: str
    err: str


def sandbox(folder: Path, *arguments: str, variables: dict[str, str] | None = None, **options: Any) -> Ended:
    """Run a command to its end, in a folder of its own."""
    process = subprocess.run(
        [PROGRAM, *arguments],
        cwd=folder,
        env=environment(folder, **variables or {}),
        timeout=PATIENCE,
        check=False,
        **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
    )
    return Ended(process.returncode, (process.stdout or b"").decode(), process.stderr.decode())


def refused(ended: Ended) -> str:
    """Give the one clear line with which a command refused."""
    assert ended.code == 2, ended
    assert ended.out == ""
    assert "Traceback" not in ended.err
    assert ended.err.endswith("\n"), ended
    assert ended.err.count("\n") == 1, ended
    assert "mistake of the sandbox itself" not in ended.err
    return ended.err.strip()


def polled(look: Callable[[], T], seconds: float = PATIENCE) -> T:
    """Give what a look finds, as soon as it finds something."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.005)
    return found


class Reader(threading.Thread):
    """Reads a pipe to its end."""

    def __init__(self, pipe: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self._pipe = pipe
        self.lines: list[str] = []
        self.start()

    def run(self) -> None:
        for line in self._pipe:
            self.lines.append(line.decode().rstrip("\n"))

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


class Up:
    """A running `sandbox up`, ended when its block ends."""

    def __init__(
        self, folder: Path, *arguments: str, variables: dict[str, str] | None = None, read: bool = True, **options: Any
    ) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [PROGRAM, "up", *ANY_PORTS, *arguments],
            cwd=folder,
            env=environment(folder, **variables or {}),
            **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
        )
        assert self.process.stderr is not None
        self.err = Reader(self.process.stderr)
        if read:
            assert self.process.stdout is not None
            self.out = Reader(self.process.stdout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for pipe, reader in ((self.process.stdout, getattr(self, "out", None)), (self.process.stderr, self.err)):
            if reader is not None:
                reader.join(PATIENCE)
            if pipe is not None:
                pipe.close()

    def line(self, holds: Callable[[str], bool] | str, seconds: float = PATIENCE) -> str:
        """Wait for a line of standard output, and give it."""
        found = (lambda line: holds in line) if isinstance(holds, str) else holds

        def look() -> str | None:
            ended = self.process.poll() is not None
            line = next((line for line in list(self.out.lines) if found(line)), None)
            assert line is not None or not ended, f"it ended: {self.out.text}\n{self.err.text}"
            return line

        return str(polled(look, seconds))

    @property
    def ready(self) -> dict[str, Any]:
        """Where it is, from the first line of --json."""
        polled(lambda: self.out.lines or self.process.poll() is not None)
        assert self.out.lines, self.err.text
        first: dict[str, Any] = json.loads(self.out.lines[0])
        return first

    def exchange(self, step: str, **fields: Any) -> dict[str, Any]:
        """Wait for an exchange of a step in what --json prints."""
        found: list[dict[str, Any]] = []

        def is_it(line: str) -> bool:
            said = json.loads(line).get("exchange", {})
            good = said.get("step") == step and all(said[name] == value for name, value in fields.items())
            found.extend([said] * good)
            return good

        self.line(is_it)
        return found[0]

    def stop(self, number: int = signal.SIGINT, seconds: float = PATIENCE) -> int:
        """Send a signal, wait for the end, and give the exit code."""
        self.process.send_signal(number)
        code = self.process.wait(seconds)
        self.err.join(PATIENCE)
        if hasattr(self, "out"):
            self.out.join(PATIENCE)
        return code


@contextmanager
def up(folder: Path, *arguments: str, **options: Any) -> Iterator[Up]:
    """Run a world until the block ends, with --json."""
    with Up(folder, "--json", *arguments, **options) as running:
        yield running
