"""Ctrl-C, SIGTERM, a closed terminal and a reader who leaves end the sandbox quietly, or not at all."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

import pexpect
import pytest

from tests.cli.process import ANY_PORTS, PATIENCE, PROGRAM, Up, environment, polled, up
from tests.cli.sign_in import INITIALIZE, http, signed_in
from tests.conftest import missing

SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
SOON: Final = 20.0
"""Seconds within which it must have ended, on a busy machine; what held it up would do so for ever."""

HANGING: Final = """title: The token endpoint hangs
story: It never answers.
step: jwks
faults: [{at: jwks, when: {header: {x-hang: "yes"}}, hang: true}]
expect: {reaches: token}
cause: A fault.
fix: Take it away.
"""


def ended_quietly(running: Up, number: int) -> None:
    """Send a signal, and check that the process ends soon, without a word, leaving no port and no file behind."""
    state = running.folder / ".sandbox"
    addresses = json.loads(running.out.lines[0]) if running.out.lines else {}
    running.process.send_signal(number)
    try:
        code = running.process.wait(SOON)
    except subprocess.TimeoutExpired:
        pytest.fail("it did not end")
    running.err.join(PATIENCE)
    assert running.err.text == ""
    assert code == 0
    assert not (state / "running.json").exists()
    for name in ("workos", "mcp", "console"):
        if name in addresses:
            assert is_free(int(re.findall(r":(\d+)", addresses[name])[0]))


def is_free(port: int) -> bool:
    """Say whether nobody listens on a port of this machine."""
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family) as probe:
            if probe.connect_ex((address, port)) == 0:
                return False
    return True


def begun(running: Up) -> bool:
    """Say whether the process has come to its first own line, by the signals that it catches."""
    status = Path(f"/proc/{running.process.pid}/status").read_text()
    caught = re.search(r"^SigCgt:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return caught is not None and bool(int(caught[1], 16) & 1 << (signal.SIGTERM - 1))


def ended_after(folder: Path, number: int, seconds: float) -> None:
    """Start a world, and end it so many seconds after it came to its first own line."""
    folder.mkdir()
    with up(folder) as running:
        polled(lambda: begun(running))
        deadline = time.monotonic() + seconds
        with pytest.raises(subprocess.TimeoutExpired):
            running.process.wait(seconds)
        assert time.monotonic() >= deadline
        ended_quietly(running, number)


@SIGNALS
def test_at_any_moment(number: int, tmp_path: Path) -> None:
    """At any moment of the first second and a half, imports included, a signal ends it quietly and soon."""
    if not Path("/proc/self/status").exists():
        missing("/proc")
    moments = [0.0, 0.03, 0.07, 0.12, 0.2, 0.35, 0.6, 1.0, 1.5]
    with ThreadPoolExecutor(2) as pool:
        folders = [tmp_path / str(moment) for moment in moments]
        list(pool.map(ended_after, folders, [number] * len(moments), moments))


@SIGNALS
def test_as_soon_as_it_serves(number: int, tmp_path: Path) -> None:
    """A world that says it is ready, and still imports, ends with 0."""
    with up(tmp_path) as running:
        assert running.ready
        ended_quietly(running, number)


def test_impatient_person(tmp_path: Path) -> None:
    """Ctrl-C again and again does not bring out a traceback."""
    with up(tmp_path) as running:
        assert running.ready
        for _ in range(20):
            running.process.send_signal(signal.SIGINT)
        assert running.process.wait(SOON) in {0, 130}
        running.err.join(PATIENCE)
        assert running.err.text == ""


@SIGNALS
def test_with_everything_open(number: int, tmp_path: Path) -> None:
    """A hanging exchange, event streams, a connected client, an idle connection and half a request hold up nothing."""
    (tmp_path / "hanging.yaml").write_text(HANGING)
    with (
        up(tmp_path, "./hanging.yaml", "--sign-in", "automatic") as running,
        http() as client,
        ExitStack() as stack,
    ):
        ready = running.ready
        signed = signed_in(client, ready)
        answer = client.post(ready["mcp"], json=INITIALIZE, headers=signed.bearer)
        headers = {**signed.bearer, "mcp-session-id": answer.headers["mcp-session-id"]}
        messages = stack.enter_context(client.stream("GET", ready["mcp"], headers=headers))
        events = stack.enter_context(client.stream("GET", f"{ready['console']}/api/events"))
        assert events.status_code == messages.status_code == 200
        workos = ("localhost", int(ready["workos"].rpartition(":")[2]))
        idle, half, hanging = (stack.enter_context(socket.create_connection(workos)) for _ in range(3))
        host = b"host: localhost:%d\r\n" % workos[1]
        half.sendall(b"POST /oauth2/token HTTP/1.1\r\n" + host + b"content-length: 1000\r\n\r\nclient_id=")
        hanging.sendall(b"GET /oauth2/jwks HTTP/1.1\r\n" + host + b"x-hang: yes\r\n\r\n")
        polled(lambda: client.get(f"{ready['console']}/api/scenario").json()["unfired"] == [])
        ended_quietly(running, number)
        for connection in (idle, half, hanging):
            connection.settimeout(PATIENCE)
            with suppress(ConnectionResetError):
                assert connection.recv(1) == b""


def test_reader_who_leaves_does_not_stop_the_world(tmp_path: Path) -> None:
    """After `sandbox up | head -1` the world goes on, and ends quietly."""
    with up(tmp_path, read=False) as running, http() as client:
        assert running.process.stdout is not None
        ready = json.loads(running.process.stdout.readline())
        running.process.stdout.close()
        for _ in range(5):
            assert client.get(f"{ready['workos']}/oauth2/jwks").status_code == 200
        assert running.stop(seconds=SOON) == 0
        assert running.err.text == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_timeline_that_cannot_be_written(tmp_path: Path) -> None:
    """A timeline that goes to a full disk ends with one line on standard error; the world goes on."""
    with Path("/dev/full").open("wb") as full, up(tmp_path, read=False, stdout=full) as running, http() as client:
        polled(lambda: running.err.lines)
        console = json.loads((tmp_path / ".sandbox/running.json").read_text())["console"]
        assert client.get(f"{console}/health").status_code == 200
        assert running.stop(seconds=SOON) == 0
        assert running.err.lines == ["sandbox: cannot print: No space left on device. It runs on in silence."]


def test_a_second_one_in_the_same_directory(tmp_path: Path) -> None:
    """Two that share a directory are told so; when the second ends, the first is steered again."""
    file = tmp_path / ".sandbox/running.json"
    with up(tmp_path) as first:
        console = first.ready["console"]
        with up(tmp_path) as second:
            assert second.ready["console"] in file.read_text()
            polled(lambda: second.err.lines)
            assert console in second.err.text
            assert "--state-dir" in second.err.text
            assert second.stop(seconds=SOON) == 0
        assert console in file.read_text()
        assert first.err.text == ""
        assert first.stop(seconds=SOON) == 0
    assert not file.exists()


def on_a_terminal(folder: Path) -> pexpect.spawn[str]:
    """Start a world on a terminal."""
    child: pexpect.spawn[str] = pexpect.spawn(
        PROGRAM,
        ["up", *ANY_PORTS],
        cwd=str(folder),
        env=environment(folder, TERM="xterm"),
        encoding="utf-8",
        timeout=PATIENCE,
    )
    child.expect("Ctrl-C ends the sandbox")
    return child


def test_control_c_on_a_terminal(tmp_path: Path) -> None:
    """Ctrl-C on the terminal ends it with a word, and with 0."""
    child = on_a_terminal(tmp_path)
    child.sendintr()
    assert "Stopped." in child.read()
    child.close()
    assert child.exitstatus == 0


def test_closed_terminal(tmp_path: Path) -> None:
    """When the terminal is closed it ends as after Ctrl-C, and takes back its word."""
    child = on_a_terminal(tmp_path)
    child.close(force=False)
    assert child.exitstatus == 0
    assert not (tmp_path / ".sandbox/running.json").exists()


def test_nohup(tmp_path: Path) -> None:
    """Under nohup a hang-up does not end it."""
    with up(tmp_path, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)) as running, http() as client:
        assert running.ready
        running.process.send_signal(signal.SIGHUP)
        assert client.get(f"{running.ready['console']}/health").status_code == 200
        assert running.stop() == 0
