"""The commands beside `up`: the library, the steering of a running sandbox, and the help."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import click
import msgspec
import pexpect
import pytest

from sandbox import __version__
from sandbox.cli import cli
from sandbox.scenario import Scenario, library, read_value
from sandbox.scenario.library import folder as library_folder
from tests.cli.process import PATIENCE, PROGRAM, Up, environment, refused, sandbox, up
from tests.cli.sign_in import http, registered

COMMANDS = cli.list_commands(click.Context(cli))


def done(folder: Path, *arguments: str, **options: Any) -> str:
    """Run a command that works, and give what it prints."""
    ended = sandbox(folder, *arguments, **options)
    assert ended.code == 0, ended
    assert ended.err == ""
    return ended.out


# --- help --------------------------------------------------------------------------------------------------------


def test_help_lists_the_commands_in_the_order_of_their_use(tmp_path: Path) -> None:
    """--help, and no argument at all, list every command: running first, then the library, then steering."""
    said = done(tmp_path, "--help")
    assert done(tmp_path) == said
    listed = [line.split()[0] for line in said.partition("Commands:\n")[2].splitlines()]
    assert listed == COMMANDS
    assert listed[0] == "up"
    order = ["up", "scenarios", "show", "lint", "schema", "use", "fix", "reset"]
    assert [name for name in listed if name in order] == order


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command(command: str, tmp_path: Path) -> None:
    """The help of a command is a sentence, says each option's meaning, and fits 80 columns."""
    said = done(tmp_path, command, "--help")
    lines = said.splitlines()
    assert lines[0].startswith(f"Usage: sandbox {command} ")
    assert lines[2].strip()[0].isupper()
    assert max(map(len, lines)) <= 80
    for option in cli.commands[command].params:
        if isinstance(option, click.Option):
            assert option.help, option.name
            assert option.help.endswith("."), option.help
            assert option.opts[0] in said


def test_version(tmp_path: Path) -> None:
    """--version names the version."""
    assert done(tmp_path, "--version") == f"sandbox, version {__version__}\n"


# --- the library -------------------------------------------------------------------------------------------------


def test_scenarios_lists_all(tmp_path: Path) -> None:
    """`scenarios` gives one line for each, healthy first, in the order of the steps; a pipe keeps them whole."""
    lines = done(tmp_path, "scenarios").splitlines()
    assert [line.split()[0] for line in lines] == [scenario.name for scenario in library()]
    assert all(line.endswith(f"  {scenario.title}") for line, scenario in zip(lines, library(), strict=True))


def test_scenarios_finds_a_word(tmp_path: Path) -> None:
    """`scenarios WORD` lists those that speak of it, the best first."""
    lines = done(tmp_path, "scenarios", "registration").splitlines()
    assert {"missing-registration", "registration-rejected"} <= {line.split()[0] for line in lines}
    assert "registration" in lines[0].split()[0]
    assert len(lines) < len(library())


