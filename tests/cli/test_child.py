"""`sandbox up` as the child of another program: it says why it did not start, and it ends with its parent."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.cli.process import ANY_PORTS, PATIENCE, PROGRAM, environment, refused, sandbox, up
from tests.cli.sign_in import http
from tests.cli.test_signals import SOON, ended_quietly, is_free


def test_json_says_why_it_did_not_start(tmp_path: Path) -> None:
    """With --json a start that fails is one object as well, beside the line on standard error and exit code 2."""
    for wrong in (("no-such-scenario",), ("--console-port", "1", "--listen", "192.0.2.1"), ("./none.yaml",)):
        ended = sandbox(tmp_path, "up", *ANY_PORTS, "--json", *wrong)
        assert ended.code == 2
        (line,) = ended.out.splitlines()
        said = json.loads(line)
        assert said.pop("error") == ended.err.strip().removeprefix("sandbox: ")
        assert said == {"ready": False}


def test_until_eof(tmp_path: Path) -> None:
    """With --until-eof the end of standard input ends it, as quietly as a signal; what comes before it does not."""
    with up(tmp_path, "--until-eof", stdin=subprocess.PIPE) as running, http() as client:
        assert running.process.stdin is not None
        running.process.stdin.write(b"not the end\n")
        running.process.stdin.flush()
        assert client.get(f"{running.ready['console']}/health").status_code == 200
        running.process.stdin.close()
        assert running.process.wait(SOON) == 0
        running.err.join(PATIENCE)
        assert running.err.text == ""
        assert not (tmp_path / ".sandbox/running.json").exists()


def test_until_eof_outlives_no_parent(tmp_path: Path) -> None:
    """A parent that is killed takes it along: the system closes the pipe that the parent held."""
    command = [PROGRAM, "up", *ANY_PORTS, "--json", "--until-eof"]
    parent = f"import subprocess as s; s.Popen({command!r}, stdin=s.PIPE).wait()"
    with subprocess.Popen(
        [sys.executable, "-c", parent], cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        process.kill()
        assert process.stdout.read() == b""  # whoever could write to it has ended
    assert is_free(int(ready["console"].rpartition(":")[2]))


def test_a_signal_still_ends_it(tmp_path: Path) -> None:
    """While standard input is open, SIGTERM ends it all the same."""
    with up(tmp_path, "--until-eof", stdin=subprocess.PIPE) as running:
        assert running.ready
        assert running.process.stdin is not None
        ended_quietly(running, signal.SIGTERM)
        running.process.stdin.close()


def test_until_eof_without_standard_input(tmp_path: Path) -> None:
    """Where there is no standard input, waiting for its end is refused."""
    said = refused(sandbox(tmp_path, "up", *ANY_PORTS, "--until-eof", stdin=None, preexec_fn=lambda: os.close(0)))
    assert said == "sandbox: --until-eof waits for the end of standard input, and there is none."


def test_a_closed_standard_input_alone_ends_nothing(tmp_path: Path) -> None:
    """Without --until-eof it runs on when standard input ends, as in the background or in a container."""
    with up(tmp_path, stdin=subprocess.DEVNULL) as running, http() as client:
        assert client.get(f"{running.ready['console']}/health").status_code == 200
        assert running.process.poll() is None
