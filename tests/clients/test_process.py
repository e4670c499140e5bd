"""Whatever a program does, it ends within its limits, nothing of it stays, and the report says what happened."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import psutil
import pytest

from sandbox.clients.process import Limits, Printed, plain, run
from sandbox.errors import SandboxError

SHORT = Limits(seconds=60, silence=3)
PATH = os.environ["PATH"]


async def ran(program: str, folder: Path, limits: Limits = SHORT, *, terminal: bool = False) -> Printed:
    """Run a Python program."""
    return await run(
        [sys.executable, "-uc", program], environment={"PATH": PATH}, folder=folder, limits=limits, terminal=terminal
    )


def alive(pid: int) -> bool:
    """Say whether a process is still there, and no zombie."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_a_program_that_ends_is_told_as_it_was(tmp_path: Path) -> None:
    """What it printed on both streams, its exit status, and that it ended by itself."""
    done = await ran("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)", tmp_path)
    assert (done.text, done.ended, done.exit_status, done.left) == ("out\nerr\n", "exited", 3, 0)


async def test_it_sees_its_own_environment_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's environment reaches it."""
    monkeypatch.setenv("A_SECRET_OF_THE_MACHINE", "secret")
    done = await ran("import os; print(sorted(os.environ))", tmp_path)
    assert "'PATH'" in done.text
    assert "A_SECRET_OF_THE_MACHINE" not in done.text


async def test_a_silent_program_is_cut_off(tmp_path: Path) -> None:
    """One that sleeps for ever has been silent for too long."""
    began = time.monotonic()
    done = await ran("import os, time; print(os.getpid()); time.sleep(600)", tmp_path)
    assert (done.ended, done.exit_status) == ("silent", None)
    assert time.monotonic() - began < SHORT.seconds
    assert not alive(int(done.text))


async def test_requests_on_the_wire_are_no_silence(tmp_path: Path) -> None:
    """Whoever asks something now and then is not silent; only the time for all of it ends it."""
    done = await run(
        [sys.executable, "-c", "import time; time.sleep(600)"],
        environment={"PATH": PATH},
        folder=tmp_path,
        limits=Limits(seconds=1.5, silence=0.3),
        heard=time.monotonic,
    )
    assert done.ended == "too long"


BLOCKS = "input('Go on? [y/N] ')"
POLLS = """
import asyncio
loop = asyncio.new_event_loop()
loop.add_reader(0, print)
print("Paste the code:")
loop.run_forever()
"""
READS_A_CHILD = """
import subprocess, sys
sleeps = [sys.executable, "-c", "import time; time.sleep(600)"]
subprocess.run(sleeps, stdin=subprocess.DEVNULL, capture_output=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who reads")
@pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "terminal"])
@pytest.mark.parametrize("program", [BLOCKS, POLLS], ids=["blocks", "polls"])
async def test_waiting_for_input_is_told_from_waiting(program: str, *, terminal: bool, tmp_path: Path) -> None:
    """A program that reads from a person who is not there is reported as that, whether it blocks or polls."""
    done = await ran(program, tmp_path, terminal=terminal)
    assert done.ended == "waiting for input"
    assert done.text.strip() in {"Go on? [y/N]", "Paste the code:"}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who reads")
async def test_waiting_for_a_child_is_not_waiting_for_input(tmp_path: Path) -> None:
    """A program that reads what its own child prints waits for nobody's typing."""
    assert (await ran(READS_A_CHILD, tmp_path)).ended == "silent"


async def test_a_flood_is_cut_off(tmp_path: Path) -> None:
    """One that prints without end is stopped at its limit, and what it printed up to there is kept."""
    done = await ran("while True: print('x' * 1000)", tmp_path, SHORT._replace(output=100_000))
    assert done.ended == "flooded"
    assert 90_000 < len(done.text) <= 100_000


async def test_a_crash_is_told(tmp_path: Path) -> None:
    """A signal that nobody here sent is a crash."""
    done = await ran("import os, signal; print('so far', flush=True); os.kill(os.getpid(), signal.SIGSEGV)", tmp_path)
    assert (done.text, done.ended, done.exit_status) == ("so far\n", "crashed", -11)


LEAVES = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True{more})
print(child.pid)
"""


@pytest.mark.parametrize("more", ["", ", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL"])
async def test_children_left_behind_are_ended_and_counted(more: str, tmp_path: Path) -> None:
    """A child in a session of its own is found all the same, and does not hold up the end by holding the output."""
    done = await ran(LEAVES.format(more=more), tmp_path)
    assert (done.ended, done.left) == ("exited", 1)
    assert done.seconds < SHORT.seconds
    assert not alive(int(done.text))


async def test_children_without_the_mark_go_with_their_parent(tmp_path: Path) -> None:
    """A child that dropped its environment is ended with a program that is cut off."""
    program = LEAVES.format(more=", env={}") + "import time; time.sleep(600)"
    done = await ran(program, tmp_path)
    assert done.ended == "silent"
    assert not alive(int(done.text))


async def test_a_child_without_the_mark_is_counted(tmp_path: Path) -> None:
    """A child that dropped its environment and outlived its parent is known by its session."""
    done = await ran(LEAVES.replace("start_new_session=True{more}", "env={}"), tmp_path)
    assert (done.ended, done.left) == ("exited", 1)
    assert not alive(int(done.text))


async def test_an_interrupted_run_leaves_nothing(tmp_path: Path) -> None:
    """When the one who waits is cancelled, the program goes."""
    pid = tmp_path / "pid"
    program = (
        f"import os, time; os.mkfifo({str(pid)!r}); open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    )
    running = asyncio.ensure_future(ran(program, tmp_path, Limits(seconds=60, silence=60)))
    number = int(await asyncio.to_thread(_read_when_there, pid))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not alive(number)


def _read_when_there(pipe: Path) -> str:
    until = time.monotonic() + 60
    while not pipe.exists() and time.monotonic() < until:
        time.sleep(0.02)
    return pipe.read_text()


async def test_what_is_no_program_is_said(tmp_path: Path) -> None:
    """A program that is not there is named."""
    with pytest.raises(SandboxError, match="no-such-client: No such file or directory"):
        await run(["no-such-client"], environment={"PATH": PATH}, folder=tmp_path)


async def test_on_a_terminal_it_is_one(tmp_path: Path) -> None:
    """Whoever wants a terminal gets one, of a size that breaks no line."""
    program = "import os, sys; print(sys.stdin.isatty(), sys.stdout.isatty(), os.get_terminal_size().columns)"
    assert (await ran(program, tmp_path, terminal=True)).text == "True True 200\n"


async def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    """Runs cost no file descriptors, however they end."""
    await ran("print(1)", tmp_path)
    before = psutil.Process().num_fds()
    await ran("print(1)", tmp_path, terminal=True)
    await ran("import time; time.sleep(600)", tmp_path)
    with pytest.raises(SandboxError):
        await run(["no-such-client"], environment={"PATH": PATH}, folder=tmp_path)
    assert psutil.Process().num_fds() == before


@pytest.mark.parametrize(
    ("printed", "seen"),
    [
        ("\x1b[31m✗\x1b[0m Failed", "✗ Failed"),
        ("\x1b]8;;http://localhost\x07link\x1b]8;;\x07", "link"),
        ("10 %\r50 %\r100 %\r\ndone", "100 %\ndone"),
        ("\x1b[?25l\x1b[2K\x1b[1Gready", "ready"),
    ],
)
def test_codes_of_a_terminal_are_taken_out(printed: str, seen: str) -> None:
    """What is left of a line is what a person saw of it last."""
    assert plain(printed) == seen