@pytest.mark.parametrize("arguments", [("scenarios",), ("show", "authorize-url-as-issuer"), ("show", "slow-token")])
def test_narrow_terminal(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """On a terminal of 80 columns no line is wider."""
    child: pexpect.spawn[str] = pexpect.spawn(
        PROGRAM,
        list(arguments),
        cwd=str(tmp_path),
        env=environment(tmp_path, NO_COLOR="1"),
        encoding="utf-8",
        timeout=PATIENCE,
        dimensions=(24, 80),
    )
    lines = child.read().splitlines()
    child.close()
    assert child.exitstatus == 0
    assert lines
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("name", ["slow-token", "net-hang"])
def test_show(name: str, tmp_path: Path) -> None:
    """`show` tells a scenario's story, faults, cause, fix and references, and how to run it, by either name."""
    said = done(tmp_path, "show", name)
    assert said.startswith("The token endpoint is slow\nsandbox up slow-token   breaks at token\n")
    headings = [line for line in said.splitlines() if line and not line.startswith(" ")][2:]
    assert headings == ["Story", "Faults", "Cause", "Fix", "References", "Also known as"]
    assert "at token: delay 6s" in said


def test_show_a_file(tmp_path: Path) -> None:
    """`show` of a file says how to run that file."""
    (tmp_path / "mine.yaml").write_text("title: Mine\nstory: It is.\nexpect: {connects: true}\n")
    assert done(tmp_path, "show", "./mine.yaml").startswith("Mine\nsandbox up ./mine.yaml\n")


def test_lint(tmp_path: Path) -> None:
    """`lint` of good files counts them."""
    files = sorted(library_folder().glob("*.yaml"))
    assert done(tmp_path, "lint", *map(str, files)) == f"{len(files)} scenario files, nothing wrong.\n"
    assert done(tmp_path, "lint", str(files[0])) == "1 scenario file, nothing wrong.\n"


def test_lint_shows_what_is_wrong_in_each_file(tmp_path: Path) -> None:
    """`lint` goes on after a bad file, says of each what is wrong, and exits with 2."""
    good = str(library_folder() / "healthy.yaml")
    (tmp_path / "empty.yaml").write_text("")
    (tmp_path / "typo.yaml").write_text("titel: x\n")
    ended = sandbox(tmp_path, "lint", "empty.yaml", good, "typo.yaml", "gone.yaml", ".")
    assert ended.code == 2
    assert ended.out == ""
    assert [line.partition(":")[0] for line in ended.err.splitlines()] == ["empty.yaml", "typo.yaml", "gone.yaml", "."]
    assert "Did you mean `title`?" in ended.err


def test_schema(tmp_path: Path) -> None:
    """`schema` prints the JSON Schema that the library's files name."""
    printed = done(tmp_path, "schema")
    assert json.loads(printed)["title"]
    assert json.loads(printed) == json.loads((library_folder() / "schema.json").read_text())


def test_output_to_a_reader_who_leaves(tmp_path: Path) -> None:
    """`sandbox scenarios | head -1` ends in silence."""
    read, write = os.pipe()
    os.close(read)
    ended = sandbox(tmp_path, "scenarios", stdout=write)
    os.close(write)
    assert ended.code == 0
    assert ended.err == ""


def test_output_that_cannot_be_encoded(tmp_path: Path) -> None:
    """Output in an encoding that lacks a character loses that character, and nothing else."""
    (tmp_path / "snow.yaml").write_text("title: Snow ☃\nstory: It snows.\nexpect: {connects: true}\n")
    said = done(tmp_path, "show", "./snow.yaml", variables={"PYTHONIOENCODING": "latin-1"})
    assert said.startswith("Snow ?\n")


# --- steering ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """Run one world for the tests that steer it."""
    with up(tmp_path_factory.mktemp("steered"), "missing-registration") as process:
        assert process.ready
        yield process


@pytest.fixture
def steer(running: Up) -> Callable[..., str]:
    """Give a function that steers it, from its folder."""
    return lambda *arguments: done(running.folder, *arguments)


def current(running: Up) -> dict[str, Any]:
    """Give what the console says of the running scenario."""
    with http() as client:
        answer: dict[str, Any] = client.get(f"{running.ready['console']}/api/scenario").json()
        return answer


def test_use_fix_and_reset(running: Up, steer: Callable[..., str]) -> None:
    """`use` switches, `fix` heals and says how, `reset` restores, and each says what it did."""
    assert steer("use", "missing-registration").startswith("Now missing-registration: The authorization server offers")
    with http() as client:
        register = f"{running.ready['workos']}/oauth2/register"
        assert client.post(register, json={"redirect_uris": ["http://localhost/"]}).status_code >= 400
        fixed, begin_anew = steer("fix").splitlines()
        assert fixed.endswith(": WorkOS dashboard, Connect, Configuration: turn Dynamic Client Registration on.")
        assert "claude mcp login" in begin_anew
        assert registered(client, running.ready["workos"])
        assert running.exchange("registration", status=201)
        assert steer("reset").startswith("missing-registration begins anew")
        assert client.get(f"{running.ready['console']}/api/trace").json()["exchanges"] == []
        assert client.post(register, json={"redirect_uris": ["http://localhost/"]}).status_code >= 400


def test_use_a_file(running: Up, steer: Callable[..., str]) -> None:
    """`use` takes a file, which the running sandbox need not see."""
    (running.folder / "mine.yaml").write_text(
        "title: Mine\nstory: It is.\nstep: jwks\nexpect: {reaches: token}\nfaults: [{at: jwks, status: 418}]\n"
        "cause: A fault.\nfix: None.\n"
    )
    assert steer("use", "./mine.yaml") == "Now mine: Mine\n"
    assert "claude mcp add --transport http log-aggregator http://localhost:" in steer("use", "authorize-url-as-issuer")
    assert "claude mcp add" in steer("use", "./mine.yaml")
    with http() as client:
        assert client.get(f"{running.ready['workos']}/oauth2/jwks").status_code == 418
    assert current(running)["unfired"] == []


def test_nothing_to_fix(steer: Callable[..., str]) -> None:
    """`fix` says so where nothing is broken."""
    steer("use", "healthy")
    assert steer("fix") == "This scenario has nothing to fix.\n"


def test_console_by_its_address(running: Up, tmp_path: Path) -> None:
    """--console names the running sandbox from anywhere, by either loopback address."""
    port = running.ready["console"].rpartition(":")[2]
    for host in ("localhost", "127.0.0.1", "[::1]"):
        assert done(tmp_path, "use", "no-pkce", "--console", f"http://{host}:{port}/").startswith("Now no-pkce: ")


def test_state_directory_tells_where_it_is(running: Up, tmp_path: Path) -> None:
    """--state-dir finds the running sandbox by the directory that it was started with; a proxy is not asked."""
    state = str(running.folder / ".sandbox")
    variables = {"http_proxy": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1"}
    assert "begins anew" in done(tmp_path, "reset", "--state-dir", state, variables=variables)


def test_refused_by_the_running_sandbox(running: Up, tmp_path: Path) -> None:
    """A scenario that cannot be read is refused before the running sandbox hears of it."""
    before = current(running)
    assert "Did you mean `slow-token`?" in refused(sandbox(running.folder, "use", "slow-tokn"))
    assert "no such file" in refused(sandbox(tmp_path, "use", "./gone.yaml"))
    assert current(running) == before


@pytest.mark.parametrize("scenario", library(), ids=lambda scenario: scenario.name)
def test_what_use_sends_is_the_scenario(scenario: Scenario) -> None:
    """What `use` sends is read as the same scenario, for every one in the library."""
    sent = json.loads(json.dumps(msgspec.to_builtins(scenario)))
    assert read_value({name: value for name, value in sent.items() if name != "name"}, name=sent["name"]) == scenario


# --- nobody to steer ---------------------------------------------------------------------------------------------

STEERING = pytest.mark.parametrize("command", [("use", "healthy"), ("fix",), ("reset",)], ids=lambda words: words[0])


@STEERING
def test_none_runs(command: tuple[str, ...], tmp_path: Path) -> None:
    """Without a running sandbox it says how to start one."""
    assert "No sandbox is running here. Start one with `sandbox up`" in refused(sandbox(tmp_path, *command))


@pytest.mark.parametrize("left", ["", "[]", "{}", "\udcff"])
def test_unreadable_word_of_a_sandbox(left: str, tmp_path: Path) -> None:
    """What a full disk or a crash left of running.json is no running sandbox."""
    state = tmp_path / ".sandbox"
    state.mkdir()
    (state / "running.json").write_text(left, errors="surrogateescape")
    assert "No sandbox is running here." in refused(sandbox(tmp_path, "fix"))


def test_killed_sandbox(tmp_path: Path) -> None:
    """A sandbox that was killed left word of itself; nobody answers there, and that is what is said."""
    with up(tmp_path) as killed:
        console = killed.ready["console"]
        killed.process.kill()
        killed.process.wait()
    said = refused(sandbox(tmp_path, "fix"))
    assert said == f"sandbox: No sandbox answers at {console}: Connection refused. Start one with `sandbox up`."


@pytest.mark.parametrize(
    "console",
    ["localhost:4102", "ftp://localhost:4102", "http://", "http://a b", "http://[::1", "http://h:99999", "x", ""],
)
def test_bad_console(console: str, tmp_path: Path) -> None:
    """A --console that is no address is refused, with what one looks like."""
    assert "One looks like http://localhost:4102." in refused(sandbox(tmp_path, "fix", "--console", console))


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """Run a service that is no sandbox, and give its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_PUT = do_POST  # noqa: N815 - the names that http.server asks for

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, b"<html>"), (200, b"[]"), (200, b"{}"), (200, b"\xff"), (404, b'{"error": "Not found"}'), (302, b"")],
)
def test_foreign_service(status: int, body: bytes, tmp_path: Path) -> None:
    """What answers there and is no sandbox is called that."""
    with answering(status, body) as url:
        said = refused(sandbox(tmp_path, "reset", "--console", url))
    assert f"What answers at {url} is no sandbox's console." in said


def test_foreign_service_that_speaks_no_http(tmp_path: Path) -> None:
    """A service that is no web server is no sandbox either."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"SSH-2.0-OpenSSH\r\n")
                connection.recv(65536)

        thread = threading.Thread(target=answer)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        said = refused(sandbox(tmp_path, "fix", "--console", url))
        thread.join()
    assert f"What answers at {url} is no sandbox's console." in said


def test_another_port_of_the_sandbox(running: Up, tmp_path: Path) -> None:
    """The sandbox's other ports are no console."""
    for name in ("workos", "mcp"):
        url = running.ready[name].removesuffix("/mcp")
        assert "is no sandbox's console." in refused(sandbox(tmp_path, "fix", "--console", url))
